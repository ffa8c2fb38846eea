"""Optional rewriting of an answer by a chat model, sent only when a check that runs here finds every word covered."""
