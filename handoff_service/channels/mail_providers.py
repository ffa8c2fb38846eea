"""Mails that a provider pushes, whole as they came: how each proves that it is he.

Mailgun signs a timestamp and a token, SendGrid (ECDSA) and Amazon SNS (RSA) the content; Postmark shows the password
in the webhook's address.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from handoff_service.channels.mail_sns import by_ses
from handoff_service.channels.model import Account, Checked, WebhookRequest, equal
from handoff_service.channels.stamps import moment_of
from handoff_service.channels.strict_json import parse_object
from handoff_service.errors import Malformed, Unauthorized

SES = "ses"
BOUNDARY = re.compile(r'(?i:multipart/form-data)\b.*?;\s*(?i:boundary)="?([^\s";]{1,70})"?.*')
NAMED = re.compile(rb'(?im)^content-disposition:[^\r\n]*?[;\s]name="?([^";\r\n]*)')


def by_mailgun(account: Account, request: WebhookRequest) -> Checked:
    """HMAC over timestamp and token; the route must ask for the raw mail (its address ends with /mime)."""
    fields = form_of(request)
    stamp, token = fields.get("timestamp", b"").decode("ascii"), fields.get("token", b"").decode("ascii")
    expected = [mailgun_signature(key, stamp, token) for key in account.every("signing_key")]
    if not stamp or not token or not equal(fields.get("signature", b"").decode("ascii"), *expected):
        raise Unauthorized("Mailgun's signature does not match the signing key of this account.")
    if "body-mime" not in fields:
        raise Malformed("The mail is not as it came: let Mailgun's route forward to …/webhook/mime.")
    body, signed_at = fields["body-mime"], moment_of(stamp)  # which the signature does not cover
    once = f"mailgun.{hashlib.sha256(token.encode()).hexdigest()[:48]}"
    return Checked(body=body, signed_at=signed_at, proof=token, once=once, request=request)


def mailgun_signature(key: str, stamp: str, token: str) -> str:
    """documentation.mailgun.com, "Securing webhooks"."""
    return hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()


def by_sendgrid(account: Account, request: WebhookRequest) -> Checked:
    """ECDSA over timestamp and raw body (Inbound Parse with a security policy, "POST the raw, full MIME message")."""
    stamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = request.headers.get("x-twilio-email-event-webhook-signature", "")
    keys = account.every("signing_key")
    if not given or not any(sendgrid_signed(key, given, stamp.encode() + request.raw) for key in keys):
        raise Unauthorized("SendGrid's signature does not match the public key of this account.")
    fields = form_of(request)
    if "email" not in fields:
        raise Malformed('The mail is not as it came: tick "POST the raw, full MIME message" at SendGrid.')
    return Checked(body=fields["email"], signed_at=moment_of(stamp), proof=given, request=request)


def sendgrid_signed(key: str, signature: str, said: bytes) -> bool:
    """Whether SendGrid signed it; `key` is the base64 of a public key on P-256."""
    try:
        public = load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(base64.b64decode(signature, validate=True), said, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def form_of(request: WebhookRequest) -> Mapping[str, bytes]:
    """The fields of a whole multipart form. Raises Unauthorized: what is none was not sent by the provider.

    A mail of 20 MB is not read line by line to find its end: it is split where the boundary begins a line.
    """
    told = BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if told is None:
        raise Unauthorized("The body is not a whole multipart form.")
    fence = re.escape(b"\r\n--" + told[1].encode("utf-8", "replace")) + rb"(?=[ \t]*\r\n|--)"
    *parts, end = re.split(fence, b"\r\n" + request.raw)
    if not parts or end.strip() != b"--":
        raise Unauthorized("The body is not a whole multipart form.")
    found: dict[str, bytes] = {}
    for part in parts[1:]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = NAMED.search(head)
        if name is not None:
            found.setdefault(name[1].decode("utf-8", "replace"), content)
    return found


def by_postmark(account: Account, request: WebhookRequest) -> Checked:
    """HTTP Basic: the webhook is saved as https://user:password@…; with "Include raw email content"."""
    expected = [f"Basic {base64.b64encode(one.encode()).decode()}" for one in account.every("signing_key")]
    if not equal(request.headers.get("authorization", ""), *expected):
        raise Unauthorized("Postmark's user and password in the webhook's address are not those of this account.")
    raw = parse_object(request.raw, mend=True).get("RawEmail")
    if not isinstance(raw, str) or not raw:
        raise Malformed('The mail is not as it came: tick "Include raw email content" at Postmark.')
    return Checked(body=raw.encode(), request=request)


# By what an account calls its `provider`; `imap` is fetched.
PROVIDERS: Mapping[str, Callable[[Account, WebhookRequest], Checked]] = {
    "mailgun": by_mailgun,
    "postmark": by_postmark,
    "sendgrid": by_sendgrid,
    SES: by_ses,
}
