"""The core under random plans, random luck, stops, kills and answers: what must hold after every step."""

from __future__ import annotations

import inspect
import itertools
import os
import random
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from immutables import Map

from orchestra.core.index import SETTLED, index
from orchestra.core.model import Attempt, Finding, Group, Limits
from orchestra.core.paths import overlap
from orchestra.core.words import DirectiveKind, FindingStatus, GroupStatus, Role, Severity, Step, UnitStatus, Verdict
from tests.support.histories import ENTITIES, Driver, drawn, limits, plans
from tests.support.runs import bare, derived, value

# Where a unit may stand while its reviewers are wanted.
REVIEWED = (UnitStatus.REVIEW, UnitStatus.NEEDS_HUMAN, UnitStatus.BLOCKED, UnitStatus.SKIPPED, UnitStatus.FAILED)

# More with ORCHESTRA_EXAMPLES=1000, say over night.
EXAMPLES = int(os.environ.get("ORCHESTRA_EXAMPLES", "150"))
# Two times out of three things go well (0).
LUCK = st.integers(0, 180).map(lambda n: n if n <= 60 else 0)

# (seed, steps, share of good luck): a list of steps as long as a run would rarely be drawn.
Spell = tuple[int, int, float]
SPELL = st.tuples(st.integers(0, 2**32), st.sampled_from([40, 60, 20, 5, 1]), st.sampled_from([0.6, 0.3, 0.9]))


def _serious(finding: Finding) -> bool:
    return finding.status is FindingStatus.OPEN and finding.severity is not Severity.SUGGESTION


def _holds(look: Callable[[Machine], None]) -> Callable[[Machine], None]:
    look.holds = True  # type: ignore[attr-defined]
    return look


