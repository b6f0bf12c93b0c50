"""Without control groups: what is proved about /proc holds on machines that have them, too."""

from __future__ import annotations

import pytest

from orchestra.proc import cgroup


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "base", lambda: None)
