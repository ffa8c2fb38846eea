"""Secrets of channel accounts at rest: sealed with TANDEM_ENCRYPTION_KEY, so that a stolen database holds none."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from handoff_service.errors import Unavailable


class Seal:
    """Seals with the first of the comma-separated keys and opens what any of them has sealed."""

    def __init__(self, keys: str) -> None:
        self._fernet = MultiFernet([Fernet(_derived(key.strip())) for key in keys.split(",")])

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret. Raises Unavailable when it was sealed with a key that is not there any more."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unavailable("A secret of this account was not sealed with TANDEM_ENCRYPTION_KEY.") from error


def _derived(key: str) -> bytes:
    """A Fernet key (32 bytes, base64) from a secret of any form."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"tandem channel secrets").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
