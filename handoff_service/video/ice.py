"""How two browsers find each other: STUN and TURN servers, with passwords that run out."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from handoff_service.settings import Settings

VALID = timedelta(hours=6)


def ice_servers(settings: Settings, who: str, now: datetime) -> list[dict[str, Any]]:
    """RTCIceServer dictionaries for one call of one person.

    The password of TURN is HMAC-SHA1(secret, "<expiry in Unix seconds>:<who>") in base64, as coturn's
    `use-auth-secret` expects it (draft-uberti-behave-turn-rest-00); so the secret never leaves the server.
    """
    servers: list[dict[str, Any]] = [{"urls": [url]} for url in settings.stun_urls]
    secret = settings.turn_secret.get_secret_value()
    if settings.turn_urls and secret:
        user = f"{int((now + VALID).timestamp())}:{who}"
        proof = hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()
        password = base64.b64encode(proof).decode()
        servers.append({"urls": list(settings.turn_urls), "username": user, "credential": password})
    return servers
