"""What the commands of `python -m kb_index` share; each folder that has some registers them in its command.py."""

from __future__ import annotations

import argparse
import sys
from typing import TypeAlias

from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.search.understand import Knowledge
from kb_index.settings import Settings

Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_FAILED = 1
EXIT_MISUSED = 2


def load(settings: Settings) -> Knowledge:
    """The current generation, with a word on standard error when it is not the newest; raises NoGeneration."""
    live = LiveKnowledge(GenerationStore.of(settings))
    live.reload()
    if live.warning is not None:
        print(live.warning, file=sys.stderr)
    return live.current()
