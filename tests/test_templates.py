"""Every template is rendered with each of its optional parts absent and present, and no name left undefined."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import jinja2
import pytest
from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from orchestra import brief
from orchestra.core.words import Purpose, Role
from orchestra.plans import blueprints, setup, templates
from orchestra.plans.kiro.requirements import Requirement
from orchestra.plans.kiro.spec import Details
from orchestra.plans.phase import PhaseText
from tests.test_brief import BARE, LONG, TICKET, full

NAMES = sorted(
    path.relative_to(templates.FOLDER).as_posix() for path in templates.FOLDER.rglob("*") if path.suffix == ".j2"
)
SEEN: dict[str, set[bool]] = {}


class _Watch(NodeTransformer):
    """Puts a call around each condition and each list of a template, which notes whether it was true or empty."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.known: list[set[str]] = []

    def visit_If(self, node: nodes.If) -> nodes.Node:
        self.known.append(set(_words(node.test).split()))
        node.test = self._watched(node.test)
        self.generic_visit(node)
        self.known.pop()
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        node.test = self._watched(node.test)
        return self.generic_visit(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        # `in given or ["a default"]` is never empty: its left side is what may be absent.
        if isinstance(node.iter, nodes.Or):
            node.iter.left = self._watched(node.iter.left)
        elif not any(set(_words(node.iter).split()) <= names for names in self.known):
            # Below a condition on the same names, a list is never empty.
            node.iter = self._watched(node.iter)
        return self.generic_visit(node)

    def _watched(self, node: nodes.Expr) -> nodes.Expr:
        key = f"{self.name}:{node.lineno}: {_words(node)}"
        SEEN.setdefault(key, set())
        call = nodes.Call(nodes.Name("_seen", "load"), [nodes.Const(key), node], [], None, None)
        return call.set_lineno(node.lineno)


def _words(node: nodes.Node) -> str:
    parts = (n.attr if isinstance(n, nodes.Getattr) else n.name for n in _named(node))
    return " ".join(reversed(list(parts)))


def _named(node: nodes.Node) -> Iterator[nodes.Getattr | nodes.Name]:
    yield from ([node] if isinstance(node, nodes.Getattr | nodes.Name) else [])
    yield from node.find_all((nodes.Getattr, nodes.Name))


def _seen(key: str, value: Any) -> Any:
    value = value if isinstance(value, str | tuple | list | dict | bool | int | None) else _kept(value)
    SEEN[key].add(bool(value))
    return value


def _kept(value: Any) -> Any:
    """A generator is read once: what looks into it has to hand on what it found."""
    return list(value) if isinstance(value, Iterator) else value


@pytest.fixture
def watched(monkeypatch):
    """Every template that is loaded from here on notes what it meets."""
    parse = jinja2.Environment._parse

    def watching(self: jinja2.Environment, source: str, name: str | None, filename: str | None) -> nodes.Template:
        self.globals["_seen"] = _seen
        place = "" if filename is None else filename.removeprefix(f"{templates.FOLDER}/")
        return _Watch(place or str(name)).visit(parse(self, source, name, filename))

    monkeypatch.setattr(jinja2.Environment, "_parse", watching)
    # What is kept compiled is not parsed; and what is watched must not be kept.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    brief._environment.cache_clear()
    SEEN.clear()
    yield SEEN
    brief._environment.cache_clear()


def briefs() -> None:
    """All briefs, with everything, with one part missing at a time, and with nothing."""
    lesson = brief.Lesson("it failed")
    bare = replace(full(2).units[0], path="", criteria=(), writes=())
    first = replace(full(2).units[0], line=1, criteria=())
    odd = replace(full(2), lessons=(lesson,), skills=(), units=(bare, first, replace(first, absent="Skipped.")))
    said = ("reviewer-1: blocking", "reviewer-2: nothing")
    odd = replace(odd, findings=tuple(replace(f, line=0, detail="", said=said) for f in full(2).findings), rfc="")
    odd = replace(odd, findings_path="", files=("a.py",), phase=PhaseText("", "", "", "", "", (), ""))
    asked = Details("- [ ] 2. Users", (Requirement("1.2", 4, "WHEN"),), ("9.9",), ("tasks.md",), True, ("1",), ("2",))
    spec = replace(full(2), documents=(), phase=None, details=asked)
    plain = replace(spec, details=Details("- [ ] 2. Users", (), (), (), barrier=False))
    contexts = [BARE, full(3), odd, spec, plain]
    for context in contexts:
        for more in ({}, {"purpose": Purpose.FIX}, {"round": 2}, {"feedback": LONG}):
            for role in (Role.WORKER, Role.REVIEWER, Role.ARCHITECT, Role.ASSIGNER, Role.ADVISER):
                brief.render(role, replace(context, **more))
    brief.turn_prompt(TICKET, turn=1, turns=3, failed="x")
    brief.turn_prompt(TICKET, turn=1, turns=3, failed="x", tail="t", log="/l", set_aside=["a"], findings=True)


def plans() -> None:
    """The files of a plan, empty and written."""
    one, many = [], ["a", "b"]
    for given, text in ((one, ""), (many, "words")):
        head = {"id": "M1", "title": "T", "priority": "P1", "complexity": "quick", "created": "2026-11-21"}
        templates.render("project/milestone.md.j2", **head, depends_on=given, criteria=given)
        templates.render("project/prd.md.j2", title="T", why=text, what=text, out_of_scope=given)
        lists = dict.fromkeys(
            ("skills", "depends_on", "decisions", "scope", "references", "criteria", "constraints"), given
        )
        phase = {"number": 1, "title": "T", "complexity": "quick", "objective": text, "context": text}
        templates.render("project/phase.md.j2", **phase, **lists)
    templates.render("project/grooming.md.j2", title="T")
    templates.render("project/hotfix.md.j2", title="T", text="it fails")
    templates.render("project/config.yml.j2", sections=[])
    templates.render("project/config.yml.j2", sections=[{"name": n, "lines": []} for n in ("", "a")])
    templates.render("project/role.md.j2", role="r", title="R", purpose="p", quoted='"p"', writes='["src/**"]')
    setup.config_text({})
    setup.ignore_text("")


def makers() -> None:
    """Every blueprint that comes with the bundle."""
    for one in blueprints.available(templates.FOLDER / "nowhere"):
        assert blueprints.instantiate(one, dict.fromkeys(one.params, "Big thing"), 1, date(2026, 11, 21))


def planners() -> None:
    """The briefs of those who plan and who review a plan."""
    common = {"root": "/p", "rounds": 3, "reviewer": "plan-reviewer", "rule": brief.rule, "planning": "/p", "run": "x"}
    common["agents"] = "orchestra:"
    for given in ([], ["a"]):
        templates.render("briefs/product-manager.md.j2", **common, milestones=given, skills=["auth"])
    head = {"ticket": "M1.plan-reviewer", "group": "M1", "title": "T", "round": 1, "rounds": 3, "root": "/p"}
    rest = {"folder": "/p", "files": ["prd.md"], "severities": ["blocking", "important", "suggestion"]}
    for findings, points in (([], []), (["F-1"], [("a", "yes"), ("b", "")]), ([], [("a", "")]), ([], [("a", "yes")])):
        templates.render("briefs/plan-reviewer.md.j2", **head, **rest, findings=findings, points=points)


def shown() -> None:
    """The configuration of the demo."""
    templates.render("demo/project/.orchestra/config.yml.j2", test="true")


def everything() -> None:
    for render in (briefs, plans, makers, planners, shown):
        render()


def test_each_optional_part_is_absent_once_and_present_once(watched):
    everything()
    assert len(watched) > 40
    half = [f"{key} was only {values}" for key, values in watched.items() if len(values) < 2]
    assert not half, "\n".join(half)


def test_no_template_is_left_out(watched, monkeypatch):
    loaded = set()
    source = jinja2.FileSystemLoader.get_source

    def noting(self: jinja2.FileSystemLoader, environment: jinja2.Environment, name: str) -> Any:
        text, file, fresh = source(self, environment, name)
        loaded.add(str(file).removeprefix(f"{templates.FOLDER}/"))
        return text, file, fresh

    monkeypatch.setattr(jinja2.FileSystemLoader, "get_source", noting)
    everything()
    made = {one.file for one in blueprints.available(templates.FOLDER / "nowhere")}
    assert sorted(loaded | made) == NAMES


def test_a_name_that_is_not_given_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        templates.render("project/grooming.md.j2")
    with pytest.raises(jinja2.UndefinedError):
        brief._environment().from_string("{{ c.nothing }}").render(c=BARE)
