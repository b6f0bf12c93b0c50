"""The brief of a product manager: where the plan stands, and the way from a wish to a milestone that is ready."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..brief import rule
from ..core.words import GroupStatus, Role
from ..project import Project
from ..views.record import one_line
from .orders import AGENTS

if TYPE_CHECKING:
    from ..state.store import Store
    from ..views.status import GroupLine, Status

_LINES = 10
_TITLE = 60


def is_product_manager(ticket: str) -> bool:
    """Whether `ticket` asks for the product manager's brief."""
    return ticket == Role.PRODUCT_MANAGER


def product_manager_text(project: Project) -> str:
    """The brief, with the milestones in at most ten lines and what a run is doing now."""
    from ..config import load
    from ..plans import skills, templates
    from ..state.store import Store
    from ..views.status import read

    most = load(project.config_path).thresholds.review_rounds
    with Store.open(project.state_path, readonly=True) as store:
        status = read(project, store, time.time(), units=False)
        values: dict[str, Any] = {
            "run": run_line(status),
            "milestones": list(milestone_lines(status.groups, store, most)),
        }
    reviewer = Role.PLAN_REVIEWER.value
    values |= {"planning": skills.skill_path(project.root, "planning"), "skills": skills.known_skills(project.root)}
    text = templates.render(
        "briefs/product-manager.md.j2",
        root=str(project.root),
        rounds=most,
        reviewer=reviewer,
        agents=AGENTS,
        rule=rule,
        **values,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def run_line(status: Status) -> str:
    """What a run is doing now, in a sentence."""
    if status.run is None:
        return "Nothing has run yet."
    at_work = ", ".join(f"{unit} {word}" for unit, word in list(status.live.items())[:4])
    asked = ", ".join(str(decision["id"]) for decision in status.decisions[:4])
    parts = [f"Run {status.run} is {status.state}", at_work, f"waiting for an answer: {asked}" if asked else ""]
    return "; ".join(part for part in parts if part) + "."


def milestone_lines(groups: tuple[GroupLine, ...], store: Store, most: int) -> Iterator[str]:
    """One line a milestone, at most ten: those that are not done first, and how many are left out."""
    open_ = [group for group in groups if group.status != GroupStatus.DONE]
    done = [group for group in groups if group.status == GroupStatus.DONE]
    wanted = [*open_, *reversed(done)]
    shown = wanted if len(wanted) <= _LINES else wanted[: _LINES - 1]
    chosen = {group.id for group in shown}
    yield from (_line(group, store, most) for group in groups if group.id in chosen)
    if len(shown) < len(groups):
        yield f"and {len(groups) - len(shown)} more: `orchestra status`"


def _line(group: GroupLine, store: Store, most: int) -> str:
    title = one_line(group.title, _TITLE)
    done = f"{group.counts.get('done', 0)}/{sum(group.counts.values())} phases done"
    return f"{group.id} {title}: {group.status}, {done}{_review(group, store, most)}"


def _review(group: GroupLine, store: Store, most: int) -> str:
    from .plan_review import reviews_of

    if group.status != GroupStatus.PLANNING:
        return ""
    known = reviews_of(store, group.id)
    last = known.rounds[-1]["verdict"] if known.rounds else ""
    return f"; review round {len(known.rounds)} of {most}: {last}" if last else ""
