from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from orchestra.git.commits import read_ref
from orchestra.git.landing import Advanced, advance, bring_along
from orchestra.git.repo import Repo
from tests.git.test_merge import side
from tests.support.kills import kill_at, moments, survives
from tests.support.repos import commit_all, configure, content, copies, init, unit_tree, user_git, write

RECORD = "refs/orchestra/checkout/main"


def landing(repo: Repo, files: dict[str, str | None] | None = None) -> tuple[str, str]:
    """The commit to land, and the one that main stands at."""
    base = repo.resolve("main")
    assert base
    return side(repo, base, files or {"a.txt": "landed\n", "src/b.py": None, "new/file": "n\n"}), base


def state(repo: Repo) -> str:
    return user_git(repo.root, "status", "--porcelain")


def test_a_clean_checkout_comes_along(repo: Repo) -> None:
    new, old = landing(repo)
    assert advance(repo, "main", new, old) == Advanced(True)
    assert state(repo) == "" and repo.resolve("HEAD") == new
    assert (repo.root / "a.txt").read_text() == "landed\n" and not (repo.root / "src").exists()
    assert read_ref(repo, RECORD) is None
    assert advance(repo, "main", new, old) == Advanced(True)


def test_the_branch_stands_elsewhere(repo: Repo) -> None:
    new, old = landing(repo)
    theirs = commit_all(repo.root, "a person's commit")
    before = content(repo.root)
    assert advance(repo, "main", new, old) == Advanced(False)
    assert repo.resolve("main") == theirs and content(repo.root) == before and state(repo) == ""


def test_other_work_of_people_stays_exactly(repo: Repo) -> None:
    write(repo.root, {"mine": "1\n", "staged": "1\n", ".gitignore": "*.log\n"})
    commit_all(repo.root)
    new, old = landing(repo)
    write(repo.root, {"mine": "unstaged\n", "staged": "in index\n", "untracked": "u", "x.log": "ignored"})
    user_git(repo.root, "add", "staged")
    write(repo.root, {"staged": "in work tree\n"})
    before = state(repo)
    assert advance(repo, "main", new, old) == Advanced(True)
    assert state(repo) == before == " M mine\nMM staged\n?? untracked"
    assert user_git(repo.root, "show", ":staged") == "in index"
    assert (repo.root / "a.txt").read_text() == "landed\n"
    assert (repo.root / "x.log").read_text() == "ignored"


def in_the_way(repo: Repo, case: str) -> str:
    """Make uncommitted work that the landing would overwrite, and name the path."""
    cases = {
        "modified": ("a.txt", "mine\n"),
        "untracked": ("new/file", "mine\n"),
        "a file for the parent": ("new", "mine\n"),
        "ignored": ("new/file", "mine\n"),
        "staged": ("a.txt", "mine\n"),
        "deleted there": ("src/b.py", "mine\n"),
    }
    name, text = cases.get(case, ("a.txt", ""))
    if case == "ignored":
        (repo.git_dir / "info").mkdir(exist_ok=True)
        (repo.git_dir / "info/exclude").write_text("new/\n")
    write(repo.root, {name: text})
    if case == "staged":
        user_git(repo.root, "add", name)
        write(repo.root, {name: "one\n"})
    if case == "removed":
        (repo.root / name).unlink()
    if case == "a folder for the file":
        (repo.root / name).unlink()
        write(repo.root, {"a.txt/inner": "mine"})
    if case == "mode":
        write(repo.root, {name: "one\n"})
        (repo.root / name).chmod(0o755)
    return name


CASES = ["modified", "untracked", "a file for the parent", "ignored", "staged", "deleted there", "removed"]
CASES += ["a folder for the file", "mode"]


@pytest.mark.parametrize("case", CASES)
def test_work_in_the_way_is_never_lost_and_the_checkout_is_left_alone(repo: Repo, case: str) -> None:
    new, old = landing(repo)
    in_the_way(repo, case)
    before, index = content(repo.root), user_git(repo.root, "ls-files", "-s")
    done = advance(repo, "main", new, old)
    assert done.moved and len(done.behind) == 1
    assert repo.resolve("main") == new
    assert content(repo.root) == before and user_git(repo.root, "ls-files", "-s") == index
    assert read_ref(repo, RECORD) == old
    assert bring_along(repo, "main") == done.behind
    assert content(repo.root) == before


def test_it_comes_along_once_the_work_is_out_of_the_way(repo: Repo) -> None:
    new, old = landing(repo)
    write(repo.root, {"a.txt": "mine\n", "other": "o"})
    assert advance(repo, "main", new, old).behind == ("a.txt",)
    write(repo.root, {"a.txt": "one\n"})
    assert bring_along(repo, "main") == ()
    assert state(repo) == "?? other" and (repo.root / "a.txt").read_text() == "landed\n"


