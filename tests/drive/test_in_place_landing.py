"""Landing from the checkout: what is pushed, what waits for people, and every kind of file on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.drive.test_in_place import free, in_place, status
from tests.drive.test_trouble import other_clone
from tests.support.projects import Phase, World, world


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    in_place(made)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    made.writes("M1/phase-1", "a.txt")
    made.writes("M1/phase-2", "b.txt")
    return made


def pushed_by_others(place: World, name: str = "theirs.txt", text: str = "theirs\n") -> None:
    clone = other_clone(place)
    (clone / name).write_text(text)
    place.git("add", "--all", cwd=clone)
    place.git("-c", "user.name=X", "-c", "user.email=x@x", "commit", "--quiet", "-m", "feat: theirs", cwd=clone)
    place.git("push", "--quiet", cwd=clone)


def test_a_rejected_push_is_repeated_on_the_remotes_commits_and_the_checkout_follows(place: World) -> None:
    place.save()
    pushed_by_others(place)
    assert place.run("--auto") == 0, place.said()
    assert place.subjects()[-3:] == ["feat: theirs", "feat(work): a", "feat(work): b"]
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert (place.root / "theirs.txt").exists() and status(place) == "" and free(place)


def test_what_does_not_hold_on_the_remotes_commits_is_not_pushed(place: World) -> None:
    in_place(place, "! test -f theirs.txt")
    place.save()
    pushed_by_others(place)
    before = place.subjects(cwd=place.remote)
    assert place.run("--auto") == 2, place.said()
    assert "fails its verification on top of" in place.said()
    assert place.subjects(cwd=place.remote) == before
    assert place.subjects()[-2:] == ["feat(work): a", "feat(work): b"] and status(place) == ""
    (decision,) = place.json("status")["decisions"]
    assert place.call("decide", decision["id"], "stop") == 0
    assert place.run("--auto") == 1
    assert place.subjects() == ["chore: start", "chore: plan"] and status(place) == ""
    assert place.subjects("orchestra/failed/M1")[-1] == "feat(work): b"


def test_a_collision_with_the_remote_is_a_question(place: World) -> None:
    place.save()
    pushed_by_others(place, "a.txt")
    assert place.run("--auto") == 2, place.said()
    assert "collides with" in place.said() and "a.txt" in place.said()
    assert status(place) == "" and place.subjects()[-1] == "feat(work): b"


def test_commits_of_people_are_never_rewritten_for_a_push(place: World) -> None:
    place.save()
    place.git("commit", "--quiet", "--allow-empty", "--message", "feat: mine")
    pushed_by_others(place)
    assert place.run("--auto") == 2, place.said()
    assert "main and origin/main have commits that the other lacks" in place.said()
    assert "feat: mine" in place.subjects() and status(place) == ""


def test_without_a_push_the_branch_has_it_all(place: World) -> None:
    place.save()
    assert place.run("--auto", "--push", "never") == 0, place.said()
    assert place.subjects()[-1] == "feat(work): b" and place.subjects(cwd=place.remote)[-1] == "chore: plan"
    assert status(place) == "" and free(place)


def test_every_kind_of_file_comes_through(place: World) -> None:
    (place.root / ".gitattributes").write_text("*.crlf text eol=crlf\n")
    (place.root / "run.sh").write_text("#!/bin/sh\n")
    (place.root / "old.txt").write_text("old\n")
    (place.root / "dos.crlf").write_bytes(b"one\r\n")
    (place.root / "raw.txt").write_bytes(b"kept\r\nas it is\n")
    place.rules.clear()
    make = (
        "chmod +x run.sh; ln -s run.sh link; printf '\\0\\377\\r\\n' > bin; rm old.txt; printf 'two\\r\\n' >> dos.crlf;"
        " mkdir 'a b'; echo x > 'a b/ü\"q.txt'; rm README.md; mkdir README.md; echo x > README.md/file; echo a > a.txt"
    )
    folder = next((place.root / ".orchestra/milestones").glob("M1-*/phases"))
    (folder / "phase-1.md").write_text((folder / "phase-1.md").read_text().replace("- `a.txt` (new)", "- `**`"))
    place.rule({"unit": "M1/phase-1"}, {"run": make})
    place.writes("M1/phase-2", "b.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert status(place) == "" and free(place)
    assert place.git("ls-tree", "main", "run.sh").startswith("100755")
    assert place.git("ls-tree", "main", "link").startswith("120000") and (place.root / "link").is_symlink()
    assert (place.root / "bin").read_bytes() == b"\0\xff\r\n"
    assert (place.root / "dos.crlf").read_bytes() == b"one\r\ntwo\r\n"
    assert place.git("cat-file", "-p", "main:dos.crlf") == "one\ntwo"
    assert (place.root / "raw.txt").read_bytes() == b"kept\r\nas it is\n"
    assert not (place.root / "old.txt").exists() and (place.root / "README.md/file").exists()
    assert (place.root / 'a b/ü"q.txt').exists()


@pytest.mark.parametrize("out_of_scope", ["chmod +x README.md", "rm README.md; ln -s x README.md", "rm README.md"])
def test_odd_changes_out_of_scope_are_put_right(place: World, out_of_scope: str) -> None:
    place.rules.clear()
    place.rule({"unit": "M1/phase-1"}, {"run": f"{out_of_scope}; echo a > a.txt"})
    place.writes("M1/phase-2", "b.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    readme = place.root / "README.md"
    assert readme.read_text() == "# A project\n" and not readme.is_symlink() and not os.access(readme, os.X_OK)
    assert status(place) == "" and "README.md" in place.said()
    place.git("apply", "--check", ".orchestra/quarantine/M1.phase-1.worker-1.patch")


def test_a_submodule_stays_as_it_is(place: World) -> None:
    other = world(place.root.parent / "other", remote=False)
    place.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "lib")
    place.save()
    inside = (place.root / "lib/README.md").stat().st_ino
    assert place.run("--auto") == 0, place.said()
    assert (place.root / "lib/README.md").stat().st_ino == inside and status(place) == "" and free(place)
    assert place.subjects(cwd=place.remote) == place.subjects()
