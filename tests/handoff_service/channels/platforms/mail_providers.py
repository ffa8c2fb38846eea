"""The other ways by which mails are pushed: SendGrid and Amazon SNS sign, Postmark shows a password."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from tests.handoff_service.channels.platforms.fake import Call, Hook, Platform, Response
from tests.handoff_service.channels.platforms.mail import BOUNDARY, FakeMail

TOPIC = "arn:aws:sns:eu-west-1:123456789012:mails-of-the-shop"
CONFIRM = "SubscriptionConfirmation"


def form(**fields: bytes) -> bytes:
    """A multipart form."""
    raw = b""
    for name, value in fields.items():
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        raw += head.encode() + value + b"\r\n"
    return raw + f"--{BOUNDARY}--\r\n".encode()


@cache
def ec_key(_: str) -> ec.EllipticCurvePrivateKey:
    """A key on P-256, another one for each name."""
    return ec.generate_private_key(ec.SECP256R1())


class FakeSendGrid(FakeMail):
    """Inbound Parse with a security policy, "POST the raw, full MIME message" ticked.

    A rotation gives the account another public key; whoever holds its private one signs from then on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fresh_secret = self.public("fresh")

    def fields(self) -> dict[str, str]:
        return {**super().fields(), "provider": "sendgrid", "signing_key": self.public("of the shop")}

    @staticmethod
    def public(name: str) -> str:
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        return base64.b64encode(ec_key(name).public_key().public_bytes(serialization.Encoding.DER, spki)).decode()

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        raw, stamp = form(email=event["mail"]), str(int(self.now()))
        name = next((one for one in ("of the shop", "fresh") if secret == self.public(one)), secret or "of the shop")
        signed = ec_key(name).sign(stamp.encode() + raw, ec.ECDSA(hashes.SHA256()))
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signed).decode(),
        }
        return Hook(raw, headers)

    def tampered(self, hook: Hook) -> Hook:
        return replace(hook, raw=hook.raw.replace(b"From: ", b"Fr0m: ", 1))


class FakePostmark(FakeMail):
    """The webhook is saved with user and password in its address; "Include raw email content" is ticked."""

    signs_time = False
    password = "postmark:a-long-password-0123"

    def fields(self) -> dict[str, str]:
        return {**super().fields(), "provider": "postmark", "signing_key": self.password}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        given = base64.b64encode((secret if secret is not None else self.password).encode()).decode()
        told = {"From": "somebody@else.example", "TextBody": "not as it came", "RawEmail": event["mail"].decode()}
        return Hook(json.dumps(told).encode(), {"Content-Type": "application/json", "Authorization": f"Basic {given}"})

    def tampered(self, hook: Hook) -> Hook:
        return replace(hook, headers={**hook.headers, "Authorization": hook.headers["Authorization"] + "A"})


class FakeSes(FakeMail):
    """SES receives, SNS pushes: signed by a certificate that lies at SNS, whose address the notification bears."""

    signs_time = False
    signing = ""
    signs_inside = True
    _key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _others = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    version = "2"

    def __init__(self) -> None:
        super().__init__()
        self.confirmed: list[dict[str, str]] = []
        self.certificate = certificate_of(self._key)

    def fields(self) -> dict[str, str]:
        given = {name: value for name, value in super().fields().items() if name != "signing_key"}
        return {**given, "provider": "ses", "topic": TOPIC, "api": self.url}

    def hook(self, *events: Mapping[str, Any], secret: str | None = None) -> Hook:
        (event,) = events
        if "told" in event:
            return self.signed(dict(event["told"]), forged=secret is not None)
        content = base64.b64encode(event["mail"]).decode()
        receipt = {"action": {"type": "SNS", "topicArn": TOPIC, "encoding": "BASE64"}}
        said = {"notificationType": "Received", "mail": {}, "receipt": receipt, "content": content}
        return self.signed(self.notification(said), forged=secret is not None)

    def notification(self, said: Mapping[str, Any], **parts: str) -> dict[str, str]:
        """What SNS says around a message."""
        at = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {"Type": "Notification", "MessageId": f"mid-{self.number()}", "TopicArn": TOPIC, "Timestamp": at}
        told |= {"Subject": "Amazon SES Email Receipt Notification", "Message": json.dumps(said)}
        return {**told, "SignatureVersion": self.version, **parts}

    def handshake(self, secret: str | None = None) -> tuple[Hook, bytes]:
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": "2336412f37f"})
        told = self.notification({}, Type=CONFIRM, Token="2336412f37f", SubscribeURL=f"{self.url}/?{query}")
        del told["Subject"]
        return self.signed(told, forged=secret is not None), b'{"results":[]}'

    def signed(self, told: dict[str, str], *, forged: bool = False) -> Hook:
        more = ("SubscribeURL", "Token") if told["Type"] != "Notification" else ("Subject",)
        names = sorted(
            name for name in ("Message", "MessageId", "Timestamp", "TopicArn", "Type", *more) if name in told
        )
        said = "".join(f"{name}\n{told[name]}\n" for name in names)
        key = self._others if forged else self._key
        digest = hashes.SHA256() if told["SignatureVersion"] == "2" else hashes.SHA1()
        told["Signature"] = base64.b64encode(key.sign(said.encode(), padding.PKCS1v15(), digest)).decode()
        told.setdefault("SigningCertURL", f"{self.url}/SimpleNotificationService-{'0a' * 16}.pem")
        return Hook(json.dumps(told).encode(), {"Content-Type": "text/plain; charset=UTF-8"})

    def tampered(self, hook: Hook) -> Hook:
        told = json.loads(hook.raw)
        return replace(hook, raw=json.dumps({**told, "Message": told["Message"] + " "}).encode())

    def answer(self, call: Call) -> Response:
        if call.path.endswith(".pem"):
            return Response(body=self.certificate, headers={"Content-Type": "application/x-pem-file"})
        assert call.query["Action"] == "ConfirmSubscription"
        self.confirmed.append(dict(call.query))
        return Response(body={"ConfirmSubscriptionResponse": {}})

    def carries(self, call: Call) -> bool:  # noqa: ARG002 (messages go by SMTP)
        return False


def certificate_of(key: rsa.RSAPrivateKey, *, ends: timedelta = timedelta(days=300)) -> bytes:
    """A certificate as SNS has one, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=30)).not_valid_after(now + ends)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


# Other ways to be the same channel: the shared contract runs over them too.
OTHER_WAYS: Mapping[str, type[Platform]] = {
    "email_postmark": FakePostmark,
    "email_sendgrid": FakeSendGrid,
    "email_ses": FakeSes,
}
