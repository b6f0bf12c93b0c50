"""`sandbox: bwrap`: whatever an agent tries, it writes nowhere but in its work tree; and it can work there."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from orchestra.proc import sandbox
from tests.support import live
from tests.support.launching import give_python
from tests.support.projects import Phase, World, world

WHY_NOT = sandbox.why_not()
works = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project whose agents are boxed, with a home directory beside it."""
    home = tmp_path / "home"
    (home / ".config").mkdir(parents=True)
    (home / ".bashrc").write_text("mine\n")
    (home / ".gitconfig").write_text("[user]\n\tname = Mine\n")
    give_python(home)
    monkeypatch.setenv("HOME", str(home))
    # `npm test` names the cache of whoever started it, which lies outside of this home.
    for name in [name for name in os.environ if name.lower().startswith("npm_")]:
        monkeypatch.delenv(name)
    made = world(tmp_path)
    made.config(sandbox="bwrap")
    made.milestone("M1", [Phase(("a.txt",), title="a")])
    (tmp_path / "other").mkdir()
    return made


def agent(place: World, script: str, *, test: str = "true") -> str:
    """Run the milestone with an agent that does its work and runs `script`; returns what the script said."""
    head = "exec > said.txt 2>&1\ngitdir=$(git rev-parse --absolute-git-dir)\n"
    common = "common=$(cd $(git rev-parse --git-common-dir) && pwd)\n"
    (place.root / "agent.sh").write_text(head + common + script)
    place.config(sandbox="bwrap", verification={"typecheck": "", "test": test, "lint": ""})
    steps = [{"write": {"path": "a.txt", "text": "made\n"}}, {"run": "sh agent.sh"}]
    place.rule({"role": "worker"}, *steps, {"say": "done"})
    place.approves()
    place.save()
    assert place.run("--auto") == 0, place.said()
    patches = place.root.glob(".orchestra/quarantine/*.patch")
    return "\n".join(line[1:] for p in patches for line in p.read_text().splitlines() if line.startswith("+"))


