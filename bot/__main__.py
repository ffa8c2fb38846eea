"""The bot's commands, run with bot/.venv from the repository root: `python -m bot --help`."""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from bot.models.progress import now
from bot.models.versions import ModelError, Versions
from bot.settings import ROOT, BadSetting, Settings
from bot.simulation import command as simulation

CALM = {"RASA_TELEMETRY_ENABLED": "false", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}


def read_arguments() -> argparse.Namespace:
    """The command and its options."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="The Rasa bot.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    train = commands.add_parser("train", help="train unless the live model is current; live when its gate passes")
    train.add_argument("--again", action="store_true", help="train even if the live model is current")
    train.add_argument("--although-refused", action="store_true", help="put it live whatever its gate says")
    train.add_argument("--or-keep", action="store_true", help="refused: keep the live model if this code can run it")
    train.add_argument("--by", default="operator", help="who asked for it, for the record")
    serve = commands.add_parser("serve", help="answer turns until stopped; follows the live model")
    serve.add_argument("--model", type=Path, help="serve this archive and nothing else")
    judged = commands.add_parser("evaluate", help="cross-validate the language understanding, and who is unhappy")
    judged.add_argument("--python", default=str(ROOT / ".venv" / "bin" / "python"), help="runs the knowledge base")
    judged.add_argument("--only", choices=["intents", "unhappy"], help="one of both")
    stories = commands.add_parser("stories", help="play the test stories against a bot that runs")
    stories.add_argument("--shop", action="store_true", help="those that need a shop too: it must be the demo shop")
    commands.add_parser("wish", help="learn anew by what the gateway hears wishes for a person")
    commands.add_parser("models", help="list the versions of the model")
    live = commands.add_parser("live", help="put a version live")
    live.add_argument("version")
    live.add_argument("--although-refused", action="store_true", help="even if its gate refused it")
    commands.add_parser("rollback", help="go back to the version that was live before")
    simulation.register(commands)
    return parser.parse_args()


def main() -> int:
    """The exit code: 0 done, 1 failed with one sentence on standard error."""
    asked = read_arguments()
    for name, value in CALM.items():
        os.environ.setdefault(name, value)
    from bot.without_tensorflow import stand_in

    stand_in()  # before anything imports Rasa
    silence_rasa()
    commands = {
        "train": train, "serve": serve, "evaluate": evaluate, "stories": stories,
        "models": models, "live": live, "rollback": rollback, "simulate": simulation.simulate, "wish": wish,
    }  # fmt: skip
    try:
        return commands[asked.command](Settings.from_environment(), asked)
    except BadSetting as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1


def silence_rasa() -> None:
    """Rasa and its libraries from WARNING on; its debug lines would hold what customers write."""
    import structlog

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)  # Rasa's frozen dependencies deprecate one another


def train(settings: Settings, asked: argparse.Namespace) -> int:
    """Train unless the model is current; 1 when it failed or its gate refused it."""
    from bot import training
    from bot.models.fit import in_fixed_order
    from bot.models.inputs import Sources

    def say(text: str) -> None:
        print(f"bot: {text}", flush=True)

    in_fixed_order()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that the rehearsal is ended too
    try:
        done = training.train(
            settings.models, by=asked.by, say=say, again=asked.again, although_refused=asked.although_refused
        )
    except training.Failure as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1
    if done.result == "current":
        say(done.text)
    if done.result != "refused":
        return 0
    if asked.or_keep:
        say(keep_or_take(Versions(settings.models), done.version, code=Sources.of(settings.models).code_hash()))
        return 0
    print(
        f"bot: the gate refused {done.version}. Put it live all the same with: "
        f"python -m bot live {done.version} --although-refused",
        file=sys.stderr,
    )
    return 1


def keep_or_take(versions: Versions, refused: str, *, code: str) -> str:
    """Leaves the live model if it was made by this code, else puts the refused one live: better that than no bot."""
    live = versions.live()
    if live is not None and versions.manifest(live.version)["code"] == code:
        return f"{live.version} goes on serving"
    versions.put_live(refused, by="setup", at=now(), how="trained", although_refused=True)
    return f"{refused} is live all the same, because there is no other model that this code can run"


def serve(settings: Settings, asked: argparse.Namespace) -> int:
    """Serve turns until stopped; what a person must put right is checked before Rasa's slow import."""
    if asked.model is None:
        try:
            missing = Versions(settings.models).live() is None
        except ModelError as error:
            raise BadSetting(str(error)) from error
        if missing:
            raise BadSetting(f"no model in {settings.models}: run `python -m bot train` first")
    elif not asked.model.is_file():
        raise BadSetting(f"there is no model {asked.model}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise BadSetting(
                f"port {settings.port} on {settings.host} cannot be used ({error.strerror}); set TANDEM_BOT_URL"
            ) from error
    from bot.server import serve as run

    run(settings, only=asked.model)
    return 0


