"""Starts the hook: sets the limits of a call, and lets the guard's modules be imported from their bundle.

It stands in the bundle itself, before the modules, and so imports none of them. `entry` runs it among its own names.
"""

import _imp
import _signal  # type: ignore[import-not-found]
import gc
import marshal
import posix
import sys

# A client stops waiting after a while, and takes that for "allow".
_SECONDS = 4
# One that has to compile the sources first may take longer.
_PATIENCE = 15
# Where the tables begin, behind the code of this file.
_TABLES = 1 << 14
_PACKAGES = ("orchestra", "orchestra.guard")
_DIGEST = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
_HOOK = "orchestra.guard.hook"


class _Table:
    """A dict of words as it stands in the bundle: texts by first letters, each `\\1 name \\2 value \\1` and so on."""

    def __init__(self, texts):  # type: ignore[no-untyped-def]
        self.texts = texts

    def get(self, name, other=None):  # type: ignore[no-untyped-def]
        text = self.texts.get(name[:1], "")
        at = text.find(f"\1{name}\2") if "\2" not in name else -1
        if at < 0:
            return other
        at += len(name) + 2
        return text[at : text.index("\1", at)]

    def __contains__(self, name):  # type: ignore[no-untyped-def]
        return self.get(name) is not None  # type: ignore[no-untyped-call]


class _Bundle:
    """A finder and loader of modules.

    `groups` has for each module the place of its group's code, and the names in it in the order of their imports;
    `late` has for a module the place of the functions that are read when they are called.
    """

    def __init__(self, file, groups, late):  # type: ignore[no-untyped-def]
        self.file = file
        self.groups = groups
        self.late = late
        self.spec = sys.modules["_frozen_importlib"].ModuleSpec

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name not in self.groups:
            return None
        self.load(name)  # type: ignore[no-untyped-call]
        return self.spec(name, self, is_package=name in _PACKAGES)

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        return sys.modules[spec.name]

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        """It was run when it was read."""

    def load(self, name):  # type: ignore[no-untyped-def]
        """Read and run the module and its group. What is in place does not go through the import system, which takes
        longer."""
        offset, length, names = self.groups[name]
        for one, code in zip(names, marshal.loads(posix.pread(self.file, length, offset)), strict=True):
            if one not in sys.modules:
                self.put(one, code)  # type: ignore[no-untyped-call]

    def put(self, name, code):  # type: ignore[no-untyped-def]
        module = sys.modules[name] = type(sys)(name)
        package, _, last = name.rpartition(".")
        module.__package__ = name if name in _PACKAGES else package
        if package:
            setattr(sys.modules[package], last, module)
        if name in _PACKAGES:
            module.__path__ = []
        vars(module).update(_wake=self.wake, _table=_Table)
        exec(code, module.__dict__)

    def wake(self, module, name, args, named):  # type: ignore[no-untyped-def]
        """Call a function that was not read yet. From now on it is itself, wherever it was put."""
        late = self.late[module]
        if type(late[0]) is int:
            offset, length = late
            late = self.late[module] = (marshal.loads(posix.pread(self.file, length, offset)),)
        space, (holder, _, last) = vars(sys.modules[module]), name.rpartition(".")
        function = vars(space[holder])[last] if holder else space[last]
        code, function.__defaults__, function.__kwdefaults__ = marshal.loads(late[0][name])
        function.__code__ = code
        return function(*args, **named)


def install(bundle, head, here):  # type: ignore[no-untyped-def]
    """Have imports answered from the open file `bundle`; raises ValueError or OSError when a source is not the one
    it is of.

    The stamps are relative to the guard's directory `here`, since a plugin is copied together with its byte code.
    """
    groups, late, stamps, size = marshal.loads(head[_TABLES:])
    if posix.fstat(bundle).st_size != size:
        raise ValueError("it is not whole")
    for path, modified, length in stamps:
        now = posix.stat(here + path)
        if (now.st_mtime_ns, now.st_size) != (modified, length):
            raise ValueError("it is older than the guard")
    for name in ("_json", _DIGEST) if b"ORCHESTRA_SCOPE_SHA256" in posix.environ else ("_json",):
        _extension(name)  # type: ignore[no-untyped-call]
    sys.meta_path.insert(0, _Bundle(bundle, groups, late))  # type: ignore[no-untyped-call]
    return sys.meta_path[0]


def _opened(bundle, head, here):  # type: ignore[no-untyped-def]
    """The finder of what is in the bundle; None when there is none that fits."""
    try:
        return install(bundle, head, here) if head else None  # type: ignore[no-untyped-call]
    except (OSError, ValueError, EOFError, TypeError):
        return None


def _extension(name):  # type: ignore[no-untyped-def]
    """Import a module of the interpreter's own from where it lies: to find it there, directories would be listed."""
    if name in sys.builtin_module_names or name in sys.modules:
        return
    file = f"{sys.path[-1]}/{name}{_imp.extension_suffixes()[0]}"
    try:
        module = _imp.create_dynamic(sys.modules["_frozen_importlib"].ModuleSpec(name, None, origin=file))
    except ImportError:
        return
    _imp.exec_dynamic(module)
    sys.modules[name] = module


def late(*_):  # type: ignore[no-untyped-def]
    """Time is up."""
    raise TimeoutError("it took too long")


def begin(here, file, bundle, head):  # type: ignore[no-untyped-def]
    """Judge the call on stdin and end the process; `head` is the beginning of the open `bundle`, or nothing.

    `here` is the guard's directory, `file` where its bundle is kept. Comes back only by an exception.
    """
    # A process of ten milliseconds leaves nothing behind that would have to be collected.
    gc.disable()
    _signal.signal(_signal.SIGALRM, late)
    _signal.alarm(_SECONDS)
    finder = _opened(bundle, head, here)  # type: ignore[no-untyped-call]
    if finder is None:
        # Imports are answered by the sources; the bundle is made anew afterwards.
        _signal.alarm(_PATIENCE)
        sys.path.insert(0, here[: -len("/orchestra/guard/")])
    else:
        file = ""
        finder.load("orchestra")
        finder.load(_HOOK)
    from orchestra.guard.hook import main

    main(sys.argv[1:5], file)
    raise RuntimeError("the hook came back")


def start(names):  # type: ignore[no-untyped-def]
    """What `entry` comes to, with its names: when it has read the bundle, or while it handles an error."""
    here, file, error = names["__file__"][: -len("entry.py")], names.get("file", ""), sys.exc_info()[1]
    if error is None:
        names["begun"] = True
        begin(here, file, names["bundle"], names["head"])  # type: ignore[no-untyped-call]
    try:
        if "begun" in names:
            raise
        # There is no bundle, or none that can be read.
        begin(here, file, -1, b"")  # type: ignore[no-untyped-call]
    except BaseException as final:
        fail(file, final)  # type: ignore[no-untyped-call]


def fail(file, error):  # type: ignore[no-untyped-def]
    """Deny, with the reason."""
    try:
        # Whatever is wrong with a bundle, the next call makes another one.
        posix.unlink(file)
    except OSError:
        file = ""
    said = f"The guard could not judge this call ({type(error).__name__}: {str(error)[:70]}), so it is denied.\n"
    posix.write(2, said.encode("utf-8", "replace"))


if __name__ == "__main__":
    start(globals())  # type: ignore[no-untyped-call]
