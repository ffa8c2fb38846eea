"""Files of customers: tried for hours whatever goes wrong, told when they are lost, on the disk before the answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from handoff_service import outbox
from handoff_service.channels import arrive
from handoff_service.channels.collect import TRIED_FOR, Collector, Found, hold
from handoff_service.channels.model import Account, Inbound, Media
from handoff_service.conversations.change import Context
from handoff_service.errors import Invalid, NotDelivered, Unavailable
from handoff_service.files.shelf import shelf_of
from tests.handoff_service.stage import trial_settings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PASSING = (Unavailable("no"), NotDelivered("busy"), OSError("disk"), KeyError("nobody foresaw"))


class Happened:
    """A collector's one job on a picture that was sent `age` ago; what it does is in `done`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, age: timedelta, error: Exception) -> None:
        self.done: list[str] = []
        picture = (0, Media(ref="x", kind="image"))
        self._found = Found(SimpleNamespace(), None, "m_1", NOW - age, [picture])  # type: ignore[arg-type]

        async def fetch(*_: Any) -> None:
            raise error

        async def lost(*_: Any) -> None:
            self.done.append("told")

        monkeypatch.setattr(Collector, "_fetch", fetch)
        monkeypatch.setattr(Collector, "_lost", lost)
        monkeypatch.setattr(outbox, "postpone", lambda *_, **__: self.done.append("again"))
        monkeypatch.setattr(outbox, "settle", lambda *_: self.done.append("settled"))

    async def read(self, _: Any) -> Found:
        return self._found

    async def write(self, work: Any) -> None:
        work(SimpleNamespace(connection=None))

    async def run(self) -> list[str]:
        collector = Collector(self, None, trial_settings(), lambda: NOW, {})  # type: ignore[arg-type]
        await collector(outbox.Job("shop", "o_1", "c_1", outbox.MEDIA, 1, attempts=50))
        return self.done


@pytest.mark.parametrize("error", PASSING)
async def test_a_file_is_tried_for_hours_and_in_the_end_its_loss_is_told(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await Happened(monkeypatch, TRIED_FOR - timedelta(minutes=1), error).run() == ["again"]
    assert await Happened(monkeypatch, TRIED_FOR, error).run() == ["told", "settled"]


@pytest.mark.parametrize("error", [Invalid("infected"), NotDelivered("expired", final=True)])
async def test_what_will_never_come_is_told_at_once(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await Happened(monkeypatch, timedelta(0), error).run() == ["told", "settled"]


def a_picture() -> Inbound:
    return Inbound(event_id="e", contact="ann", media=[Media(ref="", kind="image", content=b"x")])


async def test_what_came_with_a_message_is_on_the_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    settings = trial_settings(var=tmp_path)
    held = await hold(settings, "shop", a_picture())
    assert isinstance(held, Inbound)
    assert len(synced) >= 1
    assert await shelf_of(settings).read("shop", held.media[0].ref.removeprefix("held:")) == b"x"


async def test_what_came_before_is_not_put_on_the_shelf_again(tmp_path: Path) -> None:
    settings = trial_settings(var=tmp_path)

    class Knowing:
        async def read(self, _: Any) -> object:
            return object()

    parts: dict[str, Any] = {"tenant": "shop", "id": "acc", "channel": "email", "name": "Shop", "options": {}}
    account = Account(**parts, secrets=({},), created_at=NOW)
    same = await arrive._held_once(Knowing(), account, a_picture(), Context(settings, NOW))  # type: ignore[arg-type]
    assert isinstance(same, Inbound)
    assert list(same.media) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
