"""Commands: build the index, serve it over HTTP."""

from __future__ import annotations

import argparse

from kb_index.commands import Subcommands
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    build = commands.add_parser("build", help="check the articles and publish a new generation")
    build.add_argument("--if-changed", action="store_true", help="do nothing when nothing changed")
    build.set_defaults(run=_build)
    commands.add_parser("serve", help="answer over HTTP").set_defaults(run=_serve)


def _build(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.index.build import build

    report = build(settings, if_changed=chosen.if_changed, progress=lambda step: print(step, flush=True))
    if report.skipped:
        print(f"Nothing changed: {report.generation} stays.")
        return 0
    print(
        f"Published {report.generation}: {report.articles} articles, {report.passages} passages, "
        f"{report.embedded} texts embedded, {report.reused} reused, {report.seconds:.1f} s."
    )
    return 0


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    import uvicorn

    from kb_index.api import create_app

    host, port = settings.index_url.host or "127.0.0.1", settings.index_url.port or 80
    uvicorn.run(create_app(settings), host=host, port=port, workers=1, access_log=False, log_level="warning")
    return 0
