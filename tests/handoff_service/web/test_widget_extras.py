"""What the widget and the help centre ask for besides the conversation: own orders, votes about articles, reports."""

from __future__ import annotations

import json

import httpx2
import pytest
from pydantic import SecretStr

from data.demo_shop.app import create_app
from data.demo_shop.settings import Settings as ShopSettings
from handoff_service import metrics
from handoff_service.clock import utc_now
from handoff_service.knowledge import store
from handoff_service.knowledge.client import Knowledge
from handoff_service.knowledge.matching import Copy
from handoff_service.policy_reports import directive_of
from handoff_service.tenants.widget import Welcome
from kb_index.learning.api import FeedbackRequest
from tests.handoff_service.stage import trial_settings
from tests.handoff_service.web.test_visitor_identity import signed
from tests.handoff_service.web.visitors import accepted, fresh, refused

KEY = "k" * 40
ARTICLE = Copy("return-rules", "en", "What can I return?", (), "Anything.", "returns")


@pytest.fixture
def shop(house, tmp_path, monkeypatch):
    """The demo shop itself, connected to this tenant."""
    settings = ShopSettings(
        shop_url="http://shop.test", gateway_url="http://chat.test", var=tmp_path, api_key=KEY, identity_secret="i" * 40
    )
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(create_app(settings)))
    changed = trial_settings(shop_api_key=SecretStr(KEY), shop_tenants=house.tenant.id, shop_url="http://shop.test")
    orders = house.gateway.app.state.service.orders
    monkeypatch.setattr(orders, "_client", client)
    monkeypatch.setattr(orders, "_settings", changed)
    return orders


async def test_a_signed_in_customer_sees_his_own_orders_and_nobody_elses(house, shop):
    lin = await house.customer(identity=signed(house, of_shop=True, sub="cus_linxiao"))
    alex = await house.customer(identity=signed(house, of_shop=True, sub="cus_alex"))
    nobody = await house.customer(identity=signed(house, of_shop=True, sub="cus_nobody"))
    his, hers = [accepted(await one.get("/v1/widget/orders"))["orders"] for one in (alex, lin)]
    assert his
    assert hers
    assert {one["number"] for one in his}.isdisjoint(one["number"] for one in hers)
    assert [one["number"] for one in hers] == [one["number"] for one in await shop.of("cus_linxiao")]
    assert all(set(one) == {"number", "status", "placed_at", "items"} for one in his), "a list needs no more"
    assert hers[0]["items"][0]
    assert accepted(await nobody.get("/v1/widget/orders")) == {"orders": [], "why": None}


@pytest.mark.usefixtures("shop")
async def test_who_only_says_who_he_is_sees_no_orders(house):
    visitor = await house.customer()
    accepted(await visitor.post("/v1/widget/attributes", {"attributes": {"customer": "cus_linxiao"}}))
    assert accepted(await visitor.get("/v1/widget/orders")) == {"orders": [], "why": "unverified"}
    # Whoever sits there after a customer gets a token of his own, and the old one ends.
    lin = await house.customer(identity=signed(house, of_shop=True, sub="cus_linxiao"))
    alex = await house.customer(token=lin.token, identity=signed(house, of_shop=True, sub="cus_alex"))
    assert accepted(await alex.get("/v1/widget/orders"))["orders"]
    refused(await lin.get("/v1/widget/orders"), 401, "unauthorized")


async def test_orders_are_for_tenants_with_a_shop_and_the_widget_is_told_who_has_one(house):
    lin = await house.customer(identity=signed(house, sub="cus_linxiao"))
    assert accepted(await lin.get("/v1/widget/orders")) == {"orders": [], "why": "no_shop"}
    config = accepted(await lin.get(f"/v1/widget/config?tenant={house.tenant.id}"))
    assert config["orders"] is False


@pytest.mark.usefixtures("shop")
async def test_the_config_says_that_there_are_orders(house):
    visitor = await house.customer()
    assert accepted(await visitor.get(f"/v1/widget/config?tenant={house.tenant.id}"))["orders"] is True


@pytest.fixture
async def helped(house, monkeypatch):
    """A tenant with an article, what its knowledge base was told, and a browser without JavaScript."""
    told: list[FeedbackRequest] = []

    def answer(request):
        if request.url.path != "/feedback":
            return httpx2.Response(503, json={})
        assert request.headers["authorization"] == "Bearer the-token"
        body = {**json.loads(request.content), "tenant": "demo"}  # the tenants of these tests have names of their own
        told.append(FeedbackRequest.model_validate_json(json.dumps(body)))  # what the knowledge base itself takes
        return httpx2.Response(200, json={"kept": True})

    await house.database.write(lambda tx: store.replace(tx.connection, house.tenant.id, [ARTICLE], utc_now()))
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    service = house.gateway.app.state.service
    for name, value in vars(Knowledge(client, "http://kb.test", token="the-token")).items():
        monkeypatch.setattr(service.knowledge, name, value)
    async with httpx2.AsyncClient(base_url=house.gateway.url, trust_env=False) as browser:
        house.browser, house.told = browser, told
        yield house


