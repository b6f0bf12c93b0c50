"""A command line as the arguments of a process.

A shell that has one program to start is one process more for every verification of every unit: where its line is
nothing but words, the words are started instead. Whatever only a shell can do is left to a shell.
"""

from __future__ import annotations

import re

# No quote, no expansion, no operator, no comment: what every POSIX shell takes for words as they stand.
_PLAIN = re.compile(r"[ \t]*[A-Za-z0-9_@%+:./-][A-Za-z0-9_@%+:,./-]*(?:[ \t]+[A-Za-z0-9_@%+:,./=-]+)*[ \t]*", re.ASCII)
# What means something else to a shell than the program of that name: the reserved words and built-ins of POSIX.1-2017
# (2.4, 2.14, "Command search"), dash and bash, but for those that do what their programs do.
_OWN = frozenset(
    re.split(
        r"\s+",
        """case do done elif else esac fi for function if in select then time until while coproc . alias bg bind break
        builtin caller cd chdir command compgen complete compopt continue declare dirs disown enable eval exec exit
        export fc fg getopts hash help history jobs kill let local logout mapfile newgrp popd pushd read readarray
        readonly return set shift shopt source suspend times trap type typeset ulimit umask unalias unset wait""",
    )
)
_NOTHING = (":",)


def argv(line: str) -> tuple[str, ...]:
    """The arguments that do what `sh -c LINE` does."""
    words = tuple(line.split()) if _PLAIN.fullmatch(line) else ()
    if words == _NOTHING:
        # There is no program of that name.
        return ("true",)
    return words if words and words[0] not in _OWN and words[0] not in _NOTHING else ("/bin/sh", "-c", line)
