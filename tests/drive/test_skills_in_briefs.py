"""What a worker is handed of the skills that its phase names: paths of files that are there."""

from __future__ import annotations

from orchestra.plans.skills import BUNDLED
from tests.support.projects import Phase, world


def test_a_brief_has_the_path_of_each_skill(tmp_path):
    place = world(tmp_path)
    folder = place.milestone("M1", [Phase(("a.txt",))])
    path = folder / "phases/phase-1.md"
    path.write_text(path.read_text().replace("skills: []", "skills: [auth, house-style, unheard-of]"))
    own = place.root / ".claude/skills/house-style/SKILL.md"
    own.parent.mkdir(parents=True)
    own.write_text("# Ours\n")
    place.writes("M1/phase-1", "a.txt")
    place.save()
    assert place.run("--auto", "--push", "never") == 0, place.said()
    (prompt,) = (place.root / ".orchestra/runs").glob("*/M1.phase-1.worker-1/turn-1/prompt.md")
    lines = [line for line in prompt.read_text().splitlines() if line.startswith("- skill: ")]
    assert lines == [f"- skill: {BUNDLED}/auth/SKILL.md", f"- skill: {own}", "- skill: unheard-of"]
