"""Who works in a run: which backend carries out whose units, reviews them, mends them and says whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..config import Config
from ..core.model import Limits
from ..core.words import AssignMode, BackendName, GatePolicy, Switch, Workflow
from ..errors import bad_input

Usable = Callable[[str], bool]


def with_team(
    limits: Limits,
    config: Config,
    workflow: Workflow,
    usable: Usable,
    *,
    alone: bool,
    assigner: str = "",
    named: bool = False,
) -> Limits:
    """The policy of a run with everybody who works in it.

    `usable` says whether a backend's program is there: one that is not is replaced by the backend of the run. `alone`:
    that backend does everything but what `assigner` does, if it is named. `named`: a person has said whose a unit is,
    so there are owners though no agent is asked. Raises UserError (bad input) for a name that is no backend.
    """
    table = config.roundtable
    assign = _assign_mode(config, workflow, assigner)
    if assign is AssignMode.OFF and not named:
        return limits
    there = {name for name in _named(config) if not alone and usable(name)}
    there |= {name for name in _checked([assigner]) if usable(name)}
    assigner = assigner or table.assign_backend
    owners = tuple((owner, backend if backend in there else limits.backend) for owner, backend in table.owners)
    reviewers = table.reviewers or tuple(backend for _, backend in table.owners)
    return replace(
        limits,
        assign=assign,
        owners=owners,
        reviewers=tuple(dict.fromkeys(name if name in there else limits.backend for name in reviewers)),
        escalate_to=table.escalate_to if table.escalate_to in there else "",
        assigner=assigner if assigner in there else "",
        unit_reviews=workflow is Workflow.ROUNDTABLE and config.pipeline.review is not GatePolicy.SKIP,
        fix_rounds=table.fix_rounds,
        strict_reads=table.strict_reads,
    )


def missing(limits: Limits, config: Config) -> list[str]:
    """The backends of the table that were replaced, in its order."""
    used = {*dict(limits.owners).values(), *limits.reviewers, limits.escalate_to, limits.assigner, limits.backend}
    return [name for name in _named(config) if name not in used]


def _assign_mode(config: Config, workflow: Workflow, assigner: str) -> AssignMode:
    if workflow is Workflow.ROUNDTABLE:
        return AssignMode.GROUP
    wanted = bool(assigner) or config.sequential.assign is Switch.ENABLED
    return AssignMode.UNIT if wanted and workflow is Workflow.SEQUENTIAL else AssignMode.OFF


def _named(config: Config) -> list[str]:
    table = config.roundtable
    named = [*(backend for _, backend in table.owners), *table.reviewers, table.escalate_to, table.assign_backend]
    return _checked(named)


def _checked(named: list[str]) -> list[str]:
    found = [name for name in dict.fromkeys(named) if name]
    wrong = [name for name in found if name not in set(BackendName)]
    if wrong:
        raise bad_input(f"{wrong[0]} is no backend", f"the backends are {', '.join(BackendName)}")
    return found
