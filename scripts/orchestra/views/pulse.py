"""PROJECT_PULSE.md: where a spec stands, in parts of a page that otherwise belongs to people.

What Orchestra writes stands between two comments of its own; every other byte of the file stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from orchestra.core.model import UnitState
from orchestra.core.words import FindingStatus, UnitStatus
from orchestra.plans.kiro.lines import scan
from orchestra.plans.markdown import split_lines

from .question import answered_with
from .record import Record, one_line, short
from .roundtable import deferred, status_of, waiting_for

PULSE = "PROJECT_PULSE.md"
_MOST = 40
_RECENT = 5
# A question that has waited for longer is pointed at.
_LATE_S = 86400.0
MODEL = "plan"
# The parts in order: the heading that a part stands under in a page of its own, and its name in the comments.
PARTS = (
    ("## 🟢 Mental Model", MODEL),
    ("## 🟡 Narrative Delta", "progress"),
    ("### Cognitive Load Warnings", "warnings"),
    ("### Technical Debt", "debt"),
    ("### Pending Decisions", "decisions"),
    ("## 🔗 Semantic Anchors", "anchors"),
)
ALL = tuple(part for _, part in PARTS)
_RISKS = "## 🔴 Risks & Debt"
_HEADING = re.compile(r"#{1,6}[ \t]+(.*)")
_COMMENT = re.compile(r"^[ \t]*(<!-- /?orchestra: \w+ -->)[ \t]*\r?$", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+")


def patch(text: str, record: Record, names: Collection[str] = ALL, now: float = 0.0) -> str:
    """`text` of the page with the parts of these names as the state has them; a page that is empty is written whole.

    A part that is missing is added at the end of its section, a section that is missing at the end of the page. With a
    time, questions that have waited for a day then say so: what the state alone brings forth has no clock.
    """
    blocks = dict(_blocks(record, now))
    if not text.strip():
        return _page(blocks)
    newline = "\r\n" if "\r\n" in text else "\n"
    for heading, name in (part for part in PARTS if part[1] in names):
        text = _with_part(text, heading, name, blocks[name].replace("\n", newline), newline)
    return text


def _page(blocks: dict[str, str]) -> str:
    parts = ["# PROJECT_PULSE"]
    for heading, name in PARTS:
        parts += [_RISKS] if name == "warnings" else []
        parts += [heading, _marked(name, blocks[name], "\n")]
    return "\n\n".join(parts) + "\n"


def _marked(name: str, block: str, newline: str) -> str:
    return f"{_begin(name)}{newline}{block}{newline}{_end(name)}"


def _begin(name: str) -> str:
    return f"<!-- orchestra: {name} -->"


def _end(name: str) -> str:
    return f"<!-- /orchestra: {name} -->"


def _with_part(text: str, heading: str, name: str, block: str, newline: str) -> str:
    if place := _place(text, name):
        return text[: place[0]] + _marked(name, block, newline) + text[place[1] :]
    at, added = _section_end(text, heading), _marked(name, block, newline)
    if at is None:
        return f"{_parted(text, newline)}{heading}{newline}{newline}{added}{newline}"
    return f"{_parted(text[:at], newline)}{added}{newline}{newline}{text[at:]}"


def _place(text: str, name: str) -> tuple[int, int] | None:
    """Where a part begins and ends, None when it is nowhere.

    Its two comments stand alone on their lines, with none of ours between them: where one is quoted, or has lost the
    other, what follows belongs to people.
    """
    for begin, end in pairwise(_COMMENT.finditer(text)):
        if (begin[1], end[1]) == (_begin(name), _end(name)):
            return begin.start(1), end.end(1)
    return None


def _parted(text: str, newline: str) -> str:
    """`text`, with an empty line at its end."""
    ends = text.count("\n", len(text.rstrip("\r\n")))
    return text + newline * max(0, 2 - ends)


def _section_end(text: str, heading: str) -> int | None:
    """Where the section of that heading ends, whatever stands around its words; None when there is none."""
    wanted, found = _words(heading), list(_headings(text))
    for number, (_, title) in enumerate(found):
        if _words(title) == wanted:
            return next((start for start, _ in found[number + 1 :]), len(text))
    return None


def _headings(text: str) -> Iterator[tuple[int, str]]:
    """Where each heading begins, and its text. What looks like one in somebody's code is none."""
    at = 0
    for line, whole in zip(scan(text)[0], split_lines(text), strict=True):
        if not line.hidden and (match := _HEADING.match(line.text)):
            yield at, match[1]
        at += len(whole)


def _words(heading: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(heading)]


# What the parts say


