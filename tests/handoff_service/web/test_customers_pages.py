"""What customers get besides the conversation: the help centre (from the gateway's own copy), looks, codes, frames."""

from __future__ import annotations

import re

import httpx2
import pytest

from handoff_service.clock import utc_now
from handoff_service.help_centre.articles import Articles
from handoff_service.knowledge import store
from handoff_service.knowledge.matching import Copy
from handoff_service.tenants import store as tenants
from tests.handoff_service.help_centre.hostile import HOSTILE
from tests.handoff_service.stage import SHOP_URL
from tests.handoff_service.web.visitors import accepted, refused

ARTICLES = [
    Copy(
        "refund-time",
        "en",
        "How long does a refund take?",
        ("refund duration",),
        "Within **two days**.",
        "returns/refund",
    ),
    Copy("refund-time", "zh", "退款多久到账", ("多久能退款",), "两天内到账。", "returns/refund"),
    Copy("return-rules", "en", "What can I return?", (), "1. Open\n2. Choose\n3. Send", "returns"),
    Copy("sign-in", "en", "I cannot sign in", (), "Reset your password.", "account"),
]


@pytest.fixture
async def helped(house):
    """A tenant with articles, and a browser without JavaScript."""
    await house.database.write(lambda tx: store.replace(tx.connection, house.tenant.id, ARTICLES, utc_now()))
    async with httpx2.AsyncClient(base_url=house.gateway.url, trust_env=False) as browser:
        house.browser = browser
        yield house


async def set_widget(house, **changes):
    settings = house.tenant.settings
    widget = settings.widget.model_validate({**settings.widget.model_dump(), **changes})
    house.tenant = house.tenant.model_copy(update={"settings": settings.model_copy(update={"widget": widget})})
    await house.database.write(lambda tx: tenants.save(tx.connection, house.tenant))


async def page(house, path, status=200):
    answer = await house.browser.get(f"/help/{house.tenant.id}/{path}")
    assert answer.status_code == status, answer.text
    assert "<script" not in answer.text.replace('<script async src="/widget/v1/widget.js"', "")
    return answer.text


async def test_everything_is_reached_by_links_and_one_form(helped):
    home = await page(helped, "en/")
    assert re.findall(r'topics/([\w/]+)">', home) == ["account", "returns"]
    assert "2 articles" in home
    assert "<p>1 article</p>" in home
    topic = await page(helped, "en/topics/returns")
    assert 'articles/refund-time">' in topic
    assert 'topics/returns/refund">' in topic
    assert 'articles/sign-in">' not in topic
    article = await page(helped, "en/articles/refund-time")
    assert "Within <strong>two days</strong>." in article
    found = await page(helped, "en/?q=refund+duration")
    assert 'articles/refund-time">' in found
    assert 'articles/sign-in">' not in found


async def test_a_search_engine_learns_title_words_languages_and_where_all_articles_are(helped):
    article = await page(helped, "en/articles/refund-time")
    name = helped.tenant.settings.name["en"]
    assert f"<title>How long does a refund take? – {name} help centre</title>" in article
    assert '<meta name="description" content="Within two days.">' in article
    tenant, gateway = helped.tenant.id, helped.gateway.url
    assert f'rel="canonical" href="{gateway}/help/{tenant}/en/articles/refund-time"' in article
    assert f'hreflang="zh-CN" href="{gateway}/help/{tenant}/zh/articles/refund-time"' in article
    sitemap = (await helped.browser.get(f"/help/{tenant}/sitemap.xml")).text
    assert sitemap.count("<loc>") == 2 + len(ARTICLES)
    assert 'content="noindex"' in await page(helped, "en/?q=refund")


async def test_a_translation_that_the_copy_does_not_know_yet_is_a_page(helped, monkeypatch):
    async def languages(_, __, ___):
        return ["zh"]

    monkeypatch.setattr(Articles, "languages", languages)
    article = await page(helped, "en/articles/refund-time")
    assert f'rel="canonical" href="{helped.gateway.url}/help/{helped.tenant.id}/en/articles/refund-time"' in article


async def test_what_somebody_has_sent_may_do_nothing_in_a_browser(helped):
    for place in ("/v1/files/f_1", f"/v1/shared/{helped.tenant.id}/f_1?until=1&proof=x"):
        answer = await helped.browser.get(place)
        assert "sandbox" in answer.headers["content-security-policy"], place


async def test_what_is_not_there_says_so_in_the_language_of_the_page(helped):
    assert "没有这篇文章" in await page(helped, "zh/articles/sign-in", 404)
    assert "no such article" in await page(helped, "en/topics/nothing", 404)
    refused(await helped.browser.get("/help/nobody/en/"), 404, "not_found")
    await set_widget(helped, help_centre=False)
    for path in ("en/", "sitemap.xml"):
        refused(await helped.browser.get(f"/help/{helped.tenant.id}/{path}"), 404, "not_found")
    config = accepted(await helped.browser.get(f"/v1/widget/config?tenant={helped.tenant.id}"))
    assert config["help"] is False


