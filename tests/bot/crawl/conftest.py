"""One crawled bot for the module: the trained model in this process, the real demo shop, a small knowledge base."""

import asyncio
import sys
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from bot.__main__ import silence_rasa
from bot.settings import ROOT, Settings
from bot.without_tensorflow import stand_in
from tests.bot.far_side import KnowledgeServer

stand_in()
silence_rasa()

from rasa.core.actions.action import RemoteAction  # noqa: E402
from rasa.shared.core.events import Event  # noqa: E402

from bot.simulation.in_process import BotInProcess  # noqa: E402
from bot.simulation.stage import Stage  # noqa: E402
from bot.simulation.store import ShopFile  # noqa: E402
from tests.bot.crawl.shop_gate import ShopGate  # noqa: E402

if TYPE_CHECKING:
    from tests.bot.crawl.covering import Probe
    from tests.bot.crawl.places import Crawler, Place

T = TypeVar("T")
PYTHON = str(ROOT / ".venv" / "bin" / "python")


@dataclass
class Crawled:
    """The bot, every place in it, and how to say something there."""

    bot: BotInProcess
    crawler: "Crawler"
    kb: KnowledgeServer
    gate: ShopGate
    shop: ShopFile
    environment: dict[str, str]
    loop: asyncio.AbstractEventLoop
    answers: dict[str, Any] = field(default_factory=dict)

    def run(self, work: Awaitable[T]) -> T:
        """Wait for something in the bot's own loop."""
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    def say(self, place: "Place", text: str, *, channel: str = "web") -> dict[str, Any]:
        """What the bot answers to a text in a place."""
        self.kb.mode, self.gate.open = place.kb, place.shop
        return dict(self.run(self.crawler.probe(place.sender, text, {**place.metadata, "channel": channel})))

    def probe(self, probe: "Probe") -> dict[str, Any]:
        """What the bot answers to a probe."""
        return self.say(probe.place, probe.text, channel=probe.channel)


@pytest.fixture(scope="module")
def crawled(
    trained: None,  # noqa: ARG001 (the model must be there)
    environment: dict[str, str],
) -> Iterator[Crawled]:
    """All places, found; the patches that the bot makes to Rasa are taken back at the end."""
    from tests.bot.crawl.places import Crawler

    kb = KnowledgeServer()
    loop = asyncio.new_event_loop()
    stage = Stage(python=PYTHON, var=Path(environment["TANDEM_VAR"]), knowledge=False)
    with pytest.MonkeyPatch.context() as patched, stage:
        patched.setattr(RemoteAction, "run", RemoteAction.run)
        patched.setattr(Event, "resolve_by_type", staticmethod(Event.resolve_by_type))
        gate = ShopGate(stage.environment["TANDEM_SHOP_URL"])
        shop = ShopFile(stage.shop_file)
        shop.remember()
        far = {**stage.environment, "TANDEM_KB_INDEX_URL": kb.url, "TANDEM_SHOP_URL": gate.url}
        bot = BotInProcess(Settings.from_environment({**environment, **far}))
        loop.run_until_complete(bot.__aenter__())
        crawler = Crawler(bot, shop)
        loop.run_until_complete(crawler.crawl())
        shop.put_back()
        yield Crawled(
            bot=bot, crawler=crawler, kb=kb, gate=gate, shop=shop, environment={**environment, **far}, loop=loop
        )
        loop.run_until_complete(bot.__aexit__(*sys.exc_info()))
        gate.close()
    loop.close()
