"""The request side of the turn contract: JSON in, a checked `Turn` out."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.checks import UNSAFE, BadTurn, identifier, instant, need, one_of
from bot.channels.circumstances import (
    File,
    GivenBack,
    Returning,
    read_files,
    read_given_back,
    read_hour,
    read_now,
    read_returning,
)
from bot.channels.policy import STANDARD, Policy, read_policy

CUSTOMER = re.compile(r"[\x21-\x7e]{1,128}")  # travels as an HTTP header
ARTICLE = re.compile(r"[A-Za-z0-9._-]{1,128}")
PRESS = re.compile(r"/([a-z_]+)(\{.*\})?", re.DOTALL)
PRESSES = frozenset(
    {
        "affirm", "ask_human", "ask_question", "choose", "choose_article", "correct", "deny", "none_of_these",
        "not_solved", "read_on", "resume_task", "solved", "stop", "thumb_down", "thumb_up", "undo",
        # one per task of bot/tasks
        "callback_request", "cancel_order", "change_address", "close_account", "complaint", "coupon_check",
        "exchange_request", "invoice_request", "order_status", "payment_missing", "refund_request", "return_request",
        "verify_identity",
    }
)  # fmt: skip
ARGUMENT = {"choose_article": "article", "choose": "value"}
CHANNEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
CONTACT_ENTRIES = 50
MARKS = 2  # combining marks on one letter; more is no language
PRODUCT_CHARS = 120
CONTEXT_ENTRIES = 20
CONTEXT_CHARS = 1000
SAID_ENTRIES = 100


@dataclass(frozen=True, kw_only=True)
class Press:
    """A button the gateway vouches for: the intent it stands for, and the article or the value it chooses."""

    intent: str
    article: str | None = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Who writes, if the shop's page said so."""

    id: str
    verified: bool


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One checked turn.

    orders: the tenant's customers are the shop's, so that it may be asked about them; `customer` is None where they
    are not. said: the bot's own sentences of the whole conversation, also of the phases before.
    """

    conversation: str
    phase: int
    turn: str
    text: str
    press: Press | None
    tenant: str
    language: str | None
    waiting: bool
    customer: Customer | None
    context: Sequence[Mapping[str, str]]
    orders: bool = False
    said: tuple[str, ...] = ()
    channel: str = "chat"
    contact: Mapping[str, Any] | None = None
    hour: int | None = None
    now: datetime | None = None
    returning: Returning | None = None
    given_back: GivenBack | None = None
    files: tuple[File, ...] = ()
    policy: Policy = STANDARD

    @property
    def sender(self) -> str:
        """Rasa's name for this conversation: a new one per phase, so that no tracker grows for ever."""
        return f"{self.conversation}.{self.phase}"

    @property
    def readable(self) -> str:
        """The text for the language understanding: full-width digits and letters as plain ones, same length."""
        return "".join(n if len(n := unicodedata.normalize("NFKC", c)) == 1 else c for c in self.harmless)

    @property
    def harmless(self) -> str:
        """The text with a leading slash made one that Rasa does not take for a command."""
        stripped = self.text.strip()
        return "\N{DIVISION SLASH}" + stripped[1:] if stripped.startswith(("/", "\N{FULLWIDTH SOLIDUS}")) else stripped


def read_turn(body: bytes, *, max_chars: int) -> Turn:
    """Check a request body against the contract; raises BadTurn (400 no JSON, 413 too long, 422 wrong)."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadTurn("the body is not JSON in UTF-8", code="not_json", status=400) from error
    if not isinstance(raw, dict):
        raise BadTurn("the body must be an object")
    metadata = need(raw, "metadata", dict)
    files = read_files(metadata.get("files"))
    orders = metadata.get("orders") is True
    customer, context = read_customer(metadata.get("customer")), read_context(metadata.get("context"))
    return Turn(
        conversation=identifier(raw, "conversation"),
        phase=read_phase(raw),
        turn=identifier(raw, "turn"),
        text=read_text(raw, max_chars=max_chars, may_be_empty=bool(files)),
        press=read_press(raw.get("press")),
        tenant=identifier(metadata, "tenant"),
        language=one_of(metadata, "language", ("zh", "en", None)),
        waiting=one_of(metadata, "owner", ("bot", "queue")) == "queue",
        customer=customer if orders else None,
        context=context,
        orders=orders,
        said=(*read_said(metadata.get("said")), *(each["text"] for each in context if each["author"] == "bot")),
        channel=read_channel(metadata.get("channel")),
        contact=read_contact(metadata.get("contact")),
        hour=read_hour(metadata),
        now=read_now(metadata),
        returning=read_returning(metadata.get("returning")),
        given_back=read_given_back(metadata.get("given_back")),
        files=files,
        policy=read_policy(metadata.get("policy")),
    )


def read_phase(raw: Mapping[str, Any]) -> int:
    """A positive phase number; raises BadTurn."""
    phase: int = need(raw, "phase", int)
    if not 1 <= phase <= 1_000_000:
        raise BadTurn("phase must be at least 1")
    return phase


def read_text(raw: Mapping[str, Any], *, max_chars: int, may_be_empty: bool) -> str:
    """The customer's text, empty only where a file came without words; raises BadTurn, 413 when it is too long."""
    text: str = need(raw, "text", str)
    if not text and not may_be_empty:
        raise BadTurn("text is empty")
    if len(text) > max_chars:
        raise BadTurn(f"text has {len(text)} characters, {max_chars} are allowed", code="too_long", status=413)
    if UNSAFE.search(text):
        raise BadTurn("text holds NUL or a lone surrogate", code="bad_characters")
    return without_piled_marks(text)


