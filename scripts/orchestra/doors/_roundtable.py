"""What the doors of `roundtable` share: which spec a path means, a part of a run, and how the spec stands."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..commands._driving import execute, policy
from ..core.words import UnitStatus, Workflow
from ..errors import Exit, UserError, bad_input, usage
from ..files import read_bytes
from ..plans.kiro import folders
from ..project import Project
from .sequential_loop import project_of

if TYPE_CHECKING:
    from ..core.model import Directive, Unit, UnitState
    from ..views.record import Record

BACKEND = "codex"
_FAILURES = (Exit.USAGE, Exit.BAD_INPUT)
_LOST = (UnitStatus.FAILED, UnitStatus.BLOCKED)
_LIMIT = 64 << 20
_TRIES = 5


class Table:
    """A spec in its project, as a door sees it."""

    def __init__(self, args: argparse.Namespace, text: str) -> None:
        from ..plans.reader import Specs

        self.place = spec_at(args.directory, text)
        self.project: Project = project_of(args, self.place)
        reader = Specs(Workflow.ROUNDTABLE)
        self.id = reader.find(self.project.root, self.project.root, str(self.place.resolve()))

    def record(self) -> Record:
        """What the state knows of the spec, or what its files say when nothing has been begun. Raises UserError."""
        return self._known() or self.planned()

    @property
    def begun(self) -> bool:
        """Whether a run has taken the spec in."""
        return self._known() is not None

    def _known(self) -> Record | None:
        from ..state.store import Store
        from ..views.snapshot import Snapshot

        with Store.open(self.project.state_path, readonly=True) as store:
            known = Snapshot.from_store(store, [self.id]).groups.get(self.id)
        return known if known is not None and known.begun else None

    def planned(self) -> Record:
        """The spec as it is planned. Raises UserError (bad input) that lists what is wrong with it."""
        from dataclasses import replace

        from ..config import load
        from ..core.model import GroupState
        from ..plans.reader import Specs
        from ..views.record import Record

        root = self.project.root
        result = Specs(Workflow.ROUNDTABLE).read_group(root, load(self.project.config_path), self.id)
        wrong = [d.to_text() for d in result.about(self.id) if d.severity == "error"]
        if wrong:
            raise bad_input("\n".join(wrong), f"`orchestra validate {self.place}` shows everything")
        group = result.plan.groups[0]
        said = self._named()
        units = tuple(_planned(unit, said.get(unit.id)) for unit in group.units)
        return Record(GroupState(replace(group, units=())), units=units)

    def _named(self) -> dict[str, dict[str, Any]]:
        """What was said already of whose its units are."""
        from ..drive.named import named
        from ..state.store import Store

        with Store.open(self.project.state_path, readonly=True) as store:
            return named(store, self.id)


def _planned(unit: Unit, said: dict[str, Any] | None) -> UnitState:
    from ..core.codec import decode
    from ..core.model import Assignment, UnitState

    waits = UnitStatus.SKIPPED if unit.optional else UnitStatus.PENDING
    given = decode(Assignment, said) if said else None
    return UnitState(unit, UnitStatus.DONE if unit.done else waits, assignment=given)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the doors that carry something out share."""
    parser.add_argument("--workdir", "-w", metavar="DIR", help="the project (default: the one that the spec lies in)")
    policy(parser)


def dispatching(parser: argparse.ArgumentParser) -> None:
    """What the doors that carry out one kind of work share."""
    parser.add_argument("state", metavar="STATE", help="AGENT_STATE.json of the spec, or the spec's folder")
    parser.add_argument("--dry-run", "-n", action="store_true", help="say what would be begun, and do nothing")
    arguments(parser)


def dispatch(args: argparse.Namespace, begins: Callable[[Directive], bool]) -> int:
    """Carry out what `begins` allows, or say what that would be; the exit code of the door."""
    from ._offered import offered

    def work(args: argparse.Namespace) -> int:
        table = Table(args, args.state)
        if args.dry_run:
            return _tell_offered(args, table, offered(table, begins))
        return tell(args, table, carry_out(args, table, begins=begins))

    return guarded(work, args)


def _tell_offered(args: argparse.Namespace, table: Table, tickets: list[str]) -> int:
    if not args.json:
        print("\n".join(f"would begin {ticket}" for ticket in tickets) or "nothing would be begun")
    return tell(args, table, Exit.DONE, would_begin=tickets)


def spec_at(directory: Path, text: str) -> Path:
    """The folder of the spec that a path means: itself, its tasks.md, or a file of state that names it."""
    path = directory / text
    found = folders.at(path) or folders.at(path.parent) or _named_by(path, directory)
    if found is None:
        raise usage(f"{path} is no spec and names none", "give the folder that has the spec's tasks.md")
    return found


