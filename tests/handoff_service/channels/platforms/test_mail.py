"""E-mail: what somebody has newly written, in which thread, and what no program must answer. Oracle: Python's email."""

from __future__ import annotations

import base64
import email
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.channels import mail_ways, mail_words
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Caller
from handoff_service.channels.mail import MailChannel, compose, event, thread
from handoff_service.channels.mail_providers import mailgun_signature, sendgrid_signed
from handoff_service.channels.mail_read import read
from handoff_service.channels.mail_words import new_words, safe_html, words_of_html
from handoff_service.channels.model import Account, Enclosed, Inbound, Notice, Outbound
from handoff_service.clock import utc_now
from handoff_service.errors import Invalid, Malformed, NotDelivered
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.imap import FakeMailbox
from tests.handoff_service.channels.platforms.mail import FakeMail
from tests.handoff_service.stage import ScriptedBot, answer, trial_settings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
QUOTES = {
    "Gmail": "On Sun, Nov 22, 2026 at 9:00 AM Shop <support@shop.example>\nwrote:\n\n> Hello Ann,\n> three days.",
    "Apple Mail": "> On 22 Nov 2026, at 09:00, Shop <support@shop.example> wrote:\n> \n> three days.",
    "Outlook": "________________________________\nFrom: Shop <s@shop.example>\nSent: Sunday\nTo: Ann\n\nthree days.",
    "Outlook 2": "From: Shop <s@shop.example>\nSent: Sunday, 22 November\nTo: Ann\nSubject: Re: x\n\nthree days.",
    "old Outlook": "-----Original Message-----\nFrom: Shop\nthree days.",
    "QQ邮箱": "---------- 原始邮件 ----------\n发件人: 客服 <s@shop.example>;\n发送时间: 星期日\n三天。",
    "Foxmail": "发件人： 客服\n发送时间： 2026-11-22 09:00\n收件人： 安\n主题： Re: 退货\n三天。",
    "网易": "在 2026-11-22 09:00:00，\"客服\" <support@shop.example> 写道：\n>三天。",
    "163 en": 'At 2026-11-22 09:00:00, "Shop" <support@shop.example> wrote:\n>three days.',
    "Outlook 中文": "发件人: 客服 <support@shop.example>\n日期: 星期日\n收件人: 安\n三天。",
    "iPhone 中文": "在 2026年11月22日，上午9:00，客服 <support@shop.example> 写道：\n\n> 三天。",
}  # fmt: skip
CUSTOMERS_OWN = (
    "订单号 123\n时间：昨天\n发件人：张三\n收件人：李四\n包裹丢了，请退款",
    "Hi,\nFrom: Shanghai\nTo: Beijing\nI want a refund",
    "Please help\n从我的手机登录失败",
    "你好\n发自内心地希望你们修好我的手机",
    "你好\n来自我的手机的订单没有发货",
    "Hello\nSent via DHL last week",
    "Hello\nSent from my phone yesterday, never answered",
    "你好\n获取outlook验证码失败",
)
SIGNATURES = {
    "RFC 3676": "-- \nAnn Lee\nBuyer",
    "iPhone": "Sent from my iPhone",
    "iPhone 中文": "发自我的 iPhone",
    "Huawei": "发自我的华为手机",
    "Outlook": "Get Outlook for iOS",
    "163": "发自网易邮箱大师客户端",
    "iPhone 15": "来自我的 iPhone 15 Pro",
    "Samsung": "Sent from my Samsung Galaxy smartphone.",
    "Windows": "Sent from Mail for Windows 10",
    "Yahoo": "Sent from Yahoo Mail on Android",
    "Outlook iOS": "Get Outlook for iOS<https://aka.ms/o0ukef>",
}


def an_account(**fields: str) -> Account:
    given = {"address": "support@shop.example", "provider": "imap", "smtp": "smtp://127.0.0.1:25", **fields}
    return new_account("shop", "email", "Shop 客服", given, trial_settings())


