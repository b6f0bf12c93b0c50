"""What past work took, cost and taught, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .record import one_line

_UNITS = 5
_LISTED = 5


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The history as `rewind` gives it, milestone by milestone, then what repeats."""
    for group in found["groups"]:
        yield from (*_group(group), "")
    yield from _totals(found["totals"])
    if found["patterns"]:
        yield from ("", "What repeats")
    for one in found["patterns"]:
        yield f"  {one['times']}x {one['kind']}: {one_line(one['what'], 120)} ({', '.join(one['groups'][:8])})"


def _group(group: Mapping[str, Any]) -> Iterator[str]:
    why = f" ({one_line(group['reason'], 120)})" if group["reason"] else ""
    took = f", {_took(group['duration_s'])}" if group["duration_s"] is not None else ""
    yield f"{group['id']} {one_line(group['title'], 80)}: {group['status']}{why}{took}"
    if group["stages"]:
        yield "  stages: " + ", ".join(f"{stage} {_took(s)}" for stage, s in group["stages"].items())
    yield f"  {_effort(group)}"
    yield from _units(group["units"])
    yield from _reviews(group)
    yield from _decisions(group["decisions"])
    if group["set_aside"]:
        named = (f"{one_line(one['path'], 80)} ({one['times']}x)" for one in group["set_aside"][:_LISTED])
        yield f"  set aside, out of scope: {', '.join(named)}"
    for one in group["learnings"][:_LISTED]:
        yield f"  learnt in {one['unit'] or group['id']}: {one_line(one['text'], 200)}"


def _effort(group: Mapping[str, Any]) -> str:
    tiers = "; ".join(f"{tier}: {_attempts(row)}" for tier, row in group["tiers"].items()) or "no attempts"
    proof = group["verification"]
    checked = f"verification: {proof['commands']} commands, {proof['failed']} failed, {_took(proof['duration_s'])}"
    return f"{tiers}; {checked}; {_used(group['usage'])}"


def _attempts(row: Mapping[str, Any]) -> str:
    return f"{row['attempts']} attempts, {row['failed']} failed, {row['retries']} sent back"


def _used(used: Mapping[str, Any]) -> str:
    return f"{used['turns']} turns, {used['input']} tokens in, {used['output']} out, {used['cost_usd']:.2f} USD"


def _units(units: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The longest units; all of a large milestone would say nothing."""
    built = [unit for unit in units if unit["attempts"]]
    longest = sorted(built, key=lambda unit: -unit["duration_s"])[:_UNITS]
    for unit in (unit for unit in built if unit in longest):
        name, tries = unit["id"].partition("/")[2], f"{unit['attempts']} attempts, {unit['retries']} sent back"
        took = f"{_took(unit['duration_s'])}, {_took(unit['verification_s'])} of verification"
        yield f"  {name} {one_line(unit['title'], 60)}: {unit['status']}, {took}, {tries}"
    if len(built) > len(longest):
        yield f"  and {len(built) - len(longest)} more that took less (--json has all)"


def _reviews(group: Mapping[str, Any]) -> Iterator[str]:
    plans = [str(one["verdict"] or f"read by {one['reviewer']}") for one in group["plan_reviews"]]
    if plans:
        yield f"  plan reviews: {one_line(', '.join(plans), 200)}"
    if group["reviews"]:
        yield f"  reviews: {', '.join(map(str, group['reviews']))}"
    for severity, table in group["findings"].items():
        yield f"  {severity} findings: " + ", ".join(f"{count} {status}" for status, count in table.items() if count)


def _decisions(decisions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in decisions:
        waited = f", after {_took(one['waited_s'])}" if one["waited_s"] is not None else ""
        answer = (
            f"{one_line(one['answer'], 80)} (by {one['by'] or 'nobody known'}{waited})" if one["answer"] else "open"
        )
        yield f"  asked {one['id']} [{one['gate']}] {one_line(one['question'], 120)}: {answer}"


def _totals(totals: Mapping[str, Any]) -> Iterator[str]:
    if not totals["groups"]:
        yield "Nothing has run yet."
        return
    counted = ", ".join(f"{count} {status}" for status, count in totals["statuses"].items())
    yield f"In all: {totals['groups']} milestones, {totals['units']} phases ({counted})"
    yield f"  {_effort(totals)}"


def _took(duration_s: float) -> str:
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    hours, rest = divmod(int(duration_s), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
