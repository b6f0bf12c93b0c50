from __future__ import annotations

import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git import run
from orchestra.git.changes import changes, names
from orchestra.git.quarantine import set_aside
from orchestra.git.repo import Repo, Worktree
from orchestra.git.snapshot import put, snapshot
from tests.git.test_changes import ODD
from tests.support.kills import kill_at, moments, survives
from tests.support.repos import configure, content, copies, init, unit_tree, user_git, write


def reapplied(tree, base, patch: Path) -> dict[str, tuple[str, bytes]]:
    put(tree, base, base)
    user_git(tree.path, "apply", "--binary", "--whitespace=nowarn", str(patch))
    return content(tree.path)


def test_out_of_scope_work_becomes_a_patch_that_applies_again(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    clean = content(tree.path)
    write(tree.path, {"a.txt": "two", "bin": bytes(range(256)) * 9, "empty": "", "crlf": b"x\r\ny\n", "run": "r"})
    (tree.path / "run").chmod(0o755)
    (tree.path / "src/b.py").unlink()
    (tree.path / "link").symlink_to("nowhere")
    before = content(tree.path)
    patch = tmp_path / "q" / "M1-p1.patch"
    done = set_aside(tree, "HEAD", names(changes(tree, "HEAD")), patch)
    assert done.patch == patch and done.nested == ()
    assert content(tree.path) == clean
    assert reapplied(tree, repo.resolve("HEAD"), patch) == before


def test_the_rest_stays(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "mine\n", "src/b.py": "theirs\n", "src/new/c.py": "theirs\n"})
    done = set_aside(tree, "HEAD", ["src/b.py", "src/new/c.py"], tmp_path / "x.patch")
    assert done.paths == ("src/b.py", "src/new/c.py")
    assert names(changes(tree, "HEAD")) == ["a.txt"]
    assert not (tree.path / "src/new").exists()


@pytest.mark.parametrize("name", ODD)
def test_odd_names(repo: Repo, tmp_path: Path, name: str) -> None:
    tree = unit_tree(repo)
    write(tree.path, {name: "odd"})
    set_aside(tree, "HEAD", [name], tmp_path / "x.patch")
    assert changes(tree, "HEAD") == []
    assert reapplied(tree, repo.resolve("HEAD"), tmp_path / "x.patch")[name] == ("file", b"odd")


def test_nothing_to_set_aside(repo: Repo, tmp_path: Path) -> None:
    done = set_aside(unit_tree(repo), "HEAD", ["a.txt"], tmp_path / "x.patch")
    assert done.patch is None and done.paths == () and not (tmp_path / "x.patch").exists()


def test_a_path_takes_along_what_cannot_stay_without_it(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"file": "x", "keep": "k"})
    tree = unit_tree(repo)
    (tree.path / "file").unlink()
    write(tree.path, {"file/one": "1", "file/two": "2"})
    before = content(tree.path)
    done = set_aside(tree, "HEAD", ["file"], tmp_path / "x.patch")
    assert done.paths == ("file", "file/one", "file/two")
    assert changes(tree, "HEAD") == []
    assert reapplied(tree, repo.resolve("HEAD"), tmp_path / "x.patch") == before


def test_a_second_time_does_not_replace_the_first(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    patch = tmp_path / "x.patch"
    write(tree.path, {"one": "1", "two": "2"})
    assert set_aside(tree, "HEAD", ["one", "two"], patch).patch == patch
    first = patch.read_bytes()
    write(tree.path, {"one": "1"})
    assert set_aside(tree, "HEAD", ["one"], patch).patch == patch
    write(tree.path, {"one": "other", "two": "2"})
    assert set_aside(tree, "HEAD", ["one", "two"], patch).patch == tmp_path / "x.2.patch"
    assert patch.read_bytes() == first
    assert changes(tree, "HEAD") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["repo", "x.2.patch", "x.patch"]


def test_killed_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = init(tmp_path / "template")
    asked = ["a.txt", "new/file", "bin"]
    repos = copies(template.root, tmp_path)
    first = worked(next(repos))
    kills = moments(tmp_path, partial(set_aside, first, "HEAD", asked, tmp_path / "first.d" / "x.patch"))
    for number, ((step, after), repo) in enumerate(zip(kills, repos, strict=False)):
        tree, patch_file = worked(repo), tmp_path / f"{number}.d" / "x.patch"
        before = content(tree.path)
        with monkeypatch.context() as patch:
            kill_at(patch, step, after)
            survives(partial(set_aside, tree, "HEAD", asked, patch_file))
        left = names(changes(tree, "HEAD"))
        assert patch_file.exists() or len(left) == 3
        set_aside(tree, "HEAD", left, patch_file)
        assert changes(tree, "HEAD") == []
        assert [path.name for path in patch_file.parent.iterdir()] == ["x.patch"]
        assert reapplied(tree, repo.resolve("HEAD"), patch_file) == before
    assert len(kills) > 15


def worked(repo: Repo) -> Worktree:
    """A unit's work tree with three files that are to be set aside."""
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "new/file": "n", "bin": b"\0\1\2"})
    return tree