def test_the_same_content_is_not_in_the_way(repo: Repo) -> None:
    new, old = landing(repo)
    write(repo.root, {"a.txt": "landed\n", "new/file": "n\n"})
    user_git(repo.root, "add", "a.txt")
    assert advance(repo, "main", new, old) == Advanced(True)
    assert state(repo) == ""


def test_a_touched_file_is_not_in_the_way(repo: Repo) -> None:
    new, old = landing(repo)
    os.utime(repo.root / "a.txt", (1, 1))
    assert advance(repo, "main", new, old) == Advanced(True)
    assert state(repo) == ""


def test_two_landings_while_behind(repo: Repo) -> None:
    first, base = landing(repo, {"a.txt": "first\n"})
    second = side(repo, first, {"src/b.py": "second\n"})
    write(repo.root, {"a.txt": "mine\n"})
    assert advance(repo, "main", first, base).behind == ("a.txt",)
    assert advance(repo, "main", second, first).behind == ("a.txt",)
    assert read_ref(repo, RECORD) == base
    user_git(repo.root, "checkout", "-q", base, "--", "a.txt")
    assert bring_along(repo, "main") == ()
    assert state(repo) == "" and (repo.root / "src/b.py").read_text() == "second\n"


def test_somebody_puts_the_checkout_right_by_hand(repo: Repo) -> None:
    first, base = landing(repo, {"a.txt": "first\n"})
    second = side(repo, first, {"a.txt": "second\n"})
    write(repo.root, {"a.txt": "mine\n"})
    advance(repo, "main", first, base)
    user_git(repo.root, "reset", "-q", "--hard")
    assert advance(repo, "main", second, first) == Advanced(True)
    assert state(repo) == "" and (repo.root / "a.txt").read_text() == "second\n"


def test_killed_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = init(tmp_path / "template", {"a.txt": "one\n", "src/b.py": "b\n", "mine": "1\n"})
    new, old = landing(template)
    write(template.root, {"mine": "2\n", "untracked": "u"})
    repos = copies(template.root, tmp_path)
    kills = moments(tmp_path, partial(advance, next(repos), "main", new, old))
    for (step, after), repo in zip(kills, repos, strict=False):
        with monkeypatch.context() as patch:
            kill_at(patch, step, after)
            survives(partial(advance, repo, "main", new, old))
        assert advance(repo, "main", new, old) == Advanced(True)
        assert state(repo) == " M mine\n?? untracked" and read_ref(repo, RECORD) is None
        assert (repo.root / "a.txt").read_text() == "landed\n" and not (repo.root / "src").exists()
    assert len(kills) > 15


def test_a_checkout_that_git_left_half_updated(repo: Repo) -> None:
    new, old = landing(repo)
    advance(repo, "main", new, old)
    user_git(repo.root, "update-ref", RECORD, old)
    user_git(repo.root, "read-tree", old)
    write(repo.root, {"src/b.py": "b = 1\n"})
    assert advance(repo, "main", new, old) == Advanced(True)
    assert state(repo) == "" and not (repo.root / "src").exists()


def test_another_process_holds_the_index(repo: Repo, monkeypatch) -> None:
    monkeypatch.setattr("orchestra.git.landing._LOCK_WAIT_S", 0.0)
    new, old = landing(repo)
    (repo.git_dir / "index.lock").write_text("")
    before = content(repo.root)
    done = advance(repo, "main", new, old)
    assert done.moved and done.behind == ("a.txt", "new/file", "src/b.py") and content(repo.root) == before
    (repo.git_dir / "index.lock").unlink()
    assert bring_along(repo, "main") == () and state(repo) == ""


def test_a_detached_head_and_another_branch_are_left_alone(repo: Repo) -> None:
    new, old = landing(repo)
    for call in (("checkout", "-q", "--detach"), ("checkout", "-q", "-b", "other")):
        user_git(repo.root, *call)
        before = content(repo.root)
        assert advance(repo, "main", new, old) == Advanced(True)
        assert repo.resolve("HEAD") == old and content(repo.root) == before and state(repo) == ""
        user_git(repo.root, "update-ref", "refs/heads/main", old)
    assert read_ref(repo, RECORD) is None


