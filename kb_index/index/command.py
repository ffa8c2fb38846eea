"""Commands: build the index, serve it over HTTP, keep it up to date, list generations and roll back."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from kb_index.commands import EXIT_FAILED, Subcommands
from kb_index.errors import GenerationBroken
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    build = commands.add_parser("build", help="check the articles and publish a new generation")
    build.add_argument("--if-changed", action="store_true", help="do nothing when nothing changed")
    build.set_defaults(run=_build)
    serve = commands.add_parser("serve", help="answer over HTTP, and publish edited articles")
    serve.set_defaults(run=_serve)
    keep = commands.add_parser("keep", help="publish edited articles until standard input ends (serve does it too)")
    keep.set_defaults(run=_keep)
    generations = commands.add_parser("generations", help="list the generations on disk, newest first")
    generations.add_argument(
        "--roll-back", nargs="?", const="", metavar="NAME", help="serve the one before, or NAME, from now on"
    )
    generations.set_defaults(run=_generations)


def _build(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.index.build import build

    report = build(settings, if_changed=chosen.if_changed, progress=lambda step: print(step, flush=True))
    if report.skipped:
        print(f"Nothing changed: {report.generation} stays.")
        return 0
    for name, tenant in report.tenants.items():
        print(
            f"Tenant {name}: {tenant.articles} articles, {tenant.passages} passages, {tenant.kind} index with "
            f"recall@10 {tenant.recall:.3f}, {tenant.megabytes:.1f} MB."
        )
    print(
        f"Published {report.generation}: {report.articles} articles, {report.passages} passages, "
        f"{report.embedded} texts embedded, {report.reused} reused, {report.seconds:.1f} s."
    )
    for name, refusal in report.refused.items():
        print(f"Tenant {name} goes on with its earlier articles, for these cannot be used:", file=sys.stderr)
        for problem in refusal.problems:
            print(f"  {problem}", file=sys.stderr)
    return EXIT_FAILED if report.refused else 0


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    import uvicorn

    from kb_index.api import create_app
    from kb_index.index.keeper import KeeperProcess

    host, port = settings.index_url.host or "127.0.0.1", settings.index_url.port or 80
    with KeeperProcess() if settings.keep else nullcontext():
        uvicorn.run(create_app(settings), host=host, port=port, workers=1, access_log=False, log_level="warning")
    return 0


def _keep(settings: Settings, _: argparse.Namespace) -> int:
    from kb_index.index.keeper import keep_until_orphaned

    return keep_until_orphaned(settings)


def _generations(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.index.generation import GenerationStore

    store = GenerationStore.of(settings)
    if chosen.roll_back is not None:
        print(f"Serving {store.roll_back(chosen.roll_back or None)} from now on.")
        print("What was rolled back from is not built again by itself until an article changes.")
        return 0
    for place, name in enumerate(store.names()):
        try:
            manifest = store.verify(name)
        except GenerationBroken as error:
            print(f"{name}  BROKEN: {error}")
            continue
        size = sum(file["size"] for file in manifest["files"].values()) / 1e6
        print(f"{name}  {'current' if place == 0 else 'kept   '}  {manifest['created']}  {size:.1f} MB")
        for tenant, entry in manifest["tenants"].items():
            vectors = entry["vectors"]
            fitted = "" if entry["calibrated_on"] == entry["source"] else ", confidence of earlier articles"
            print(
                f"    {tenant}: {entry['articles']} articles, {entry['passages']} passages, {vectors['kind']}, "
                f"recall@10 {vectors['recall']:.3f}{fitted}"
            )
    return 0
