"""Commands: python -m kb_index COMMAND --help; each part registers its own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pydantic import ValidationError

import kb_index.articles.command
import kb_index.evaluation.command
import kb_index.importing.command
import kb_index.index.command
import kb_index.learning.command
import kb_index.mood.command
import kb_index.search.command
from kb_index.commands import EXIT_FAILED, EXIT_MISUSED
from kb_index.errors import KnowledgeError
from kb_index.logs import configure_logs
from kb_index.settings import Settings

COMMANDS = (
    kb_index.articles.command,
    kb_index.importing.command,
    kb_index.index.command,
    kb_index.search.command,
    kb_index.evaluation.command,
    kb_index.mood.command,
    kb_index.learning.command,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, 1 with a sentence on standard error when it failed."""
    parser = argparse.ArgumentParser(prog="kb_index", description="The knowledge base of Tandem.")
    commands = parser.add_subparsers(dest="command", required=True)
    for part in COMMANDS:
        part.register(commands)
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        for each in error.errors():
            print(f"setting {'.'.join(map(str, each['loc']))}: {each['msg']}", file=sys.stderr)
        return EXIT_MISUSED
    configure_logs(settings.log_level)
    try:
        return int(chosen.run(settings, chosen))
    except (KnowledgeError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED


if __name__ == "__main__":
    raise SystemExit(main())
