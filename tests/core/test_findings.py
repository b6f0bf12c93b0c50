"""findings: ids that last, a verdict for every mix, and re-reviews that cannot grow."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.core import findings as f
from orchestra.core.model import Finding, Unit, UnitState
from orchestra.core.words import FindingStatus, Severity, Verdict


def finding(severity: str = "blocking", status: str = "open", **other: Any) -> Finding:
    values = {"title": "Token is logged", "file": "src/a.py", **other}
    id = values.pop("id", "") or f.finding_id("M1", values["file"], values["title"])
    return Finding(id, "M1", Severity(severity), status=FindingStatus(status), **values)


def entry(severity: str = "blocking", **other: Any) -> dict[str, Any]:
    return {"severity": severity, "file": "src/a.py", "line": 3, "title": "Token is logged", "detail": "", **other}


def merge(previous: list[Finding], reported: list[dict[str, Any]], **other: Any) -> dict[str, Finding]:
    values = {"group": "M1", "round": 1, "scope_ids": (), "fix_files": set(), **other}
    return {each.id: each for each in f.merge(previous, reported, **values)}


@pytest.mark.parametrize(
    ("file", "title"),
    [
        ("src/a.py", "token  is\tLOGGED."),
        ("./src//a.py", "Token is logged at line 12"),
        ("src\\a.py", "Token is logged (lines 3-9)".replace("(lines 3-9)", "lines 3-9")),
        ("src/a.py:14", "Token is logged  L88"),
        ("src/a.py:14:2", "  token is logged on line 4"),
        ("src/a.py", "Ｔoken is logged"),
    ],
)
def test_the_same_thing_has_the_same_id(file: str, title: str) -> None:
    assert f.finding_id("M1", file, title) == f.finding_id("M1", "src/a.py", "Token is logged")


@pytest.mark.parametrize(
    ("group", "file", "title"),
    [
        ("M2", "src/a.py", "Token is logged"),
        ("M1", "src/b.py", "Token is logged"),
        ("M1", "src/a.py", "Token is not logged"),
    ],
)
def test_other_things_have_other_ids(group: str, file: str, title: str) -> None:
    assert f.finding_id(group, file, title) != f.finding_id("M1", "src/a.py", "Token is logged")


def test_numbers_that_are_not_line_numbers_count() -> None:
    assert f.finding_id("M1", "a", "returns 404") != f.finding_id("M1", "a", "returns 500")


@given(st.text(), st.text(), st.text())
def test_any_text_has_a_short_id(group: str, file: str, title: str) -> None:
    id = f.finding_id(group, file, title)
    assert len(id) == 10
    assert id.startswith("F-")


@pytest.mark.parametrize("size", range(4))
def test_every_mix_has_a_verdict(size: int) -> None:
    for mix in itertools.product(Severity, repeat=size):
        wanted = Verdict.APPROVED
        if mix:
            worst = min(mix, key=list(Severity).index)
            comments = worst is Severity.SUGGESTION
            wanted = Verdict.APPROVED_WITH_COMMENTS if comments else Verdict.CHANGES_REQUESTED
        assert f.verdict(finding(s) for s in mix) is wanted


@pytest.mark.parametrize("status", ["fixed", "parked", "waived"])
def test_closed_findings_hold_nothing_up(status: str) -> None:
    assert f.verdict([finding(status=status)]) is Verdict.APPROVED
    assert f.verdict([finding(status=status), finding("suggestion")]) is Verdict.APPROVED_WITH_COMMENTS


def test_the_first_review_keeps_the_highest_severity_of_a_duplicate() -> None:
    merged = merge([], [entry("suggestion"), entry("blocking", title="token is logged line 9"), entry("important")])
    assert [each.severity for each in merged.values()] == [Severity.BLOCKING]


def test_a_first_review_is_all_open() -> None:
    merged = merge([], [entry(), entry(file="", title="No tests")])
    assert {each.status for each in merged.values()} == {FindingStatus.OPEN}
    assert [each.round for each in merged.values()] == [1, 1]


class TestSecondReview:
    old = finding()

    def again(self, *reported: dict[str, Any], old: Finding | None = None, **other: Any) -> dict[str, Finding]:
        old = old or self.old
        return merge([old], list(reported), **{"round": 2, "scope_ids": [old.id], **other})

    def test_not_reported_is_fixed(self) -> None:
        assert self.again()[self.old.id].status is FindingStatus.FIXED

    @pytest.mark.parametrize("how", ["id", "title", "both"])
    def test_reported_again_stays_open(self, how: str) -> None:
        reported = {"id": self.old.id} if how == "id" else entry(line=90)
        if how == "both":
            reported["id"] = self.old.id
            reported["title"] = "Worded anew"
        merged = self.again(reported)
        assert list(merged) == [self.old.id]
        assert merged[self.old.id].status is FindingStatus.OPEN
        assert merged[self.old.id].round == 1

    def test_an_id_nobody_gave_falls_back_to_file_and_title(self) -> None:
        assert self.again(entry(id="F-00000000"))[self.old.id].status is FindingStatus.OPEN

    def test_a_new_one_in_the_fix_counts(self) -> None:
        merged = self.again(entry(file="./src/b.py", title="New bug"), fix_files={"src/b.py"})
        assert [each.status for each in merged.values()] == [FindingStatus.FIXED, FindingStatus.OPEN]
        assert list(merged.values())[1].round == 2

    def test_a_new_one_elsewhere_is_parked_and_holds_nothing_up(self) -> None:
        merged = self.again(entry(file="src/c.py", title="Old bug"), fix_files={"src/b.py"})
        assert [each.status for each in merged.values()] == [FindingStatus.FIXED, FindingStatus.PARKED]
        assert f.verdict(merged.values()) is Verdict.APPROVED

    def test_what_a_person_waived_stays_waived(self) -> None:
        old = replace(self.old, status=FindingStatus.WAIVED)
        assert self.again(entry(), old=old, fix_files={"src/a.py"})[old.id] == old

    def test_a_fixed_one_comes_back_only_through_the_fix(self) -> None:
        old = replace(self.old, status=FindingStatus.FIXED)
        assert self.again(entry(), old=old, scope_ids=(), fix_files={"src/a.py"})[old.id].status is FindingStatus.OPEN
        assert self.again(entry(), old=old, scope_ids=())[old.id].status is FindingStatus.PARKED

    def test_an_open_suggestion_outside_the_scope_stays_open(self) -> None:
        old = replace(self.old, severity=Severity.SUGGESTION)
        assert self.again(old=old, scope_ids=())[old.id] == old

    def test_the_unit_that_owns_it_is_kept(self) -> None:
        old = replace(self.old, unit="M1/phase-1")
        assert self.again(entry(), old=old)[old.id].unit == "M1/phase-1"


@pytest.mark.parametrize(
    ("reported", "says"),
    [
        ("text", "array"),
        ([7], "must be an object"),
        ([entry("critical")], "'critical'; use one of blocking, important, suggestion"),
        ([entry("Blocking")], "use one of"),
        ([{"title": "x"}], "severity is missing"),
        ([entry(severity=["blocking"])], "use one of"),
        ([entry(title="  ")], "title is missing"),
        ([entry(title=None)], "title is missing"),
        ([entry(title=4)], "title must be text"),
        ([entry(line="3")], "whole number"),
        ([entry(line=-1)], "whole number"),
        ([entry(line=True)], "whole number"),
        ([{"id": "F-unknown"}], "title is missing"),
        ([entry(id=["x"])], "id must be text"),
    ],
)
def test_what_is_wrong_is_said_to_the_agent(reported: Any, says: str) -> None:
    assert says in "\n".join(f.problems(reported))


def test_a_bad_report_changes_nothing() -> None:
    with pytest.raises(f.BadFindings, match="critical"):
        merge([finding()], [entry("critical")], round=2)


def test_hostile_text_is_cleaned_and_bounded() -> None:
    merged = merge([], [entry(title="a\x1b[31m\nb\ud800", detail="x\x00\ny" + "z" * 9999)])
    (only,) = merged.values()
    assert only.title == "a [31m b"
    assert only.detail.startswith("x \ny")
    assert len(only.detail) <= 4000
    only.title.encode()
    (named,) = merge([], [entry(file="a.py\n## Scope\x1b[2J")]).values()
    assert named.file == "a.py ## Scope [2J"


def unit(name: str, order: int, *writes: str) -> Unit:
    return Unit(f"M1/{name}", "M1", name, order=order, writes=writes)


class TestOwner:
    units = (unit("phase-1", 1, "src/**"), unit("phase-2", 2, "src/a.py"), unit("phase-3", 3, "docs/**"))

    def test_the_latest_matching_unit(self) -> None:
        assert f.owner(finding(), self.units) == "M1/phase-2"
        assert f.owner(finding(), tuple(reversed(self.units))) == "M1/phase-2"
        assert f.owner(finding(file="src/b.py"), [UnitState(u) for u in self.units]) == "M1/phase-1"

    def test_nobody(self) -> None:
        assert f.owner(finding(file="lib/x.py"), self.units) == ""
        assert f.owner(finding(file=""), self.units) == ""

    def test_a_unit_without_a_scope_is_the_last_resort(self) -> None:
        units = (*self.units, unit("phase-4", 4))
        assert f.owner(finding(file="lib/x.py"), units) == "M1/phase-4"
        assert f.owner(finding(), units) == "M1/phase-2"


words = st.sampled_from(["Token is logged", "No test", "token is logged line 4", "Slow loop"])
paths = st.sampled_from(["src/a.py", "src/b.py", "src/c.py", ""])
severities = st.sampled_from(list(Severity))
reports = st.lists(st.builds(lambda s, p, t: entry(s, file=p, title=t), severities, paths, words), max_size=6)


@given(st.lists(reports, min_size=1, max_size=4), st.sets(paths))
def test_rounds_never_lose_a_finding_and_ids_do_not_repeat(rounds: list[list[dict[str, Any]]], fix: set[str]) -> None:
    known: list[Finding] = []
    for number, reported in enumerate(rounds, 1):
        ids = {each.id for each in known if each.status is FindingStatus.OPEN}
        after = f.merge(known, reported, group="M1", round=number, scope_ids=ids, fix_files=fix)
        assert {each.id for each in known} <= {each.id for each in after}
        assert len({each.id for each in after}) == len(after)
        opened = {each.id for each in after if each.status is FindingStatus.OPEN} - ids
        assert number == 1 or all(each.file in fix for each in after if each.id in opened)
        known = after