def _named_by(path: Path, directory: Path) -> Path | None:
    """The spec that an AGENT_STATE.json names which lies somewhere else; ours name it from the project's folder."""
    try:
        with path.open("rb") as file:
            named = json.loads(file.read(_LIMIT)).get("spec_path")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(named, str) or not named:
        return None
    return next(filter(None, (folders.at(root / named) for root in _roots(path.parent, directory))), None)


def _roots(*places: Path) -> Iterator[Path]:
    """The projects that these folders lie in."""
    from ..project import find

    for place in places:
        with suppress(UserError):
            yield find(place).root


def carry_out(
    args: argparse.Namespace,
    table: Table,
    *,
    begins: Callable[[Directive], bool] | None = None,
    more: dict[str, Any] | None = None,
) -> int:
    """Run the spec, or the part of it that `begins` allows; 0 done, 1 not done or failed, 2 a person is needed."""
    from ..config import chosen

    said = chosen(table.project.config_path)
    args.auto = True
    args.otherwise = "" if "backend.name" in said else BACKEND
    args.directory = table.project.root
    as_json, args.json = args.json, False
    only = (table.id,)
    code = execute(args, lambda: only, workflow=Workflow.ROUNDTABLE, only=only, more=more, begins=begins)
    if begins is not None and code in (Exit.DONE, Exit.INCOMPLETE, Exit.NEEDS_PERSON):
        code = standing(table.record())
    args.json = as_json
    return Exit.INCOMPLETE if code in _FAILURES else code


def standing(record: Record) -> int:
    """2 when a person is asked, 1 when something did not work, else 0."""
    if any(decision.pending for decision in record.decisions):
        return Exit.NEEDS_PERSON
    return Exit.INCOMPLETE if any(unit.status in _LOST for unit in record.units) else Exit.DONE


def tell(args: argparse.Namespace, table: Table, code: int, **more: Any) -> int:
    """Say how the spec stands, as text or as one JSON document; returns `code`."""
    from ..views.record import short
    from ..views.roundtable import status_of

    record = table.record()
    words = {short(unit.id): status_of(record, unit) for unit in record.units}
    if args.json:
        asked = [{"id": d.id, "options": list(d.options)} for d in record.decisions if d.pending]
        document = {"ok": code == Exit.DONE, "exit": int(code), "spec": record.group.plan.path, "tasks": words}
        print(json.dumps({**document, "pending_decisions": asked, **more}, ensure_ascii=False))
        return code
    for id_, word in words.items():
        print(f"{id_} {word}")
    for decision in record.decisions:
        if decision.pending:
            print(f"{decision.id} waits for you: {decision.question} [{' / '.join(decision.options)}]", file=sys.stderr)
    return code


def write_views(table: Table, output: Path, names: dict[str, Path] | None = None) -> list[Path]:
    """Write the three files into a folder of the user's choice, each under another path where one is named."""
    from ..files import write_atomic
    from ..plans.writing import explained
    from ..views import pulse
    from ..views.write import views_of

    record, paths = table.record(), names or {}
    with explained():
        output.mkdir(parents=True, exist_ok=True)
    whole = {paths.get(name, output / name): text for name, text in views_of(record, table.place)}
    for path, text in whole.items():
        write_atomic(path, text.encode("utf-8"))
    page = paths.get(pulse.PULSE, output / pulse.PULSE)
    write_page(page, lambda text: pulse.patch(text, record))
    return [*whole, page]


def write_page(page: Path, patch: Callable[[str], str], output: Path | None = None) -> None:
    """Patch a page that people write in, or write `output` after it; one that is saved just then is read anew.

    Raises UserError for a page that is no text, and for one that somebody saves all the time.
    """
    from ..errors import locked
    from ..files import Replacement, write_atomic, write_together

    for _ in range(_TRIES):
        before = read_bytes(page)
        data = patch(_text(page, before or b"")).encode("utf-8")
        if output is not None and output != page:
            write_atomic(output, data)
            return
        if data == before or write_together([Replacement(page, data, before)], page.parent):
            return
    raise locked(f"{page} is being changed by somebody else", "run this again when it has been saved")


def _text(page: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_input(f"{page} is not UTF-8", "save it as UTF-8") from error


def guarded(work: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Do it; a path or a file that is wrong is a 1, since a 2 says that a person has to decide."""
    try:
        return work(args)
    except UserError as error:
        code = Exit.INCOMPLETE if error.code in _FAILURES else error.code
        raise UserError(error.message, hint=error.hint, code=code) from error
