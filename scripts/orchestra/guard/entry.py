"""What the launcher starts, and all that is compiled at each call: `boot` does the rest.

Clients take every failure of a hook for "allow", so whatever goes wrong here ends in exit code 2.
"""

import marshal
import posix
import sys

try:
    here = __file__.rpartition("/")[0]
    # The number is that of the agreement between this file, boot.py and bundle.py.
    file = f"{sys.pycache_prefix or here + '/__pycache__'}/guard-2.{sys.implementation.cache_tag}"
    try:
        bundle = posix.open(file, posix.O_RDONLY)
        head = posix.read(bundle, 32768)
        # Another Python's code must not even be looked at.
        if head[:4] != sys.modules["_frozen_importlib_external"].MAGIC_NUMBER:
            raise ValueError
        code, *rest = marshal.loads(head[4:])
    except (OSError, ValueError, EOFError, TypeError):
        code, bundle, rest = posix.read(posix.open(f"{here}/boot.py", posix.O_RDONLY), 1 << 20), -1, []
    names = {"__name__": "boot"}
    exec(code, names)
    names["begin"](here, file, bundle, rest)  # type: ignore[operator]
except BaseException as error:
    try:
        # Whatever is wrong with a bundle, the next call makes another one.
        posix.unlink(file)
    except (OSError, NameError):
        file = ""
    try:
        said = f"The guard could not judge this call ({type(error).__name__}: {str(error)[:70]}), so it is denied.\n"
        posix.write(2, said.encode("utf-8", "replace"))
    finally:
        posix._exit(2)
