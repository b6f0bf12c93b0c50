"""Scratch space: the temp directories, without what of the project lies in them."""

from __future__ import annotations

from . import paths

_KNOWN = ("/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp")


class Temp:
    """Temp directories, each with the entries of it that are somebody's project and so not scratch."""

    __slots__ = ("folders",)

    def __init__(self, folders: list[tuple[str, list[str]]]) -> None:
        self.folders = folders

    def holds(self, place: paths.Place, *, into: bool = False) -> bool:
        """Whether a place is scratch space, both as it is written and where it leads.

        `into` also takes a temp directory itself, which something is put into.
        """
        return all(self._free(one, into) for one in (place.lexical, *place.reals))

    def _free(self, path: str, into: bool) -> bool:
        return any(
            (_inside(path, folder) or (into and path == folder)) and not _meets(path, taken)
            for folder, taken in self.folders
        )


def _inside(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _meets(path: str, taken: list[str]) -> bool:
    return any(paths.under(path, one) or paths.under(one, path) for one in taken)


def of(tmpdir: str, home: str, projects: list[str]) -> Temp:
    """The scratch space of a caller; `projects` are real directories that are none, with what lies beside them.

    A $TMPDIR that holds the home directory or a project is not believed: it would open what it holds.
    """
    folders = dict.fromkeys(_KNOWN)
    if tmpdir.startswith("/") and not any(paths.under(one, paths.tidy(tmpdir)) for one in (home, *projects)):
        folders[paths.tidy(tmpdir)] = None
    for folder in tuple(folders):
        try:
            folders[paths.real(folder)] = None
        except paths.Unclear:
            del folders[folder]
    taken = [one for one in (home, *projects) if one not in folders]
    return Temp([(folder, [_entry(one, folder) for one in taken if _inside(one, folder)]) for folder in folders])


def _entry(path: str, folder: str) -> str:
    """The entry of `folder` that leads to `path`: whoever made it put the project into it, with what is beside it."""
    return f"{folder}/{paths.below(path, folder).split('/')[0]}"
