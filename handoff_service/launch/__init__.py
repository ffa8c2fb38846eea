"""Prepares and starts everything; standard library only, because it runs before any environment exists."""
