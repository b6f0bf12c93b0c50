"""orchestra log: every event once, in order, in the contract's shape."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.support import shown, states
from tests.support.shown import orchestra


@pytest.fixture
def project(tmp_path):
    made = shown.project(tmp_path)
    with shown.store(made) as store:
        shown.begun(store, made)
    return made


def test_json_lines_have_no_gaps(project):
    said = orchestra(project.root, "log", "--json-lines")
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for event in events:
        assert set(event) == {"seq", "at", "run", "epoch", "type", "group", "unit", "attempt", "data"}
    assert events[1]["type"] == "run-started"


def test_json_is_one_document(project):
    lines = orchestra(project.root, "log", "--json-lines").out.splitlines()
    assert orchestra(project.root, "log", "--json").json == {"events": [json.loads(line) for line in lines]}


def test_since_and_group(project):
    last = orchestra(project.root, "log", "--json", "--since", "4").json["events"]
    assert last[0]["seq"] == 5
    mine = orchestra(project.root, "log", "--json", "--group", "M1").json["events"]
    assert {event["group"] for event in mine} == {"M1"}
    assert orchestra(project.root, "log", "--json", "--group", "M9").json == {"events": []}


def test_text_is_for_people(project):
    lines = orchestra(project.root, "log").out.splitlines()
    accepted = next(line for line in lines if "unit-accepted" in line)
    assert "M1.phase-1.worker-2" in accepted
    assert "commit=" + "c" * 40 in accepted


def test_an_empty_project_has_an_empty_log(tmp_path):
    project = shown.project(tmp_path)
    assert orchestra(tmp_path, "log").out == ""
    assert orchestra(tmp_path, "log", "--json").json == {"events": []}
    assert not project.state_path.exists()


def test_one_document_cannot_be_followed(project):
    assert orchestra(project.root, "log", "--json", "--follow").code == 64


def follow(root):
    argv = [sys.executable, "-m", "orchestra", "-C", str(root), "log", "--json-lines", "--follow"]
    env = {**os.environ, "PYTHONPATH": str(states.SCRIPTS)}
    return subprocess.Popen(argv, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_following_starts_before_the_database_and_repeats_nothing(tmp_path):
    project = shown.project(tmp_path)
    follower = follow(tmp_path)
    assert follower.stdout is not None
    try:
        with shown.store(project) as store:
            run = store.record(states.Run(id=""), [states.started()])
            first = json.loads(follower.stdout.readline())
            store.record(run, [states.note("more")])
            second = json.loads(follower.stdout.readline())
    finally:
        follower.terminate()
        follower.communicate()
    assert [first["seq"], second["seq"]] == [1, 2]
    assert second["data"] == {"text": "more"}


def test_a_reader_that_goes_away_ends_it_quietly(project):
    follower = follow(project.root)
    assert follower.stdout is not None and follower.stderr is not None
    follower.stdout.readline()
    follower.stdout.close()
    with shown.store(project) as store:
        run = store.load("r1")
        for n in range(200):
            if follower.poll() is not None:
                break
            run = store.record(run, [states.note(str(n))])
            states.time.sleep(0.05)
    assert follower.wait(timeout=30) in (0, 1)
    assert follower.stderr.read() == ""
    follower.stderr.close()
