"""Renders the briefs of agents: what a role needs to know, and the paths of everything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .core.model import Finding
from .core.words import Criticality, Purpose, Role, Severity, UnitKind
from .errors import usage

if TYPE_CHECKING:
    from jinja2 import Environment

    from .plans.kiro.spec import Details
    from .plans.phase import Criterion, PhaseText

BUNDLE = Path(__file__).resolve().parents[2]
TEMPLATES = BUNDLE / "templates" / "briefs"
RULES = BUNDLE / "rules"
_DETAILS = 1200


@dataclass(frozen=True)
class Lesson:
    """What an earlier attempt left: why it ended, the tail of the log, and where its edits were set aside."""

    reason: str
    tail: str = ""
    patch: str = ""


@dataclass(frozen=True)
class UnitBrief:
    """A unit as reviewers, architects and assigners see it; `path` is absolute, `line` where it starts there.

    `absent` says why nothing of it is in the work.
    """

    id: str
    title: str
    path: str = ""
    criteria: tuple[Criterion, ...] = ()
    line: int = 1
    writes: tuple[str, ...] = ()
    absent: str = ""


@dataclass(frozen=True)
class BriefContext:
    """What a brief may tell. Paths are absolute; `scope` holds globs relative to the work tree.

    `documents` are (name, path) pairs, `verification` (name, command) pairs. `diff` and `fix_diff` are files
    that the harness wrote; `findings_path` one with the findings in full. `round` counts reviews or designs from 1.
    `skills` are paths of check-lists, or names where no file was found; `owners` the names that may own a unit,
    `offered` what may be begun, as (ticket, what it is).
    `phase` is what a milestone says of the unit, `details` what a spec says.
    """

    ticket: str
    group: str
    worktree: str
    group_title: str = ""
    unit: str = ""
    unit_title: str = ""
    role: Role = Role.WORKER
    purpose: Purpose = Purpose.BUILD
    number: int = 1
    round: int = 1
    phase: PhaseText | None = None
    phase_path: str = ""
    details: Details | None = None
    scope: tuple[str, ...] = ()
    documents: tuple[tuple[str, str], ...] = ()
    skills: tuple[str, ...] = ()
    verification: tuple[tuple[str, str], ...] = ()
    decisions: tuple[str, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    findings: tuple[Finding, ...] = ()
    findings_path: str = ""
    base: str = ""
    tip: str = ""
    diff: str = ""
    fix_diff: str = ""
    files: tuple[str, ...] = ()
    units: tuple[UnitBrief, ...] = ()
    rfc: str = ""
    feedback: str = ""
    owners: tuple[str, ...] = ()
    offered: tuple[tuple[str, str], ...] = ()

    @property
    def detail_limit(self) -> int:
        """How many characters each finding's detail may have, so that many findings still fit a brief."""
        return max(60, min(600, _DETAILS // max(1, len(self.findings))))


def render(role: Role | str, context: BriefContext) -> str:
    """The brief for `role` as Markdown.

    The variant follows from the context: a worker whose purpose is a fix, a reviewer of a later round and an
    architect with feedback get briefs of their own. Raises UserError for a role that is never briefed.
    """
    from dataclasses import replace

    role = Role(role)
    context = context if context.role is role else replace(context, role=role)
    return _tidy(_environment().get_template(f"{variant(role, context)}.md.j2").render(c=context))


def variant(role: Role | str, context: BriefContext) -> str:
    """The name of the template: that of the role, or worker-fix, reviewer-again, architect-revise."""
    if role == Role.WORKER:
        return "worker-fix" if context.purpose is Purpose.FIX else "worker"
    if role == Role.REVIEWER:
        return "reviewer-again" if context.round > 1 else "reviewer"
    if role == Role.ARCHITECT:
        return "architect-revise" if context.feedback else "architect"
    if role in (Role.ASSIGNER, Role.ADVISER):
        return str(role)
    raise usage(
        f"There is no brief for the role {role}.", "Workers, reviewers, architects, assigners and advisers have one."
    )


def turn_prompt(
    ticket: str,
    *,
    turn: int,
    turns: int,
    failed: str,
    tail: str = "",
    log: str = "",
    set_aside: Sequence[str] = (),
    findings: bool = False,
) -> str:
    """The prompt for turn `turn` of at most `turns`, after what was reported was sent back.

    `failed` is a sentence (`test exited with 1.`), `tail` the end of the log at path `log`, `set_aside` the paths that
    were out of scope; `findings` says that the agent reports findings.
    """
    template = _environment().get_template("turn.md.j2")
    values = {"ticket": ticket, "turn": turn, "turns": turns, "failed": failed, "tail": tail, "log": log}
    return _tidy(template.render(**values, set_aside=tuple(set_aside), findings=findings))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from .plans.templates import environment

    made = environment(TEMPLATES, ours=True)
    made.filters.update(block=_block, criteria=_criteria, line=_line, tail=_tail, fence=_fence)
    words = {"severities": Severity, "kinds": UnitKind, "criticalities": Criticality}
    made.globals.update({name: [str(word) for word in kind] for name, kind in words.items()}, rule=rule)
    return made


@cache
def rule(name: str, heading: bool = True) -> str:
    """The text of `rules/<name>.md` for a brief: its title as a heading of the second level, or left out."""
    title, _, body = (RULES / f"{name}.md").read_text(encoding="utf-8").partition("\n")
    return f"#{title}\n{body.strip()}\n\n" if heading else f"{body.strip()}\n\n"


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _visible(text: str) -> str:
    """Without control characters: prompts are also read in terminals."""
    plain = re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text)
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in plain)


def _block(value: str | Iterable[str] | None) -> str:
    if value is None or isinstance(value, str):
        return (value or "").strip()
    return "\n".join(f"- {item}" for item in value)


def _criteria(criteria: Iterable[Criterion]) -> str:
    return "\n".join(f"- {c.id}: {c.text}" + (f" (check: `{c.check}`)" if c.check else "") for c in criteria)


def _line(text: str, limit: int) -> str:
    flat = " ".join(_visible(str(text)).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _tail(text: str, limit: int) -> str:
    clean = _visible(text).strip()
    return clean if len(clean) <= limit else "…" + clean[-limit:].partition("\n")[2]


def _fence(text: str) -> str:
    """Fenced with more back-ticks than the text has in a row, so that a log cannot end its own quotation."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}\n{text}\n{mark}"


def turn_directory(runs: Path, ticket: str, *, holding: str = "") -> Path:
    """The newest turn's directory of a ticket below `runs` (`<run>/<ticket>/turn-<k>`), with a file `holding` in it.

    Raises UserError (usage) for a ticket that no run has given out.
    """
    if ticket in ("", ".", "..") or len(ticket) > 200 or not ticket.isprintable() or "/" in ticket or "\\" in ticket:
        raise usage(f"{ticket[:80]!r} is not a ticket.", "A ticket is one word, such as M1.phase-1.worker-1.")
    found = [path for run in _numbered(runs, "r") for path in _numbered(run / ticket, "turn-")]
    turns = [path for path in found if not holding or (path / holding).is_file()]
    if not turns:
        raise usage(f"There is no ticket {ticket} with a turn.", "`orchestra status` lists what is under way.")
    return turns[-1]


def _numbered(directory: Path, prefix: str) -> list[Path]:
    """The directories `<prefix><number>` of a directory, by number: r10 comes after r9."""
    if not directory.is_dir():
        return []
    named = ((re.fullmatch(rf"{prefix}(\d{{1,9}})", path.name), path) for path in directory.iterdir())
    return [path for _, path in sorted((int(match[1]), path) for match, path in named if match)]
