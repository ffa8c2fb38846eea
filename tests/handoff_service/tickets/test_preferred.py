"""A customer of several channels is told of his ticket where he wants to be, if something can reach him there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service.channels import contacts, windows
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account
from handoff_service.channels.sealing import Seal
from handoff_service.channels.who import identity_channel
from handoff_service.channels.window import Window
from handoff_service.conversations import store as conversations
from handoff_service.conversations.receive import Sender
from handoff_service.errors import Invalid, NotFound
from handoff_service.tickets import follow_up, work
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
async def test_his_answer_on_the_other_channel_lets_the_ticket_go_on(office: Any) -> None:
    ticket = await office.opens()
    sender, account, seal = await also_on_weibo(office)
    await stand(office, account, seal, hours=5)
    await office.database.write(lambda tx: contacts.prefer(tx.connection, "demo", sender.contact, "weibo"))
    await office.does("lin", work.take, ticket)
    await office.tells("lin", ticket, "Which colour?")
    await office.does("lin", work.wait, ticket)
    await office.says("on the web, about something else")
    assert (await office.now(ticket)).state is State.WAITING
    await office.says("Blue", sender)
    assert (await office.now(ticket)).state is State.IN_PROGRESS
