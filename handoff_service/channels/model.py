"""What a channel is made of: accounts, what comes in, what goes out, and the contract between them.

platform ─► check(raw bytes) ─► parse (pure) ─► 0..n Inbound, Notice, Colleague ─► arrive: one transaction ─► answer
outbox   ─► pack: text in the platform's form, in parts ─► Channel.send, one part each ─► platform
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol, runtime_checkable

from handoff_service.channels.caller import Answered, Caller
from handoff_service.channels.mail_sender import Verdict
from handoff_service.channels.window import AT_ANY_TIME, Deed, Rules
from handoff_service.channels.wording import Form
from handoff_service.public_mentions.model import PublicMention

OCCUPIED = "occupied"  # in the hint of a contact: until when his line is busy, in ISO form; empty when it is free

ELSEWHERE = "elsewhere"  # in the hint of a contact: who answers him in the platform's own app; empty when nobody does


@dataclass(frozen=True)
class Field:
    """One thing that an account must be told. A secret one is sealed and never shown again; `made`: we make it.

    `ends`: it is good for some time only, for `lasts` when nobody says otherwise.
    """

    name: str
    explain: str
    secret: bool = False
    made: bool = False
    optional: bool = False
    pattern: str = r"[^\x00-\x1f]{1,512}"
    ends: bool = False
    lasts: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of a tenant on a platform.

    `options` are the fields that everybody may see; `secrets` the sealed ones, opened, the newest first: a rotation
    leaves two generations that are both valid. `refresh_until`: so long the access token is renewed by itself.
    """

    tenant: str
    id: str
    channel: str
    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[Mapping[str, str], ...] = field(repr=False)
    disabled: bool = False
    created_at: datetime
    last_event_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    token_until: datetime | None = None
    probed_at: datetime | None = None
    findings: Sequence[Mapping[str, Any]] | None = None
    refresh_until: datetime | None = None
    refresh_is_last: bool | None = None

    def secret(self, name: str) -> str:
        """The newest value of a secret field; empty when the account has none."""
        return self.secrets[0].get(name, "") if self.secrets else ""

    def serves(self, url: str) -> bool:
        """Whether an address lies on the API server that the account names itself."""
        own = self.options.get("api")
        return bool(own) and url.startswith(f"{str(own).rstrip('/')}/")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a secret field that are valid now, the newest first; never an empty one."""
        return tuple(dict.fromkeys(value for each in self.secrets if (value := each.get(name, ""))))


@dataclass(frozen=True)
class WebhookRequest:
    """A request as it came: the bytes that were signed, headers with names in lower case, the parsed query.

    `url` is the address as the platform knows it (scheme, host, path and query): some sign it.
    """

    raw: bytes = field(repr=False)
    headers: Mapping[str, str]
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A request that came from the platform: its content, deciphered where the platform enciphers.

    `signed_at`, where the signature covers a time: an older copy of the request is refused by it. `proof` is the
    signature itself: two requests with the same one are one, whatever else differs that it does not cover. `once` is a
    name that the platform gives to one content and never again: with another content it was captured.
    """

    body: bytes = field(repr=False)
    signed_at: datetime | None = None
    proof: str = field(default="", repr=False)
    once: str = field(default="", repr=False)
    request: WebhookRequest


