"""`python -m tests.bench.peers`: the comparison alone, without any part running."""

from __future__ import annotations

import argparse
import sys

from tests.bench.peers.section import __doc__ as described
from tests.bench.peers.section import alone

parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=described)
parser.add_argument("--python", default=sys.executable, help="interpreter of the environment with the other products")
parser.add_argument("--sets", default="", metavar="FOLDER", help="public development sets; else the demo's articles")
chosen = parser.parse_args()
alone(chosen.python, chosen.sets)