def a_mail(text: str = "hello", **headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in {"From": "Ann <ann@x.example>", "To": "support@shop.example", **headers}.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def an_answer(**changes: Any) -> Outbound:
    parts: dict[str, Any] = {
        "mid": "m_1", "conversation": "c_0123456789", "contact": "ann@x.example", "seq": 3, "author_kind": "bot",
        "author_name": "Bot", "text": "Three <b>days</b>.", "at": NOW,
        "hint": {"message_id": "<1@x.example>", "references": "<0@x.example>", "subject": "退货"},
    }  # fmt: skip
    return Outbound(**{**parts, **changes})


@pytest.mark.parametrize("client", QUOTES)
def test_the_quoted_mail_is_cut_away(client: str) -> None:
    assert new_words(f"我想退货。\nThank you!\n\n{QUOTES[client]}\n") == "我想退货。\nThank you!"


@pytest.mark.parametrize("client", SIGNATURES)
def test_the_signature_is_cut_away(client: str) -> None:
    assert new_words(f"我想退货\n\n{SIGNATURES[client]}\n") == "我想退货"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("> When?\nToday.\n> Where?\nHere.", "Today.\nHere."),  # between the lines
        (f"{QUOTES['网易']}\n我的回答在下面", "我的回答在下面"),  # below
        ("> only a quote", "> only a quote"),
        ("On Monday I wrote: where is it?\nStill nothing.", "On Monday I wrote: where is it?\nStill nothing."),
        ("From: the beginning I liked it.\nIt broke.", "From: the beginning I liked it.\nIt broke."),
        ("发件人是谁？我不认识。", "发件人是谁？我不认识。"),
        *((text, text) for text in CUSTOMERS_OWN),
        ("a\r\n\r\n\r\n\r\nb\xa0c", "a\n\nb c"),
        ("", ""),
    ],
)
def test_what_a_person_wrote_stays(text: str, kept: str) -> None:
    assert new_words(text) == kept


