"""The latencies that the README promises, each beside its goal or its alternative, measured on running parts."""
