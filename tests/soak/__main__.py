"""`python -m tests.soak --minutes 3 --seed 7 --database postgresql --replicas 2`: exit code 1 on a violation."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from tests.soak.outside import Outside, run_outside
from tests.soak.planted import BUGS
from tests.soak.run import Options, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--replicas", type=int, default=1, help="gateways on the same PostgreSQL")
    parser.add_argument("--valkey", action="store_true", help="a Valkey carries the bell between the gateways")
    parser.add_argument("--keep", type=Path, help="a folder for the history and the logs")
    parser.add_argument("--planted", default="", metavar="BUG,BUG", help=f"plant bugs: {', '.join(BUGS)}")
    parser.add_argument("--real-bot", default="", metavar="URL", help="the Rasa of `make run` instead of the fake")
    parser.add_argument("--only", action="append", default=[], help="only this fault, several times for several")
    parser.add_argument("--pace", type=float, default=1.0, help="how many times slower people do things")
    parser.add_argument(
        "--url", action="append", default=[], help="gateways that run already, several times for several"
    )
    parser.add_argument("--shop", default="http://127.0.0.1:8082", help="with --url: the site that shows the widget")
    parser.add_argument("--var", type=Path, default=Path("var"), help="with --url: the state folder with the logins")
    parser.add_argument("--calm", action="store_true", help="no faults at all")
    asked = parser.parse_args()
    if asked.database == "sqlite" and (asked.replicas != 1 or asked.valkey):
        parser.error("SQLite serves one gateway")
    if asked.url:
        return _outside(asked)
    options = Options(
        seconds=asked.minutes * 60,
        seed=asked.seed,
        database=asked.database,
        replicas=asked.replicas,
        valkey=asked.valkey,
        keep=asked.keep,
        planted=asked.planted,
        bot_url=asked.real_bot,
        pace=asked.pace,
        faults=not asked.calm,
        only=tuple(asked.only),
    )
    print(f"soak: {options.command}", flush=True)
    verdict = asyncio.run(run(options, lambda line: print(line, flush=True)))
    print(verdict.report, flush=True)
    print("no violation" if verdict.ok else "VIOLATED", flush=True)
    return 0 if verdict.ok else 1


def _outside(asked: argparse.Namespace) -> int:
    outside = Outside(
        urls=asked.url, shop=asked.shop, var=asked.var, seconds=asked.minutes * 60, seed=asked.seed,
        faults=not asked.calm,
    )  # fmt: skip
    ok, report = asyncio.run(run_outside(outside, lambda line: print(line, flush=True)))
    print(report, "no violation" if ok else "VIOLATED", sep="\n", flush=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
