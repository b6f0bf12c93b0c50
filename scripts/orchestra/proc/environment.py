"""The environment that a program is started with."""

from __future__ import annotations

from collections.abc import Mapping

# What tells git where it is (git-rev-parse --local-env-vars, plus those that move its start or its ceiling): inherited
# from a hook or an outer run, they would make an agent commit into another repository than the one it stands in.
_GIT = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INDEX_VERSION",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_COUNT",
        "GIT_GRAFT_FILE",
        "GIT_SHALLOW_FILE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_REPLACE_REF_BASE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_QUARANTINE_PATH",
    }
)
_OURS = ("ORCHESTRA_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")


def clean_env(base: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """`base` without git's location variables and an outer run's ORCHESTRA_*, then `extra` on top."""
    kept = {key: value for key, value in base.items() if key not in _GIT and not key.startswith(_OURS)}
    return {**kept, **extra}