@pytest.mark.parametrize("piece", [" ", "\t*", ">", "> ", "*", "-", "<@>", "<a@", "在", "发自", "写道", "from "])
def test_no_line_costs_more_than_its_length(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at a line gives up in far less than a second; sixteen thousand blanks once took four."""
    for name in ("DIVIDERS", "FROM", "SUBJECT", "DATE", "TO", "WROTE", "FOLDED", "QUOTED", "ADDED"):
        pattern = getattr(mail_words, name)
        looked = SimpleNamespace(match=partial(pattern.match, timeout=0.3))
        monkeypatch.setattr(mail_words, name, looked)
    assert new_words(f"{piece * 16_000}x\n{piece * 90}x\nend").endswith("end")


@pytest.mark.parametrize(
    "piece", ["<div>", "<blockquote><div class=gmail_quote>", "<b><i>", "<div></span>", "<table><tr><td>"]
)
def test_a_page_that_no_person_has_made_is_read_as_deep_as_persons_write(piece: str) -> None:
    """Every parser of HTML looks upwards from each element: a hundred thousand within each other took minutes."""
    page = mail_words._flat(f"<p>Hello &amp; welcome</p>{piece * 5_000}<p>the end</p>")
    assert page.count("<") < 5_000
    assert page.endswith("the end ")
    assert words_of_html(f"<p>Hello &amp; welcome</p>{piece * 5_000}").startswith("Hello & welcome")
    usual = f"{piece * 150}here{'</div></blockquote></i></b></table>' * 150}" * 3
    assert mail_words._flat(usual) == usual


def test_html_becomes_words_and_nothing_in_it_is_run() -> None:
    page = (
        "<html><head><style>p{}</style><title>t</title></head><body><script>evil()</script><p>我要 退货&nbsp;!</p>"
        "<ul><li>one<li>two</ul><div>end<br>of it</div><blockquote>old</blockquote>"
        '<div class="gmail_quote">older</div></body></html>'
    )
    said = words_of_html(page)
    assert [line for line in said.split("\n") if line] == ["我要 退货 !", "one", "two", "end", "of it"]
    assert words_of_html("<blockquote>all is quoted</blockquote>") == "all is quoted"
    safe = safe_html('<a href="javascript:x()" onclick="y">a</a><img src=x onerror=z><b>b</b><svg><style>@import')
    assert not any(bad in safe for bad in ("javascript", "onclick", "img", "svg", "import"))
    assert "<b>b</b>" in safe


@pytest.mark.parametrize(
    ("charset", "bytes_of", "words"),
    [
        ("gb2312", "gb18030", "退货啰𠀀镕"),
        ("GBK", "gb18030", "㐂"),
        ("big5", "big5", "退貨"),
        ("iso-2022-jp", "iso-2022-jp", "返品したい"),
        ("shift_jis", "cp932", "①返品"),
        ("euc-kr", "cp949", "반품"),
        ("koi8-r", "koi8-r", "возврат"),
        ("utf-7", "utf-7", "退货"),
        ("x-unknown", "utf-8", "退货 ok"),
        ("us-ascii", "utf-8", "退货"),
        ("iso-8859-1", "cp1252", "“quoted”"),
        ("utf-8", "gb18030", "其实是国标"),
    ],
)
@pytest.mark.parametrize("cte", ["base64", "8bit"])
def test_every_encoding_is_read_also_when_it_is_declared_wrongly(
    charset: str, bytes_of: str, words: str, cte: str
) -> None:
    content = words.encode(bytes_of)
    body = base64.encodebytes(content) if cte == "base64" else content + b"\n"
    subject = base64.b64encode(content).decode()
    head = (
        f"From: =?{charset}?B?{subject}?= <ann@x.example>\nSubject: =?{charset}?B?{subject}?=\nMessage-ID: <1@x>\n"
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {cte}\n\n"
    )
    mail = read(head.encode() + body)
    assert (mail.text, mail.subject, mail.sender) == (words, words, "ann@x.example")


def test_the_same_is_read_as_python_wrote_it() -> None:
    made = a_mail("正文 text\n", Subject="主题 🙂 " * 20, Message_ID="<a@b>", Cc="Ben <BEN@x.example>")
    made.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="发票.pdf")
    back, mail = email.message_from_bytes(made.as_bytes(), policy=default), read(made.as_bytes())
    assert mail.subject == " ".join(str(back["Subject"]).split())[:300]
    assert list(mail.to) == ["support@shop.example", "ben@x.example"]
    (file,) = mail.files
    attached = next(iter(back.iter_attachments()))  # type: ignore[attr-defined]
    assert (file.name, file.content) == (attached.get_filename(), attached.get_content())


NO_MAILS = (b"", b"\n\nno head", b"From: nobody\n\nx", b"\x00\xff" * 50, b"From: a@b@c <>\n\nx", b"From: \xff@b.c\n\nx")
PART = b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n'


@pytest.mark.parametrize(
    "raw",
    [
        *NO_MAILS,
        b"From: a@b.c\n" + b"".join(PART % (deep, deep) for deep in range(2_000)) + b"Content-Type: text/plain\n\nx",
        b"From: a@b.c\n" + b"Content-Type: message/rfc822\n\n" * 2_000 + b"x",
    ],
    ids=len,
)
def test_what_has_no_sender_or_cannot_be_read_is_refused(raw: bytes) -> None:
    """And by no other error: a mailbox is read behind its cursor, which one such mail would hold up for ever."""
    with pytest.raises(Malformed):
        read(raw)


def test_an_encoded_name_never_becomes_the_address() -> None:
    mail = read(b"From: =?utf-8?q?=3Cvictim=40shop=2Ecom=3E?= <attacker@evil.example>\n\nx")
    assert (mail.sender, mail.name) == ("attacker@evil.example", "<victim@shop.com>")
    mail = read(b"From: =?utf-8?b?5byg5LiJ?=\n =?utf-8?b?5LiJ?= <A@x.example>\n\nx")
    assert (mail.sender, mail.name) == ("a@x.example", "张三三")
    mail = read("From: 李四 <b@x.example>\n\nx".encode())
    assert (mail.sender, mail.name) == ("b@x.example", "李四")
    with pytest.raises(Malformed):
        read(b"From: =?utf-8?q?victim=40shop=2Ecom?=\n\nx")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"), ("Auto-Submitted", "auto-generated; x=1"), ("Precedence", "Bulk"),
        ("List-Id", "<l.x>"), ("X-Auto-Response-Suppress", "All"), ("X-Autoreply", "yes"), ("Return-Path", "<>"),
        ("From", "no-reply@x.example"), ("Precedence", "list"),
    ],
)  # fmt: skip
def test_a_program_gets_no_answer(name: str, value: str) -> None:
    """F-13: two machines that thank each other all night."""
    made = a_mail()
    del made[name]
    made[name] = value
    made.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="a.pdf")
    shown = event(an_account(), read(made.as_bytes()))
    assert isinstance(shown, Inbound)
    assert (shown.quiet, shown.body, shown.media) == (True, {"text": "hello\n[a.pdf]"}, ())
    person = event(an_account(), read(a_mail(Auto_Submitted="no").as_bytes()))
    assert isinstance(person, Inbound)
    assert not person.quiet


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@x.example", "support@shop.example"])
def test_what_mail_servers_and_we_ourselves_write_is_left_out(sender: str) -> None:
    assert event(an_account(), read(a_mail(From=sender).as_bytes())) is None


async def test_no_password_goes_over_a_line_that_anybody_could_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor as well as every mail: STARTTLS or nothing, outside development."""
    made: list[bool | None] = []

    def smtp(**given: Any) -> None:
        made.append(given["start_tls"])
        raise OSError("enough")

    monkeypatch.setattr(mail_ways.Server, "connect", lambda _: SimpleNamespace(setblocking=bool))
    monkeypatch.setattr(mail_ways.aiosmtplib, "SMTP", smtp)
    server = mail_ways.Server("smtp://mail.example", "u", "p", guarded=True)
    for work in (mail_ways.log_in(server), mail_ways.send(server, a_mail(), "a@x.example", "b@x.example")):
        with pytest.raises(NotDelivered, match="OSError at mail"):
            await work
    assert made == [True, True]


@pytest.mark.parametrize("server", ["smtp://mail.example:99999", "smtps://mail.example:0"])
def test_a_server_without_a_real_port_is_refused_when_the_account_is_saved(server: str) -> None:
    with pytest.raises(Invalid, match="port of 1 to 65535"):
        an_account(smtp=server)


@pytest.mark.parametrize("plus", ["yes", "no"])
def test_an_answer_belongs_to_its_conversation_by_any_of_our_marks(plus: str) -> None:
    account = an_account(plus=plus)
    ours = compose(account, an_answer(), NOW)
    marks = {
        "In-Reply-To": str(ours["Message-ID"]),
        "References": f"<x@y> {ours['Message-ID']} <z@y>",
        **({"To": str(ours["Reply-To"])} if plus == "yes" else {"Subject": f"回复：{ours['Subject']}"}),
    }
    for name, value in marks.items():
        mail = a_mail()
        del mail[name]
        mail[name] = value
        assert thread(account, read(mail.as_bytes()))[0] == "c_0123456789", name
        forged = a_mail()
        del forged[name]
        forged[name] = value.replace("c_0123456789", "c_9876543210")
        assert thread(account, read(forged.as_bytes())) == ("", None), name
        assert thread(an_account(plus=plus), read(mail.as_bytes())) == ("", None), "another account's key"
    assert thread(account, read(a_mail().as_bytes())) == ("", None), "the sender alone proves nothing"


def test_what_we_send_is_in_the_thread_and_harmless() -> None:
    account = an_account()
    made = compose(account, an_answer(text='<b>Hi</b> <a href="https://s.example/?a=1&amp;b=2">here</a>'), NOW)
    back = email.message_from_bytes(made.as_bytes(), policy=default)
    assert (back["In-Reply-To"], back["References"]) == ("<1@x.example>", "<0@x.example> <1@x.example>")
    assert str(back["Subject"]).startswith("Re: 退货 [#c_0123456789.")
    assert (back["Auto-Submitted"], back["From"].addresses[0].display_name) == ("auto-replied", "Shop 客服")
    plain, page = (back.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[attr-defined]
    assert plain == "Hi here <https://s.example/?a=1&b=2>\n"
    assert '<a href="https://s.example/?a=1&amp;b=2"' in page
    by_person = compose(account, an_answer(author_kind="agent"), NOW)
    assert by_person["Auto-Submitted"] is None
    file = Enclosed(id="f", name="发票.pdf", type="application/pdf", size=4, link="", content=b"%PDF")
    (part,) = compose(account, an_answer(file=file, text=""), NOW).iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("发票.pdf", b"%PDF")
    evil = compose(account, an_answer(hint={"subject": "a\r\nBcc: x@y", "message_id": "<a>\r\nB: c"}), NOW)
    assert (evil["Bcc"], evil["In-Reply-To"]) == (None, None)


def a_bounce(ours: str, action: str = "failed") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\nMessage-ID: <bounce@mx>\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nSorry.\n'
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nAction: {action}\nStatus: 5.1.1\n"
        f"Diagnostic-Code: smtp; 550 no such\n user\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {ours}\n"
        "Subject: x\n\n--b--\n"
    ).encode()


def test_a_mail_that_came_back_is_a_failed_delivery_of_ours_only() -> None:
    account = an_account()
    ours = str(compose(account, an_answer(), NOW)["Message-ID"])
    found = event(account, read(a_bounce(ours)))
    assert isinstance(found, Notice)
    assert (found.what, found.provider_id) == (Notice.What.FAILED, ours)
    assert "550 no such user" in found.reason
    assert event(account, read(a_bounce("<somebody@else>"))) is None
    assert event(account, read(a_bounce(ours, action="delayed"))) is None


def test_the_vectors_of_the_providers() -> None:
    """Appendix A of the channels' reference: Mailgun by its formula, SendGrid from the vendor's test suite."""
    assert mailgun_signature("key-abc", "1531085675", "token" * 10) == (
        "455cacfc81ad5720f9b2dd12fc9cd5364336552b44931dd313ea5b77105a3299"
    )
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8"
        "eNEc6wEA3F+g=="
    )
    signature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    said = (
        b'1600112502[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":'
        b'"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1'
        b'-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
        b'"timestamp":1600112492}]\r\n'
    )
    assert sendgrid_signed(key, signature, said)
    assert not sendgrid_signed(key, signature, said + b" ")
    assert not sendgrid_signed("AAAA", signature, said)


