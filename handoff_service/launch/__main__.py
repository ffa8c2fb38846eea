"""The command behind the make targets: `python3.11 -m handoff_service.launch <command>`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from handoff_service.launch import runs
from handoff_service.launch.clean import clean
from handoff_service.launch.credentials import parts_environment, read_credentials
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.lock import take_lock
from handoff_service.launch.parts import check_ports, tandem_parts
from handoff_service.launch.prepare import addresses, prepare, prepare_database
from handoff_service.launch.pythons import check_this_python
from handoff_service.launch.replicas import as_it_runs, for_replicas, replica_parts
from handoff_service.launch.running import LOCK_NAME
from handoff_service.launch.settings import Settings, read_settings, settings_help
from handoff_service.launch.soak import soak
from handoff_service.launch.stories import play_stories
from handoff_service.launch.supervise import forever, supervise

COMMANDS = {
    "setup": "make everything that the first start needs",
    "run": "start all parts and keep them running until Ctrl-C",
    "run-replicas": "the same with two gateways on PostgreSQL and Valkey, which it brings along",
    "test": "run every test of both environments and of the web pages",
    "check": "style, types, house rules",
    "soak": "load and faults on four set-ups, each proven to have lost nothing (MINUTES=60 in all, SEED=…)",
    "backup": "write everything that must survive to one file while it runs (FILE=…)",
    "restore": "put a backup in the place of the database (FILE=…)",
    "bench": 'measure the latencies that the README promises (SECTIONS="turns intents --skip-default" for some)',
    "train": "train the bot and put the model live when its gate passes",
    "evaluate": "measure how often the right article comes first and the right intent, and play the test stories",
    "simulate": "let simulated customers talk to the bot and print the worst dialogues (DIALOGUES=2000, SEED=…)",
    "demo": "play the whole story against the running parts, starting them if needed",
    "screenshots": "take the pictures of the README",
    "clean": "remove everything that can be made again; databases and secrets stay",
}


def run(settings: Settings) -> int:
    """Starts everything and keeps it running; refuses early, before minutes of preparation."""
    environment = parts_environment(settings)
    parts = tandem_parts(settings, environment)
    os.close(take_lock(settings.var / LOCK_NAME))  # is nobody here, have a killed launcher's parts ended?
    check_ports(parts)
    prepare(settings)
    prepare_database(settings)
    print("Starting", flush=True)

    async def tell() -> int:
        print(addresses(settings, read_credentials(settings.var / "secrets.json")), flush=True)
        return await forever()

    return supervise(parts, var=settings.var, once_ready=tell) or 0


def run_replicas(settings: Settings) -> int:
    """Like `run`; the database is there only once its part runs, so the demo tenant is made afterwards."""
    settings = for_replicas(settings)
    parts = replica_parts(settings, parts_environment(settings))
    os.close(take_lock(settings.var / LOCK_NAME))
    check_ports(parts)
    prepare(settings)
    print("Starting", flush=True)

    async def tell() -> int:
        await asyncio.to_thread(prepare_database, settings)
        print(f"The second gateway: {settings.replica_url}/console/", flush=True)
        print(addresses(settings, read_credentials(settings.var / "secrets.json")), flush=True)
        return await forever()

    return supervise(parts, var=settings.var, once_ready=tell) or 0


def perform(
    command: str,
    settings: Settings,
    *,
    minutes: float = 60.0,
    seed: str = "",
    file: str = "",
    dialogues: int = 2000,
    sections: str = "",
) -> int:
    """Runs one of COMMANDS and returns the exit code; `sections`: words for `python -m tests.bench`."""
    if command == "clean":
        clean(settings)
        return 0
    if command == "run":
        return run(settings)
    if command == "run-replicas":
        return run_replicas(settings)
    if command == "train":
        prepare(settings, content=False)
        return runs.bot(settings, "train")
    if command in ("backup", "restore") and not file:
        raise LaunchError(f"Say which file: make {command} FILE=/somewhere/tandem.backup")
    if command == "backup":
        settings = as_it_runs(settings)
    prepare(settings)
    match command:
        case "test":
            return runs.test(settings)
        case "check":
            return runs.check(settings)
        case "evaluate":
            return int(runs.evaluate(settings) | play_stories(settings))
        case "simulate":
            return runs.simulate(settings, dialogues, seed)
        case "soak":
            return soak(settings, minutes, seed)
        case "backup" | "restore":
            return runs.program(settings, "handoff_service", [command, str(Path(file).absolute())])
        case "bench":
            return runs.program_with_parts(settings, "tests.bench", sections.split())
        case "demo":
            return runs.program_with_parts(settings, "tests.end_to_end.demo")
        case "screenshots":
            return runs.program_with_parts(settings, "tests.end_to_end.screenshots")
    return 0


def main() -> int:
    """0 when the command succeeded, 1 with a sentence when it could not, 130 after Ctrl-C."""
    commands = "\n".join(f"  {name:14}{meaning}" for name, meaning in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="make",
        usage="make <command>   (or: python3.11 -m handoff_service.launch <command>)",
        description=f"commands:\n{commands}",
        epilog=settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    parser.add_argument("--minutes", type=float, default=60.0, help=argparse.SUPPRESS)
    parser.add_argument("--seed", default="", help=argparse.SUPPRESS)
    parser.add_argument("--dialogues", type=int, default=2000, help=argparse.SUPPRESS)
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    parser.add_argument("--sections", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    # A SIGTERM during the preparation must end the running step too; `finally` blocks see to that.
    signal.signal(signal.SIGTERM, _end)
    try:
        check_this_python()
        return perform(
            given.command,
            read_settings(),
            minutes=given.minutes,
            seed=given.seed,
            file=given.file,
            dialogues=given.dialogues,
            sections=given.sections,
        )
    except LaunchError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr, flush=True)
        return 130


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
