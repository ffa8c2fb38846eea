"""What WhatsApp, Messenger and Instagram share: the handshake, the signature, the Graph API and its errors.

Meta signs the raw bytes with the app's secret (X-Hub-Signature-256) and no time; message ids keep copies out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from handoff_service.channels.caller import REFUSALS, Answered, Caller, undelivered
from handoff_service.channels.model import (
    ELSEWHERE,
    Account,
    Checked,
    Download,
    Field,
    Parsed,
    Reply,
    WebhookRequest,
    equal,
)
from handoff_service.channels.window import CLOSED as OUTSIDE
from handoff_service.errors import NotDelivered, Unauthorized

API = "https://graph.facebook.com/v26.0"
INSTAGRAM_API = "https://graph.instagram.com/v26.0"  # for tokens of an Instagram Login
# developers.facebook.com, error codes of the Cloud API and of Messenger: closed windows, and what passes by itself.
CLOSED = (131047, 2018278)
BUSY = {1, 2, 4, 80007, 130429, 131016, 131056, 133016}
KEYS = {0, 190}
NOT_OURS = 2018300  # another app has the customer's thread
FORBIDDEN = {3, 10, 200, 299}
HOSTS = (".facebook.com", ".fbsbx.com", ".fbcdn.net", ".whatsapp.net", ".instagram.com")

FIELDS = (
    Field("access_token", "the permanent access token", secret=True, pattern=r"[\x21-\x7e]{20,512}"),
    Field("app_secret", "the app's secret", secret=True, pattern=r"[0-9a-zA-Z]{16,128}"),
    Field("verify_token", "typed in where the webhook is saved", secret=True, made=True),
    Field("api", "another Graph API server", optional=True),
)


def check(account: Account, request: WebhookRequest) -> Checked:
    """A request that Meta made. Raises Unauthorized."""
    if request.method == "GET":
        if not equal(request.query.get("hub.verify_token", ""), *account.every("verify_token")):
            raise Unauthorized("hub.verify_token is not that of this account.")
        return Checked(body=b"", request=request)
    expected = [f"sha256={sign(secret, request.raw)}" for secret in account.every("app_secret")]
    if not equal(request.headers.get("x-hub-signature-256", ""), *expected):
        raise Unauthorized("X-Hub-Signature-256 does not match the body and the app's secret.")
    return Checked(body=request.raw, request=request)


def sign(secret: str, raw: bytes) -> str:
    """HMAC-SHA256 over the raw bytes, in hex."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def handshake(checked: Checked) -> Parsed:
    """The answer to the check of the address."""
    return Parsed(reply=Reply(checked.request.query.get("hub.challenge", "")[:256]))


async def call(caller: Caller, account: Account, path: str, **sent: Any) -> Mapping[str, Any]:
    """Posts `sent` (as Caller.post takes it) to the Graph API. Raises NotDelivered."""
    return _judged(await caller.post(f"{_server(account)}/{path}", headers=_key(account), judges=REFUSALS, **sent))


async def get(caller: Caller, account: Account, path: str) -> Mapping[str, Any]:
    """Reads from the Graph API. Raises NotDelivered."""
    return _judged(await caller.get(f"{_server(account)}/{path}", headers=_key(account), judges=REFUSALS))


def download(account: Account, url: str) -> Download:
    """Where a medium lies; the access token goes to Meta's own hosts only."""
    parts = urlsplit(url)
    metas = parts.scheme == "https" and (parts.hostname or "").endswith(HOSTS)
    return Download(url=url, headers=_key(account) if metas or account.serves(url) else {})


def _server(account: Account) -> str:
    return account.options.get("api") or (INSTAGRAM_API if account.options.get("login") == "instagram" else API)


def _key(account: Account) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {account.secret('access_token')}"}


def _judged(answer: Answered) -> Mapping[str, Any]:
    if 200 <= answer.status < 300:
        return answer.json
    raise refused(answer)


def refused(answer: Answered) -> NotDelivered:
    """What an error of the Graph API means."""
    error = answer.json.get("error")
    error = error if isinstance(error, Mapping) else {}
    code, sub = error.get("code"), error.get("error_subcode")
    reason = f"Meta {code or answer.status}: {str(error.get('message', ''))[:150]}"
    if code in CLOSED or sub in CLOSED:
        return undelivered(reason, barred=OUTSIDE)
    if sub == NOT_OURS:
        told = f"{reason} (another app answers this customer, and only it can pass him on)"
        return undelivered(told, hint={ELSEWHERE: "Meta"})
    if code in FORBIDDEN:
        return undelivered(f"{reason} (the app lacks a permission)")
    if code in KEYS:
        return undelivered(f"{reason} (the access token is not valid)", again=True, after_s=60.0)
    return undelivered(reason, again=code in BUSY or answer.status == 429)