def _blocks(record: Record, now: float) -> Iterator[tuple[str, str]]:
    said = {
        "plan": _plan(record),
        "progress": _progress(record),
        "warnings": _warnings(record),
        "debt": _debt(record),
        "decisions": _decisions(record, now),
        "anchors": _anchors(record),
    }
    for name, lines in said.items():
        # A line of an agent's could end the part with our own comment.
        yield name, "\n".join(line.replace("<!--", "<!- -").replace("-->", "- ->") for line in lines) or "- None"


def _plan(record: Record) -> Iterator[str]:
    """What waits for what, as a picture."""
    if not record.units:
        return
    yield "```mermaid"
    yield "graph TD"
    for unit in record.units[:_MOST]:
        yield f'  {_node(unit.id)}["{short(unit.id)} {_plain(unit)}"]'
    shown = {unit.id for unit in record.units[:_MOST]}
    for unit in record.units[:_MOST]:
        yield from (f"  {_node(needed)} ==> {_node(unit.id)}" for needed in unit.plan.depends_on if needed in shown)
    yield "```"


def _node(unit_id: str) -> str:
    return "u" + re.sub(r"\W", "_", short(unit_id))


def _plain(unit: UnitState) -> str:
    return re.sub(r"[\"\[\]{}()<>#;`]", " ", one_line(unit.plan.title, 60))


def _progress(record: Record) -> Iterator[str]:
    words = [status_of(record, unit) for unit in record.units]
    yield f"**Orchestration spec:** `{record.group.plan.path}`"
    yield ""
    yield "**Progress Summary:**"
    yield f"- Total tasks: {len(words)}"
    yield f"- Completed: {words.count('completed')}"
    yield f"- In progress: {words.count('in_progress') + words.count('fix_required')}"
    yield f"- Pending review: {words.count('pending_review') + words.count('under_review')}"
    yield f"- Blocked: {words.count('blocked')}"
    yield ""
    yield "**Recent Completions:**"
    yield from _recent(record) or ["- None"]
    yield ""
    yield "**Currently In Progress:**"
    under_way = [unit for unit in record.units if unit.status in (UnitStatus.IN_PROGRESS, UnitStatus.REVIEW)]
    yield from [f"- {short(u.id)}: {one_line(u.plan.title, 80)} ({status_of(record, u)})" for u in under_way] or [
        "- None"
    ]


def _recent(record: Record) -> list[str]:
    done = {unit.id: unit for unit in record.units if unit.status is UnitStatus.DONE}
    order = list(dict.fromkeys(a.unit for a in reversed(record.attempts) if a.unit in done))
    return [f"- ✅ {short(id_)}: {one_line(done[id_].plan.title, 50)}" for id_ in order[:_RECENT]]


def _warnings(record: Record) -> Iterator[str]:
    for unit in record.units:
        if status_of(record, unit) == "blocked" and unit.status is not UnitStatus.SKIPPED:
            waiting = ", ".join(short(one) for one in waiting_for(record, unit.id))
            why = one_line(unit.reason, 160) or "no reason was given"
            yield f"- 🚫 BLOCKED {short(unit.id)}: {why}{f' (holds up {waiting})' if waiting else ''}"
        elif unit.findings and unit.status is not UnitStatus.SKIPPED:
            yield f"- 🔧 {short(unit.id)}: {len(unit.findings)} findings to mend, fix {max(1, unit.fixes)}"


def _debt(record: Record) -> Iterator[str]:
    for finding in deferred(record)[:_MOST]:
        left = "" if finding.status is FindingStatus.OPEN else f", {finding.status}"
        line = f":{finding.line}" if finding.line else ""
        place = f" `{one_line(finding.file, 100)}{line}`" if finding.file else ""
        yield f"- {finding.severity}{left}{place}: {one_line(finding.title, 160)} ({short(finding.unit)})"


def _decisions(record: Record, now: float) -> Iterator[str]:
    for decision in record.decisions:
        if decision.pending:
            asked = record.asked.get(decision.id, now)
            late = "⚠️ ESCALATED: " if now - asked > _LATE_S else ""
            yield f"- {late}{decision.id}: {one_line(decision.question, 240)} [{' / '.join(decision.options)}]"
            yield f"  `{answered_with(decision.id, decision.options, decision.unit)}`"


def _anchors(record: Record) -> Iterator[str]:
    pairs = [(file, unit) for unit, files in record.files.items() for file in files]
    for file, unit in sorted(pairs)[:_MOST]:
        module = file.rpartition("/")[0] or "."
        yield f"- [{one_line(module, 60)}] `{one_line(file, 120)}` -> `{short(unit)}`"
