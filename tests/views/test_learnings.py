"""What agents learnt: said once, bounded, for the page that is nearest, and as a patch that git takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.views.learnings import MOST, proposal
from tests.support.repos import init, user_git

FILES = {"M1/a": ("src/api/x.py", "src/api/deep/y.py"), "M1/b": ("docs/b.md",), "M1/c": ("src/api/z.py", "docs/c.md")}


def applied(root: Path, patch: str) -> None:
    (root.parent / "p.patch").write_bytes(patch.encode("utf-8", "surrogateescape"))
    user_git(root, "apply", "--check", "../p.patch")
    user_git(root, "apply", "../p.patch")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return init(tmp_path / "repo", {"README.md": "x\n", "src/api/AGENTS.md": "# API\n\nUse v2.\n"}).top


def test_each_thing_goes_to_the_page_that_is_about_all_of_its_files(root: Path) -> None:
    said = [
        ("M1/a", "- Tests need the server on port 3000"),
        ("M1/b", "Run `make docs`"),
        ("M1/c", "Both have a version"),
    ]
    applied(root, proposal(root, said, FILES))
    assert (root / "src/api/AGENTS.md").read_text() == (
        "# API\n\nUse v2.\n\n## Learnings\n\n- Tests need the server on port 3000\n"
    )
    assert (root / "AGENTS.md").read_text() == "## Learnings\n\n- Run `make docs`\n- Both have a version\n"


@pytest.mark.parametrize(
    "before", ["# A", "# A\r\n\r\n## Learnings\r\n\r\n- old\r\n\r\n## B\r\n", "## Learnings\n", "\n\n"]
)
def test_the_patch_fits_whatever_the_page_looks_like(root: Path, before: str) -> None:
    (root / "AGENTS.md").write_bytes(before.encode())
    applied(root, proposal(root, [("M1/b", "new")], FILES))
    after = (root / "AGENTS.md").read_bytes().decode()
    assert [line for line in before.split() if line not in after.split()] == []
    assert after.count("- new") == after.count("## Learnings") == 1
    assert "\n" not in after.replace("\r\n", "") or "\r\n" not in before
    assert proposal(root, [("M1/b", "New!")], FILES) == ""


def test_a_page_that_is_a_link_stays_one_and_what_it_leads_to_is_patched(root: Path) -> None:
    (root / "CLAUDE.md").write_text("# Ours\n\nUse v2.\n")
    (root / "AGENTS.md").symlink_to("CLAUDE.md")
    (root / "docs").mkdir()
    (root / "docs/AGENTS.md").symlink_to("../CLAUDE.md")
    applied(root, proposal(root, [("M1/b", "new"), ("M1/c", "newer"), ("M1/c", "use v2")], FILES))
    assert (root / "AGENTS.md").is_symlink()
    assert (root / "CLAUDE.md").read_text() == "# Ours\n\nUse v2.\n\n## Learnings\n\n- new\n- newer\n"


def test_a_page_in_another_encoding_keeps_its_bytes(root: Path) -> None:
    (root / "AGENTS.md").write_bytes(b"# Caf\xe9\n")
    applied(root, proposal(root, [("M1/c", "new")], FILES))
    assert (root / "AGENTS.md").read_bytes() == b"# Caf\xe9\n\n## Learnings\n\n- new\n"


def test_what_is_said_twice_or_too_much_is_left_out(root: Path) -> None:
    said = [("M1/b", f"thing {n // 2}") for n in range(4 * MOST)] + [("M1/b", "Thing  1.")]
    patch = proposal(root, said, FILES)
    assert patch.count("\n+- ") == MOST


def test_nothing_learnt_is_no_patch(root: Path) -> None:
    assert proposal(root, [("M1/b", "  \n")], FILES) == proposal(root, [("M1/a", "use V2")], FILES) == ""
