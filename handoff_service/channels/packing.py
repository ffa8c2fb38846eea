"""What an entry is on its way to a platform: as its customer may see it, in the platform's form, part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import outbox
from handoff_service.agents import store as agents
from handoff_service.channels import contacts, store, survey, windows
from handoff_service.channels.bubbles import few_left, merged
from handoff_service.channels.model import Abilities, Account, Channel, Enclosed, Outbound
from handoff_service.channels.sealing import Seal
from handoff_service.channels.who import identity_channel
from handoff_service.channels.window import used
from handoff_service.channels.wording import numbered, parts, shortened
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import AuthorKind, Conversation, Entry, Event, Kind
from handoff_service.conversations.projection import for_customer
from handoff_service.errors import NotFound
from handoff_service.files import links
from handoff_service.files.model import label
from handoff_service.public_mentions.model import CHANNEL as IN_PUBLIC
from handoff_service.public_mentions.take import identity_channel as author_channel
from handoff_service.settings import Settings
from handoff_service.texts import say

MOST_MERGED = 10
OVER = (Event.CLOSE, Event.IDLE)


@dataclass(frozen=True)
class Parcel:
    """An entry with everything that its delivery needs: its parts in order, and how the contact stands.

    `upto`: the last entry that is in it, where several go as one message.
    """

    account: Account
    parts: Sequence[Outbound]
    standing: windows.Standing | None
    language: str
    upto: int

    def after(self, hint: Mapping[str, str]) -> Parcel:
        """After one message, which counts where the platform counts, and left this behind for the next."""
        if self.standing is None:
            return self
        window = used(self.standing.window) if self.standing.window is not None else None
        return replace(self, standing=replace(self.standing, window=window, hint={**self.standing.hint, **hint}))


def pack(
    connection: sa.Connection, job: outbox.Job, seal: Seal, channels: Mapping[str, Channel], settings: Settings
) -> Parcel:
    """The entry as its customer may see it, and where it goes. Raises NotFound."""
    conversation = conversations.find(connection, job.tenant, job.conversation)
    account = store.find(connection, job.tenant, str(conversation.account), seal)
    if account.channel not in channels:
        raise NotFound(f"This release does not know the channel {account.channel}.")
    known_there = author_channel(account.id) if conversation.channel == IN_PUBLIC else identity_channel(account)
    contact = contacts.external_id(connection, job.tenant, known_there, conversation.contact) or ""
    standing = windows.find(connection, job.tenant, account.id, contact, seal)
    names = {agent.id: agent.name for agent in agents.everyone(connection, conversation.tenant)}

    def outbound(seq: int) -> Outbound:
        entry = conversations.entry_at(connection, job.tenant, job.conversation, seq)
        return _whole(connection, conversation, entry, names, contact, standing, settings)

    abilities, language, whole = channels[account.channel].abilities, conversation.language, outbound(job.seq)
    if job.upto is not None:  # what may have arrived is repeated as it was
        following = [outbound(seq) for seq in outbox.behind(connection, job, limit=MOST_MERGED) if seq <= job.upto]
        whole = merged(whole, following, fits=lambda _: True)
    elif standing is not None and few_left(standing.window) and job.parts_sent == 0 and not job.uncertain:
        following = [outbound(seq) for seq in outbox.behind(connection, job, limit=MOST_MERGED)]
        whole = merged(whole, following, fits=lambda one: len(in_parts(one, abilities, language)) == 1)
    return Parcel(account, in_parts(whole, abilities, language), standing, language, whole.seq)


def as_sent(
    connection: sa.Connection,
    conversation: Conversation,
    seq: int,
    contact: str,
    abilities: Abilities,
    settings: Settings,
) -> list[Outbound]:
    """An entry in the parts in which it goes to the platform when it goes alone."""
    names = {agent.id: agent.name for agent in agents.everyone(connection, conversation.tenant)}
    entry = conversations.entry_at(connection, conversation.tenant, conversation.id, seq)
    whole = _whole(connection, conversation, entry, names, contact, None, settings)
    return in_parts(whole, abilities, conversation.language)


def _whole(
    connection: sa.Connection,
    conversation: Conversation,
    entry: Entry,
    names: Mapping[str, str],
    contact: str,
    standing: windows.Standing | None,
    settings: Settings,
) -> Outbound:
    """An entry as its customer may see it, in one piece."""
    seen = for_customer(entry, names, conversation.contact)
    text, buttons = _without_label(seen["body"]), seen["body"].get("buttons", [])
    if survey.asks(connection, entry):
        text = f"{text}\n{say('stars_ask', conversation.language)}"
        buttons = survey.stars(conversation.language)
    return Outbound(
        mid=entry.mid,
        conversation=conversation.id,
        contact=contact,
        seq=entry.seq,
        author_kind=seen["author"]["kind"],
        author_name=seen["author"]["name"],
        text=text,
        buttons=buttons,
        file=_enclosed(seen["body"].get("file"), conversation.tenant, settings, entry.at),
        template=str(entry.body.get("template", "")),
        hint=standing.hint if standing else {},
        since=standing.window.since if standing and standing.window else None,
        at=entry.at,
        ends=entry.kind is Kind.STATE and entry.body.get("event") in OVER,
    )


def in_parts(whole: Outbound, abilities: Abilities, language: str) -> list[Outbound]:
    """The message in the platform's form and length. Buttons come with the last part, as numbers where it has none."""
    text, buttons = whole.text, list(whole.buttons)
    file = whole.file
    if file is not None and (abilities.files is None or not abilities.files.fits(file)):
        told = say("file_link", language, name=file.name, link=file.link)
        text, file = f"{text}\n{told}".strip(), None
    if len(buttons) > abilities.buttons:
        text = numbered(text, [str(one["title"]) for one in buttons], ask=say("choose_number", language))
        buttons = []
    shown = [
        {"title": shortened(str(one["title"]), abilities.button_chars), "mid": whole.mid, "index": index}
        for index, one in enumerate(buttons)
    ]
    pieces = parts(text, abilities.form, is_markdown=whole.author_kind == AuthorKind.BOT) if text else []
    if shown and abilities.button_text is not None and len(pieces[-1]) > abilities.button_text:
        pieces.append(say("choose_button", language))
    made = [
        replace(whole, text=piece, part=number, buttons=(), file=None, ends=False)
        for number, piece in enumerate(pieces)
    ]
    if made:
        made[-1] = replace(made[-1], buttons=shown, ends=whole.ends and file is None)
    return [*made, replace(whole, text="", part=len(made), buttons=(), file=file)] if file is not None else made


def _without_label(body: Mapping[str, Any]) -> str:
    """The words of a message; none where they only stand for its file."""
    text, file = str(body["text"]), body.get("file")
    return "" if isinstance(file, Mapping) and text == label(file["name"]) else text


def _enclosed(file: Any, tenant: str, settings: Settings, at: datetime) -> Enclosed | None:
    """`at` is the entry's time: the link is the same in every attempt."""
    if not isinstance(file, Mapping):
        return None
    address = links.link(settings, tenant, file["id"], at)
    return Enclosed(id=file["id"], name=file["name"], type=file["type"], size=file["size"], link=address)