async def test_a_mailbox_is_read_behind_a_cursor_and_marked_afterwards() -> None:
    mailbox = FakeMailbox()
    account = an_account(imap=mailbox.url, imap_user=mailbox.user, imap_password=mailbox.password)
    caller, channel = Caller(None, utc_now), MailChannel()  # type: ignore[arg-type]
    for before in (timedelta(days=3), timedelta(seconds=5)):
        mailbox.put(a_mail("before the account was made").as_bytes(), account.created_at - before)
    mailbox.put(a_mail("mail 0", Message_ID="<0@x>").as_bytes())  # nobody had looked yet
    try:
        first = await channel.fetch(caller, account, "")
        assert (first.events, first.more) == ([], True)
        for number in range(1, 12):
            mailbox.put(a_mail(f"mail {number}", Message_ID=f"<{number}@x>").as_bytes())
        mailbox.put(b"From: nobody\n\nx")
        second = await channel.fetch(caller, account, first.cursor)
        assert [one.body["text"] for one in second.events] == [f"mail {number}" for number in range(10)]
        assert (second.more, mailbox.seen) == (True, set())
        third = await channel.fetch(caller, account, second.cursor)
        assert [one.body["text"] for one in third.events] == ["mail 10", "mail 11"]
        assert mailbox.seen == set(range(9, 19)), "only what was stored"
        last = await channel.fetch(caller, account, third.cursor)
        assert (last.events, last.more) == ([], False)
        mailbox.renumber()
        again = await channel.fetch(caller, account, last.cursor)
        known = {one.event_id for one in (*second.events, *third.events)}
        assert {one.event_id for one in again.events[2:]} <= known, "duplicates by their Message-ID"
        wrong = an_account(imap=mailbox.url, imap_user=mailbox.user, imap_password="another")
        with pytest.raises(NotDelivered, match="AUTHENTICATIONFAILED"):
            await channel.fetch(caller, wrong, "")
        with pytest.raises(NotDelivered, match="not an address of the internet"):
            await channel.fetch(Caller(None, utc_now, guarded=True), account, "")  # type: ignore[arg-type]
    finally:
        mailbox.close()


