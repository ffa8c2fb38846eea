"""A customer of several channels is told of his ticket where he wants to be, if something can reach him there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.channels import contacts, windows
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account
from handoff_service.channels.sealing import Seal
from handoff_service.channels.undelivered import tell_undelivered
from handoff_service.channels.who import identity_channel
from handoff_service.channels.window import Window
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Conversation
from handoff_service.conversations.receive import Sender
from handoff_service.errors import Invalid, NotFound
from handoff_service.mentions import store as mentions
from handoff_service.tickets import follow_up, store, work
from handoff_service.tickets.model import State

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
TOKENS = {"app_secret": "a" * 16, "access_token": "t" * 16}


async def also_on_weibo(office: Any) -> tuple[Sender, Any, Seal]:
    """The office's customer has written on Weibo too, and an agent has said that he is the same person."""
    context = office.context()
    seal = Seal(context.settings.encryption_key.get_secret_value())
    account = new_account("demo", "weibo", "W", TOKENS, context.settings, office.clock)

    def write(tx: Any) -> str:
        accounts.add(tx.connection, account, seal)
        one = contacts.add(tx.connection, "demo", name="Ann", language="en", now=context.now)
        contacts.identify(tx.connection, "demo", identity_channel(account), "24", one.id, verified=False)
        contacts.join(tx.connection, "demo", office.customer.contact, one.id)
        return one.id

    sender = Sender("demo", "weibo", await office.database.write(write), "Ann", "en", account=account.id)
    await office.says("hello from weibo", sender)
    return sender, account, seal


async def stand(office: Any, account: Any, seal: Seal, *, hours: float, left: bool = False) -> None:
    """Weibo's window is open for so long from now."""
    window = Window(since=office.clock(), until=office.clock() + timedelta(hours=hours))
    standing = windows.Standing(window, {}, left)
    await office.database.write(
        lambda tx: windows.save(tx.connection, "demo", account.id, "24", standing, seal, office.clock())
    )


async def followed_up(office: Any, ticket: Any) -> str:
    """The channel on which the planned check is said."""
    at = office.clock() + timedelta(hours=1)
    await office.does("lin", _plan, ticket, at=at)
    office.clock.advance(3601)
    await office.database.write(lambda tx: follow_up.on_look(tx, "demo", ticket.id, office.context()))
    after = await office.now(ticket)
    return (await office.database.read(lambda c: conversations.find(c, "demo", after.told_in))).channel


def _plan(tx: Any, agent: Any, ticket: Any, context: Any, *, at: Any) -> Any:
    return follow_up.plan(tx, agent, ticket, context, at=at, kind="message", text="All well?")


@only_sqlite
async def test_a_follow_up_goes_where_he_wants_it_and_falls_back_when_nothing_can_reach_him_there(office: Any) -> None:
    ticket = await office.opens()
    sender, account, seal = await also_on_weibo(office)
    await stand(office, account, seal, hours=5)
    assert await followed_up(office, ticket) == "web", "where it was opened, until he says otherwise"
    me = office.customer.contact

    def prefer(channel: str | None, contact: str = me, **how: bool) -> Any:
        return office.database.write(lambda tx: contacts.prefer(tx.connection, "demo", contact, channel, **how))

    await prefer("weibo")
    assert await followed_up(office, ticket) == "weibo"
    await stand(office, account, seal, hours=-1)
    assert await followed_up(office, ticket) == "web", "the window is closed"
    await stand(office, account, seal, hours=5, left=True)
    assert await followed_up(office, ticket) == "web", "he has unfollowed"
    await stand(office, account, seal, hours=5)
    await office.database.write(lambda tx: accounts.set_disabled(tx.connection, "demo", account.id, disabled=True))
    assert await followed_up(office, ticket) == "web", "the account is switched off"
    await prefer(None)
    await prefer("weibo", sender.contact, alone=True)
    told = await office.database.read(lambda c: contacts.details(c, "demo", me))
    assert (told["prefers"], told["channels"]) == (None, ["web", "weibo"]), "who was merged decides for himself only"
    with pytest.raises(Invalid, match="has not written on 'fax'; he has on web, weibo"):
        await prefer("fax")
    with pytest.raises(NotFound):
        await prefer("web", "k_none")


