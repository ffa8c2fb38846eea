"""The cipher and signature that WeChat, WeCom and DingTalk share (developers.weixin.qq.com, push/encryption).

AES-256-CBC with the key's first half as IV and PKCS#7 padding to 32 bytes over
16 random bytes + length (4 bytes, big endian) + message + the account's own id, which must be ours.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from handoff_service.errors import Unauthorized

BLOCK = 32
RANDOM = 16


def signature(*words: str) -> str:
    """SHA-1 over the words in byte order, in hex."""
    return hashlib.sha1("".join(sorted(words)).encode(), usedforsecurity=False).hexdigest()


def decipher(key: str, text: str, *, owner: str) -> bytes:
    """The message in a base64 text, by the 43 characters of an EncodingAESKey.

    Raises Unauthorized for what was not enciphered with this key for this owner (an AppID or CorpID).
    """
    try:
        raw = base64.b64decode(text, validate=True)
        aes = base64.b64decode(f"{key}=", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unauthorized("The message is not base64.") from error
    if not raw or len(raw) % RANDOM:
        raise Unauthorized("The message is not a whole number of blocks.")
    whole = _cipher(aes).decryptor()
    plain = whole.update(raw) + whole.finalize()
    pad = plain[-1]
    if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad or len(plain) - pad < RANDOM + 4:
        raise Unauthorized("The message was not enciphered with this account's key.")
    plain = plain[:-pad]
    (size,) = struct.unpack(">I", plain[RANDOM : RANDOM + 4])
    message, whose = plain[RANDOM + 4 : RANDOM + 4 + size], plain[RANDOM + 4 + size :]
    if len(message) != size or whose != owner.encode():
        raise Unauthorized("The message was enciphered for another account.")
    return message


def decipher_by_any(keys: Sequence[str], text: str, *, owner: str) -> bytes:
    """The same by the key that fits: while one is rotated there are two."""
    for key in keys[:-1]:
        try:
            return decipher(key, text, owner=owner)
        except Unauthorized:
            continue
    return decipher(keys[-1], text, owner=owner)


def encipher(key: str, message: bytes, *, owner: str, random: bytes) -> str:
    """The other direction; `random` is 16 bytes."""
    plain = random + struct.pack(">I", len(message)) + message + owner.encode()
    pad = BLOCK - len(plain) % BLOCK
    whole = _cipher(base64.b64decode(f"{key}=")).encryptor()
    return base64.b64encode(whole.update(plain + bytes([pad]) * pad) + whole.finalize()).decode()


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:RANDOM]))
