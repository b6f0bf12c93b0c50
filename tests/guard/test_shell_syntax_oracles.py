"""The reader against two others: the same commands and the same targets in whatever all of them can read."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from orchestra.guard.grammar import Unreadable
from tests.support import guard_syntax
from tests.support.guard_commands import commands
from tests.support.launching import ROOT

pytest.importorskip("tree_sitter_bash", reason="tree-sitter-bash is not installed")

EXAMPLES = int(os.environ.get("ORCHESTRA_GUARD_EXAMPLES", "100"))
SLOW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
# tree-sitter-bash takes a `{` behind `!` or `time`, and any keyword behind a line of assignments, for a command's name,
# and loses what stands in the others. shfmt reads all of them as we do.
MISREAD = re.compile(r"! \{|time \{|coproc|<<-|\n\{ |` `|^(?:\w+=\S* *)+$", re.MULTILINE)
CORPUS = ROOT.parent / "shared" / "corpus" / "guard" / "cases.jsonl"


def program() -> Path:
    found = shutil.which("shfmt", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip("shfmt is not installed")
    return Path(found)


@pytest.fixture(scope="module")
def shfmt() -> Path:
    found = program()
    guard_syntax.learn_operators(found)
    return found


@SLOW
@given(commands)
def test_shfmt_and_tree_sitter_see_the_same(shfmt: Path, command: str) -> None:
    ours, theirs, third = (
        guard_syntax.ours(command),
        guard_syntax.shfmt(command, shfmt),
        guard_syntax.tree_sitter(command),
    )
    assert theirs is not None, "a generated command that is no shell"
    assert ours == theirs
    assert third is None or third == ours or MISREAD.search(command)


@pytest.mark.parametrize("command", ["a > b; c | d", "if a; then b > c; fi", "x=$(a > b) c", "cat <<E > f\n$(a)\nE\n"])
def test_tree_sitter_is_asked(command: str) -> None:
    assert guard_syntax.tree_sitter(command) == guard_syntax.ours(command)


# One a line, ¶ is a new line.
WRITTEN = r"""
echo a >b; cat <c
a && b || c; d &
if a; then b; elif c; then d; else e; fi
while a; do b; done <c >d
case x in a|b) c;; (d) e;; esac
f() { a; }; f
function g { a; }
( a; b ) >c
{ a; b; } >>c 2>d
a | b |& c
! a
time a | b
for x in a b; do c; done
for ((i=0;i<3;i++)); do c; done
echo $(a; b >c) `d`
echo "$(a "$(b)")"
cat <<E >f¶$(a)¶E¶b
cat <<'E'¶$(a)¶E¶b
a <<<b
a <(b) >(c)
[[ a > b && c < d ]] && e
(( a > b )) && c
echo $(( 1 > 2 )) >d
a &>b; a &>>c; a >&d; a >|e; a <>f
a {fd}>b
a 2>&1 >b
x=1 y=$(a) b
x=(1 $(a) 3) ; b
a \¶ b >c
a # b >c¶d
a '#' b >c
echo ${x:-$(a)} >b
coproc a
until a; do b; done
select x in a; do b; done
a;b¶c¶¶¶d
cat <<A <<B¶1¶A¶2¶B¶c
a=b c
$(a) b
{ a; }¶
echo {a,b}
if a; then b; fi >c | d
[ a ] && b
a $'x\'y' >b
a "x'y" >b
x() ( a )
echo a>b
echo 2>b
echo 2 >b
a<b>c
"""


def rows(text: str) -> list[str]:
    return [line.replace("¶", "\n") for line in text.split("\n") if line]


@pytest.mark.parametrize("command", rows(WRITTEN))
def test_written_commands_read_alike(shfmt: Path, command: str) -> None:
    assert guard_syntax.ours(command) == guard_syntax.shfmt(command, shfmt)


BROKEN = r"""
echo 'a
echo "a
echo `a
echo $(a
if a; then b
a )
( a
case x in
a >
a | | b
&& a
{ a;
for
a;;b
while a; do b; fi
then
echo ${a
f()
if; then a; fi
a &&
cat <<$(x)¶E¶
x=(a
[[ a
case x inside a) b;; esac
for x inside a; do b; done
a $?(b)
a "@"(b)
a b (c)
export a(b)
f (a)
for x in a; then b; done
if a; then fi
{ }
while a; do done
if a; b
echo f() { a; }
x=1 f() { a; }
$(a)() { b; }
for x"y" in a; do b; done
case x in a) b; fi) c;; esac
case x in a) b; do) c;; esac
case x in a) b; e) c;; esac
"""


@pytest.mark.parametrize("command", rows(BROKEN))
def test_what_is_no_shell_is_not_read(command: str) -> None:
    with pytest.raises(Unreadable):
        guard_syntax.ours(command)


def test_the_shared_corpus_reads_alike(shfmt: Path) -> None:
    if not CORPUS.is_file():
        pytest.skip("the shared corpus is not here")
    read = 0
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        command = json.loads(line)["tool_input"].get("command", "")
        if not command or "{{REPEAT" in command:
            continue
        assert guard_syntax.ours(command) == guard_syntax.shfmt(command, shfmt), command
        read += 1
    assert read > 50