async def test_the_language_is_chosen_by_the_browser(helped):
    for wish, language in (("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9", "en")):
        answer = await helped.browser.get(f"/help/{helped.tenant.id}", headers={"accept-language": wish})
        assert answer.headers["location"] == f"/help/{helped.tenant.id}/{language}/"


async def test_the_widget_finds_articles_while_somebody_types(helped):
    async def found(q):
        asked = {"tenant": helped.tenant.id, "language": "en", "q": q}
        return [
            one["article"]
            for one in accepted(await helped.browser.get("/v1/widget/articles", params=asked))["articles"]
        ]

    assert await found("refu") == ["refund-time"]
    assert await found("refund duration") == ["refund-time"]
    assert await found("") == []
    await set_widget(helped, articles=["sign-in", "gone", "refund-time"])
    assert await found("") == ["sign-in", "refund-time"]
    asked = {"tenant": helped.tenant.id, "language": "en"}
    read = accepted(await helped.browser.get("/v1/widget/articles/return-rules", params=asked))
    assert read["text"].startswith("1. Open")
    assert read["url"].endswith(f"/help/{helped.tenant.id}/en/articles/return-rules")
    refused(await helped.browser.get("/v1/widget/articles/unknown", params=asked), 404, "not_found")


async def test_nothing_that_stands_in_an_article_or_is_searched_for_runs(helped):
    hostile = [Copy(f"a{at}", "en", text, (text,), text, "x") for at, text in enumerate(HOSTILE)]
    await helped.database.write(lambda tx: store.replace(tx.connection, helped.tenant.id, hostile, utc_now()))
    pages = [await page(helped, "en/topics/x")]
    pages += [await page(helped, f"en/articles/a{at}") for at in range(len(HOSTILE))]
    for text in HOSTILE:
        answer = await helped.browser.get(f"/help/{helped.tenant.id}/en/", params={"q": text})
        pages.append(answer.text)
    for html in pages:
        tags = re.findall(r"<([a-z0-9]+)([^>]*)>", html)
        assert not {name for name, _ in tags} & {"img", "svg", "iframe", "math", "style", "object", "embed"}
        assert [rest for name, rest in tags if name == "script"] == [
            f' async src="/widget/v1/widget.js" data-tenant="{helped.tenant.id}" data-language="en"'
        ]
        assert not [rest for _, rest in tags if re.search(r"\son\w+\s*=", re.sub(r'"[^"]*"', '""', rest))]


async def test_looks_are_the_tenants_and_public(helped):
    await set_widget(
        helped,
        accent="#ffcc00",
        position="start",
        welcome=[{"text": {"en": "Evening!"}, "from": "18:00", "to": "09:00"}],
    )
    answer = await helped.browser.get(f"/v1/widget/config?tenant={helped.tenant.id}", headers={"origin": SHOP_URL})
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == SHOP_URL
    config = accepted(answer)
    assert config["look"] == {"accent": "#ffcc00", "logo": None, "position": "start", "scheme": "auto"}
    assert config["welcome"][0] == {
        "text": {"en": "Evening!"},
        "suggestions": {},
        "from": "18:00",
        "to": "09:00",
        "page": None,
        "about": {},
    }
    style = (await helped.browser.get(f"/help/{helped.tenant.id}/style.css")).text
    assert "--accent:#ffcc00" in style, "bright enough by night"
    assert style.count("--accent:#ffcc00") == 1, "and darker by day"


async def test_a_code_opens_the_chat_on_a_phone(helped):
    answer = await helped.browser.get(f"/v1/widget/qr.svg?tenant={helped.tenant.id}&order=LY20261103001")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg")
    refused(await helped.browser.get("/v1/widget/qr.svg?tenant=nobody"), 404, "not_found")
    refused(await helped.browser.get(f"/v1/widget/qr.svg?tenant={helped.tenant.id}&order=<b>"), 422, "invalid")


async def test_what_a_page_tells_of_its_visitor_reaches_agents_and_is_erased_with_him(helped):
    agent, customer = await helped.agent("chen", role="supervisor"), await helped.customer()
    await customer.write("hello")
    told = {"app": "ios", "version": 5.2, "vip": True, "gone": None}
    assert accepted(await customer.post("/v1/widget/attributes", {"attributes": told})) == {"kept": 3}
    accepted(await customer.post("/v1/widget/attributes", {"attributes": {"app": "android"}}))
    seen = (await agent.look(customer.conversation))["contact"]["attributes"]
    assert seen == {"version": 5.2, "vip": True, "app": "android"}
    assert accepted(await customer.get("/v1/widget/export"))["contact"]["attributes"] == seen
    for wrong in ({"a\x00": "b"}, {"<b>": "x"}, {"a": ["list"]}, {"a": "x" * 301}, {f"n{n}": 1 for n in range(31)}):
        refused(await customer.post("/v1/widget/attributes", {"attributes": wrong}), 422, "invalid")
    accepted(await customer.post("/v1/widget/erase", {}))
    assert "attributes" not in (await agent.look(customer.conversation))["contact"]