@dataclass(frozen=True, kw_only=True)
class Media:
    """A file of a message that is still with the platform: `Brings.locate` finds it by `ref`.

    `content`: it came with the message itself, as attachments of mails do.
    """

    ref: str
    kind: Literal["image", "audio", "video", "file"]
    name: str = ""
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Download:
    """Where a medium lies. `headers` may hold keys: they go to the host of `url` and to no other.

    `refused` tells what a JSON answer means that comes instead of the medium, and forgets a token that has ended.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    refused: Callable[[Answered], Exception] | None = None


@dataclass(frozen=True, kw_only=True)
class Enclosed:
    """A file that goes out; `content` is there where the platform is given it, `link` shows it to whoever has it."""

    id: str
    name: str
    type: str
    size: int
    link: str = field(repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def is_image(self) -> bool:
        return self.type.startswith("image/")


@dataclass(frozen=True)
class Takes:
    """Which files a platform takes: beginnings of their types, and bytes. `by_link`: it fetches them itself."""

    types: tuple[str, ...]
    most: int
    _: KW_ONLY
    by_link: bool = False

    def fits(self, file: Enclosed) -> bool:
        return file.type.startswith(self.types) and file.size <= self.most


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """What a customer said.

    `body` is {"text"}, {"press": {"seq", "index"}}, or {} for a type of message that this release does not know;
    then `unsupported` names the type. `event_id` is the platform's and never means another event. `hint` is what a
    reply needs (a token, a thread); it is kept sealed, and the newest wins. `deed` is what it counts as for the window.
    `answers` is a conversation of ours that the message proves to belong to, whoever sent it, by what we gave out at
    `proven_at`. `vouched`: what is known of whether the sender is who he says. `user` is who he is to
    the tenant, when the tenant himself vouches for it: the `sub` of his identity tokens. `aliases` are other ids by
    which the platform may call him next time. `quiet`: somebody else answers him, the bot does not. `sent_at` is the
    platform's time, from which its window runs. `public`: it was said before everybody, and is no private message.
    """

    event_id: str
    contact: str
    name: str = ""
    language: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    unsupported: str | None = None
    media: Sequence[Media] = ()
    hint: Mapping[str, str] = field(default_factory=dict)
    deed: Deed = Deed.WROTE
    answers: str = ""
    user: str = ""
    aliases: Sequence[str] = ()
    quiet: bool = False
    sent_at: datetime | None = None
    public: PublicMention | None = None
    proven_at: datetime | None = None
    vouched: Verdict = Verdict.UNASKED


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that happened without words: followed, entered, left, or what became of a message of ours.

    `provider_id` is the platform's id of that message, `reason` why it failed, in the platform's words, and `barred`
    what must happen first, as NotDelivered has it. `at`: when it happened, where the platform tells.
    """

    class What(StrEnum):
        OPENED = "opened"  # the customer came; platforms allow a few messages then
        LEFT = "left"  # unsubscribed or blocked: nothing reaches him any more
        FAILED = "failed"
        READ = "read"
        MOVED = "moved"  # somebody else answers him now, or nobody any more: the hint says who

    event_id: str
    contact: str
    what: What
    deed: Deed | None = None
    provider_id: str | None = None
    reason: str = ""
    barred: str | None = None
    hint: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """A person of the tenant answered in the platform's own app: the customer has read it already.

    Of `media` only the kind is shown. `unsure`: the platform does not tell by which app, so it may be our own message.
    """

    event_id: str
    contact: str
    name: str
    text: str
    media: Sequence[Media] = ()
    unsure: bool = False


Happening = Inbound | Notice | Colleague


@dataclass(frozen=True)
class Reply:
    """What the platform is answered; most take any 2xx."""

    body: str | Mapping[str, Any] = ""
    type: str = "text/plain"
    status: int = 200


