"""The test stories over the running parts: the real bot, the real knowledge index, the demo shop."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.conftest import ROOT
from tests.end_to_end.stage import running_parts

pytestmark = pytest.mark.stack
BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"


def test_every_story_goes_as_told(stage_var: Path) -> None:
    url = running_parts(stage_var)["bot"]["url"]
    done = subprocess.run(
        [BOT_PYTHON, "-m", "bot", "stories", "--shop"],
        cwd=ROOT,
        env={**os.environ, "TANDEM_BOT_URL": url, "TANDEM_VAR": str(stage_var)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    passed, _, played = done.stdout.splitlines()[-1].removeprefix("stories: ").split()[:3]
    assert passed == played
    assert int(played) >= 30
