"""Bad input over HTTP: a clear error or a sensible answer, never a crash, and the next customer is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from kb_index.api import LARGEST_BODY
from kb_index.logs import configure_logs
from tests.kb_index.shop_articles import shop_settings
from tests.kb_index.test_kb_api import CONTRACT, running, understand


@pytest.fixture(scope="module")
def client(built_shop: Path) -> Iterator[httpx2.Client]:
    with running(shop_settings(built_shop)) as client:
        yield client


ZALGO = "".join(letter + "\u0334\u0321\u0322\u035c\u0313\u0314\u0311" * 20 for letter in "怎么开发票")


@pytest.mark.parametrize(
    "text",
    [
        "😀🎉👍",
        "👨‍👩‍👧‍👦",
        "!!!???。。。",
        "…",
        "\u200b\u200d\ufeff",
        "\u3000 \u3000",
        "，",
        "0",
        "-" * 8000,
        "\u0334" * 4000,
    ],
    ids=["emoji", "family", "marks", "dots", "invisible", "spaces", "comma", "digit", "dashes", "marks on nothing"],
)
def test_a_text_that_says_nothing_is_not_answered(client: httpx2.Client, text: str) -> None:
    found = understand(client, text)
    jsonschema.validate(found, CONTRACT["response"])
    assert found["decision"]["action"] == "abstain"


@pytest.mark.parametrize(
    "text",
    [
        "返金はいつになりますか",
        "환불은 얼마나 걸리나요",
        "متى يصل المبلغ المسترد",
        "Combien de temps pour un remboursement ?",
        "Когда вернут деньги",
    ],
)
def test_another_language_is_not_answered(client: httpx2.Client, text: str) -> None:
    found = understand(client, text)
    jsonschema.validate(found, CONTRACT["response"])
    assert found["decision"]["action"] == "abstain"


def test_piled_up_marks_hide_nothing(client: httpx2.Client) -> None:
    assert understand(client, ZALGO)["hits"][0]["article"] == "invoice"
    assert understand(client, "怎\u200b么\u2060开\ufeff发票")["hits"][0]["article"] == "invoice"


@pytest.mark.parametrize(
    ("text", "status"),
    [("退" * 100_000, 413), ("x" * 100_000, 422), ("x" * LARGEST_BODY, 413), ("a\x00b", 422), ("x" * 8001, 422)],
    ids=["100 kB of Chinese", "100 kB", "body", "NUL", "8001"],
)
def test_what_is_too_long_or_no_text_is_refused_in_words(client: httpx2.Client, text: str, status: int) -> None:
    body = json.dumps({"text": text, "tenant": "shop"}, ensure_ascii=False).encode()
    response = client.post("/understand", content=body, headers={"content-type": "application/json"})
    assert response.status_code == status
    assert set(response.json()["error"]) == {"code", "message"}
    assert len(response.content) < 500
    assert understand(client, "怎么开发票")["hits"][0]["article"] == "invoice"


@pytest.mark.parametrize(
    "more",
    [
        {"channel": "Chat Room"},
        {"channel": ""},
        {"contact": []},
        {"contact": {"products": ["x" * 121]}},
        {"contact": {"asked": [{"article": "../x", "at": "2026-01-01T00:00:00Z"}]}},
        {"contact": {"asked": [{"article": "a", "at": "2026-01-01T00:00:00"}]}},
        {"contact": {"asked": [{"article": "a", "at": "soon"}]}},
        {"contact": {"asked": [{"article": "a", "at": "2026-01-01T00:00:00Z"}] * 51}},
        {"contact": {"odd": 1}},
        {"context": [{"author": "bot", "text": "x", "article": "a b"}]},
        {"context": [{"author": "bot", "text": "x", "odd": 1}]},
    ],
    ids=repr,
)
def test_an_optional_field_of_another_shape_is_refused(client: httpx2.Client, more: dict[str, Any]) -> None:
    response = client.post("/understand", json={"text": "退款", "tenant": "shop", **more})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "bad_request")


def test_a_follow_up_a_slip_and_a_contact_are_answered_in_the_contracts_shape(client: httpx2.Client) -> None:
    found = understand(
        client,
        "那电子发漂呢",
        context=[
            {"author": "customer", "text": "怎么开发票"},
            {"author": "bot", "text": "看订单", "article": "invoice"},
        ],
        channel="wechat",
        contact={"products": ["水壶"], "asked": [{"article": "coupon", "at": "2026-01-01T00:00:00Z", "solved": False}]},
    )
    jsonschema.validate(found, CONTRACT["response"])
    greeted = understand(
        client, "你好", contact={"asked": [{"article": "coupon", "at": "2026-01-01T00:00:00Z", "solved": False}]}
    )
    jsonschema.validate(greeted, CONTRACT["response"])
    assert greeted["reminder"]["title"] == "优惠券怎么用"
    pinyin = understand(client, "you hui quan zen me yong")
    assert pinyin["language"] == "zh"
    assert pinyin["hits"][0]["article"] == "coupon"
    assert pinyin["reading"]["notes"] == [{"kind": "pinyin", "from": "you hui quan zen me yong", "to": "优惠券怎么用"}]


def test_every_decision_is_logged_with_its_figures_and_without_the_text(
    built_shop: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("info")
    with running(shop_settings(built_shop)) as client:
        found = understand(client, "怎么开发漂 dodo4711x")
    lines = [json.loads(line) for line in "".join(capfd.readouterr()).splitlines()]
    decided = [line for line in lines if line["event"] == "kb_index.decided"]
    assert len(decided) == 1
    logged, decision = decided[0], found["decision"]
    assert (logged["tenant"], logged["generation"], logged["rule"]) == ("shop", found["generation"], decision["rule"])
    assert logged["articles"] == [hit["article"] for hit in found["hits"][:3]]
    for figure in ("probability", "threshold", "margin"):
        assert logged[figure] == pytest.approx(decision[figure], abs=1e-3)
    assert "dodo" not in json.dumps(lines, ensure_ascii=False)
    assert "发漂" not in json.dumps(lines, ensure_ascii=False)
