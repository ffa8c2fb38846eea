"""Whether a mail comes from whom it says, what a thread proves and how long, and who is shown a mailbox's password."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from handoff_service.channels import contacts, mail_ways
from handoff_service.channels.accounts import new_account
from handoff_service.channels.arrive import arrive
from handoff_service.channels.mail import compose, event, thread
from handoff_service.channels.mail_read import read
from handoff_service.channels.mail_sender import Verdict, _without_comments, verdict
from handoff_service.channels.model import Account, Inbound, Outbound
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.database import Database
from handoff_service.errors import NotDelivered
from handoff_service.tenants import store as tenants
from tests.handoff_service.stage import MONDAY, shop, trial_settings

MX = "mx.shop.example"
DMARC = f"{MX}; dmarc={{}} header.from=x.example"


@pytest.mark.parametrize(
    ("results", "found"),
    [
        ([DMARC.format("pass")], Verdict.PROVEN),
        ([DMARC.format("fail")], Verdict.FORGED),
        ([f"{MX} 1; dmarc=fail (p=none; dis=none) spf=pass smtp.mailfrom=a@x.example"], "forged"),
        ([DMARC.format("pass").replace("x.example", "evil.example")], Verdict.UNPROVEN),
        (["evil.example; dmarc=pass header.from=x.example"], Verdict.UNPROVEN),
        ([DMARC.format("fail"), DMARC.format("pass")], Verdict.FORGED),  # the lower one came with the mail
        ([f"{MX}; dkim=pass header.d=x.example"], Verdict.PROVEN),
        ([f"{MX}; dkim=fail header.d=a.example; dkim=pass (2048-bit) header.i=@x.example"], Verdict.PROVEN),
        ([f"{MX}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=b@evil.example"], Verdict.UNPROVEN),
        ([f"{MX}; dkim=pass header.d=example"], Verdict.UNPROVEN),  # nobody signs for a whole top-level domain
        ([f"{MX}; spf=pass smtp.mailfrom=x.example"], Verdict.PROVEN),
        ([f"{MX}; spf=softfail smtp.mailfrom=x.example; dmarc=none"], Verdict.UNPROVEN),
        ([f"{MX}; none"], Verdict.UNPROVEN),
        ([f"({MX}; dmarc=pass) evil.example; dmarc=pass"], Verdict.UNPROVEN),
        ([f"{MX}(; dmarc=pass"], Verdict.UNPROVEN),
        ([], Verdict.UNPROVEN),
    ],
)  # fmt: skip
def test_only_the_word_of_our_own_server_counts(results: list[str], found: str) -> None:
    assert verdict(results, MX, "ann@x.example") == found
    assert verdict(results, "", "ann@x.example") is Verdict.UNASKED


def test_comments_within_comments_say_nothing_and_are_read_once() -> None:
    """Each sign is looked at once; two thousand comments within each other once took the time of two thousand."""
    deep = f"{'(' * 1_000}dmarc=fail{')' * 1_000}"
    assert verdict([f"{MX} {deep} (a (b) c); dmarc=pass {deep} header.from=x.example"], MX, "ann@x.example") == "proven"
    assert _without_comments(f"a{'(' * 200_000}b{')' * 200_000}c)(d") == "a c)(d"


def test_a_mail_that_names_two_senders_proves_neither() -> None:
    assert verdict([DMARC.format("pass")], MX, "ann@x.example", alone=False) is Verdict.UNPROVEN
    two = a_mail(From="ann@x.example, eve@evil.example")
    assert read(two).alone is False
    assert read(b"From: ann@x.example\nFrom: eve@evil.example\n\nhi").alone is False
    assert read(a_mail()).alone is True


def a_mail(text: str = "Where is my order?", **headers: str) -> bytes:
    made = EmailMessage()
    for name, value in {
        "From": "Ann <ann@x.example>",
        "To": "support@shop.example",
        "Subject": "Order",
        **headers,
    }.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


class Post:
    """An e-mail account, and mails that arrive there."""

    def __init__(self, database: Database, account: Account) -> None:
        self.database, self.account = database, account
        self.settings = trial_settings()
        self.now = MONDAY

    async def brings(self, raw: bytes) -> tuple[str, list[Any]]:
        """The conversation, and its timeline then."""
        happening = event(self.account, read(raw))
        assert isinstance(happening, Inbound)
        seal, context = Seal(self.settings.encryption_key.get_secret_value()), Context(self.settings, self.now)
        abilities = CHANNELS["email"].abilities
        placed = await self.database.write(lambda tx: arrive(tx, self.account, happening, abilities, seal, context))
        entries = await self.database.read(lambda c: store.entries_after(c, "demo", placed.conversation, 0))
        return placed.conversation, entries


@pytest.fixture
async def post(database: Database) -> Post:
    await database.write(lambda tx: tenants.save(tx.connection, shop()))
    fields = {
        "address": "support@shop.example", "provider": "mailgun", "smtp": "smtp://mail.example", "authserv": MX,
    }  # fmt: skip
    return Post(database, new_account("demo", "email", "Shop", fields, trial_settings()))


def notes(entries: list[Any]) -> list[str]:
    return [entry.body["verdict"] for entry in entries if entry.body.get("kind") == "sender"]


async def test_what_is_known_of_a_sender_is_told_to_agents_when_it_changes(post: Post) -> None:
    proven = {"Authentication_Results": DMARC.format("pass")}
    _, entries = await post.brings(a_mail(Message_ID="<1@x>", **proven))
    _, entries = await post.brings(a_mail(Message_ID="<2@x>", **proven))
    assert notes(entries) == ["proven"]
    assert all(entry.audience == "internal" for entry in entries if entry.body.get("kind") == "sender")
    _, entries = await post.brings(a_mail(Message_ID="<3@x>"))
    assert notes(entries) == ["proven", "unproven"]
    contact = (await post.database.read(lambda c: store.find(c, "demo", entries[0].conversation))).contact
    assert not await post.database.read(lambda c: contacts.is_verified(c, "demo", contact)), "an address is no identity"


async def test_a_forged_mail_is_answered_by_nobody_but_people(post: Post) -> None:
    forged = a_mail(Message_ID="<1@x>", Authentication_Results=DMARC.format("fail"))
    conversation, entries = await post.brings(forged)
    assert notes(entries) == ["forged"]
    assert [one.body["kind"] for one in entries if one.author.kind == "customer"] == ["unanswered"]
    found = await post.database.read(lambda c: store.find(c, "demo", conversation))
    assert found.owner.kind in ("queue", "mailbox")


async def test_a_thread_is_proven_for_a_month_and_the_senders_address_proves_nothing(post: Post) -> None:
    first, _ = await post.brings(a_mail(Message_ID="<1@x>"))
    said = Outbound(
        mid="m_1", conversation=first, contact="ann@x.example", seq=3, author_kind="agent", author_name="Lin",
        text="Tomorrow.", at=post.now,
    )  # fmt: skip
    ours = compose(post.account, said, post.now)
    assert str(compose(post.account, said, post.now + timedelta(hours=1))["Message-ID"]) == str(ours["Message-ID"])
    wife = {"From": "bea@y.example", "In_Reply_To": str(ours["Message-ID"])}
    post.now += timedelta(days=30)
    there, entries = await post.brings(a_mail("I am his wife", Message_ID="<2@y>", **wife))
    assert there == first
    assert entries[-1].body["text"] == "[bea@y.example] I am his wife"
    post.now += timedelta(days=2)
    elsewhere, _ = await post.brings(a_mail("me again", Message_ID="<3@y>", **wife))
    assert elsewhere != first, "mails are forwarded, and mailboxes change hands"
    marked = a_mail("by the subject", Message_ID="<4@y>", From="bea@y.example", Subject=str(ours["Subject"]))
    assert (await post.brings(marked))[0] == elsewhere
    old = str(ours["Message-ID"])
    assert (await post.brings(a_mail(Message_ID="<5@z>", From="cy@z.example", In_Reply_To=old)))[0] != first


def test_a_mail_of_ours_that_came_back_is_known_to_the_release_before_too(post: Post) -> None:
    """Which knows no days: beside a newer gateway it reads the same mailbox."""
    said = Outbound(
        mid="m_1", conversation="c_0123456789", contact="ann@x.example", seq=3, author_kind="agent", author_name="Lin",
        text="Tomorrow.", at=post.now,
    )  # fmt: skip
    ours = str(compose(post.account, said, post.now)["Message-ID"])
    found = re.fullmatch(r"<t\.(c_[0-9a-z]{4,40})\.([0-9a-zA-Z_.]{1,60})\.([0-9a-f]{16})@[^>]+>", ours)
    assert found is not None
    as_it_did = f"demo/{post.account.id}/{found[1]}/{found[2]}".encode()
    assert hmac.new(post.account.secret("thread_key").encode(), as_it_did, "sha256").hexdigest()[:16] == found[3]
    answer = read(a_mail(From="bea@y.example", In_Reply_To=ours))
    assert thread(post.account, answer) == (
        "c_0123456789",
        datetime(post.now.year, post.now.month, post.now.day, tzinfo=UTC),
    )
    later = str(compose(post.account, replace(said, at=post.now + timedelta(days=1)), post.now)["Message-ID"])
    other_day = ours.replace(re.findall(r"\.d(\w{4})\.", ours)[0], re.findall(r"\.d(\w{4})\.", later)[0])
    assert later != other_day
    assert thread(post.account, read(a_mail(In_Reply_To=other_day))) == ("", None), "the day is part of the proof"


@pytest.fixture(scope="module")
def strangers_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that no authority has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "stranger.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


@pytest.fixture
def stranger(strangers_certificate: Path) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a TLS server with that certificate, and what it was told."""
    chain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain.load_cert_chain(strangers_certificate)
    heard: list[bytes] = []

    def serve() -> None:
        with contextlib.suppress(OSError):  # whoever calls hangs up as soon as he has seen the certificate
            line, _ = listener.accept()
            with line, chain.wrap_socket(line, server_side=True) as safe:
                heard.append(safe.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(5)


@pytest.mark.parametrize("way", ["smtps", "imaps"])
async def test_no_password_is_shown_to_a_server_with_a_certificate_of_its_own(
    way: str, stranger: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, heard = stranger
    lines: list[Any] = []
    connect = mail_ways.Server.connect

    def noted(server: mail_ways.Server) -> Any:
        lines.append(connect(server))
        return lines[-1]

    monkeypatch.setattr(mail_ways.Server, "connect", noted)
    server = mail_ways.Server(f"{way}://localhost:{port}", "user", "secret", guarded=False)
    with pytest.raises(NotDelivered, match="at localhost"):
        await mail_ways.log_in(server)
    assert b"secret" not in b"".join(heard)
    assert [line.fileno() for line in lines] == [-1], "and the line is closed"


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says yes to everything, and never hangs up itself."""
    writer.write(b"220 here\r\n")
    while line := await reader.readline():
        writer.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 yes\r\n")
    writer.close()


async def test_nothing_listens_any_more_on_the_number_of_a_line_that_is_closed(
    strangers_certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the next connection, to whomever, gets the same number and hears nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(strangers_certificate))
    chain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain.load_cert_chain(strangers_certificate)
    numbers: list[int] = []
    connect = mail_ways.Server.connect

    def noted(server: mail_ways.Server) -> Any:
        line = connect(server)
        numbers.append(line.fileno())
        return line

    monkeypatch.setattr(mail_ways.Server, "connect", noted)
    async with await asyncio.start_server(polite, "127.0.0.1", 0, ssl=chain) as listening:
        port = listening.sockets[0].getsockname()[1]
        await mail_ways.log_in(mail_ways.Server(f"smtps://localhost:{port}", "", "", guarded=False))
        (number,) = numbers
        assert not asyncio.get_running_loop().remove_reader(number)