async def test_a_vote_about_an_article_reaches_the_knowledge_base_and_teaches_no_question(helped):
    asked = {"op_id": fresh(), "tenant": helped.tenant.id, "language": "en", "helped": False}
    path = "/v1/widget/articles/return-rules/helped"
    for _ in range(2):  # the answer was lost
        assert accepted(await helped.browser.post(path, json=asked)) == {"kept": True}
    first, again = helped.told
    assert (first.event, first.conversation) == (again.event, again.conversation), "counts once there"
    assert (first.kind, first.article, first.right, first.language) == ("thumb", "return-rules", False, "en")
    assert first.text == "", "no question was asked: nothing is learned of one"
    other = {**asked, "op_id": fresh(), "helped": True}
    accepted(await helped.browser.post(path, json=other))
    assert (helped.told[-1].right, helped.told[-1].event == first.event) == (True, False)
    missing = "/v1/widget/articles/unknown/helped"
    refused(await helped.browser.post(missing, json=asked), 404, "not_found")
    refused(await helped.browser.post(path, json={**asked, "tenant": "nobody"}), 404, "not_found")
    refused(await helped.browser.post(path, json={**asked, "helped": "perhaps"}), 422, "invalid")


async def test_a_vote_is_lost_while_nobody_keeps_it_and_the_reader_is_not_bothered(helped, monkeypatch):
    monkeypatch.setattr(helped.gateway.app.state.service.knowledge, "_token", "")
    asked = {"op_id": fresh(), "tenant": helped.tenant.id, "language": "en", "helped": True}
    answer = await helped.browser.post("/v1/widget/articles/return-rules/helped", json=asked)
    assert accepted(answer) == {"kept": False}


async def test_the_page_of_an_article_asks_without_javascript(helped):
    path = f"/help/{helped.tenant.id}/en/articles/return-rules"
    page = (await helped.browser.get(path)).text
    assert f'<form method="post" action="{path}">' in page
    answer = await helped.browser.post(path, data={"helped": "no"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?told=no#told")
    assert (helped.told[-1].article, helped.told[-1].right) == ("return-rules", False)
    thanks = (await helped.browser.get(path, params={"told": "no"})).text
    assert "we will improve this article" in thanks
    assert "<form method" not in thanks
    refused(await helped.browser.post(path, data={"helped": "x"}), 422, "invalid")
    refused(await helped.browser.post(path, content=b"\xff\xfe"), 422, "invalid")
    assert len(helped.told) == 1


def counted(directive):
    return metrics.REGISTRY.get_sample_value("tandem_policy_reports_total", {"directive": directive}) or 0.0


async def test_browsers_report_what_the_policy_forbids_and_it_is_counted(house):
    async with httpx2.AsyncClient(base_url=house.gateway.url, trust_env=False) as browser:
        policy = (await browser.get("/console/")).headers["content-security-policy"]
        assert policy.endswith("; report-uri /csp")
        before = counted("script-src"), counted("other")
        report = {"csp-report": {"effective-directive": "script-src-elem", "blocked-uri": "https://evil.example/x.js"}}
        headers = {"content-type": "application/csp-report"}
        for body in (json.dumps(report).encode(), b"not JSON"):
            answer = await browser.post("/csp", content=body, headers=headers)
            assert (answer.status_code, answer.content) == (204, b"")
        await browser.post("/csp", content=b" " * 20_000 + json.dumps(report).encode())  # too large for a report
        assert (counted("script-src"), counted("other")) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(
    ("body", "directive"),
    [
        ({"csp-report": {"violated-directive": "img-src 'self' data:"}}, "img-src"),
        ({"csp-report": {"effective-directive": "style-src-attr"}}, "style-src"),
        ({"csp-report": {"effective-directive": "anything; that=somebody sends"}}, "other"),
        ({"csp-report": {"effective-directive": " "}}, "other"),
        ({"csp-report": []}, "other"),
        ([], "other"),
    ],
)
def test_a_report_is_one_of_the_directives_that_we_have(body, directive):
    assert directive_of(json.dumps(body).encode()) == directive


async def test_one_address_makes_no_more_than_its_share_of_the_count(open_gateway):
    gateway = open_gateway(limit_messages="3/minute")
    before = counted("img-src")
    async with httpx2.AsyncClient(base_url=gateway.url, trust_env=False) as browser:
        report = {"csp-report": {"effective-directive": "img-src"}}
        assert {(await browser.post("/csp", json=report)).status_code for _ in range(6)} == {204}
    assert counted("img-src") == before + 3


def test_a_welcome_may_be_for_some_visitors():
    rule = {"text": {"en": "Gold!"}, "about": {"level": "gold", "old": True, "orders": 3}}
    assert Welcome.model_validate(rule).model_dump(mode="json")["about"] == rule["about"]
