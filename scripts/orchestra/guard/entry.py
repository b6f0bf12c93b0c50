"""What the launcher starts. It is compiled at each call, a microsecond a word: `boot` does the rest, with these names.

Clients take every failure of a hook for "allow", so whatever goes wrong here ends in exit code 2.
"""

import marshal
import posix
import sys

try:
    # No two Pythons share a file, since one must not even look at another's code.
    file = sys.argv[5] + str(sys.hexversion)
    bundle = posix.open(file, 0)
    head = posix.read(bundle, 32768)
    exec(marshal.loads(head))
except BaseException:
    exec(posix.read(posix.open(__file__[:-8] + "boot.py", 0), 99999))
finally:
    posix._exit(2)
