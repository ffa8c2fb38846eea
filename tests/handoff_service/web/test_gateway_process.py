"""The gateway as the process that is really run: killed in the middle, beside a second one, refusing bad settings."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack

import asyncpg
import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage

from handoff_service import __main__ as program
from tests.handoff_service.stage import SHOP_URL, trial_settings
from tests.handoff_service.web.serving import ROOT, GatewayProcess, clean_environment, free_port, on_postgres
from tests.handoff_service.web.visitors import Gone, accepted, fresh, refused


@pytest.fixture
def start_process(tmp_path, database_url):
    """`start_process(TANDEM_…="…")`: a gateway process on this test's database, killed at the end."""
    with ExitStack() as stack:

        def started(name="gateway", **environment):
            var = tmp_path / name
            var.mkdir()
            process = GatewayProcess(
                var,
                free_port(),
                bare=True,
                TANDEM_DATABASE_URL=database_url,
                TANDEM_SHOP_URL=SHOP_URL,
                TANDEM_LIMIT_MESSAGES="1000/second",
                **environment,
            )
            process.settings = trial_settings(database_url=database_url, gateway_url=process.url)
            process.start()
            stack.callback(process.kill)
            return process

        yield started


class Writer:
    """A customer whose client keeps what is not acknowledged and sends it again after a break, like the widget."""

    def __init__(self, customer, count):
        self.customer = customer
        self.waiting = {f"{customer.contact[-8:]}-{number:04}": f"number {number}" for number in range(count)}
        self.acknowledged: dict[str, tuple[int, str]] = {}
        self.seen: dict[int, str] = {}

    async def write(self):
        """Sends everything in order, one after the other; ends early when the gateway does."""
        try:
            subs = [(self.customer.conversation, max(self.seen))] if self.seen else []
            socket = await self.customer.socket(*subs, wait=False)
            for client_id, text in list(self.waiting.items()):
                await socket.say(t="send", conv=None, client_id=client_id, body={"text": text})
                sent = await socket.sent(client_id)
                assert sent["t"] == "sent", sent
                assert self.acknowledged.setdefault(client_id, (sent["seq"], sent["mid"])) == (sent["seq"], sent["mid"])
                self.customer.conversation = sent["conv"]
                del self.waiting[client_id]
        except (Gone, ConnectionClosed, InvalidMessage, OSError, httpx2.HTTPError):
            pass  # the rest is sent when the gateway is back
        self.note()

    def note(self):
        """Remembers what the sockets delivered; one number is one entry, for ever."""
        for socket in self.customer.sockets:
            for entry in socket.entries(self.customer.conversation):
                mid = entry.get("mid", "hidden")
                assert self.seen.setdefault(entry["seq"], mid) == mid


async def test_killed_in_the_middle_of_fifty_messages_nothing_is_lost_or_doubled(start_process, build_house):
    """F-33."""
    gateway = start_process(TANDEM_REPLY_DEADLINE_S="3600")
    house = await build_house(gateway)
    lin = await house.agent("lin")
    await lin.socket()
    writers = [Writer(await house.customer(), 10) for _ in range(5)]
    writing = [asyncio.create_task(writer.write()) for writer in writers]
    while sum(len(writer.acknowledged) for writer in writers) < 20:
        await asyncio.sleep(0.001)
    await asyncio.to_thread(gateway.kill)
    await asyncio.gather(*writing)
    done = sum(len(writer.acknowledged) for writer in writers)
    assert 20 <= done < 50, "killed in the middle"
    # What was sent in the moment of the kill, of which nobody knows whether it arrived, and the rest.
    await asyncio.to_thread(gateway.start)
    await asyncio.gather(*(writer.write() for writer in writers))
    assert [writer.waiting for writer in writers] == [{}] * 5

    accepted(await lin.get("/v1/agents/me"))  # the agent is still signed in
    desk = await lin.socket()
    for writer in writers:
        conversation = writer.customer.conversation
        timeline = await writer.customer.timeline()
        assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
        own = {entry["client_id"]: (entry["seq"], entry["mid"]) for entry in timeline if entry.get("client_id")}
        assert own == writer.acknowledged, "what was acknowledged is there once, and nothing else is"
        texts = [entry["body"]["text"] for entry in timeline if entry.get("client_id")]
        assert texts == [f"number {number}" for number in range(10)], "in the order in which it was written"
        await writer.customer.sockets[-1].reach(conversation, len(timeline))
        writer.note()
        assert writer.seen == {entry["seq"]: entry.get("mid", "hidden") for entry in timeline}
        await desk.say(t="sub", conv=conversation, after=0)
        seen_by_agent = await desk.reach(conversation, len(timeline))
        assert [entry["mid"] for entry in seen_by_agent[: len(timeline)]] == [entry["mid"] for entry in timeline]
    await asyncio.to_thread(gateway.stop)


