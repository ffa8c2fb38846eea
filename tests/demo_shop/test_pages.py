"""The shop pages: what they embed, what they allow, who they say is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey
from starlette.testclient import TestClient

from data.demo_shop.app import create_app
from data.demo_shop.pages import HERE, PAGES
from data.demo_shop.settings import Settings
from data.demo_shop.texts import PRODUCTS, TEXTS

SECRET = "i" * 40
ALL_PAGES = [path for paths in PAGES.values() for path in paths.values()]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(
        shop_url="http://shop.test",
        gateway_url="http://chat.test:8080",
        var=tmp_path,
        api_key="k" * 40,
        identity_secret=SECRET,
    )
    with TestClient(create_app(settings), base_url=settings.shop_url, follow_redirects=False) as client:
        yield client


def _sign_in(shop: TestClient, customer: str, back: str = "/", **headers: str) -> str:
    answer = shop.post("/sign-in", data={"customer": customer, "back": back}, headers=headers)
    assert answer.status_code == 303
    return answer.headers["location"]


def _identity(html: str) -> str | None:
    found = re.search(r'data-identity="([^"]+)"', html)
    return found.group(1) if found else None


@pytest.mark.parametrize("path", ALL_PAGES)
def test_every_page_embeds_the_widget_in_its_language(shop: TestClient, path: str) -> None:
    html = shop.get(path).text
    language = "en" if path.startswith("/en") else "zh"
    assert '<script async src="http://chat.test:8080/widget/v1/widget.js" data-tenant="demo"' in html
    assert f'data-language="{language}"' in html
    assert _identity(html) is None, "nobody is signed in"


@pytest.mark.parametrize("path", ALL_PAGES)
def test_every_page_obeys_its_own_policy(shop: TestClient, path: str) -> None:
    _sign_in(shop, "cus_linxiao")
    answer = shop.get(path)
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "http://chat.test:8080"
    assert policy["connect-src"] == "http://chat.test:8080 ws://chat.test:8080"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|style=|<script(?! async src)|\son\w+=|javascript:", answer.text)
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert shop.get(address).status_code == 200, address


def test_the_identity_is_signed_short_lived_and_new_each_time(shop: TestClient) -> None:
    _sign_in(shop, "cus_alex")
    tokens = [_identity(shop.get("/en").text) for _ in range(2)]
    claims = [jwt.decode(token or "", OctKey.import_key(SECRET), algorithms=["HS256"]).claims for token in tokens]
    for one in claims:
        assert {name: one[name] for name in ("sub", "name", "iss", "aud")} == {
            "sub": "cus_alex",
            "name": "Alex Carter",
            "iss": "demo-shop",
            "aud": "tandem-widget",
        }
        assert 0 < one["exp"] - one["iat"] <= 300
    assert claims[0]["jti"] != claims[1]["jti"]
    with pytest.raises(BadSignatureError):
        jwt.decode(tokens[0] or "", OctKey.import_key("x" * 40), algorithms=["HS256"])


def test_the_order_list_shows_the_own_orders_only(shop: TestClient) -> None:
    assert "LY2026" not in shop.get("/orders").text
    assert _sign_in(shop, "cus_linxiao", back="/orders") == "/orders"
    html = shop.get("/orders").text
    assert set(re.findall(r"LY\d{11}", html)) == {
        "LY20261103001",
        "LY20261104016",
        "LY20261030008",
        "LY20261009033",
        "LY20261105002",
    }
    assert "顺丰速运" in html
    assert "¥299.00" in html
    shop.post("/sign-out", data={"back": "/orders"})
    assert "LY2026" not in shop.get("/orders").text


def test_only_the_two_doors_can_be_entered(shop: TestClient) -> None:
    _sign_in(shop, "cus_wangfang")
    assert _identity(shop.get("/").text) is None
    shop.cookies.set("shop_customer", "cus_wangfang")
    assert _identity(shop.get("/").text) is None


def test_another_site_cannot_sign_somebody_in(shop: TestClient) -> None:
    _sign_in(shop, "cus_alex", **{"Sec-Fetch-Site": "cross-site"})
    assert _identity(shop.get("/").text) is None


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/api/v1/orders", "", "\r\nX: y"])
def test_the_switch_leads_only_to_own_pages(shop: TestClient, back: str) -> None:
    assert _sign_in(shop, "cus_alex", back=back) == "/"


def test_a_huge_form_is_not_read(shop: TestClient) -> None:
    answer = shop.post("/sign-in", content=b"customer=cus_alex&back=" + b"x" * 100_000)
    assert answer.headers["location"] == "/"
    assert "set-cookie" not in answer.headers


def test_both_languages_have_the_same_words() -> None:
    assert TEXTS["zh"].keys() == TEXTS["en"].keys()


def test_every_product_has_its_picture() -> None:
    assert [product.art for product in PRODUCTS if not (HERE / "static" / "art" / f"{product.art}.svg").exists()] == []
