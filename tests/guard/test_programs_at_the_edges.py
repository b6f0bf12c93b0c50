"""Programs with arguments of their own: rows of `predicted.py`, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.guard.effects import effects
from tests.guard.predicted import made, rows, seen
from tests.support.guard_oracle import surroundings


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


ROWS = r"""
rename s/a/b/ docs/d.md  | ./** docs/**
rename 's/\.md$/.txt/' docs/d.md  | ./** docs/**
rename 's/a/b/gi' docs/d.md  | ./** docs/**
rename 's/a/$1/;y/a/b/' docs/d.md  | ./** docs/**
rename tr/a/b/ docs/d.md  | ./** docs/**
rename md txt docs/d.md  | ./** docs/**
rename -e s/a/b/ docs/d.md  | ./** docs/**
rename -e s/a/b/ -e s/a/..b/ docs/d.md  | hidden ./** docs/**
rename 's/a/`id`/e' docs/d.md  | hidden ./** docs/**
rename 's/a/qx;id;/e' docs/d.md  | hidden ./** docs/**
rename 's/a/b/;require' docs/d.md  | hidden ./** docs/**
rename eval docs/d.md  | hidden ./** docs/**
rename 's/a/b/e' docs/d.md  | hidden ./** docs/**
rename 's/a/b/' -n docs/d.md  | nothing
rename 's/^/\x2fetc\x2f/' docs/d.md  | hidden ./** docs/**
rename 's/^/$ENV{HOME}/' docs/d.md  | hidden ./** docs/**
rename 's/^/$ENV/' docs/d.md  | hidden ./** docs/**
rename 's/^/@ARGV/' docs/d.md  | hidden ./** docs/**
rename 's/^(.)/$1/' docs/d.md  | hidden ./** docs/**
rename 's/a/..b/' docs/d.md  | hidden ./** docs/**
rename s/a/x/y/ docs/d.md  | hidden ./** docs/**
rename q/a/b/ docs/d.md  | hidden ./** docs/**
rename 's/a/b' docs/d.md  | hidden ./** docs/**
zstd -o f a  | f a a.gz a.bz2 a.xz a.zst a.lzma a.lz4 a.Z a.br a.tar
7z x -spf a.7z  | hidden ./**
7z x -spf2 a.7z  | hidden ./**
7z a  | nothing
7z a f -sdel  | f
7z x -odocs -osrc a.7z  | docs/**
ar x a.a  | ./**
jar xf a.jar  | ./**
ar p a.a x  | nothing
ar r xM.a y.o  | xM.a y.o
ar pv a.a x  | nothing
jar tf a.jar  | nothing
split a x y  | ./**
split a src/x  | src/**
curl -w x -o f u  | f
curl -w zzz -o f u  | f
curl -T a FILE:x/f  | /x/f/**
curl -T a http://h/x  | nothing
psql -c '\copy x to f'  | hidden runs
psql -c '\o f'  | hidden runs
psql -c '\! rm f'  | hidden runs
sqlite3 f .tables  | nothing
sqlite3 :memory: 'create table a (b)'  | nothing
sqlite3 :memory: .tables 'select 1'  | nothing
sqlite3 f 'select 1' 'select 2' 'delete from a'  | f f-journal f-wal f-shm
cat x | sqlite3 f 'select 1'  | nothing
gcc -MF g -o f a.c  | f g
gcc a.c -o f -MF g  | f g
gcc a.c -o f -c -MF g  | f g
gcc a.c -c -o f -MF g  | f g
gcc -E -MF g a.c  | g
ruff rule E501  | nothing
ruff rule --fix E501  | nothing
ruff analyze graph --fix  | nothing
ruff check src  | nothing
ruff check src --diff  | nothing
ruff clean  | nothing
kill 4711 1  | denied
kill 4711 0  | denied
kill -0 4711  | nothing
kill -s TERM 4711  | nothing
kill -1 -1  | denied
pkill server  | nothing
pkill -9 server  | nothing
skill -9 bash  | denied
killall  | denied
pkill 'x node'  | nothing
pkill '^zsh$'  | denied
gh  | nothing
gh help pr  | nothing
gh pr view 1  | nothing
gh pr diff  | nothing
gh run list  | nothing
gh -R a/b api /x  | nothing
gh -R a/b api -X DELETE /x  | denied
gh api -X POST /x  | denied
gh api --method POST /x  | denied
gh api --paginate /x  | nothing
gh api x -F a=b  | denied
gh browse src  | nothing
gh auth login  | denied
gh auth logout  | denied
gh auth status x  | nothing
gh repo delete x  | denied
gh issue view -f 1  | nothing
gh workflow run list  | denied
hg  | hidden
hg commit  | hidden
hg --debug status  | nothing
svn -q cat x  | nothing
svn diff -old x  | hidden
hg log a b  | nothing
svn diff 'a-o'  | nothing
dd if=a bs=1 of=f  | f
dd a$X of=f  | f
dd $X of=f  | hidden f
dd if=a of=/dev/sda  | denied
dd if=a of=/dev/zero  | nothing
csplit -f src/x a 2  | src/**
csplit a 2  | ./**
tar -xf a.tar x  | ./**
tar rf f src  | f
wget -a f u  | f ./**
"""


@pytest.mark.parametrize(("command", "expected"), rows(ROWS))
def test_effects(command: str, expected: set[str], work: Path) -> None:
    assert seen(command, work) == expected


SAID = r"""
psql -c x  | runs: the database client psql
/usr/bin/psql -c x y  | runs: the database client psql
direnv exec . ls x  | runs: what direnv loads first
hg frob x  | hidden: what hg frob does cannot be followed
/usr/bin/svn -q up x  | hidden: what svn up does cannot be followed
gh pr create x  | gh pr create acts beyond this project
glab x  | glab x  acts beyond this project
killall bash x  | killall of processes that are not yours
kill 0 4711  | kill of processes that are not yours
"""


@pytest.mark.parametrize(("command", "said"), [row.rsplit("  | ", 1) for row in SAID.strip().split("\n")])
def test_what_is_said_of_a_program_names_it(command: str, said: str, work: Path) -> None:
    found = effects(command, str(work), surroundings("/home/someone", "/scratch"))
    assert [one.strip() for one in [*found.unknown, *found.denied]] == [said]


@pytest.mark.parametrize(
    "command", ["zstd -o f a", "ar x a.a", "ar x --output d f", "/usr/bin/ar x a.a", "7z a f x", "gcc -MF f"]
)
def test_a_write_names_its_program(command: str, work: Path) -> None:
    found = effects(command, str(work), surroundings("/home/someone", "/scratch"))
    assert {one.how for one in found.writes} == {command.split()[0].rpartition("/")[2]}
