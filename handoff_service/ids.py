"""Identifiers and secrets."""

from __future__ import annotations

import hashlib
import os
import secrets
import time

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """`<prefix>_` and 26 characters: 48 bits of time, then 80 random bits, so that ids sort by birth (ULID)."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    digits = []
    for _ in range(26):
        value, digit = divmod(value, 32)
        digits.append(ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(digits))}"


def new_token() -> str:
    """256 random bits for tokens and tickets that are secrets."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What the database keeps of a token: its SHA-256, so that a stolen database holds no credentials."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