async def test_a_tenants_own_sites_may_show_the_chat_in_a_frame_and_nobody_else(helped):
    async def ancestors(path):
        answer = await helped.browser.get(path)
        return answer.headers["content-security-policy"].partition("frame-ancestors ")[2].partition(";")[0]

    assert await ancestors(f"/chat/?tenant={helped.tenant.id}") == SHOP_URL
    for path in ("/chat/", "/chat/?tenant=nobody", f"/console/?tenant={helped.tenant.id}", "/chat/?tenant=%00"):
        assert await ancestors(path) == "'none'"


@pytest.mark.parametrize(
    ("logo", "source"),
    [
        ("https://cdn.shop.example/a;style-src,/logo.png", "https://cdn.shop.example/a%3Bstyle-src%2C/logo.png"),
        ("https://cdn.shop.example:8443/logo.png?v=2", "https://cdn.shop.example:8443/logo.png"),
        ("https://u:p@cdn.shop.example/logo.png", ""),
        ("/v1/pictures/shop/p_1", ""),
    ],
)
async def test_the_tenants_logo_is_let_in_on_his_own_pages_and_nothing_else_is(house, logo, source):
    settings = house.tenant.settings
    widget = settings.widget.model_copy(update={"logo": logo})
    tenant = house.tenant.model_copy(update={"settings": settings.model_copy(update={"widget": widget})})
    await house.database.write(lambda tx: tenants.save(tx.connection, tenant))
    customer = await house.customer()

    async def pictures(path):
        policy = (await customer.get(path)).headers["content-security-policy"]
        return policy.partition("img-src ")[2].partition(";")[0].removeprefix("'self' data: blob:").strip()

    name = house.tenant.id
    assert [await pictures(path) for path in (f"/chat/?tenant={name}", f"/help/{name}/en/")] == [source, source]
    for path in ("/chat/", "/chat/?tenant=nobody", "/chat/?tenant=%00", f"/console/?tenant={name}", "/help/%00/"):
        assert await pictures(path) == "", path


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x1aE\xdf\xa3" + b"\0" * 40, "audio/webm"),
        (b"OggS" + b"\0" * 40, "audio/ogg"),
        (b"\0\0\0\x1cftypisom" + b"\0" * 40, "audio/mp4"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, None),
        (b"<html><script>alert(1)</script>" + b" " * 40, None),
    ],
)
async def test_a_voice_note_is_a_recording_by_its_bytes(house, content, kind):
    customer = await house.customer()
    path = "/v1/conversations/current/files?name=voice.webm&voice=true"
    headers = {"authorization": f"Bearer {customer.token}"}
    answer = await customer.http.post(path, content=content, headers=headers)
    if kind is None:
        refused(answer, 422, "invalid")
    else:
        assert accepted(answer, 201)["file"]["type"] == kind
        refused(
            await customer.http.post(path.replace("&voice=true", ""), content=content, headers=headers), 422, "invalid"
        )


async def test_the_face_of_an_agent_reaches_his_customer_and_only_pictures_are_taken(helped):
    agent, customer = await helped.agent(), await helped.customer()
    await agent.socket()
    socket = await customer.socket()
    headers = {"x-requested-by": "console"}
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
    address = accepted(await agent.http.post("/v1/agents/me/picture", content=png, headers=headers), 201)["picture"]
    for wrong in (b"<svg onload=alert(1)>" + b" " * 40, b"%PDF-1.7" + b" " * 40):
        refused(await agent.http.post("/v1/agents/me/picture", content=wrong, headers=headers), 422, "invalid")
    large = await agent.http.post("/v1/agents/me/picture", content=png + b"\0" * 100_000, headers=headers)
    refused(large, 413, "too_large")
    await customer.write("hello")
    await customer.answered()
    await customer.ask_human()
    accepted(await agent.accept(await helped.handoff_of(customer)))
    told = await socket.until(lambda frame: frame["t"] == "status" and frame["owner"]["kind"] == "agent")
    assert told["owner"]["agent"] == {"name": "Lin", "picture": address}
    shown = await helped.browser.get(address, headers={"origin": "https://anywhere.example"})
    assert (shown.headers["content-type"], shown.content) == ("image/png", png)
    assert shown.headers["access-control-allow-origin"] == "*"
    assert "sandbox" in shown.headers["content-security-policy"]
    assert accepted(await agent.http.post("/v1/agents/me/picture", content=b"", headers=headers), 201) == {
        "picture": None
    }
    refused(await helped.browser.get(address), 404, "not_found")


async def test_a_customer_is_told_that_the_agent_has_read(helped):
    agent, customer = await helped.agent(), await helped.customer()
    desk, socket = await agent.socket(), await customer.socket()
    await customer.write("hello")
    await customer.answered()
    await customer.ask_human()
    accepted(await agent.accept(await helped.handoff_of(customer)))
    await socket.until(lambda frame: frame["t"] == "status" and frame["owner"]["kind"] == "agent")
    assert "seen" not in [one for one in socket.frames if one["t"] == "status"][-1]
    await desk.say(t="read", conv=customer.conversation, seq=3)
    told = await socket.until(lambda frame: frame["t"] == "status" and "seen" in frame)
    assert told["seen"] == 3