def everything(folder: Path) -> dict[str, str]:
    """What lies below a directory, apart from what Orchestra itself writes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.is_symlink() and ".orchestra/" not in name and ".git/" not in name:
            found[name] = path.read_text(errors="replace")
    return found


# $T is the directory that holds the project, and so what no agent may write: `evil` must appear nowhere in it.
MEANS = {
    "redirect": "echo evil > $T/other/x",
    "append": "echo evil >> $ORCHESTRA_PROJECT/README.md",
    "up": "echo evil > ../../../README.md",
    "cp": "echo evil > e; cp e $T/other/x",
    "mv": "echo evil > e; mv e $T/other/x",
    "mv away": "mv $ORCHESTRA_PROJECT/README.md .",
    "rm": "rm -rf $ORCHESTRA_PROJECT/README.md $T/other $HOME/.bashrc",
    "link, then write": "ln -s $T/other l; echo evil > l/x",
    "hard link": "echo evil > e; ln e $T/other/x; ln $ORCHESTRA_PROJECT/README.md h && echo evil > h",
    "python": 'python3 -c \'import os; open(os.environ["T"] + "/other/x", "w").write("evil")\'',
    "python, low": 'python3 -c \'import os; fd = os.open(os.environ["T"] + "/other", os.O_RDONLY);'
    ' os.close(os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=fd))\'',
    "chmod": "chmod -R 777 $ORCHESTRA_PROJECT; echo evil > $ORCHESTRA_PROJECT/README.md",
    "chown and attributes": "chown 1 $ORCHESTRA_PROJECT/README.md; touch $ORCHESTRA_PROJECT/README.md",
    "truncate": "truncate -s 0 $ORCHESTRA_PROJECT/README.md; dd if=/dev/null of=$ORCHESTRA_PROJECT/README.md",
    "/proc/self/root": "echo evil > /proc/self/root$T/other/x",
    "/proc/1/root": "echo evil > /proc/1/root$T/other/x; echo evil > /proc/1/cwd/$T/other/x",
    "the supervisor's root": "echo evil > /proc/$SUPERVISOR/root$T/other/x; echo evil > /proc/$SUPERVISOR/cwd/x",
    "open files": "for f in /proc/self/fd/* /proc/1/fd/*; do echo evil > $f/../x; done",
    "remount": "mount -o remount,rw,bind $T; mount -o remount,rw /; echo evil > $T/other/x",
    "mount": "mkdir m; mount --bind $T m; echo evil > m/other/x; mount -t tmpfs none $T/other",
    "unshare": 'unshare -Urm sh -c "mount -o remount,rw,bind / ; mount -o remount,rw,bind $T; umount -l $T;'
    ' echo evil > $T/other/x"',
    "umount": "umount -l $ORCHESTRA_PROJECT; umount -l $HOME; umount -l /tmp; echo evil > $T/other/x",
    "chroot": 'chroot / sh -c "echo evil > $T/other/x"',
    "another name space": 'nsenter -t 1 -m sh -c "echo evil > $T/other/x";'
    ' nsenter -t $SUPERVISOR -a sh -c "echo evil > $T/other/x"',
    "a device": "mknod d b 254 0; echo evil > d; echo evil > /dev/vda; echo evil > /dev/sda",
    "the kernel's settings": "echo evil > /proc/sys/kernel/core_pattern; echo evil > /proc/sysrq-trigger;"
    " echo evil > /sys/kernel/uevent_helper",
    "git config --global": "git config --global user.name evil; git config --global core.hooksPath evil",
    "git config": "git config user.name evil; echo evil >> $common/config",
    "git hooks": "echo evil > $common/hooks/pre-push; mkdir -p $common/hooks; ln -s evil $common/hooks/x",
    "git refs": "git branch evil; git tag evil; git update-ref refs/heads/main HEAD~1; git stash; git gc --prune=now",
    "git worktree": "git worktree add $T/other/evil; git worktree prune; git -C $ORCHESTRA_PROJECT checkout -b evil",
    "git in the project": "git -C $ORCHESTRA_PROJECT -c user.name=e -c user.email=e@e commit --allow-empty -m evil",
    "git objects": "rm -rf $common/objects; rm -rf /run/orchestra/objects",
    "the work tree's own git files": "echo evil > $gitdir/commondir; echo evil > $gitdir/gitdir;"
    " rm $gitdir/commondir; rm .git",
    "the state": "echo evil > $ORCHESTRA_PROJECT/.orchestra/state.db; rm -f $ORCHESTRA_PROJECT/.orchestra/state.db",
    "its own scope and marker": "echo evil > $ORCHESTRA_SCOPE; echo '1 1 1' > $(dirname $ORCHESTRA_SCOPE)/pid;"
    " echo 0 > $(dirname $ORCHESTRA_SCOPE)/rc; mv $(dirname $ORCHESTRA_SCOPE) evil",
    "start-up files": "echo evil >> ~/.bashrc; echo evil > ~/.profile; mkdir -p ~/.config/systemd;"
    " echo evil > ~/.config/x",
    "/etc": "echo evil >> /etc/profile; echo evil > /etc/orchestra-evil; echo evil > /usr/local/bin/orchestra-evil",
    "a sibling work tree": "mkdir -p ../M1-9; echo evil > ../M1-9/x;"
    " echo evil > $ORCHESTRA_PROJECT/.orchestra/worktrees/x",
    "a daemon": 'setsid sh -c "sleep 1; echo evil > $T/other/x; touch a.txt.late; sleep 1000" > /dev/null 2>&1 &',
    "an evil environment": 'env -i /usr/bin/setsid /bin/sh -c "echo evil > $T/other/x;'
    ' exec sleep 1000" > /dev/null 2>&1 &',
    "kill": "kill -9 $SUPERVISOR; kill -9 1; kill -9 -$SUPERVISOR",
    "ptrace": "python3 -c 'import ctypes, os;"
    ' print(ctypes.CDLL(None).ptrace(16, int(os.environ["SUPERVISOR"]), 0, 0))\'',
    "memory of the supervisor": "echo evil > /proc/$SUPERVISOR/mem; echo evil > /proc/$SUPERVISOR/environ",
    "sockets": "ls /run/docker.sock /run/dbus /run/user /tmp/tmux-* /tmp/.X11-unix; "
    'python3 -c \'import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ["T"] + "/../sock")\'',
    "cron": "echo '* * * * * evil' | crontab -; echo evil > /var/spool/cron/crontabs/root; echo evil | at now",
    "temporary files": "echo evil > /tmp/x; echo evil > /var/tmp/orchestra-evil; echo evil > /dev/shm/orchestra-evil",
}


@works
@pytest.mark.parametrize("name", MEANS)
def test_nothing_is_written_outside_the_work_tree(place: World, tmp_path: Path, name: str) -> None:
    marks = [Path("/etc/orchestra-evil"), Path("/usr/local/bin/orchestra-evil"), Path("/var/tmp/orchestra-evil")]
    place.save()
    before = everything(tmp_path)
    refs = place.git("for-each-ref", "refs/heads/topic", "refs/tags", "refs/stash")
    variables = f"export T={tmp_path} SUPERVISOR={os.getpid()}\n"
    agent(place, f"{variables}{MEANS[name]}\ntrue\n")
    after = everything(tmp_path)
    ours = {"project/a.txt", "project/agent.sh", "script.yml", "log", "out.txt", "out.json"}
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert {path for path in changed if not path.startswith("origin.git/")} <= ours
    assert not any(mark.exists() for mark in [*marks, Path("/dev/shm/orchestra-evil"), tmp_path / "other/evil"])
    assert "evil" not in Path("/proc/sys/kernel/core_pattern").read_text()
    config = (place.root / ".git/config").read_text()
    assert "evil" not in config and "evil" not in (place.root.parent / "home/.gitconfig").read_text()
    assert all(path.suffix == ".sample" for path in (place.root / ".git/hooks").glob("*"))
    assert place.git("for-each-ref", "refs/heads/topic", "refs/tags", "refs/stash") == refs
    assert place.git("fsck", "--connectivity-only") is not None and place.subjects()[-1] == "feat(work): a"
    assert "evil" not in place.git("branch", "--all")
    assert [row["type"] for row in log(place)].count("note") == 0, "nothing was there to be put right"
    assert not live.working_in(tmp_path / "project/.orchestra/worktrees"), "nothing runs on"


def log(place: World) -> list[dict[str, object]]:
    return [json.loads(line) for line in place.text("log", "--json-lines").splitlines()]


@works
def test_verification_is_boxed_too(place: World, tmp_path: Path) -> None:
    agent(place, "", test=f"echo evil > {tmp_path}/other/x; echo evil > {place.root}/README.md; true")
    assert not (tmp_path / "other/x").exists()
    assert "evil" not in (place.root / "README.md").read_text()


# It can work

WORK = {
    "git reads": "git status --short | grep a.txt; git diff --stat; git log --oneline -1;"
    " git show HEAD:README.md; git blame README.md",
    "git add": "git add -A; git diff --cached --stat | grep a.txt; git reset -q; git status --short",
    "git commit": "git add a.txt; git -c user.name=a -c user.email=a@a commit -qm mine;"
    " git show --stat HEAD | grep a.txt;"
    " git reset -q --soft HEAD~1",
    "a repository of its own": "cd $(mktemp -d); git init -q x; cd x; echo 1 > f; git add f;"
    " git -c user.name=a -c user.email=a@a commit -qm m; git clone -q . ../y; cat ../y/f",
    "temporary files": "f=$(mktemp); echo 1 > $f; cat $f; test $TMPDIR = /tmp",
    "home": "echo 1 > ~/.made; cat ~/.made ~/.bashrc; mkdir -p ~/.cache/x ~/.npm/x; git config user.name",
    "network name spaces": 'python3 -c \'import socket; s = socket.create_server(("127.0.0.1", 0));'
    " socket.create_connection(s.getsockname())'",
    "processes": "sleep 30 & kill $!; wait $! || true; ps > /dev/null || true; sh -c 'exit 3' || test $? = 3",
    "shared memory": "python3 -c 'import multiprocessing as m; print(m.Pool(2).map(abs, [1, 2]))'",
    "orchestra report": "orchestra report $ORCHESTRA_TICKET --notes 'all well'",
}


@works
@pytest.mark.parametrize("name", WORK)
def test_honest_work_is_possible(place: World, name: str) -> None:
    said = agent(place, f"set -ex\n{WORK[name]}\necho worked\n")
    assert "worked" in said.splitlines(), said


@works
def test_pytest_runs_inside(place: World) -> None:
    test = "python3 -c \"open('test_x.py','w').write('def test(tmp_path): (tmp_path / \\'f\\').write_text(\\'1\\')')\""
    said = agent(place, f"set -e\n{test}\n{sys.executable} -m pytest -q test_x.py\n")
    assert "1 passed" in said, said


@works
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_runs_inside(place: World) -> None:
    package = json.dumps({"name": "x", "version": "1.0.0", "scripts": {"hello": "echo hel''lo"}})
    said = agent(place, f"set -e\necho '{package}' > package.json\nnpm run hello --offline\nnpm pack --offline\nls\n")
    assert "hello" in said.splitlines() and "x-1.0.0.tgz" in said, said


@works
def test_what_the_user_opens_can_be_written(place: World, tmp_path: Path) -> None:
    (tmp_path / "home/.sessions").mkdir()
    place.config(sandbox="bwrap", sandbox_write=["~/.sessions", "~/.missing"])
    config = (place.root / ".orchestra/config.yml").read_text()
    place.rule({"role": "worker"}, {"write": {"path": "a.txt", "text": "1\n"}}, {"run": "echo kept > ~/.sessions/x"})
    place.approves()
    (place.root / ".orchestra/config.yml").write_text(config)
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert (tmp_path / "home/.sessions/x").read_text() == "kept\n"


@works
@pytest.mark.parametrize("strategy", ["in-place", "none"])
def test_in_a_checkout_or_folder_git_and_state_are_read_only(place: World, strategy: str) -> None:
    place.rule(
        {"role": "worker"},
        {"write": {"path": "a.txt", "text": "made\n"}},
        {"run": "echo evil >> .git/config; echo evil > .git/hooks/pre-push; echo evil >> .orchestra/config.yml; true"},
        {"run": "git status --short > /dev/null && touch ok"},
    )
    place.approves()
    config = {"strategy": strategy}
    place.config(sandbox="bwrap", git=config, push="never")
    place.save()
    place.run("--auto")
    assert (place.root / "a.txt").read_text() == "made\n", place.said()
    assert "evil" not in (place.root / ".git/config").read_text() + (place.root / ".orchestra/config.yml").read_text()
    assert not (place.root / ".git/hooks/pre-push").exists()


# Supervision


@works
def test_an_agent_in_a_box_is_found_again_by_the_next_driver(place: World, tmp_path: Path) -> None:
    go = place.root / "go"
    wait = f"echo x > began; while ! test -e {go}; do sleep 0.05; done; echo made > a.txt; rm began"
    place.rule({"role": "worker"}, {"run": wait}, {"say": "done"})
    place.approves()
    place.save()
    with live.started(place, "run", "--auto", *place.words()[1:]) as first:
        live.until(lambda: list(place.root.glob(".orchestra/worktrees/*/began")), "the agent")
        live.kill(first)
    (place.root / ".git/info").mkdir(exist_ok=True)
    go.touch()
    place.git("status")
    (place.root / ".git/info/exclude").write_text("go\n")
    assert place.run("--auto") == 0, place.said()
    assert place.text("log", "--json-lines").count('"turn-started"') == 1, "never a second agent"


@works
def test_stopping_ends_what_runs_in_the_box_daemons_too(place: World) -> None:
    daemon = (
        "setsid env -i sleep 1000 & env -i setsid sleep 1001 & sh -c 'trap : TERM; touch began; sleep 1000; sleep 1000'"
    )
    place.rule({"role": "worker"}, {"run": daemon})
    place.save()
    with live.started(place, "run", "--auto", *place.words()[1:]) as running:
        live.until(lambda: list(place.root.glob(".orchestra/worktrees/*/began")), "the agent")
        assert live.working_in(place.root / ".orchestra/worktrees")
        running.terminate()
        running.wait(30)
    assert not live.working_in(place.root / ".orchestra/worktrees")


# Where it does not work


def test_without_bubblewrap_a_run_is_refused_and_doctor_says_why(
    place: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("git", "sh", "true", "env"):
        (tools / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(tools))
    place.save()
    assert place.run("--auto") == 1
    assert "bubblewrap is not installed" in place.said()
    check = next(one for one in place.json("doctor")["checks"] if one["name"] == "sandbox")
    assert not check["ok"] and "apt-get install bubblewrap" in check["fix"]


def test_a_bubblewrap_that_is_forbidden_here_is_named_with_a_way_out(
    place: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    text = "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    (tools / "bwrap").write_text(text)
    (tools / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    place.save()
    assert place.run("--auto") == 1
    assert "No permissions to create new namespace" in place.said() and "user namespaces" in place.said()


@works
def test_doctor_says_that_it_works(place: World) -> None:
    place.save()
    check = next(one for one in place.json("doctor")["checks"] if one["name"] == "sandbox")
    assert check["ok"], check
