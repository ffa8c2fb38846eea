"""The signature of Standard Webhooks (standardwebhooks.com, v1): HMAC-SHA256 over `id.timestamp.body`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32  # 24 to 64 are allowed


def new_secret() -> str:
    """A secret as receivers' libraries take it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(keys: Sequence[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of one attempt; while a secret is rotated there is one signature for each of `keys`."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(key, message, timestamp, body) for key in keys),
    }


def signature(key: str, message: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>`."""
    raw = base64.b64decode(key.removeprefix(PREFIX))
    digest = hmac.new(raw, f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
