"""Every channel: what checking and reading one webhook costs, how soon it is acknowledged, and what many accounts cost.

The platforms are the fakes of the tests: they sign as documented. What the bot says is delivered in vain, to a port
where nobody listens, because only the way in is measured; what is left of it ends before the next platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.bell import Bell
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account, WebhookRequest
from handoff_service.channels.reading import check, parse
from handoff_service.channels.registry import CHANNELS, FETCHING, LEARNING
from handoff_service.channels.sealing import Seal
from handoff_service.clock import utc_now
from handoff_service.database import Transaction, open_database
from handoff_service.launch.credentials import parts_environment
from handoff_service.settings import Settings as Gateway
from tests.bench.appends import SMALL_TALK
from tests.bench.figures import Latency, show_latencies
from tests.bench.own_gateway import OwnGateway, instant_bot, own_gateways
from tests.bench.posts import Post, Posted, posted
from tests.bench.processes import cpu_seconds, free_address
from tests.bench.setting import Bench
from tests.end_to_end.clients import NotAsTold
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.fake import Hook, Platform
from tests.handoff_service.channels.platforms.mail_providers import OTHER_WAYS
from tests.handoff_service.channels.platforms.signed_api import FakeIntegrator

TENANT = "demo"
PER_S, SECONDS, CONNECTIONS, CONTACTS = 200, 3, 32, 100
ACKNOWLEDGED, READ = {"p99": 250.0}, {"p99": 1.0}
TIMES = 1000
REST_S = 60.0
FEW, MANY, SPREAD = 10, 10_000, 10  # accounts beside those that get something; webhooks come to SPREAD of them
NOWHERE = "http://127.0.0.1:9"


async def channels(bench: Bench) -> None:
    """Prints three tables."""
    with everybody() as fars:
        read = [await _reading(name, far) for name, far in fars.items()]
        read.append(await _reading("email, a thread of 7 KB", fars["email"], {"mail": a_thread()}))
        show_latencies("13. Processor time of one webhook checked and read", read)
        for name, down in (("the bot answers", False), ("the bot is down", True)):
            folder = bench.folder / name.replace(" ", "-")
            folder.mkdir()
            lines, costs = await _acknowledged(replace(bench, folder=folder), fars, down=down)
            show_latencies(f"14. Acknowledged at {PER_S} per second, {name}, SQLite", lines)
            print(f"  processor time of the gateway per webhook, what follows included: {', '.join(costs)}")
    for count in (FEW, 1000, MANY):
        folder = bench.folder / f"accounts-{count}"
        folder.mkdir()
        line, cost = await _with_accounts(replace(bench, folder=folder), count)
        show_latencies(f"15. {count} accounts of the API beside {SPREAD} of WeCom; both get messages", [line])
        print(f"  processor time of the gateway per webhook, its turn included: {cost}")


@contextlib.contextmanager
def everybody() -> Iterator[Mapping[str, Platform]]:
    """A fake of each platform and of each way to it, by name."""
    every = {**PLATFORMS, **OTHER_WAYS, "api": FakeIntegrator}
    fars = {name: every[name]() for name in sorted(every)}
    try:
        yield fars
    finally:
        for far in fars.values():
            far.close()


def a_thread() -> bytes:
    """A short answer above the mails before it, as plain text and as a page."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann <ann@x.example>", "support@shop.example", "Re: 退货"
    made["Message-ID"] = "<1@x.example>"
    older = "\n".join(f"> line {number} of the mails before: 退款多久到账" for number in range(40))
    made.set_content(f"我想退货。\n\n在 2026年11月22日，客服 <support@shop.example> 写道：\n\n{older}")
    lines = "".join(f'<p style="color:#333">line {number} of the mails before</p>' for number in range(75))
    made.add_alternative(f'<div>我想退货。</div><div class="gmail_quote">{lines}</div>', subtype="html")
    return made.as_bytes()


async def _reading(name: str, far: Platform, event: Mapping[str, Any] | None = None) -> Latency:
    """Signature, cipher and parsing, as the webhook's route calls them, in this process."""
    account = new_account(TENANT, far.channel, "bench", far.fields(), Gateway())
    far.connect(account, f"http://gateway.example/v1/channels/{TENANT}/{account.id}/webhook")
    hook = far.hook(event or far.text("1111111", "退款多久到账？"))
    request, channel, took = _request(far, hook), CHANNELS[far.channel], []
    if far.channel in LEARNING:  # asked for once, not with each webhook
        async with httpx2.AsyncClient() as client:
            await LEARNING[far.channel](Caller(client, utc_now), account, request)
    for _ in range(TIMES):
        begun = time.thread_time()
        parsed = parse(channel, account, check(channel, account, request))
        took.append((time.thread_time() - begun) * 1000)
    if not parsed.events and not parsed.fetch:
        raise NotAsTold(f"{name} read nothing in its own webhook")
    return Latency(name, took, READ)


def _request(far: Platform, hook: Hook) -> WebhookRequest:
    headers = {name.lower(): value for name, value in hook.headers.items()}
    url = f"{far.webhook}?{hook.query}" if hook.query else far.webhook
    return WebhookRequest(hook.raw, headers, hook.method, dict(parse_qsl(hook.query)), url)


