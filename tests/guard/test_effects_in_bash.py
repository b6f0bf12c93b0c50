"""Generated commands run in a real bash: whatever changed was predicted, or the command was called unknown."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from tests.support.guard_commands import commands
from tests.support.guard_oracle import Box, changed, uncovered

# More of them: ORCHESTRA_GUARD_EXAMPLES=20000
EXAMPLES = int(os.environ.get("ORCHESTRA_GUARD_EXAMPLES", "150"))
SLOW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@SLOW
@given(commands)
def test_every_change_was_predicted(command: str) -> None:
    folder = Path(tempfile.mkdtemp(prefix="guard-box-")).resolve()
    try:
        box = Box(folder)
        found = box.predict(command)
        before = box.snapshot()
        box.run(command)
        after = box.snapshot()
        hidden = [one for one in found.unknown if one.startswith("hidden: ")]
        missed = uncovered(changed(before, after), found, after)
        assert hidden or not missed, f"{missed} changed, but predicted were {found.writes} and {found.unknown}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
