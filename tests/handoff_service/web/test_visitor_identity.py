"""Visitors: tokens, identities that the shop has signed, and limits."""

from __future__ import annotations

import base64
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from handoff_service import tables
from handoff_service.channels.web_widget import identity_key
from handoff_service.integrators.commands import api_keys
from handoff_service.settings import DEVELOPMENT_SECRET
from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import Customer, accepted, fresh, refused


def claims(**changes):
    now = int(time.time())
    usual = {
        "sub": "cus_1", "name": "Wang Fang", "iss": "demo-shop", "aud": "tandem-widget",
        "iat": now, "exp": now + 240, "jti": fresh("jti"),
    }  # fmt: skip
    merged = {**usual, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def signed(house, *, of_shop=False, **changes):
    """An identity as the tenant's site makes it; by hand, because libraries refuse to sign some of these claims."""
    key = identity_key(house.tenant.id, house.gateway.settings, of_shop=of_shop)
    unsigned = by_hand({"alg": "HS256"}, claims(**changes)).rpartition(".")[0]
    signature = hmac.digest(key.encode(), unsigned.encode(), "sha256")
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def signed_with(key, algorithm="HS256", header=None, **changes):
    return jwt.encode({"alg": algorithm, **(header or {})}, claims(**changes), key, algorithms=[algorithm])


def by_hand(header, payload, signature=b""):
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def visit(house, identity, token=None):
    customer = Customer(house.gateway.url, house.tenant.id)
    house.people.append(customer)
    return await customer.post(
        "/v1/widget/sessions", {"tenant": house.tenant.id, "identity": identity, "token": token, "language": "en"}
    )


async def test_a_visit_tells_the_widget_all_that_it_needs(house):
    started = accepted(await visit(house, None), 201)
    assert set(started) == {"token", "contact", "tenant"}
    assert set(started["contact"]) == {"id", "name"}
    assert set(started["tenant"]) == {"id", "name", "languages", "greeting", "suggestions"}
    assert len(started["token"]) >= 43


@on_both
async def test_the_same_identity_on_two_devices_is_the_same_contact(house):
    phone = accepted(await visit(house, signed(house)), 201)
    laptop = accepted(await visit(house, signed(house, name="Wang Fang")), 201)
    other = accepted(await visit(house, signed(house, sub="cus_2", name="Li")), 201)
    assert phone["contact"] == laptop["contact"] == {"id": phone["contact"]["id"], "name": "Wang Fang"}
    assert phone["token"] != laptop["token"]
    assert other["contact"]["id"] != phone["contact"]["id"]


async def test_a_visitor_who_signs_in_takes_his_conversation_with_him(house):
    customer = await house.customer()
    await customer.write("before I signed in")
    contact = customer.contact
    await customer.arrive(token=customer.token, identity=signed(house))
    assert customer.contact == contact
    elsewhere = Customer(house.gateway.url, house.tenant.id)
    house.people.append(elsewhere)
    await elsewhere.arrive(identity=signed(house))
    elsewhere.conversation = customer.conversation
    assert (await elsewhere.timeline())[1]["body"]["text"] == "before I signed in"


async def test_a_second_person_on_the_same_browser_does_not_get_the_first_ones_conversation(house):
    first = await house.customer(identity=signed(house, sub="cus_1"))
    await first.write("my secret")
    second = await house.customer(token=first.token, identity=signed(house, sub="cus_2", name="Li"))
    assert second.contact != first.contact
    second.conversation = first.conversation
    refused(await second.get(second.path("entries")), 404, "not_found")


@pytest.mark.parametrize("before", ["a visitor", "signed in"])
async def test_files_of_who_sat_there_before_open_for_nobody_else(house, before):
    """A16: sent or only chosen, they are read neither by the next one nor by the page that was left open."""
    first = await house.customer(identity=signed(house, sub="cus_1") if before == "signed in" else None)
    headers = {"authorization": f"Bearer {first.token}"}
    path = "/v1/conversations/current/files?name=id.txt"
    file = accepted(await first.http.post(path, content=b"my passport", headers=headers), 201)["file"]["id"]
    assert (await first.get(f"/v1/files/{file}")).content == b"my passport"
    known = await house.customer(identity=signed(house, sub="cus_2"))  # elsewhere, so that he takes over no visitor
    second = await house.customer(token=first.token, identity=signed(house, sub="cus_2"))
    assert second.contact == known.contact != first.contact
    refused(await second.get(f"/v1/files/{file}"), 404, "not_found")
    refused(await first.get(f"/v1/files/{file}"), 401, "unauthorized")


@on_both
async def test_an_identity_is_used_once(house):
    identity = signed(house)
    first = accepted(await visit(house, identity), 201)
    refused(await visit(house, identity), 401, "unauthorized")
    # The page from the browser's cache shows the same one again, from the device that it was used on.
    again = accepted(await visit(house, identity, token=first["token"]), 201)
    assert again["contact"] == first["contact"]
    stranger = accepted(await visit(house, None), 201)
    refused(await visit(house, identity, token=stranger["token"]), 401, "unauthorized")


FORGED = {
    "alg none": lambda _: by_hand({"alg": "none"}, claims()),
    "alg none with a signature": lambda _: by_hand({"alg": "none"}, claims(), b"x"),
    "another key": lambda _: signed_with(OctKey.import_key("x" * 40)),
    "another algorithm": lambda _: signed_with(OctKey.import_key(DEVELOPMENT_SECRET), algorithm="HS512"),
    "the key of another tenant": lambda house: signed_with(
        OctKey.import_key(identity_key("another", house.gateway.settings, of_shop=False))
    ),
    "the shop's secret": lambda house: signed(house, of_shop=True),
    "for another tenant": lambda house: signed(house, tenant="another"),
    "an asymmetric key": lambda _: signed_with(RSAKey.generate_key(2048), algorithm="RS256"),
    "a key of its own": lambda _: signed_with(
        OctKey.import_key("x" * 40), header={"jwk": OctKey.import_key("x" * 40).as_dict(), "kid": "../../dev/null"}
    ),
    "another audience": lambda house: signed(house, aud="somebody-else"),
    "several audiences": lambda house: signed(house, aud=["tandem-widget", "somebody-else"]),
    "no audience": lambda house: signed(house, aud=None),
    "no subject": lambda house: signed(house, sub=None),
    "an empty subject": lambda house: signed(house, sub=""),
    "a number as subject": lambda house: signed(house, sub=7),
    "an endless subject": lambda house: signed(house, sub="s" * 2000),
    "no jti": lambda house: signed(house, jti=None),
    "no expiry": lambda house: signed(house, exp=None),
    "expired": lambda house: signed(house, exp=int(time.time()) - 1),
    "valid for an hour": lambda house: signed(house, exp=int(time.time()) + 3600),
    "valid for ever": lambda house: signed(house, exp=10**18),
    "an expiry without end": lambda house: signed(house, exp=float("inf")),
    "an expiry that is no number": lambda house: signed(house, exp=float("nan")),
    "an expiry that is a text": lambda house: signed(house, exp="tomorrow"),
    "a subject with NUL": lambda house: signed(house, sub="cus\x00"),
    "a subject with half a character": lambda house: signed(house, sub="cus\ud800"),
    "not a token": lambda _: "not.a.token",
    "two parts": lambda _: "a.b",
    "text": lambda _: "\u4f60\u597d",
    "a list inside": lambda _: by_hand({"alg": "HS256"}, []),
}  # fmt: skip


async def test_a_forged_or_stale_identity_is_refused(house, subtests):
    for name, forge in FORGED.items():
        with subtests.test(name):
            refused(await visit(house, forge(house)), 401, "unauthorized")
    count = await house.database.read(
        lambda c: c.execute(
            sa.select(sa.func.count()).select_from(tables.contacts).where(tables.contacts.c.tenant == house.tenant.id)
        ).scalar_one()
    )
    assert count == 0, "a refused identity leaves no contact behind"


async def test_an_identity_counts_in_the_tenant_that_it_was_signed_for_and_nowhere_else(house, build_house):
    """The same id is somebody else in another tenant: neither a site nor a customer with his own token becomes him."""
    other = await build_house(house.gateway)
    known = accepted(await visit(other, signed(other, sub="1001", tenant=other.tenant.id)), 201)
    for stolen in (signed(house, sub="1001"), signed(house, sub="1001", tenant=other.tenant.id)):
        refused(await visit(other, stolen), 401, "unauthorized")
    his = accepted(await visit(house, signed(house, sub="1001")), 201)
    assert his["contact"]["id"] != known["contact"]["id"]


async def test_the_shops_secret_counts_in_the_shops_tenants_only(open_gateway, build_house, capsys):
    """What shops sign today goes on to count, without a word about the tenant: listed, or the only tenant."""
    gateway = open_gateway(shop_tenants="")
    house = await build_house(gateway)
    accepted(await visit(house, signed(house, of_shop=True)), 201)
    assert printed_key(house, capsys) == DEVELOPMENT_SECRET
    await build_house(gateway)  # now there are two, and nobody has said whose customers are the shop's
    refused(await visit(house, signed(house, of_shop=True)), 401, "unauthorized")
    accepted(await visit(house, signed(house)), 201)
    own = printed_key(house, capsys)
    assert own == identity_key(house.tenant.id, gateway.settings, of_shop=False) != DEVELOPMENT_SECRET
    assert len(own) == 64


def printed_key(house, capsys):
    """What `keys identity` tells the operator."""
    with ThreadPoolExecutor(1) as apart:  # the command has an event loop of its own
        asked = ["identity", "--tenant", house.tenant.id]
        assert apart.submit(api_keys, asked, house.gateway.settings).result() == 0
    return capsys.readouterr().out.strip().splitlines()[-1]  # above it what the gateway logs


async def test_a_changed_identity_is_refused(house):
    header, payload, signature = signed(house).split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed["sub"] = "cus_admin"
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    refused(await visit(house, f"{header}.{forged}.{signature}"), 401, "unauthorized")


async def test_a_huge_identity_is_refused_before_anybody_looks_into_it(house):
    refused(await visit(house, signed(house, padding="x" * 5000)), 422, "invalid")


@on_both
async def test_a_name_cannot_harm_those_who_read_it(house):
    for name, shown in [
        ("Wang\x00Fang", "WangFang"),
        ("Wang \ud800 Fang", "Wang  Fang"),
        ("\u202egnaW\u202c \u2066x\u2069", "gnaW x"),
        ("<b>Wang</b>", "<b>Wang</b>"),
        ("W" * 500, "W" * 100),
        ("   ", "cus_1"),
        (5, "5"),
    ]:
        started = accepted(await visit(house, signed(house, name=name)), 201)
        assert started["contact"]["name"] == shown


async def test_an_unknown_token_gets_a_new_visitor(house):
    first = accepted(await visit(house, None), 201)
    again = accepted(await visit(house, None, token=first["token"]), 201)
    assert again["token"] == first["token"]
    assert again["contact"] == first["contact"]
    other = accepted(await visit(house, None, token="unknown"), 201)
    assert other["contact"] != first["contact"]


async def test_a_token_expires_after_thirty_days(open_gateway, build_house):
    clock = FakeClock()
    house = await build_house(open_gateway(clock=clock))
    customer = await house.customer()
    await customer.write("hello")
    clock.advance(30 * 86400 + 1)
    refused(await customer.get(customer.path("entries")), 401, "unauthorized")
    old = customer.token
    await customer.arrive(token=old)
    assert customer.token != old


async def test_a_token_in_use_does_not_expire(open_gateway, build_house):
    clock = FakeClock()
    house = await build_house(open_gateway(clock=clock))
    customer = await house.customer()
    await customer.write("hello")
    for _ in range(4):
        clock.advance(20 * 86400)  # each time the page is opened again
        await (await customer.socket()).pong()
    accepted(await customer.get(customer.path("entries")))
    clock.advance(30 * 86400 + 1)
    refused(await customer.post("/v1/ws-ticket"), 401, "unauthorized")


async def test_tokens_are_stored_as_hashes_only(house):
    customer = await house.customer()
    ticket = await customer.ticket()
    stored = await house.database.read(
        lambda c: str([*c.execute(sa.select(tables.visitor_tokens)), *c.execute(sa.select(tables.socket_tickets))])
    )
    assert customer.token not in stored
    assert ticket not in stored


async def test_new_visitors_are_limited_by_address_whatever_token_they_show(open_gateway, build_house):
    house = await build_house(open_gateway(limit_visitors="4/hour"))
    first = accepted(await visit(house, None), 201)
    for number in range(3):
        accepted(await visit(house, None, token=f"made-up-{number}"), 201)
    refused(await visit(house, None), 429, "rate")
    refused(await visit(house, None, token="made-up-again"), 429, "rate")
    for _ in range(3):  # who is known comes back as often as he likes
        accepted(await visit(house, None, token=first["token"]), 201)


WRONG_VISITS = [
        {"tenant": None}, {"tenant": 5}, {"tenant": "x" * 65}, {"tenant": "a\x00b"}, {"tenant": "\ud800"},
        {"language": "fr"}, {"language": 1}, {"token": 5}, {"token": "x" * 129}, {"token": "\ud800"},
        {"identity": {}}, {"contact": "k_1"}, {"verified": True},
    ]  # fmt: skip


async def test_a_visit_with_wrong_parts_is_refused(house, subtests):
    customer = Customer(house.gateway.url, house.tenant.id)
    house.people.append(customer)
    for change in WRONG_VISITS:
        with subtests.test(ascii(change)[:80]):
            answer = await customer.post("/v1/widget/sessions", {"tenant": house.tenant.id, **change})
            refused(answer, 422, "invalid")


async def test_an_unknown_tenant_is_not_found(house):
    customer = Customer(house.gateway.url, "no-such-tenant")
    house.people.append(customer)
    refused(await customer.post("/v1/widget/sessions", {"tenant": "no-such-tenant"}), 404, "not_found")