async def test_after_a_kill_the_bot_answers_what_it_was_asked(start_process, build_house, far_bot):
    """A turn that died with its process is done again at once, not when its lease would have run out."""
    gateway = start_process(TANDEM_BOT_URL=far_bot.url)
    house = await build_house(gateway)
    customer = await house.customer()
    far_bot.hold()
    await customer.write("are you there?")
    await asyncio.to_thread(far_bot.wait_until_asked)
    await asyncio.to_thread(gateway.kill)
    far_bot.release()
    await asyncio.to_thread(gateway.start)
    entry = await customer.answered()
    assert entry["body"]["text"] == "answer to: are you there?"
    assert len([one for one in await customer.timeline() if one["author"]["kind"] == "bot"]) == 1


@on_postgres
async def test_two_gateways_on_one_postgresql_are_one(start_process, build_house):
    first, second = start_process("first"), start_process("second")
    house = await build_house(first)
    lin = await house.agent("lin")  # at the first
    desk = await lin.socket()
    customer = await house.customer()
    here = await customer.socket()
    customer.url, customer.http.base_url = second.url, second.url  # the balancer sends everything else elsewhere
    there = await customer.socket(device="d_laptop")

    await there.say(t="send", conv=None, client_id="from-second", body={"text": "hello from the second"})
    sent = await there.sent("from-second")
    customer.conversation = sent["conv"]
    await here.reach(customer.conversation, sent["seq"], within=15)  # polling would take a minute
    await customer.answered(by="bot")
    # The desk at the first gateway hears what is asked for at the second.
    await customer.ask_human()
    waiting = await desk.until(lambda frame: frame["t"] == "desk" and len(frame["waiting"]) == 1, within=15)
    handoff = waiting["waiting"][0]["handoff"]["id"]
    maya = house.desk(await house.hire("maya"))
    maya.url, maya.http.base_url = second.url, second.url
    accepted(await maya.sign_in())
    await maya.socket()
    await desk.until(
        lambda frame: frame["t"] == "desk" and {"online"} == {one["status"] for one in frame["agents"]}, within=3
    )
    epoch = accepted(await maya.accept(handoff))["epoch"]
    refused(await lin.accept(handoff), 409, "already_taken")
    accepted(await maya.reply(customer.conversation, "hello from Maya", epoch))
    for socket in (here, there):
        await socket.entry(lambda entry: entry["body"].get("text") == "hello from Maya", within=15)
    assert here.entries(customer.conversation) == there.entries(customer.conversation)


@on_postgres
async def test_a_restarted_database_is_found_again(open_gateway, build_house, database_url):
    gateway = open_gateway(sweep_s=0.1)
    house = await build_house(gateway)
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("before")
    await customer.answered()
    other = await asyncpg.connect(database_url)
    await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    await other.close()
    async with asyncio.timeout(10):
        while True:
            answer = await customer.post(
                customer.path("messages"), {"client_id": "after-it", "body": {"text": "after"}}
            )
            if answer.status_code == 200:
                break
            refused(answer, 503, "unavailable")
            await asyncio.sleep(0.1)
    await customer.answered()
    assert socket.code in (None, 1012), "a socket lives, or is told to come back at once"


CANARIES = {
    "a customer's words": "canary-customer-words",
    "an agent's words": "canary-agent-words",
    "a note": "canary-internal-note",
    "the bot's words": "answer to: canary",
    "a comment": "canary-comment",
    "an address": "canary.person@mail.example",
    "a phone number": "13800001234",
    "a password": "canary-password-of-somebody",
    "an identity": "canary-subject",
}
WORDS = CANARIES["a customer's words"]