@dataclass(frozen=True)
class Parsed:
    """The events of one request; without `reply` the answer is ours: where each event is in a timeline.

    `fetch`: the request only says that there is something; it is to be fetched now (Fetching), with the platform's
    `ticket` for it, if it gave one.
    """

    events: Sequence[Happening] = ()
    reply: Reply | None = None
    fetch: bool = False
    ticket: str = ""


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A piece of what a platform keeps for us: stored together with the `cursor` behind it. `more`: ask again."""

    events: Sequence[Happening]
    cursor: str
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """One part of an entry on its way to a contact; `text` is in the platform's form and within its length.

    `mid` is the same in every attempt, and with `part` never means another message. `contact` is the platform's id.
    `buttons` come with the last part, already no more than the platform shows.
    `since` is when the customer last did what opened the platform's window. A `file` is a part without text.
    `template` names a message that the platform has approved and words itself: it needs no open window.
    `ends`: with this part the conversation is over. `repeated`: an earlier attempt at it may have arrived.
    """

    mid: str
    conversation: str
    contact: str
    seq: int
    part: int = 0
    author_kind: str
    author_name: str
    text: str
    buttons: Sequence[Mapping[str, Any]] = ()
    file: Enclosed | None = None
    template: str = ""
    hint: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    at: datetime
    ends: bool = False
    repeated: bool = False

    @property
    def key(self) -> str:
        """The idempotency key of this part."""
        return self.mid if self.part == 0 else f"{self.mid}.{self.part}"


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What the platform can do; docs/channels.md shows this table.

    `dedupes`: it drops a second delivery with the same key, for as long as `dedupes_for` says, if it says so. If not,
    a delivery whose outcome is unknown is not repeated. `checked` says against what the adapter was checked, in one
    line. `strict`: whoever posts can mend what is wrong, so it is refused; elsewhere it is taken as well as it can be,
    because nobody would repeat it better.
    `files`: what an agent may send as a file; anything else goes as a link. `most_bytes` is the largest webhook.
    `hourly`: more than so many messages of one customer in an hour are not answered by the bot: two machines talking.
    `button_text` is the longest text that may have buttons; a longer one is sent before them. `calls_back`: who leaves
    while he waits for a person is called back at the number that is his id. `speaks_in_public`: what agents answer to
    public mentions can be sent through it. `staffed`: people may take a customer over in the platform's own app, and
    the bot is silent then. `occupies_s`: for how many seconds a text keeps the customer's line busy; the next one waits
    so long, or until he does something. `opts_in`: who has left is written to again only when he asks for it (OPENED),
    not whenever he writes. `token_lasts` asks the platform how long the access token is still good. `spends`: what of
    the hint is good for one message only, and is gone with the next one.
    """

    title: str
    form: Form
    buttons: int = 0
    button_chars: int = 20
    dedupes: bool = False
    dedupes_for: timedelta | None = None
    rules: Rules = AT_ANY_TIME
    checked: str
    experimental: bool = False
    strict: bool = False
    files: Takes | None = None
    most_bytes: int = 64 * 1024
    hourly: int | None = None
    button_text: int | None = None
    calls_back: bool = False
    staffed: bool = False
    occupies_s: Callable[[Account, str], float] | None = None
    speaks_in_public: bool = False
    opts_in: frozenset[str] = frozenset()
    token_lasts: Callable[[Caller, Account], Awaitable[timedelta]] | None = None
    spends: str = ""

    def drops_repeats(self, age: timedelta) -> bool:
        """Whether a message of this age, which may have arrived before, can be sent again without being doubled."""
        return self.dedupes and (self.dedupes_for is None or age < self.dedupes_for)


class Channel(Protocol):
    """A platform: one file that implements this, and one line in CHANNELS."""

    @property
    def abilities(self) -> Abilities: ...

    @property
    def fields(self) -> Sequence[Field]: ...

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        """Proves that the platform sent it, over the raw bytes, and deciphers it. Raises Unauthorized."""

    def parse(self, account: Account, checked: Checked) -> Parsed:
        """Events in a checked request, or the answer to a handshake; no I/O. Raises Malformed or Invalid."""

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:
        """Delivers one part; returns the platform's id of it, if it tells. Raises NotDelivered."""


@runtime_checkable
class Brings(Protocol):
    """A channel whose customers send files."""

    async def locate(self, caller: Caller, account: Account, media: Media) -> Download:
        """Where a medium lies now. Raises NotDelivered; a final one when it is not there any more."""


@dataclass(frozen=True)
class Fetching:
    """How messages are fetched from a platform that keeps them: after a hint by webhook, and every `every_s` seconds.

    `fetch` gives what came after a cursor, which is empty the first time; the ticket of a webhook follows, where
    webhooks bring any. It raises NotDelivered when the platform cannot be asked.
    """

    every_s: float
    fetch: Callable[..., Awaitable[Fetched]]


def equal(given: str, *expected: str) -> bool:
    """Whether a given signature is one of those expected; the time tells nothing about which, or how far it fits."""
    offered = given.encode("utf-8", "surrogateescape")
    return bool(sum(hmac.compare_digest(offered, one.encode()) for one in expected if one))