async def test_a_look_ends_before_it_outlasts_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_ways, "LOOK_BYTES", 10)
    mailbox = FakeMailbox()
    server = mail_ways.Server(mailbox.url, mailbox.user, mailbox.password, guarded=False)
    try:
        cursor = (await mail_ways.look(server, "", NOW)).cursor
        for number in range(3):
            mailbox.put(a_mail(f"mail {number}").as_bytes())
        for number in range(3):
            found = await mail_ways.look(server, cursor, NOW)
            cursor = found.cursor
            assert [read(raw).text for raw in found.mails] == [f"mail {number}"]
            assert found.more == (number < 2)
    finally:
        mailbox.close()


@pytest.mark.parametrize("far", ["email"], indirect=True)
async def test_a_thread_goes_on_whoever_answers_and_what_comes_back_is_told(bridge: Bridge, far: FakeMail) -> None:
    first = a_mail("我想退货", Message_ID="<1@x>", Subject="退货")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(500_000)
    first.add_attachment(picture, maintype="image", subtype="png", filename="破损.png")
    assert far.accepted(await bridge.sends({"mail": first.as_bytes()}))
    await bridge.receives("ann", "Three days.")
    (kept,) = await bridge.filled(tables.files)
    assert (kept["name"], kept["size"]) == ("破损.png", len(picture))
    ours = far.mails[0]
    other = a_mail("and I am his wife", From="bea@y.example", In_Reply_To=str(ours["Message-ID"]), Message_ID="<2@y>")
    assert far.accepted(await bridge.sends({"mail": other.as_bytes()}))
    said = [row["body"]["text"] for row in await bridge.messages(3)]
    assert said == ["退货\n\n我想退货", "[file: 破损.png]", "[bea@y.example] and I am his wife"]
    assert len(await bridge.rows(tables.contacts)) == 1
    await bridge.until(lambda: len(far.mails) >= 2)
    assert {str(one["To"]) for one in far.mails} == {"ann@x.example"}, (
        "the answer goes to the customer, not to who was shown a mail"
    )
    assert far.accepted(await bridge.sends({"mail": a_bounce(str(ours["Message-ID"]))}))
    assert far.accepted(await bridge.sends({"mail": a_mail("Danke!", Auto_Submitted="auto-replied").as_bytes()}))
    (note,) = await bridge.notes()
    assert "550 no such user" in note
    said = [row["body"] for row in await bridge.messages(4)]
    assert (said[3]["text"], said[3]["kind"]) == ("Danke!", "unanswered")