async def test_logs_hold_no_words_addresses_or_tokens(start_process, build_house, far_bot):
    gateway = start_process(TANDEM_BOT_URL=far_bot.url)
    house = await build_house(gateway)
    lin = await house.agent("lin")
    desk = await lin.socket()
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write(f"{WORDS} {CANARIES['a phone number']}")
    await customer.answered()
    far_bot.fail()
    await customer.write(WORDS + " again")  # the bot fails: warnings are written
    while "bot failed" not in gateway.output:
        await asyncio.sleep(0.05)
    await customer.ask_human()
    handoff = await house.handoff_of(customer)
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.reply(customer.conversation, CANARIES["an agent's words"], epoch))
    accepted(await lin.reply(customer.conversation, CANARIES["a note"], epoch, audience="internal"))
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved", note=CANARIES["a note"]))
    rating = {"op_id": fresh(), "score": 1, "comment": CANARIES["a comment"]}
    accepted(await customer.post(customer.path("rating"), rating))
    message = {"op_id": fresh(), "text": WORDS, "reply_to": CANARIES["an address"]}
    await customer.post(customer.path("leave-message"), message)
    wrong = {"tenant": house.tenant.id, "email": CANARIES["an address"], "password": CANARIES["a password"]}
    for _ in range(7):
        await lin.post("/v1/agents/sign-in", wrong)
    await customer.post("/v1/widget/sessions", {"tenant": house.tenant.id, "identity": CANARIES["an identity"]})
    # Bad input and hang-ups, which tempt people to log what they could not read.
    for bad in ("{" + WORDS, json.dumps({"t": WORDS})):
        extra = await customer.socket()
        await extra.connection.send(bad)
        await asyncio.sleep(0.05)
        extra.connection.transport.abort()
    await socket.connection.send(b'{"t":"canary-customer-words\xff"}', text=True)
    await customer.http.post(
        customer.path("messages"), content=b'{"canary-customer-words', headers={"Content-Type": "application/json"}
    )
    # A database that refuses: errors with the statement, which must not come with what was to be stored.
    refuse = (
        "CREATE TRIGGER refuse BEFORE INSERT ON entries WHEN NEW.kind = 'message' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
    )
    await house.database.write(lambda tx: tx.connection.exec_driver_sql(refuse))
    await customer.post(customer.path("messages"), {"client_id": fresh("msg"), "body": {"text": WORDS}})
    await house.database.write(lambda tx: tx.connection.exec_driver_sql("DROP TRIGGER refuse"))
    await desk.leave()
    await asyncio.to_thread(gateway.stop)

    output = gateway.output
    assert '"event": "turn"' in output, "something was logged"
    assert "bot failed" in output
    assert "IntegrityError" in output, "the database's refusal was logged"
    assert customer.conversation in output, "logs name conversations"
    tokens = {"a visitor token": customer.token, "a cookie": next(iter(dict(lin.http.cookies).values()))}
    found = [
        name for name, canary in {**CANARIES, **tokens, "an agent's address": lin.email}.items() if canary in output
    ]
    assert found == [], output[-3000:]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ENVIRONMENT": "production"}, "TANDEM_IDENTITY_SECRET"),
        ({"ENVIRONMENT": "production", "IDENTITY_SECRET": "canary-too-short"}, "TANDEM_IDENTITY_SECRET"),
        ({"ENVIRONMENT": "prod"}, "TANDEM_ENVIRONMENT"),
        ({"BOT_SOFT_S": "soon"}, "TANDEM_BOT_SOFT_S"),
        ({"LIMIT_MESSAGES": "often"}, "TANDEM_LIMIT_MESSAGES"),
        ({"DATABASE_URL": "mysql://somewhere/else"}, "TANDEM_DATABASE_URL"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(tmp_path, monkeypatch, capsys, changes, named):
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)
    for name, value in {"VAR": str(tmp_path), **changes}.items():
        monkeypatch.setenv(f"TANDEM_{name}", value)
    monkeypatch.setattr(sys, "argv", ["handoff_service", "serve"])
    monkeypatch.setattr(program, "configure_logging", lambda: None)
    assert program.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("settings: ")
    assert named in said
    assert len(said.strip().splitlines()) == 1
    assert "canary" not in said, "the secret itself is not repeated"


def test_the_process_refuses_the_default_secret_in_production(tmp_path):
    """F-114."""
    result = subprocess.run(
        [sys.executable, "-m", "handoff_service", "serve"],
        cwd=ROOT,
        env=clean_environment({"TANDEM_VAR": str(tmp_path), "TANDEM_ENVIRONMENT": "production"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == (
        "settings: TANDEM_IDENTITY_SECRET must be at least 32 random characters outside development\n"
    )


async def test_in_production_it_logs_json_and_stops_in_time_although_sockets_are_open(
    start_process, build_house, far_bot
):
    secret = "0123456789abcdef0123456789abcdef"
    gateway = start_process(
        TANDEM_BOT_URL=far_bot.url,
        TANDEM_ENVIRONMENT="production",
        TANDEM_IDENTITY_SECRET=secret,
        TANDEM_ENCRYPTION_KEY=secret[::-1],
    )
    house = await build_house(gateway)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    sockets = [await (await house.customer()).socket() for _ in range(5)] + [await (await house.agent("lin")).socket()]
    started = time.monotonic()
    await asyncio.to_thread(gateway.stop)
    assert time.monotonic() - started < 4
    assert {await socket.closed() for socket in sockets} == {1012}
    lines = [json.loads(line) for line in gateway.output.splitlines()]
    turn = next(line for line in lines if line["event"] == "turn")
    assert turn["conversation"] == customer.conversation
    assert turn["timestamp"].endswith("Z")
    assert turn["level"] == "info"
    assert secret not in gateway.output