def test_a_kill_while_files_are_put_right(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "new": "n"})
    before = content(tree.path)
    set_aside(tree, "HEAD", ["a.txt", "new"], tmp_path / "x.patch")
    write(tree.path, {"new": "n"})
    assert set_aside(tree, "HEAD", ["a.txt", "new"], tmp_path / "x.patch").patch == tmp_path / "x.patch"
    assert reapplied(tree, repo.resolve("HEAD"), tmp_path / "x.patch") == before


def test_a_full_disk_leaves_the_work_where_it_is(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"big": os.urandom(400_000), "a.txt": "two\n"})
    snapshot(tree, "HEAD", ["big", "a.txt"])
    before = content(tree.path)
    script = (
        "import sys, resource, signal; from pathlib import Path\n"
        "from orchestra.git.repo import Repo; from orchestra.git.quarantine import set_aside\n"
        "from orchestra.errors import UserError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "tree = Repo(Path(sys.argv[1])).worktrees()[0]\n"
        "try: set_aside(tree, 'HEAD', ['big', 'a.txt'], Path(sys.argv[2]))\n"
        "except UserError as error: print(error.message, error.hint); sys.exit(7)\n"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    call = [sys.executable, "-c", script, str(repo.root), str(tmp_path / "x.patch")]
    done = subprocess.run(call, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert "Nothing was removed" in done.stdout
    assert content(tree.path) == before
    assert not list(tmp_path.glob("*patch*"))
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


def test_a_patch_cut_short_is_found_out(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "b.txt": "lines\n" * 500})
    before = content(tree.path)
    real = run.git

    def cut(*args, stdout=None, **kwargs):
        result = real(*args, stdout=stdout, **kwargs)
        if stdout is not None:
            os.truncate(stdout.name, 700)
        return result

    monkeypatch.setattr(run, "git", cut)
    with pytest.raises(UserError, match="could not be saved"):
        set_aside(tree, "HEAD", ["a.txt", "b.txt"], tmp_path / "x.patch")
    assert content(tree.path) == before and not list(tmp_path.glob("*patch*"))


def test_a_directory_that_cannot_be_written(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n"})
    write(tmp_path, {"blocked": "a file"})
    with pytest.raises(UserError, match="could not be saved"):
        set_aside(tree, "HEAD", ["a.txt"], tmp_path / "blocked" / "x.patch")
    assert (tree.path / "a.txt").read_text() == "two\n"


def test_a_nested_repository_is_moved_next_to_the_patch(repo: Repo, tmp_path: Path) -> None:
    tree = unit_tree(repo)
    for _ in range(2):
        nested = tree.path / "lib" / "inner"
        write(nested, {"f": "1"})
        user_git(nested, "init", "-q")
        done = set_aside(tree, "HEAD", ["lib/inner"], tmp_path / "x.patch")
        assert changes(tree, "HEAD") == [] and not (tree.path / "lib").exists()
        assert (done.nested[0] / "f").read_text() == "1"
    assert done.nested == (tmp_path / "x.2.nested/lib/inner",)
    assert done.patch is None


def test_a_changed_submodule_is_kept_as_a_whole(repo: Repo, tmp_path: Path) -> None:
    other = init(tmp_path / "other")
    configure(repo.root, {"protocol.file.allow": "always"})
    user_git(repo.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "lib")
    user_git(repo.root, "commit", "-qm", "lib")
    tree = unit_tree(repo)
    user_git(tree.path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    write(tree.path / "lib", {"a.txt": "changed\n"})
    done = set_aside(tree, "HEAD", ["lib"], tmp_path / "x.patch")
    assert (done.nested[0] / "a.txt").read_text() == "changed\n"
    assert changes(tree, "HEAD") == []


def test_the_users_settings_do_not_change_the_patch(repo: Repo, tmp_path: Path) -> None:
    settings = {"diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.external": "false", "color.ui": "always"}
    configure(repo.root, settings | {"apply.whitespace": "fix", "diff.context": "0", "core.autocrlf": "true"})
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": b"trailing  \r\n", "new": b"x \r\n"})
    before = content(tree.path)
    set_aside(tree, "HEAD", ["a.txt", "new"], tmp_path / "x.patch")
    for key in ("diff.noprefix", "diff.mnemonicPrefix"):
        user_git(repo.root, "config", "--unset", key)
    assert reapplied(tree, repo.resolve("HEAD"), tmp_path / "x.patch") == before
