"""Which paths a field means: made absolute, wildcards matched, links followed that the command itself made."""

from __future__ import annotations

from .marks import BELOW, DEVICE, ONE, OPEN, SEGMENT, STAR, UNKNOWN, is_wild, matches, plain, words
from .state import State
from .tables import REMADE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .effects import Env

MOST_NAMES = 500
# Files that are no files: nothing of a project is written through them.
HARMLESS = words(
    "/dev/null /dev/zero /dev/full /dev/tty /dev/random /dev/urandom /dev/stdout /dev/stderr /dev/fd/1 /dev/fd/2"
)
# These lead back to whatever the process has open.
REOPENED = ("/dev/fd/", "/dev/stdin", "/proc/")
REMOVING = frozenset(("rm", "unlink", "mv", "ln"))
UNCERTAIN = -1


class Places:
    """Paths as one command sees them. `touched` are those that it has written, of which the disk tells nothing."""

    __slots__ = ("cwd", "env", "links", "loose", "roots", "touched")

    def __init__(self, env: Env, cwd: str) -> None:
        self.env = env
        self.cwd = cwd
        self.roots = tuple(dict.fromkeys(("/tmp", "/var/tmp", (env.tmpdir or "/tmp").rstrip("/"))))
        self.touched: set[str] = set()
        self.links: dict[str, str | None] = {}
        self.loose = False

    def absolute(self, field: str, state: State) -> str | None:
        """The absolute path of a field, without `.` and empty parts; None when the directory is not known."""
        if not field.startswith("/"):
            if state.cwd is None:
                return None
            field = f"{state.cwd}/{field}"
        return tidy(field)

    def of(self, field: str, state: State) -> list[tuple[str, bool]] | None:
        """The paths that writing to a field writes, each with whether all below may be meant. None: not known."""
        if not field or DEVICE in field:
            return []
        if BELOW in field[:-1]:
            return None  # what is found may be nothing at all, and the rest then means something else
        if is_wild(field):
            return self.matching(field, state)
        path = self.absolute(field, state)
        if path is None or UNKNOWN in path:
            return None
        if BELOW in path:
            found = self.of(path[: path.index(BELOW)].rstrip("/") or "/", state)
            return None if found is None else [(one, True) for one, _ in found]
        if path in HARMLESS:
            return []
        if path.startswith(REOPENED):
            return None if SEGMENT in path or path.startswith("/dev") or "/fd" in path else [(path, False)]
        return [self.settled(path)]

    def settled(self, path: str) -> tuple[str, bool]:
        """A path with an unknown name in it: any name will do in a temp directory, else all of the parent is meant."""
        if SEGMENT not in path:
            return path, False
        before = path[: path.index(SEGMENT)]
        folder, _, prefix = before.rpartition("/")
        if folder in self.roots and not self.cwd.startswith(f"{folder}/{prefix}"):
            return path.replace(SEGMENT, "0"), False
        return folder or "/", True

    def matching(self, field: str, state: State) -> list[tuple[str, bool]] | None:
        if UNKNOWN in field or (state.cwd is None and not field.startswith("/")) or UNKNOWN in (state.cwd or ""):
            return None
        names = None if self.loose or SEGMENT in field else self.expanded(field, state)
        if names is None:
            above, last = self.above(field, state), field.rpartition("/")[2]
            return [(f"{above}/{last}" if last in REMADE else above, True)]
        if names and self.changed_below(self.above(field, state)):
            names.append(plain(field))  # what matches now may be gone by then
        return [one for name in names or [plain(field)] for one in self.of(name, state) or []]

    def changed_below(self, folder: str) -> bool:
        """Whether this command has written anything below a directory."""
        return any(one.startswith(folder.rstrip("/") + "/") for one in self.touched)

    def above(self, field: str, state: State) -> str:
        """The directory below which a pattern can match."""
        first = min(at for at in (field.find(STAR), field.find(ONE), field.find(OPEN), field.find(SEGMENT)) if at >= 0)
        folder, slash, _ = field[:first].rpartition("/")
        return self.settled(self.absolute(folder or slash or ".", state) or "/")[0]

    def names(self, field: str, state: State) -> list[str]:
        """The names that a field stands for in a list of words; itself when nothing matches."""
        if not is_wild(field):
            return [field]
        if self.loose or state.cwd is None or UNKNOWN in field or SEGMENT in field:
            return [UNKNOWN]
        found = self.expanded(field, state)
        return [UNKNOWN] if found is None else (found or [plain(field)])

    def expanded(self, field: str, state: State) -> list[str] | None:
        """The names of existing files that match; None when there are too many."""
        found = ["/"] if field.startswith("/") else [""]
        for part in filter(None, field.split("/")):
            if is_wild(part):
                found = [one for start in found for one in self.entries(start, part, state)]
            else:
                found = [start + part for start in found]
                found = [one for one in found if self.env.exists(self.absolute(one, state) or "/")]
            if len(found) > MOST_NAMES or STAR + STAR in part:
                return None
            found = [one + "/" for one in found]
        return [one if field.endswith("/") else one.rstrip("/") for one in found]

    def entries(self, start: str, pattern: str, state: State) -> list[str]:
        folder = self.absolute(start or ".", state) or "/"
        try:
            names = self.env.listing(folder)
        except OSError:
            return []
        hidden = pattern.startswith(".")
        return sorted(start + one for one in names if (hidden or one[:1] != ".") and matches(pattern, one))

    def kind(self, path: str) -> int:
        """0 missing, 1 file, 2 directory, 3 other; UNCERTAIN when this command may have changed it."""
        if UNKNOWN in path or SEGMENT in path or BELOW in path or is_wild(path):
            return UNCERTAIN
        above = path
        while above:
            if above in self.touched:
                return UNCERTAIN
            above = above.rpartition("/")[0]
        return self.env.exists(path)

    def behind_links(self, path: str, how: str, tree: bool) -> list[str | None]:
        """Where a path leads through the links that this command has made; None for a link to nobody knows where."""
        found: list[str | None] = []
        for link, target in self.links.items():
            if path == link and how in REMOVING and not (tree and how in ("ln", "mv")):
                continue
            if path == link or path.startswith(link + "/"):
                found.append(None if target is None else target + path[len(link) :])
        return found


def tidy(path: str) -> str:
    """An absolute path without empty parts and single dots. `..` stays: only the disk knows where it leads."""
    if "//" not in path and "/." not in path and not path.endswith("/"):
        return path
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
