"""`python -m bot simulate`: many dialogues with the real bot, their figures, and the worst of them in full."""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import ROOT, BadSetting, Settings

if TYPE_CHECKING:
    from bot.simulation.referee import Dialogue

DIALOGUES = 2000
SEED = 1
NEVER = ("humans_refused", "loops", "wrong_actions", "errors")
STRIDE = 1_000_000  # seeds of one run are SEED * STRIDE + 0, 1, …


def register(commands: Any) -> None:
    """Add `simulate` and its options to the parser of `python -m bot`."""
    parser = commands.add_parser("simulate", help="let simulated customers talk to the bot; 1 when a promise is broken")
    parser.add_argument("--dialogues", type=int, default=DIALOGUES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--goal", help="one goal only, such as refund_request")
    parser.add_argument("--language", choices=["zh", "en"])
    parser.add_argument("--python", default=str(ROOT / ".venv" / "bin" / "python"), help="runs the other parts")
    parser.add_argument(
        "--json", type=Path, help="where the figures go; default: reports/simulation.json in TANDEM_VAR"
    )


def simulate(settings: Settings, given: argparse.Namespace) -> int:
    """0 when no human was refused, nothing looped and nothing wrong was done; 1 otherwise. Raises BadSetting."""
    from bot.simulation.report import as_json, as_text, judged
    from bot.simulation.stage import StageFailed

    try:
        found = judged(asyncio.run(played(settings, given)))
    except StageFailed as error:
        raise BadSetting(str(error)) from error
    report = as_json(found, seed=given.seed)
    target = given.json or settings.var / "reports" / "simulation.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{as_text(found)}\n\nThe same as JSON: {target}\n")
    return int(any(report["all"][name] for name in NEVER))


async def played(settings: Settings, given: argparse.Namespace) -> list["Dialogue"]:
    """The dialogues of a run; raises StageFailed."""
    from bot.simulation.stage import Stage

    with Stage(python=given.python, var=settings.var) as stage:
        from bot.simulation.in_process import BotInProcess
        from bot.simulation.play import Play
        from bot.simulation.store import ShopFile

        shop = ShopFile(stage.shop_file)
        shop.remember()
        environment = {**os.environ, **stage.environment, "TANDEM_VAR": str(settings.var)}
        async with BotInProcess(Settings.from_environment(environment)) as bot:
            play, dialogues = Play(bot, shop), []
            for number in range(given.dialogues):
                seed = given.seed * STRIDE + number
                dialogues.append(await play.dialogue(seed, goal=given.goal, language=given.language))
                if number % 50 == 49:
                    sys.stderr.write(f"{number + 1} of {given.dialogues} dialogues\n")
            return dialogues
