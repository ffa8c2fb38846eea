"""A mail as it came, read into what a conversation needs of it. Pure; whatever the bytes are, no error but Malformed.

Encodings are often declared wrongly: GB2312 means GB18030 to every Chinese program, and an unknown name means a guess.
"""

from __future__ import annotations

import codecs
import email
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import Header, decode_header
from email.message import Message
from email.utils import getaddresses, parseaddr
from itertools import islice

import regex

from handoff_service.channels.contacts import shown
from handoff_service.channels.mail_words import new_words, words_of_html
from handoff_service.channels.model import Media
from handoff_service.errors import Malformed

WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "utf8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}
GUESSES = ("utf-8", "gb18030")
ADDRESS = regex.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f\ud800-\udfff]{1,64}@[A-Za-z0-9.-]{1,190}")
IDS = regex.compile(r"<[^<>\s]{3,250}>")
AUTOMATIC = ("bulk", "junk", "list", "auto_reply", "auto-reply")
NO_REPLY = regex.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)(?:[+-].*)?@", regex.IGNORECASE
)
MOST_PARTS = 200
# What may begin a part within a part. Python's reader takes every line through all that are open.
WITHIN = regex.compile(rb"boundary[\s*0-9]{0,20}=|content-type\s{0,20}:\s{0,20}message/", regex.IGNORECASE)
DEEPEST = 400
MOST_FILES = 10
MOST_RESULTS = 20
LEAST_INLINE = 5 * 1024  # smaller pictures in the text are logos and counting dots


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """A mail of ours that did not arrive: its Message-ID, and why, in the words of the server."""

    message_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """`message_id` is made from the content where the mail has none. `to` are all addresses that it went to.

    `automatic` says by which sign it was sent by a program; nobody must answer it. `results` are the headers in which
    mail servers say what they found of the sender, the topmost first; `alone`: it names one sender.
    """

    message_id: str
    sender: str
    name: str
    to: Sequence[str]
    subject: str
    text: str
    answers: Sequence[str]
    files: Sequence[Media] = field(repr=False)
    automatic: str = ""
    bounce: Bounce | None = None
    results: Sequence[str] = ()
    alone: bool = True


def read(raw: bytes) -> Mail:
    """Raises Malformed for what has no sender, and for what is so made that no program can read it."""
    if next(islice(WITHIN.finditer(raw), DEEPEST, None), None) is not None:
        raise Malformed("The mail has more parts within parts than anybody writes.")
    try:
        return _read(raw)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Malformed(f"The mail cannot be read ({error.__class__.__name__}).") from error


def _read(raw: bytes) -> Mail:
    whole = email.message_from_bytes(raw)
    bounce = _bounce(whole)
    # Before anything is deciphered: an encoded name such as "<other@shop.example>" must not become the address.
    name, sender = parseaddr(_raw_header(whole, "From") or _raw_header(whole, "Sender"))
    name, sender = deciphered(name), sender.strip().lower()
    if not ADDRESS.fullmatch(sender) and bounce is None:
        raise Malformed("The mail has no sender.")
    plain, page, files = _content(whole)
    text = new_words(plain) if plain.strip() else new_words(words_of_html(page))
    told = header(whole, "Message-ID").strip()
    return Mail(
        message_id=told if IDS.fullmatch(told) else f"<{hashlib.sha256(raw).hexdigest()[:40]}@without-id>",
        sender=sender,
        name=shown(name),
        to=_addresses(whole),
        subject=" ".join(header(whole, "Subject").split())[:300],
        text=text,
        answers=_answers(whole),
        files=files,
        automatic=_automatic(whole, sender),
        bounce=bounce,
        results=[str(value) for value in whole.get_all("Authentication-Results") or ()][:MOST_RESULTS],
        alone=len(getaddresses([str(value) for value in whole.get_all("From") or ()])) == 1,
    )


def header(message: Message, name: str) -> str:
    """A header's text, deciphered; empty when it is missing."""
    given = message.get(name)
    return "" if given is None else deciphered(given)


def _raw_header(message: Message, name: str) -> str:
    """A header as it came, its bytes beyond ASCII as surrogates; empty when it is missing."""
    return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def deciphered(given: str | Header) -> str:
    """A header's words without their encodings (RFC 2047)."""
    try:
        pieces = decode_header(given)
    except (HeaderParseError, ValueError):
        pieces = [(str(given), None)]
    return "".join(
        decoded(piece, charset) if isinstance(piece, bytes) else decoded(_bytes(piece), None)
        for piece, charset in pieces
    )


def decoded(content: bytes, charset: str | None) -> str:
    """Text from bytes: as declared, as every program reads what is so declared, or as it fits."""
    named = (charset or "").strip().strip('"').lower()
    for one in (WIDER.get(named, named), *GUESSES):
        try:
            return content.decode(codecs.lookup(one).name) if one else content.decode("ascii")
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode(WIDER.get(named, "utf-8") if _is_codec(named) else "utf-8", "replace")


