"""The environment that a program is started with."""

from __future__ import annotations

import subprocess

from orchestra.proc import clean_env


def test_nothing_of_an_outer_run_or_repository_gets_through() -> None:
    outer = {"PATH": "/bin", "ORCHESTRA_TICKET": "t", "ORCHESTRA_JOB": "j", "GIT_DIR": "/x", "GIT_INDEX_FILE": "i"}
    assert clean_env(outer, {}) == {"PATH": "/bin"}


def test_what_a_user_chose_for_git_stays() -> None:
    chosen = {
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_SSH_COMMAND": "ssh -v",
        "GIT_CONFIG_GLOBAL": "/c",
        "GIT_TERMINAL_PROMPT": "0",
    }
    assert clean_env(chosen, {}) == chosen


def test_what_is_given_wins() -> None:
    assert clean_env({"A": "1", "ORCHESTRA_UNIT": "old"}, {"A": "2", "ORCHESTRA_UNIT": "new"}) == {
        "A": "2",
        "ORCHESTRA_UNIT": "new",
    }


def test_all_that_git_itself_calls_local_is_removed() -> None:
    local = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True, check=True)
    assert clean_env(dict.fromkeys(local.stdout.split(), "x"), {}) == {}
