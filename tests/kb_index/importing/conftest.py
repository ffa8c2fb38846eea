from __future__ import annotations

from pathlib import Path

import pytest

from tests.kb_index.importing.importing_desk import Desk


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("TANDEM_VAR", str(tmp_path / "var"))
    return Desk(tmp_path, capsys)
