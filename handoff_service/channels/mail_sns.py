"""Mails that Amazon SES receives and Amazon SNS pushes, signed by a certificate that lies at SNS itself.

docs.aws.amazon.com/sns, "Verifying the signatures of Amazon SNS messages": an RSA signature over names and values in a
fixed order. Only version 2 (SHA-256) is taken, and only from the topic that the account names.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account, Checked, Parsed, WebhookRequest
from handoff_service.channels.strict_json import parse_object
from handoff_service.errors import Invalid, Malformed, NotDelivered, Unauthorized

TOPIC = r"arn:aws(?:-cn|-us-gov)?:sns:[a-z0-9-]{1,40}:\d{12}:[A-Za-z0-9_-]{1,256}"
CONFIRM, NOTIFY = "SubscriptionConfirmation", "Notification"
SIGNED: Mapping[str, tuple[str, ...]] = {
    NOTIFY: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRM: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem")
MOST_CERTIFICATES = 100  # SNS has one at a time in each of its regions
SELDOM_S = 10.0
VERSION = "2"


class Certificates:
    """The certificates of SNS in this process, by address."""

    def __init__(self) -> None:
        self._kept: dict[str, x509.Certificate] = {}
        self._asked: dict[str, float] = {}  # when; who makes up addresses does not make us ask over and over
        self._asking = asyncio.Lock()

    def get(self, address: str) -> x509.Certificate | None:
        return self._kept.get(address)

    async def learn(self, caller: Caller, account: Account, request: WebhookRequest) -> None:
        """Fetches the certificate that a request names, if it lies at SNS and is not known yet."""
        try:
            told = parse_object(request.raw, mend=True)
        except Invalid:
            return
        address = str(told.get("SigningCertURL", ""))
        if address in self._kept or told.get("TopicArn") != account.options.get("topic"):
            return
        if not _lies_at_sns(account, address) or not CERTIFICATE.fullmatch(urlsplit(address).path):
            return
        async with self._asking:
            if address in self._kept or time.monotonic() - self._asked.get(address, -SELDOM_S) < SELDOM_S:
                return
            if len(self._asked) >= MOST_CERTIFICATES:
                self._asked.clear()
                self._kept.clear()
            self._asked[address] = time.monotonic()
            # Refused, or no certificate: the request is not proven, and SNS sends it again.
            with contextlib.suppress(NotDelivered, ValueError):
                answer = await caller.get(address)
                self._kept[address] = x509.load_pem_x509_certificate(answer.body)


CERTIFICATES = Certificates()


def by_ses(account: Account, request: WebhookRequest) -> Checked:
    """The whole notification; its Message is what SES says. SNS repeats one with the same MessageId."""
    told = parse_object(request.raw, mend=True)
    if not account.options.get("topic") or told.get("TopicArn") != account.options["topic"]:
        raise Unauthorized("The notification is not of the SNS topic of this account (`topic`).")
    if told.get("SignatureVersion") != VERSION:
        raise Unauthorized("SNS must sign with SHA-256: set the topic's attribute SignatureVersion to 2.")
    certificate = CERTIFICATES.get(str(told.get("SigningCertURL", "")))
    if certificate is None:
        raise Unauthorized("SNS's certificate cannot be fetched from where the notification says that it lies.")
    if not _signed_by(certificate, told):
        raise Unauthorized("The signature of SNS does not match the notification.")
    return Checked(
        body=request.raw, proof=str(told["Signature"]), once=f"sns.{told['MessageId']}"[:128], request=request
    )


def mail_of(checked: Checked) -> bytes | Parsed:
    """The mail as it came, or what to do about a notification that brings none. Raises Malformed."""
    told = parse_object(checked.body, mend=True)
    if told["Type"] == CONFIRM:
        return Parsed(fetch=True, ticket=str(told["SubscribeURL"]))
    if told["Type"] != NOTIFY:
        return Parsed()
    said = parse_object(str(told["Message"]).encode(), mend=True)
    if said.get("notificationType") != "Received":
        return Parsed()  # SES tells of other things too
    content = said.get("content")
    if not isinstance(content, str) or not content:
        raise Malformed("The mail is not in the notification: let SES's rule publish it to SNS (action SNS, Base64).")
    receipt = said.get("receipt")
    action = receipt.get("action") if isinstance(receipt, Mapping) else None
    if not isinstance(action, Mapping) or str(action.get("encoding", "")).upper() != "BASE64":
        return content.encode()
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("The mail in the notification is no Base64.") from error


async def confirm(caller: Caller, account: Account, address: str) -> None:
    """Tells SNS that we want the topic's notifications. Raises NotDelivered."""
    asked = parse_qs(urlsplit(address).query) if _lies_at_sns(account, address) else {}
    if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [account.options.get("topic")]:
        raise NotDelivered("SNS asks to confirm a subscription that is not of this account's topic", final=True)
    await caller.get(address)


def _lies_at_sns(account: Account, address: str) -> bool:
    """Whether an address is SNS's own in the region of the account's topic."""
    if account.options.get("api"):
        return account.serves(address)
    parts = account.options.get("topic", "").split(":")
    if len(parts) != 6:
        return False
    host = f"sns.{parts[3]}.amazonaws.com{'.cn' if parts[1] == 'aws-cn' else ''}"
    return address.startswith(f"https://{host}/")


def _signed_by(certificate: x509.Certificate, told: Mapping[str, Any]) -> bool:
    """Whether the certificate's key has signed it, at a time at which it was valid."""
    key, names = certificate.public_key(), SIGNED.get(str(told.get("Type")), ())
    texts = [(name, told[name]) for name in names if name in told and (name != "Subject" or told[name] is not None)]
    if not names or not isinstance(key, rsa.RSAPublicKey) or not all(isinstance(text, str) for _, text in texts):
        return False
    if {name for name in names if name != "Subject"} - {name for name, _ in texts}:
        return False
    said = "".join(f"{name}\n{text}\n" for name, text in texts)
    try:
        at = datetime.fromisoformat(told["Timestamp"])
        key.verify(base64.b64decode(told["Signature"], validate=True), said.encode(), padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError, TypeError, KeyError, binascii.Error):
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