class Machine(RuleBasedStateMachine):
    driver: Driver

    @initialize(groups=plans(), policy=limits, spell=SPELL)
    def begin(self, groups: list[Group], policy: Limits, spell: Spell) -> None:
        self.driver = Driver(groups, policy)
        self.driver.watch = self.check
        self.work(spell)

    # What happens

    def work(self, spell: Spell) -> None:
        seed, steps, good = spell
        luck = random.Random(seed)
        for _ in range(steps):
            self.driver.step(luck.randrange(6), 0 if luck.random() < good else luck.randrange(61))

    @rule(lucks=st.lists(st.tuples(st.integers(0, 5), LUCK), min_size=1, max_size=20))
    def drive(self, lucks: list[tuple[int, int]]) -> None:
        for which, luck in lucks:
            self.driver.step(which, luck)

    @precondition(lambda self: self.driver.startable())
    @rule(spell=SPELL)
    def start_all(self, spell: Spell) -> None:
        self.driver.start_all(9)
        self.work(spell)

    @rule(luck=LUCK, spell=SPELL)
    def retry(self, luck: int, spell: Spell) -> None:
        self.driver.retry(luck)
        self.work(spell)

    @rule(spell=SPELL)
    def stop_and_resume(self, spell: Spell) -> None:
        self.driver.stop()
        self.work(spell)

    @rule(spell=SPELL)
    def kill(self, spell: Spell) -> None:
        before = value(self.driver.run)
        self.driver.killed()
        assert value(self.driver.run) == before
        self.work(spell)

    @rule()
    def replay(self) -> None:
        assert value(self.driver.replayed()) == value(self.driver.run)

    @rule(seconds=st.integers(1, 90), spell=SPELL)
    def wait(self, seconds: int, spell: Spell) -> None:
        self.driver.course.now += seconds
        self.work(spell)

    # What must hold, after every step of every rule

    def check(self) -> None:
        for _, look in inspect.getmembers(self, lambda found: getattr(found, "holds", False)):
            look()

    @_holds
    def nobody_works_twice_on_a_unit(self) -> None:
        units = [a.unit for a in self._live() if a.role is not Role.REVIEWER]
        assert len(units) == len(set(units))
        at_work = {u.id for u in self._units() if u.status is UnitStatus.IN_PROGRESS}
        assert at_work == {a.unit for a in self._live() if a.role is Role.WORKER}

    @_holds
    def no_unit_has_more_reviewers_than_it_needs(self) -> None:
        for unit in self._units():
            looking = [a for a in self._live() if a.unit == unit.id and a.role is Role.REVIEWER]
            assert len(looking) + len(unit.reports) <= unit.reviews, unit.id

    @_holds
    def a_unit_with_reviewers_is_done_only_when_they_have_spoken(self) -> None:
        for unit in self._units():
            assert unit.reviewing <= (unit.status in REVIEWED), unit.id
            if unit.status is UnitStatus.DONE and unit.reviews:
                last = self.driver.run.attempts[f"{unit.id.replace('/', '.')}.worker-{unit.attempts}"]
                accepted = any(d.unit == unit.id and d.answer == "accept" for d in self.driver.run.decisions.values())
                assert unit.review_round or accepted or last.ticket in self.driver.unchanged
                serious = [f.id for f in self.driver.run.findings.values() if f.unit == unit.id and _serious(f)]
                assert not serious or self.driver.run.groups[unit.plan.group].round, unit.id

    @_holds
    def the_first_to_own_a_unit_keeps_it(self) -> None:
        for unit in self._units():
            if unit.assignment is not None:
                assert self.driver.owned.setdefault(unit.id, unit.assignment) == unit.assignment
                assert unit.plan.writes or not self.driver.stated[unit.id]

    @_holds
    def no_unit_is_begun_before_what_it_needs(self) -> None:
        for unit in self._units():
            if unit.status is UnitStatus.IN_PROGRESS:
                needed = [self.driver.run.units[n].status for n in unit.plan.depends_on]
                assert all(status in SETTLED for status in needed), unit.id

    @_holds
    def nothing_is_done_without_a_receipt(self) -> None:
        attempts = self.driver.run.attempts
        for unit in self._units():
            if unit.status is UnitStatus.DONE and not (unit.plan.done and not unit.attempts):
                last = attempts[f"{unit.id.replace('/', '.')}.worker-{unit.attempts}"]
                assert last.step is Step.ACCEPTED
                assert (last.ticket, last.tree) in self.driver.receipts

    @_holds
    def those_who_work_at_once_do_not_write_the_same(self) -> None:
        plans = [(a.group, self.driver.run.units[a.unit].plan) for a in self._live() if a.role is Role.WORKER]
        strict = self.driver.run.limits.strict_reads
        for (group, one), (other_group, other) in itertools.permutations(plans, 2):
            if group == other_group:
                assert one.writes and other.writes and not overlap(one.writes, other.writes)
                assert not strict or not other.reads or not overlap(one.writes, other.reads)

    @_holds
    def no_more_work_at_once_than_may(self) -> None:
        assert len(self._live()) <= self.driver.run.limits.max_parallel

    @_holds
    def a_group_is_done_only_when_it_was_landed_and_approved(self) -> None:
        for group in self.driver.run.groups.values():
            if group.status is GroupStatus.DONE:
                assert group.id in self.driver.landed
                accepted = any(d.group == group.id and d.answer == "accept" for d in self.driver.run.decisions.values())
                approved = group.round > 0 and group.verdict is not Verdict.CHANGES_REQUESTED
                nothing_built = group.tip == group.base
                assert not group.plan.reviews or approved or accepted or nothing_built

    @_holds
    def a_group_that_is_closed_has_nothing_under_way(self) -> None:
        closed = {g.id for g in self.driver.run.groups.values() if not g.open}
        assert not [a.ticket for a in self._live() if a.group in closed]
        assert not [d.id for d in self.driver.run.decisions.values() if d.pending and d.group in closed]

    @_holds
    def what_is_derived_follows_from_the_entities(self) -> None:
        assert derived(index(bare(self.driver.run))) == derived(self.driver.run)

    @_holds
    def every_change_was_marked_for_writing(self) -> None:
        for name in ENTITIES:
            assert Map(self.driver.stored[name]) == getattr(self.driver.run, name), name

    @_holds
    def decide_says_the_same_twice_and_forgets_nobody(self) -> None:
        said = self.driver.course.decide()
        assert said and said == self.driver.course.decide()
        told = {d.ticket for d in said}
        waiting = {d.group for d in said if d.kind is DirectiveKind.WAIT}
        halted = said[-1].kind is DirectiveKind.HALT
        assert all(a.ticket in told or a.group in waiting or halted for a in self._live())

    @_holds
    def it_is_not_complete_while_a_group_is_open(self) -> None:
        if self._said(DirectiveKind.COMPLETE):
            assert not [g.id for g in self.driver.run.groups.values() if g.open]

    def _live(self) -> list[Attempt]:
        return self.driver.course.live()

    def _units(self) -> list[object]:
        return list(self.driver.run.units.values())

    def _said(self, kind: DirectiveKind) -> list[str]:
        return [d.group for d in self.driver.course.decide() if d.kind is kind]


class Finishing(Machine):
    """Whatever has happened: once everything works and a person answers, the run comes to its end."""

    def teardown(self) -> None:
        if not hasattr(self, "driver"):
            return
        self.driver.finish()
        assert all(not group.open for group in self.driver.run.groups.values())
        assert value(self.driver.replayed()) == value(self.driver.run)


def test_what_holds_and_ends_in_long_histories_of_large_plans() -> None:
    for seed in range(EXAMPLES):
        luck = random.Random(seed)
        machine = Finishing()
        machine.driver = Driver(*drawn(luck))
        machine.driver.watch = machine.check
        try:
            for _ in range(4):
                machine.work((luck.getrandbits(32), 40, luck.choice([0.3, 0.6, 0.9])))
                luck.choice([machine.driver.stop, machine.driver.killed, lambda: machine.driver.retry(0)])()  # noqa: B023
            machine.teardown()
        except Exception as error:
            raise AssertionError(f"with the seed {seed}") from error


_SETTINGS = settings(
    max_examples=EXAMPLES, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSafety = Machine.TestCase
TestSafety.settings = _SETTINGS
TestLiveness = Finishing.TestCase
TestLiveness.settings = _SETTINGS
