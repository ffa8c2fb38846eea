"""The latencies that the README promises, each beside its goal or its alternative, measured on running parts."""

import kb_index  # noqa: F401  one thread, as the parts run: what reads numpy first has taken them all