@pytest.mark.parametrize("far", ["email"], indirect=True)
async def test_a_machine_that_hides_is_answered_a_few_times_only(bridge: Bridge, far: FakeMail) -> None:
    """F-13, without any header that tells."""
    for number in range(15):
        assert far.accepted(await bridge.sends(far.text("loop", f"Thank you for your mail no. {number}")))
    await bridge.settled()
    said = await bridge.messages(15)
    assert [row["body"].get("kind") for row in said].count("unanswered") == 3
    assert [row["reason"] for row in await bridge.rows(tables.handoffs)] == ["policy"], "people look at it, once"


@pytest.mark.parametrize("far", ["email"], indirect=True)
async def test_two_of_us_that_write_to_each_other_stop_after_one_answer(
    bridge: Bridge, far: FakeMail, shared_gateway: Any, bots: Any
) -> None:
    """F-13: what one sends by SMTP comes to the other, as mail servers pass it on."""

    class Neighbour(FakeMail):
        def fields(self) -> dict[str, str]:
            return {**super().fields(), "address": "help@customers.example"}

    other = Neighbour()
    there = Bridge(shared_gateway.url, shared_gateway.settings, other)  # type: ignore[arg-type]
    bots.scripts[there.tenant] = ScriptedBot(usually=answer("Thank you for your mail."))
    try:
        await there.open()
        first = a_mail("Your newsletter?", From="Help <help@customers.example>", Message_ID="<1@customers.example>")
        assert far.accepted(await bridge.sends({"mail": first.as_bytes()}))
        await bridge.receives("help", "Three days.")
        (ours,) = far.mails
        assert other.accepted(await there.sends({"mail": ours.as_bytes()}))
        (arrived,) = await there.messages(1)
        assert (arrived["body"]["text"], arrived["body"]["kind"]) == ("email\n\nThree days.", "unanswered")
        assert await there.rows(tables.turns) == [], "its bot was not asked"
        assert (await there.rows(tables.outbox), other.mails, len(far.mails)) == ([], [], 1)
    finally:
        await there.close()
        other.close()
