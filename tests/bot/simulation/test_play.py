"""Simulated customers against the real bot, knowledge base and shop: few of them, but the promises must hold."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.__main__ import silence_rasa
from bot.settings import ROOT, Settings
from bot.without_tensorflow import stand_in

stand_in()
silence_rasa()

from rasa.core.actions.action import RemoteAction  # noqa: E402
from rasa.shared.core.events import Event  # noqa: E402

from bot.simulation.command import NEVER  # noqa: E402
from bot.simulation.in_process import BotInProcess  # noqa: E402
from bot.simulation.play import Play  # noqa: E402
from bot.simulation.referee import Dialogue  # noqa: E402
from bot.simulation.report import as_json, as_text, judged  # noqa: E402
from bot.simulation.stage import Stage  # noqa: E402
from bot.simulation.store import ShopFile  # noqa: E402

DIALOGUES = 40
FIRST_SEED = 7_000_000


@dataclass
class Theatre:
    """A play whose dialogues can be asked for one by one."""

    play: Play
    shop: ShopFile
    loop: asyncio.AbstractEventLoop

    def dialogue(self, seed: int, **more: str) -> Dialogue:
        return self.loop.run_until_complete(self.play.dialogue(seed, **more))


@pytest.fixture(scope="module")
def theatre(
    trained: None,  # noqa: ARG001 (the model must be there)
    environment: dict[str, str],
) -> Iterator[Theatre]:
    """The stage is set; what the bot changes in Rasa is taken back at the end."""
    stage = Stage(python=str(ROOT / ".venv" / "bin" / "python"), var=Path(environment["TANDEM_VAR"]))
    loop = asyncio.new_event_loop()
    with pytest.MonkeyPatch.context() as patched, stage:
        patched.setattr(RemoteAction, "run", RemoteAction.run)
        patched.setattr(Event, "resolve_by_type", staticmethod(Event.resolve_by_type))
        shop = ShopFile(stage.shop_file)
        shop.remember()
        bot = BotInProcess(Settings.from_environment({**environment, **stage.environment}))
        loop.run_until_complete(bot.__aenter__())
        yield Theatre(play=Play(bot, shop), shop=shop, loop=loop)
        loop.run_until_complete(bot.__aexit__(*sys.exc_info()))
    loop.close()


def test_nobody_is_refused_a_human_led_in_circles_or_done_wrong_to(theatre: Theatre) -> None:
    found = judged([theatre.dialogue(FIRST_SEED + number) for number in range(DIALOGUES)])
    report = as_json(found, seed=7)
    assert [report["all"][name] for name in NEVER] == [0] * len(NEVER), as_text(found)
    assert report["all"]["humans_asked"] > 0
    assert report["all"]["success"] >= 0.5, as_text(found)


def test_the_same_seed_is_the_same_dialogue_and_leaves_the_shop_as_it_was(theatre: Theatre) -> None:
    rows = theatre.shop.rows()
    once, again = (theatre.dialogue(FIRST_SEED + 3, goal="refund_request", language="zh") for _ in range(2))
    assert [(e.text, e.act) for e in once.exchanges] == [(e.text, e.act) for e in again.exchanges]
    assert [e.answer["nlu"]["intent"]["name"] for e in once.exchanges] == [
        e.answer["nlu"]["intent"]["name"] for e in again.exchanges
    ]
    assert theatre.shop.rows() == rows
