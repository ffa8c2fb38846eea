"""Clients after a restore (F-47): their cursors are ahead of the log; the log's other name tells them to start over."""

from __future__ import annotations

import asyncio
import shutil

from handoff_service.backup import backup
from handoff_service.clock import utc_now
from handoff_service.restore import restore
from tests.end_to_end.clients import Customer
from tests.handoff_service.stage import SHOP_URL, ScriptedBot
from tests.handoff_service.web.conftest import by_text
from tests.handoff_service.web.serving import Gateway


async def test_a_client_with_newer_cursors_reads_the_restored_log_and_goes_on(gateway, build_house, tmp_path):
    house = await build_house(gateway, "demo")
    customer = await Customer(gateway.url, SHOP_URL, language="en").arrive()
    conversation, _, _ = await customer.write("saved")
    bot = lambda entry: entry["author"].get("kind") == "bot"  # noqa: E731
    await customer.live.entry(conversation, bot, "an answer")
    await backup(gateway.settings.database, tmp_path / "b", now=utc_now())
    _, seq, _ = await customer.write("lost")
    await customer.live.entry(conversation, bot, "an answer", after=seq)
    first, ahead = customer.live.welcome["log_id"], len(customer.live.entries[conversation])
    await house.database.close()
    await asyncio.to_thread(gateway.stop)
    await restore(gateway.settings, tmp_path / "b", replace=True, now=utc_now())

    after = Gateway(gateway.settings, bot=ScriptedBot(usually=by_text))
    after.start()
    try:
        customer.live._url = after.url.replace("http", "ws", 1) + "/v1/ws"
        customer._http.base_url = after.url
        await customer.live.reconnect()
        assert customer.live.welcome["log_id"] != first
        _, seq, _ = await customer.write("after the restore")
        await customer.live.entry(conversation, bot, "an answer", after=seq)
        entries = customer.live.entries[conversation]
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
        own = [entry["body"]["text"] for entry in entries if entry["author"]["kind"] == "customer"]
        assert own == ["saved", "after the restore"]
        assert len(entries) <= ahead + 1
        await customer.leave()
    finally:
        await asyncio.to_thread(after.stop)
    shutil.rmtree(tmp_path / "var")