def test_files_of_the_project_folder_are_never_written_over(tmp_path: Path) -> None:
    plan = ".orchestra/milestones/M1/milestone.md"
    repo = init(tmp_path / "r", {plan: "status: ready\n", "a.txt": "one\n"})
    new, old = landing(repo, {plan: "status: changed\n", ".orchestra/new.md": "new\n", "a.txt": "landed\n"})
    write(repo.root, {plan: "status: done\n"})
    assert advance(repo, "main", new, old) == Advanced(True)
    assert (repo.root / plan).read_text() == "status: done\n"
    assert user_git(repo.root, "show", f":{plan}") == "status: changed"
    assert (repo.root / ".orchestra/new.md").read_text() == "new\n"
    assert state(repo) == f" M {plan}"


def test_what_people_staged_in_the_project_folder_stays_staged(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {".orchestra/plan.md": "1\n", "a.txt": "one\n"})
    new, old = landing(repo, {".orchestra/plan.md": "2\n", "a.txt": "landed\n"})
    write(repo.root, {".orchestra/plan.md": "3\n"})
    user_git(repo.root, "add", ".orchestra/plan.md")
    assert advance(repo, "main", new, old) == Advanced(True)
    assert user_git(repo.root, "show", ":.orchestra/plan.md") == "3"


def test_kinds_of_change(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"file": "x", "folder/one": "1", "run.sh": "r", "odd \nname": "o", "link": "l"})
    base = repo.resolve("main")
    user_git(repo.root, "checkout", "-q", "--detach")
    for name in ("file", "folder/one", "odd \nname", "link"):
        (repo.root / name).unlink()
    (repo.root / "folder").rmdir()
    write(repo.root, {"file/inner": "i", "folder": "now a file", "ünï\t": "u"})
    (repo.root / "run.sh").chmod(0o755)
    (repo.root / "link").symlink_to("run.sh")
    new = commit_all(repo.root)
    wanted = content(repo.root)
    user_git(repo.root, "checkout", "-q", "main")
    assert advance(repo, "main", new, base or "") == Advanced(True)
    assert content(repo.root) == wanted and state(repo) == ""


def test_an_ignored_file_in_a_folder_that_becomes_a_file(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"folder/one": "1", ".gitignore": "*.log\n"})
    new, old = landing(repo, {"folder/one": None, "folder": "now a file"})
    write(repo.root, {"folder/keep.log": "precious"})
    done = advance(repo, "main", new, old)
    assert done.moved and done.behind
    assert (repo.root / "folder/keep.log").read_text() == "precious"


def test_autocrlf(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"t.txt": "one\n"})
    configure(repo.root, {"core.autocrlf": "true"})
    new, old = landing(repo, {"t.txt": "two\n"})
    (repo.root / "t.txt").write_bytes(b"one\r\n")
    assert advance(repo, "main", new, old) == Advanced(True)
    assert (repo.root / "t.txt").read_bytes() == b"two\r\n" and state(repo) == ""


def test_a_linked_checkout_of_the_user_comes_along_and_ours_do_not(repo: Repo, tmp_path: Path) -> None:
    user_git(repo.root, "checkout", "-q", "-b", "elsewhere")
    user_git(repo.root, "worktree", "add", "-q", str(tmp_path / "linked"), "main")
    base = repo.resolve("main")
    user_git(repo.root, "checkout", "-q", "--detach", base)
    write(repo.root, {"a.txt": "landed\n"})
    new = commit_all(repo.root)
    user_git(repo.root, "checkout", "-q", "elsewhere")
    ours = unit_tree(repo, "M1-1", "elsewhere")
    assert advance(repo, "main", new, base or "") == Advanced(True)
    assert (tmp_path / "linked/a.txt").read_text() == "landed\n"
    assert user_git(tmp_path / "linked", "status", "--porcelain") == ""
    assert (ours.path / "a.txt").read_text() == "one\n"


def test_a_work_tree_in_which_an_agent_checked_the_branch_out_is_left_alone(repo: Repo) -> None:
    new, old = landing(repo)
    ours = unit_tree(repo)
    user_git(repo.root, "checkout", "-q", "-b", "elsewhere")
    user_git(ours.path, "checkout", "-q", "main")
    before = content(ours.path)
    assert advance(repo, "main", new, old) == Advanced(True)
    assert content(ours.path) == before and read_ref(repo, RECORD) is None


def test_an_unfinished_merge_of_a_person_is_left_alone(repo: Repo) -> None:
    base = repo.resolve("main") or ""
    user_git(repo.root, "branch", "x", side(repo, base, {"a.txt": "x\n"}))
    write(repo.root, {"a.txt": "y\n"})
    old = commit_all(repo.root)
    new = side(repo, old, {"src/b.py": "landed\n", "a.txt": "z\n"})
    user_git(repo.root, "merge", "x", check=False)
    before = content(repo.root), user_git(repo.root, "ls-files", "-s")
    assert advance(repo, "main", new, old).behind
    assert (content(repo.root), user_git(repo.root, "ls-files", "-s")) == before