def without_piled_marks(text: str) -> str:
    """The text without the combining marks of a letter that has more than any language puts there: they hide it."""
    kept: list[str] = []
    marks: list[str] = []
    for character in [*text, ""]:
        if character and unicodedata.combining(character):
            marks.append(character)
            continue
        kept += [*(marks if len(marks) <= MARKS else ()), character]
        marks = []
    return "".join(kept)


def read_press(press: Any) -> Press | None:
    """A pressed button's payload: `/intent`, `/choose_article{"article":"id"}`, `/choose{"value":"v"}`.

    Raises BadTurn.
    """
    if press is None:
        return None
    match = PRESS.fullmatch(press) if isinstance(press, str) else None
    if match is None or match.group(1) not in PRESSES:
        raise BadTurn("press is no payload of a button that this bot gave", code="unknown_press")
    intent, arguments = match.groups()
    name = ARGUMENT.get(intent)
    if name is None:
        if arguments:
            raise BadTurn(f"press /{intent} takes no arguments", code="unknown_press")
        return Press(intent=intent)
    try:
        chosen = json.loads(arguments or "")[name]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadTurn(f'press must read /{intent}{{"{name}":"<id>"}}', code="unknown_press") from error
    if not isinstance(chosen, str) or not ARTICLE.fullmatch(chosen):
        raise BadTurn(f"press names no {name}", code="unknown_press")
    return Press(intent=intent, article=chosen) if name == "article" else Press(intent=intent, value=chosen)


def read_customer(raw: Any) -> Customer | None:
    """Who writes; raises BadTurn."""
    if raw is None:
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not CUSTOMER.fullmatch(raw["id"]):
        raise BadTurn("metadata.customer must be null or have an id of 1 to 128 printable characters")
    return Customer(id=raw["id"], verified=raw.get("verified") is True)


def read_channel(raw: Any) -> str:
    """The kind of channel as the knowledge base takes it; an odd one is a chat."""
    return raw if isinstance(raw, str) and CHANNEL.fullmatch(raw) else "chat"


def read_contact(raw: Any) -> Mapping[str, Any] | None:
    """What is known about the contact: his products, and which articles answered him when; raises BadTurn."""
    if raw is None:
        return None
    products, asked = (raw.get("products") or [], raw.get("asked") or []) if isinstance(raw, dict) else (None, None)
    if not isinstance(products, list) or not isinstance(asked, list) or not all(map(is_former_question, asked)):
        raise BadTurn("metadata.contact must be null or have products and asked, a list of {article, at, solved}")
    if not all(isinstance(product, str) and 0 < len(product) <= PRODUCT_CHARS for product in products):
        raise BadTurn(f"metadata.contact.products must be names of at most {PRODUCT_CHARS} characters")
    return {
        "products": [UNSAFE.sub("", product) for product in products[:CONTACT_ENTRIES]],
        "asked": [{name: each.get(name) for name in ("article", "at", "solved")} for each in asked[:CONTACT_ENTRIES]],
    }


def is_former_question(raw: Any) -> bool:
    """Whether this is {article, at: an instant with its zone, solved: true, false or null}."""
    if not isinstance(raw, dict) or raw.get("solved") not in (True, False, None):
        return False
    article = raw.get("article")
    return isinstance(article, str) and ARTICLE.fullmatch(article) is not None and instant(raw.get("at")) is not None


def read_said(raw: Any) -> list[str]:
    """What the bot has said in this conversation; raises BadTurn."""
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(text, str) for text in raw):
        raise BadTurn("metadata.said must be a list of texts")
    return [text[:CONTEXT_CHARS] for text in raw[-SAID_ENTRIES:]]


def read_context(raw: Any) -> list[dict[str, str]]:
    """The public messages before this one, oldest first, each cut to what helps understanding; raises BadTurn."""
    if raw is None:
        return []
    if not isinstance(raw, list) or len(raw) > CONTEXT_ENTRIES:
        raise BadTurn(f"metadata.context must be a list of at most {CONTEXT_ENTRIES} messages")
    context = []
    for entry in raw:
        author, text = (entry.get("author"), entry.get("text")) if isinstance(entry, dict) else (None, None)
        if author not in ("customer", "bot", "agent") or not isinstance(text, str):
            raise BadTurn("each metadata.context entry needs an author (customer, bot, agent) and a text")
        context.append({"author": author, "text": UNSAFE.sub("", text[:CONTEXT_CHARS])})
    return context