async def _acknowledged(bench: Bench, fars: Mapping[str, Platform], *, down: bool) -> tuple[list[Latency], list[str]]:
    made, prepare = _accounts(bench, [(far, _fields(far)) for far in fars.values()])
    lines, costs = [], []
    async with instant_bot(SMALL_TALK) as bot_url:
        bot = free_address() if down else bot_url
        async with own_gateways(bench, bot_url=bot, prepare=prepare) as (gateway,):
            for (name, far), account in zip(fars.items(), made, strict=True):
                place = f"{gateway.stage.gateway}/v1/channels/{TENANT}/{account.id}/webhook"
                far.connect(account, place)
                posts = [_post(far, number) for number in range(PER_S * SECONDS)]
                done, cost = await _carried_out(gateway, posts, bench)
                costs.append(f"{name} {cost}")
                statuses = Counter(status for status, _ in done.answers)
                if set(statuses) != {200}:
                    raise NotAsTold(f"{name}: not every webhook was acknowledged: {statuses}")
                lines.append(Latency(name, [took for _, took in done.answers], ACKNOWLEDGED))
                await _at_rest(gateway)
    return lines, costs


async def _at_rest(gateway: OwnGateway) -> None:
    """Nothing of one platform is left when the next one begins: its answers would be tried again and again, in vain."""
    database = open_database(f"sqlite:///{gateway.database}", Bell())
    rows = tables.outbox.c
    busy = sa.select(rows.id).where(rows.state == "leased", rows.destination == outbox.CHANNEL).limit(1)
    left = sa.update(tables.outbox).where(rows.state.in_(outbox.UNFINISHED)).values(state="sent")
    try:
        async with asyncio.timeout(REST_S):
            while True:
                await database.write(lambda tx: tx.connection.execute(left))
                await asyncio.sleep(0.5)  # what was under way ends, and asks for nothing more
                if not await database.read(lambda connection: connection.execute(busy).all()):
                    return
    except TimeoutError as error:
        raise NotAsTold(f"the gateway had no rest within {REST_S:.0f} s") from error
    finally:
        await database.close()


async def _carried_out(gateway: OwnGateway, posts: Sequence[Post], bench: Bench) -> tuple[Posted, str]:
    """The answers, and the gateway's processor time for each."""
    before = cpu_seconds(gateway.process.pid)
    done = await posted(gateway.stage.gateway, posts, bench.settings.root)
    after = cpu_seconds(gateway.process.pid)
    spent = "unknown" if before is None or after is None else f"{(after - before) * 1000 / len(posts):.1f} ms"
    return done, spent


async def _with_accounts(bench: Bench, count: int) -> tuple[Latency, str]:
    """Webhooks to a few accounts among many, of a platform that pushes and of one that is asked."""
    with everybody() as fars:
        api, wecom = fars["api"], fars["wecom"]
        # What must be asked every minute costs that by the account; what is pushed must cost nothing but its messages.
        many = [(far, _fields(far)) for far, times in ((api, count), (wecom, SPREAD)) for _ in range(times)]
        made, prepare = _accounts(bench, many)
        async with instant_bot(SMALL_TALK) as bot_url, own_gateways(bench, bot_url=bot_url, prepare=prepare) as (own,):
            posts = []
            for number in range(PER_S * SECONDS):
                account = made[number % SPREAD + (count if number % 2 else 0)]
                far = wecom if number % 2 else api
                far.connect(account, f"{own.stage.gateway}/v1/channels/{TENANT}/{account.id}/webhook")
                posts.append(_post(far, number))
            done, spent = await _carried_out(own, posts, bench)
    return Latency("acknowledged", [took for _, took in done.answers], ACKNOWLEDGED), spent


def _fields(far: Platform) -> Mapping[str, str]:
    """What the account is told; deliveries go nowhere, only what must be fetched is there."""
    kept = far.channel in FETCHING
    return {name: value if kept else value.replace(far.url, NOWHERE) for name, value in far.fields().items()}


def _accounts(bench: Bench, wanted: Sequence[tuple[Platform, Mapping[str, str]]]) -> tuple[list[Account], Any]:
    """The accounts, and what stores them before a gateway starts."""
    key = parts_environment(bench.settings)["TANDEM_ENCRYPTION_KEY"]
    settings, seal = Gateway(encryption_key=key), Seal(key)
    made = [new_account(TENANT, far.channel, "bench", dict(fields), settings) for far, fields in wanted]

    def store(tx: Transaction) -> None:
        for account in made:
            accounts.add(tx.connection, account, seal)

    return made, store


def _post(far: Platform, number: int) -> Post:
    hook = far.hook(far.text(f"{2000000 + number % CONTACTS}", f"退款多久？ {number}"))
    path = urlsplit(far.webhook).path + (f"?{hook.query}" if hook.query else "")
    headers = "".join(f"{name}: {value}\r\n" for name, value in hook.headers.items())
    return Post(number / PER_S, number % CONNECTIONS, path, headers, hook.raw.decode())
