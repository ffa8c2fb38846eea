"""Links to files for platforms that fetch what we send, or show a link where they take no files: signed, for a week."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from handoff_service.errors import NotFound
from handoff_service.settings import Settings

LASTS = timedelta(days=7)


def link(settings: Settings, tenant: str, file: str, now: datetime) -> str:
    """An address that shows the file to whoever has it, for LASTS."""
    until = int((now + LASTS).timestamp())
    proof = _signatures(settings, tenant, file, until)[0]
    address = f"{settings.gateway_url.rstrip('/')}/v1/shared/{quote(tenant)}/{quote(file)}"
    return f"{address}?{urlencode({'until': until, 'proof': proof})}"


def check(settings: Settings, tenant: str, file: str, until: int, proof: str, now: datetime) -> None:
    """Raises NotFound for what `link` did not make, or made too long ago."""
    right = [hmac.compare_digest(proof.encode(), one.encode()) for one in _signatures(settings, tenant, file, until)]
    if not any(right) or until < now.timestamp():
        raise NotFound("This link is not valid any more.")


def _signatures(settings: Settings, tenant: str, file: str, until: int) -> list[str]:
    """By each of the encryption keys, the newest first."""
    said = f"{tenant}/{file}/{until}".encode()
    keys = settings.encryption_key.get_secret_value().split(",")
    return [_text(hmac.new(_derived(key.strip()), said, hashlib.sha256).digest()) for key in keys]


def _derived(key: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"tandem links to files").derive(key.encode())


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest[:24]).decode()