def evaluate(settings: Settings, asked: argparse.Namespace) -> int:
    """Intents, cross-validated, and who is handed over as unhappy; 1 when one of them is worse than it was."""
    worse = asked.only != "unhappy" and not evaluate_intents(settings)
    worse |= asked.only != "intents" and not evaluate_unhappy(settings, asked.python)
    return int(worse)


def evaluate_unhappy(settings: Settings, python: str) -> bool:
    """First messages to the whole bot, with the real knowledge base; whether nothing was lost."""
    from bot.models.first_messages import read_all, report
    from bot.simulation.stage import StageFailed

    try:
        text, held = report(asyncio.run(read_all(settings, python=python)))
    except StageFailed as error:
        raise BadSetting(str(error)) from error
    print(text)
    return held


def evaluate_intents(settings: Settings) -> bool:
    """Cross-validate on data/training and draw docs/bot/confusions.svg; whether nothing was lost."""
    from bot.models.cross_validation import FOLDS, MACRO_F1, cross_validated
    from bot.models.figures import accuracy, macro_f1, scores, table
    from bot.models.inputs import Sources
    from bot.models.picture import confusion_svg

    sources = Sources.of(settings.models)
    result = cross_validated(sources, say=lambda text: print(f"bot: {text}", flush=True))
    found, total = scores(result.pairs), sum(result.pairs.values())
    print(table(found))
    print("Commonest confusions:")
    for (truth, guess), texts in sorted(result.mistakes.items(), key=lambda item: -len(item[1]))[:15]:
        print(f"  {truth} read as {guess}: {len(texts)}, e.g. {texts[0]!r}")
    head = f"{FOLDS}-fold cross-validation, {total} lines, {len(found)} intents: macro-F1 {macro_f1(found):.3f}"
    print(f"{head}, accuracy {accuracy(result.pairs):.3f} ({MACRO_F1.verdict(macro_f1(found))})")
    picture = sources.root / "docs" / "bot" / "confusions.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(confusion_svg(result.pairs, title=head), encoding="utf-8")
    print(f"drawn: {picture.relative_to(sources.root)}")
    return MACRO_F1.held(macro_f1(found))


def stories(settings: Settings, asked: argparse.Namespace) -> int:
    """Play the test stories against the bot at TANDEM_BOT_URL; 1 when one fails."""
    from bot.models.inputs import Sources
    from bot.models.rehearsal import Door
    from bot.models.stories import play_all, read_stories

    told = read_stories(Sources.of(settings.models).checks / "stories")
    door = Door(f"http://{settings.host}:{settings.port}")
    outcome = play_all(told, door.ask, has=frozenset({"shop"} if asked.shop else ()))
    for name, wrong in outcome.failed.items():
        print(f"  FAILED {name}: {wrong}")
    by_language = {lang: sum(one.language == lang for one in told) for lang in ("zh", "en")}
    print(
        f"stories: {len(outcome.passed)} of {outcome.played} pass ({by_language['zh']} zh, {by_language['en']} en"
        f"{f', {len(outcome.skipped)} left out' if outcome.skipped else ''})"
    )
    return int(bool(outcome.failed))


def wish(settings: Settings, _asked: argparse.Namespace) -> int:
    """Learn bot/hearing/wish.json anew, and tell what such weights hear of lines that they were not learnt from."""
    from bot.models import wish as learning
    from bot.models.inputs import Sources

    print(learning.write(Sources.of(settings.models)))
    return 0


def models(settings: Settings, _asked: argparse.Namespace) -> int:
    """List the versions, the newest first."""
    from bot.models.listing import listing

    try:
        print(listing(Versions(settings.models)))
    except ModelError as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1
    return 0


def live(settings: Settings, asked: argparse.Namespace) -> int:
    """Put a version live."""
    try:
        moved = Versions(settings.models).put_live(
            asked.version, by="operator", at=now(), how="chosen", although_refused=asked.although_refused
        )
    except ModelError as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1
    print(f"bot: {moved.version} is live")
    return 0


def rollback(settings: Settings, _asked: argparse.Namespace) -> int:
    """Go back to the version that was live before."""
    try:
        moved = Versions(settings.models).roll_back(by="operator", at=now())
    except ModelError as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1
    print(f"bot: {moved.version} is live again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