@only_sqlite
async def test_his_answer_on_either_channel_lets_the_ticket_go_on(office: Any) -> None:
    ticket = await office.opens()
    sender, account, seal = await also_on_weibo(office)
    await stand(office, account, seal, hours=5)
    await office.database.write(lambda tx: contacts.prefer(tx.connection, "demo", sender.contact, "weibo"))
    await office.does("lin", work.take, ticket)
    await office.tells("lin", ticket, "Which colour?")
    await office.does("lin", work.wait, ticket)
    await office.says("Blue", sender)
    assert (await office.now(ticket)).state is State.IN_PROGRESS
    await office.does("lin", work.wait, ticket)
    await stand(office, account, seal, hours=100)
    office.clock.advance(3 * 86_400)
    await look(office, ticket)
    assert (await office.now(ticket)).told_in != office.conversation.id, "he was reminded on Weibo"
    await office.says("Blue, I said")
    assert (await office.now(ticket)).state is State.IN_PROGRESS, "where it was opened"


@only_sqlite
async def test_what_he_writes_elsewhere_is_no_answer(office: Any) -> None:
    sender, _, _ = await also_on_weibo(office)
    ticket = await office.opens(conversation=await on_weibo(office, sender))
    await office.does("lin", work.wait, ticket)
    await office.says("on the web, about something else")
    assert (await office.now(ticket)).state is State.WAITING


@only_sqlite
@pytest.mark.parametrize("then", ["closed", "later", "undelivered", "all well"])
async def test_where_nothing_reaches_him_people_are_asked_and_nothing_is_taken_as_solved(
    office: Any, then: str
) -> None:
    sender, account, seal = await also_on_weibo(office)
    there = await on_weibo(office, sender)
    ticket = await office.opens(conversation=there, agent="a_lin", due_at=office.clock() + timedelta(days=60))
    await office.does("lin", work.wait, ticket)
    await stand(office, account, seal, hours={"closed": 48, "later": 100}.get(then, 400))
    office.clock.advance(3 * 86_400)
    await look(office, ticket)
    told = (await office.now(ticket)).told_seq
    assert (told is None) == (then == "closed")
    if then == "undelivered":
        how = {"unclear": False, "now": office.clock()}
        await office.database.write(
            lambda tx: tell_undelivered(tx, account, locked(tx, there), told, "barred", **how)  # type: ignore[arg-type]
        )
    office.clock.advance(7 * 86_400)
    for _ in range(2):
        await look(office, ticket)
    assert (await office.now(ticket)).state is (State.RESOLVED if then == "all well" else State.WAITING)
    asked = await office.database.read(
        lambda c: {name: len(mentions.unanswered(c, "demo", one.id)) for name, one in office.people.items()}
    )
    assert asked == dict.fromkeys(("lin", "chen", "noor"), 0 if then == "all well" else 1) | {"maya": 0}


async def look(office: Any, ticket: Any) -> None:
    """The sweeper looks at it now, as it was to or because somebody has asked for that."""

    def now(tx: Any) -> None:
        store.save_look(tx.connection, ticket, office.clock())
        follow_up.on_look(tx, "demo", ticket.id, office.context())

    await office.database.write(now)


async def on_weibo(office: Any, sender: Sender) -> Conversation:
    found = await office.database.read(lambda c: conversations.current(c, "demo", "weibo", sender.contact))
    assert found is not None
    return found


def locked(tx: Any, conversation: Conversation) -> Conversation:
    return conversations.find(tx.connection, "demo", conversation.id, lock=True)