def _is_codec(name: str) -> bool:
    try:
        return bool(codecs.lookup(WIDER.get(name, name)).name)
    except (LookupError, ValueError):
        return False


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _leaves(message: Message, depth: int = 0) -> Iterator[Message]:
    """Parts that hold content; forwarded mails and reports are one each."""
    if message.get_content_maintype() == "multipart" and isinstance(message.get_payload(), list) and depth < 20:
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _leaves(part, depth + 1)
    else:
        yield message


def _content(whole: Message) -> tuple[str, str, list[Media]]:
    """Plain text, HTML, and files."""
    plain: list[str] = []
    pages: list[str] = []
    files: list[Media] = []
    for number, part in enumerate(_leaves(whole)):
        if number >= MOST_PARTS:
            break
        kind, name = part.get_content_type(), _file_name(part)
        attached = part.get_content_disposition() == "attachment" or bool(name)
        payload = part.get_payload(decode=True)
        content = payload if isinstance(payload, bytes) else b""
        if kind == "text/plain" and not attached:
            plain.append(decoded(content, part.get_content_charset()))
        elif kind == "text/html" and not attached:
            pages.append(decoded(content, part.get_content_charset()))
        elif content and len(files) < MOST_FILES and _is_file(part, kind, len(content)):
            sort = kind.partition("/")[0]
            known = sort if sort in ("image", "audio", "video") else "file"
            files.append(Media(ref="", kind=known, name=name, content=content))  # type: ignore[arg-type]
    return "\n".join(plain), "\n".join(pages), files


def _is_file(part: Message, kind: str, size: int) -> bool:
    inline = part.get_content_disposition() != "attachment" and kind.startswith("image/")
    return kind not in ("application/pgp-signature", "application/pkcs7-signature") and not (
        inline and size < LEAST_INLINE
    )


def _file_name(part: Message) -> str:
    """The name that a file had, also where a program wrote it as an encoded word."""
    given = part.get_filename()
    if not given:
        return ""
    try:
        pieces = decode_header(given)
    except (HeaderParseError, ValueError):
        return shown(given)
    return shown("".join(decoded(one, code) if isinstance(one, bytes) else one for one, code in pieces))


def _addresses(whole: Message) -> list[str]:
    names = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    found = getaddresses([header(whole, name) for name in names])
    return list(dict.fromkeys(one.strip().lower() for _, one in found if one))[:50]


def _answers(whole: Message) -> list[str]:
    """Message-IDs of the mails that this one answers, the nearest first."""
    near = IDS.findall(header(whole, "In-Reply-To"))
    far = IDS.findall(header(whole, "References"))
    return list(dict.fromkeys([*near, *reversed(far)]))[:50]


def _automatic(whole: Message, sender: str) -> str:
    """The sign of a program (RFC 3834, and what older ones do); empty for a person."""
    signs: Mapping[str, bool] = {
        "Auto-Submitted": header(whole, "Auto-Submitted").partition(";")[0].strip().lower() not in ("", "no"),
        "Precedence": header(whole, "Precedence").strip().lower() in AUTOMATIC,
        "List-Id": bool(header(whole, "List-Id") or header(whole, "List-Unsubscribe")),
        "X-Autoreply": bool(header(whole, "X-Autoreply") or header(whole, "X-Autorespond")),
        "X-Auto-Response-Suppress": bool(header(whole, "X-Auto-Response-Suppress")),
        "Return-Path": header(whole, "Return-Path").strip() == "<>",
        "From": bool(NO_REPLY.match(sender)),
    }
    return next((name for name, is_sign in signs.items() if is_sign), "")


def _bounce(whole: Message) -> Bounce | None:
    """What a report says that a mail did not arrive (RFC 3464); None for one that is only late."""
    if whole.get_content_type() != "multipart/report" or not isinstance(whole.get_payload(), list):
        return None
    reason, failed, original = "", False, ""
    for part in whole.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status" and isinstance(part.get_payload(), list):
            for block in part.get_payload():
                if isinstance(block, Message) and header(block, "Action").strip().lower() == "failed":
                    failed = True
                    reason = header(block, "Diagnostic-Code") or header(block, "Status")
        elif kind in ("message/rfc822", "text/rfc822-headers"):
            original = original or _original(part)
    return Bounce(message_id=original, reason=" ".join(reason.split())[:200]) if failed else None


def _original(part: Message) -> str:
    payload = part.get_payload()
    if isinstance(payload, list) and payload and isinstance(payload[0], Message):
        return header(payload[0], "Message-ID").strip()
    content = part.get_payload(decode=True)
    inner = email.message_from_bytes(content if isinstance(content, bytes) else b"")
    return header(inner, "Message-ID").strip()
