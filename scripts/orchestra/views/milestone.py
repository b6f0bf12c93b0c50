"""The view in milestone.md: its `Status` and `Locked-By` fields."""

from __future__ import annotations

from orchestra.plans.edit import fields, set_table_field

from .record import Record

STATUS, LOCK = "Status", "Locked-By"


def patch(text: str, record: Record) -> str:
    """`text` of a milestone.md with its two fields as the state has them; every other byte stays."""
    text = set_table_field(text, STATUS, str(record.group.status))
    wanted = lock_wanted(record)
    if wanted is None and not ours(field_value(text, LOCK), record):
        return text
    return set_table_field(text, LOCK, wanted)


def lock_wanted(record: Record) -> str | None:
    """The `Locked-By` value that the state asks for, None when nobody holds the group."""
    from orchestra.state.lease import lock_text

    lease = record.lease
    return lock_text(lease) if lease is not None and lease.held else None


def ours(value: str | None, record: Record) -> bool:
    """Whether a `Locked-By` value was written from this state; another clone's or a person's is left alone."""
    from orchestra.state.lease import mark_of

    mark = mark_of(value or "")
    lease = record.lease
    known = record.marks | ({(lease.holder.text, lease.epoch)} if lease else set())
    return mark is not None and mark in known


def field_value(text: str, name: str) -> str | None:
    """The value of a field as milestone.md has it, None when the field is missing."""
    key = name.casefold()
    return next((span.value for span in fields(text) if span.key == key), None)
