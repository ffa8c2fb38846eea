"""The shop floor for the tests of this folder."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service.database import Database
from handoff_service.settings import Settings
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import FakeClock


@pytest.fixture
def floor(database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> Floor:
    return Floor(database, settings, clock, arrive)
