"""Translating for an agent who does not speak the customer's language: by an address that the tenant configures.

It is posted {"text", "to"} and answers {"text"}. Outside development it must be https on the internet
(channels/public_only.py); it is followed nowhere, and what it says is never taken for more than text.
"""

from __future__ import annotations

import json

import httpx2

from handoff_service.conversations.receive import clean_text
from handoff_service.errors import Invalid, NotDelivered, TandemError, Unavailable

WITHIN_S = 8.0
MOST_BYTES = 64 * 1024


class Translator:
    """Client of the translators of all tenants."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def translated(self, url: str, text: str, to: str) -> str:
        """The text in another language ("zh", "en", …). Raises Invalid without an address, and Unavailable."""
        if not url:
            raise Invalid("Translating is off: set desk.translate_url in the configuration.")
        body, asked = b"", {"text": text, "to": to}
        try:
            async with self._client.stream("POST", url, json=asked, timeout=WITHIN_S, follow_redirects=False) as answer:
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise Unavailable(f"The translator answered with more than {MOST_BYTES} bytes.")
            found = json.loads(body) if answer.status_code == 200 else None
            return clean_text(found["text"] if isinstance(found, dict) else None)
        except Unavailable:
            raise
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, RecursionError) as error:
            raise Unavailable(f"The translator does not answer ({error.__class__.__name__}).") from error
        except (TandemError, NotDelivered) as error:
            raise Unavailable(f"The translator does not answer with a text: {error.message}") from error
