"""Canned replies as an agent gets them, and the guard against speaking to one client's customer as another.

Whoever serves several clients has the replies and articles of all of them in his head and on his clipboard. What he
sends is checked where it is sent: a reply that is named must be this tenant's, and so must an article; text that holds
a reply of another client whom he serves is refused, unless this one has the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from handoff_service.agents.lending import clients_of
from handoff_service.agents.model import Agent
from handoff_service.errors import Invalid, NotFound
from handoff_service.knowledge import store as knowledge
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from handoff_service.tenants.wording import NOBODY, CannedReply, did_you_mean, pieces, plain, rendered

SHORTEST = 24  # characters of a piece of an article by which it is known again
MOST_KEPT = 64  # clients whose articles are kept in memory
Articles = tuple[tuple[str, str], ...]


def for_conversation(
    tenant: Tenant,
    agent: Agent,
    *,
    language: str,
    queue: str | None,
    channel: str,
    customer: str | None,
    conversation: str,
) -> list[dict[str, Any]]:
    """The replies for this queue and channel in this language, ready to send: {"id", "title", "text"}, by title."""
    name = tenant.settings.name
    values = {
        "customer": customer or NOBODY.get(language, NOBODY["en"]),
        "agent": agent.name,
        "shop": name.get(language) or next(iter(name.values()), tenant.name),
        "conversation": conversation,
    }
    found = [
        {"id": reply.id, "title": reply.title, "text": rendered(text, values)}
        for reply in tenant.settings.canned_replies
        if (text := reply.text(language)) is not None
        and (not reply.queues or queue in reply.queues)
        and (not reply.channels or channel in reply.channels)
    ]
    return sorted(found, key=lambda one: one["title"])


def refuse_foreign(connection: sa.Connection, agent: Agent, body: Mapping[str, Any]) -> None:
    """Raises NotFound for a canned reply that this tenant does not have, Invalid for what is another client's.

    Who serves one tenant only is asked for no more than that a canned reply which he names exists.
    """
    canned, article, text = body.get("canned"), body.get("article"), body.get("text")
    others = _other_clients(connection, agent)
    if canned is None and not others:
        return
    here = tenants.find(connection, agent.tenant)
    if canned is not None:
        _own_reply(here, others, canned)
    said = plain(text) if isinstance(text, str) else ""
    versions = knowledge.versions(connection, [here.id, *(one.id for one in others)]) if others else {}
    own = {copied for copied, _ in _articles(connection, here.id, versions)}
    for other in others:
        _own_words(here, other, said)
        for copied, answer in _articles(connection, other.id, versions):
            named = isinstance(article, Mapping) and copied == article.get("id")
            if copied not in own and (named or _is_from(said, answer)):
                raise _foreign(here, other, f"the article {copied}")


# Of the latest copies of some clients; what is newer takes the place of what was there before.
_normalised: dict[str, tuple[knowledge.Version, Articles]] = {}


def _articles(connection: sa.Connection, tenant: str, versions: Mapping[str, knowledge.Version]) -> Articles:
    """(article, answer in plain words) of each that was copied for a tenant, read once for each version."""
    version = versions.get(tenant)
    if version is None:
        return ()
    kept = _normalised.get(tenant)
    if kept is not None and kept[0] == version:
        return kept[1]
    found = tuple((copy.article, plain(copy.answer)) for copy in knowledge.copies(connection, tenant))
    while len(_normalised) >= MOST_KEPT:
        _normalised.pop(next(iter(_normalised), tenant), None)
    _normalised[tenant] = version, found
    return found


def _other_clients(connection: sa.Connection, agent: Agent) -> list[Tenant]:
    known = {one.tenant for one in clients_of(connection, agent)} - {agent.tenant}
    return [tenants.find(connection, tenant) for tenant in sorted(known)]


def _own_reply(here: Tenant, others: Sequence[Tenant], canned: Any) -> None:
    ids = [reply.id for reply in here.settings.canned_replies]
    if canned in ids:
        return
    for other in others:
        if canned in [reply.id for reply in other.settings.canned_replies]:
            raise _foreign(here, other, f"the canned reply {canned}")
    raise NotFound(f"{here.name} has no canned reply {str(canned)[:64]!r}{did_you_mean(str(canned), ids)}")


def _own_words(here: Tenant, other: Tenant, said: str) -> None:
    for reply in other.settings.canned_replies:
        if _holds(said, reply) and not any(_holds(said, own) for own in here.settings.canned_replies):
            raise _foreign(here, other, f"the canned reply {reply.id}")


def _holds(said: str, reply: CannedReply) -> bool:
    """Whether text is a canned reply, in one of its languages, whatever was filled in."""
    return any(
        (known := pieces(text)) and all(piece in said for piece in known) for text in (reply.zh, reply.en) if text
    )


def _is_from(said: str, answer: str) -> bool:
    """Whether text holds a whole answer, or is a longer piece of one."""
    return len(answer) >= SHORTEST and (answer in said or (len(said) >= SHORTEST and said in answer))


def _foreign(here: Tenant, other: Tenant, what: str) -> Invalid:
    return Invalid(
        f"You are speaking as {here.name}; {what} is one of {other.name}.", speaking_as=here.id, belongs_to=other.id
    )
