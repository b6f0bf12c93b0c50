"""Starts the hook: sets the limits of a call, and lets the guard's modules be imported from their bundle.

It stands in the bundle itself, before the modules, and so imports none of them.
"""

import _signal  # type: ignore[import-not-found]
import gc
import marshal
import posix
import sys

# A client stops waiting after a while, and takes that for "allow".
_SECONDS = 4
_PACKAGES = ("orchestra", "orchestra.guard")


class _Bundle:
    """A finder and loader of modules. `places` are (offset and length of the code in the open file, what it needs)."""

    def __init__(self, file, places):  # type: ignore[no-untyped-def]
        self.file = file
        self.places = places
        self.spec = sys.modules["_frozen_importlib"].ModuleSpec

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name not in self.places:
            return None
        # What is in place before it is asked for does not go through the import system, which takes longer.
        for one in self.places[name][2]:
            if one not in sys.modules:
                self.put(one)  # type: ignore[no-untyped-call]
        return self.spec(name, self, is_package=name in _PACKAGES)

    def put(self, name):  # type: ignore[no-untyped-def]
        module = sys.modules[name] = type(sys)(name)
        module.__package__, _, last = name.rpartition(".")
        if module.__package__:
            setattr(sys.modules[module.__package__], last, module)
        self.exec_module(module)  # type: ignore[no-untyped-call]

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        return None

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        offset, length, _ = self.places[module.__name__]
        exec(marshal.loads(posix.pread(self.file, length, offset)), module.__dict__)


def install(file, places, stamps, size, here):  # type: ignore[no-untyped-def]
    """Have imports answered from the open `file`; raises ValueError or OSError when a source is not the one it is of.

    `stamps` are relative to the guard's directory `here`, since a plugin is copied together with its byte code.
    """
    if posix.fstat(file).st_size != size:
        raise ValueError("it is not whole")
    for path, modified, length in stamps:
        now = posix.stat(f"{here}/{path}")
        if (now.st_mtime_ns, now.st_size) != (modified, length):
            raise ValueError("it is older than the guard")
    sys.meta_path.insert(0, _Bundle(file, places))  # type: ignore[no-untyped-call]
    return ""


def late(*_):  # type: ignore[no-untyped-def]
    """Time is up."""
    raise TimeoutError("it took too long")


def begin(here, file, bundle, rest):  # type: ignore[no-untyped-def]
    """Judge the call on stdin and end the process; `rest` is the head of the bundle behind its code, or nothing.

    `here` is the guard's directory, `file` where its bundle is kept. Comes back only by an exception.
    """
    # A process of ten milliseconds leaves nothing behind that would have to be collected.
    gc.disable()
    _signal.signal(_signal.SIGALRM, late)
    _signal.alarm(_SECONDS)
    try:
        file = install(bundle, *rest, here) if rest else _without(here, file)  # type: ignore[call-arg,no-untyped-call]
    except (OSError, ValueError):
        _without(here, file)  # type: ignore[no-untyped-call]
    from orchestra.guard.hook import main

    main(sys.argv[1:], file)
    raise RuntimeError("the hook came back")


def _without(here, file):  # type: ignore[no-untyped-def]
    """Have imports answered by the sources; the bundle is made anew afterwards."""
    sys.path.insert(0, here[: -len("/orchestra/guard")])
    return file
