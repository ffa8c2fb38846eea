"""Rewriting over HTTP: offered only where it may happen, never in the way of others, and logged without a text."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest

from kb_index.index.build import build
from kb_index.logs import configure_logs
from kb_index.settings import Settings
from tests.kb_index.rewriting.conftest import SECRET
from tests.kb_index.rewriting.far_writer import FarWriter, completion, never
from tests.kb_index.shop_articles import quiet, shop_settings, write_article
from tests.kb_index.test_kb_api import CONTRACT as UNDERSTAND
from tests.kb_index.test_kb_api import running, understand

CONTRACT = json.loads((Path(__file__).parents[2] / "contracts" / "rewrite.json").read_text("utf-8"))
PLAIN = "We refund within two working days after inspection; cards take three days."
FAITHFUL = "After inspection, we refund within 2 working days; cards take 3 days."
QUESTION = "how long does a refund take"


@pytest.fixture(scope="module")
def folder(built_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with a policy that may only be quoted."""
    folder = tmp_path_factory.mktemp("writing") / "shop"
    shutil.copytree(built_shop, folder)
    write_article(
        folder / "kb",
        "privacy-policy",
        "en",
        title="What does the privacy policy say?",
        questions=["privacy policy", "what do you do with my personal data", "read the privacy policy"],
        answer="We process personal data only to fulfil your order, as section 4 of the policy says.",
        more="quote_only: true\n",
    )
    build(shop_settings(folder), if_changed=True, progress=quiet)
    return folder


def writing(folder: Path, far: FarWriter, **changes: object) -> Settings:
    values = {"writer_url": far.url, "writer_model": "m", "writer_api_key": SECRET, "writer_timeout_s": 2.0, **changes}
    return shop_settings(folder, **values)


@pytest.fixture
def client(folder: Path, far: FarWriter) -> Iterator[httpx2.Client]:
    with running(writing(folder, far)) as client:
        yield client


def rewrite(client: httpx2.Client, article: str = "refund-timing", **more: Any) -> dict[str, Any]:
    body = {"text": QUESTION, "tenant": "shop", "article": article, "language": "en", **more}
    jsonschema.validate(body, CONTRACT["request"])
    response = client.post("/rewrite", json=body)
    assert response.status_code == 200, response.text
    jsonschema.validate(response.json(), CONTRACT["response"])
    return dict(response.json())


def test_the_contract_fits_its_examples() -> None:
    for side in ("request", "response"):
        jsonschema.Draft7Validator.check_schema(CONTRACT[side])
        for example in CONTRACT["examples"]:
            jsonschema.validate(example[side], CONTRACT[side])


def test_an_answer_is_offered_and_rewritten(client: httpx2.Client, far: FarWriter) -> None:
    far.answer = completion(FAITHFUL)
    found = understand(client, QUESTION)
    jsonschema.validate(found, UNDERSTAND["response"])
    offers = [hit.get("rewrite_within_s") for hit in found["hits"]]
    assert (found["decision"]["action"], offers[0], set(offers[1:])) == ("answer", 2.0, {None})
    assert far.requests == [], "nothing is asked before somebody is about to send the answer"
    written = rewrite(client)
    assert (written["decision"], written["text"], written["generation"]) == ("written", FAITHFUL, found["generation"])


def test_a_wrong_number_is_not_sent(client: httpx2.Client, far: FarWriter) -> None:
    far.answer = completion(FAITHFUL.replace("3", "2"))
    written = rewrite(client)
    assert (written["decision"], written["text"], written["reason"]) == ("plain", PLAIN, "not entailed: value")


def test_a_policy_is_neither_offered_nor_rewritten(client: httpx2.Client, far: FarWriter) -> None:
    far.answer = completion("We process personal data only to fulfil your order.")
    found = understand(client, "read the privacy policy")
    assert found["hits"][0]["quote"] is True
    assert "rewrite_within_s" not in found["hits"][0]
    assert rewrite(client, "privacy-policy")["reason"] == "quote only"
    assert far.requests == []


def test_what_is_no_answer_or_in_another_language_is_not_offered(client: httpx2.Client, far: FarWriter) -> None:
    for text in ("what is the capital of australia", "can I claim vat back", "海关退税可以在机场办吗"):
        found = understand(client, text)
        if found["decision"]["action"] != "answer" or found["hits"][0]["language"] != found["language"]:
            assert "rewrite_within_s" not in found["hits"][0]
    assert understand(client, "what is the capital of australia")["decision"]["action"] == "abstain"
    assert rewrite(client, "tax-refund-abroad", language="zh")["reason"] == "another language"
    assert far.requests == []


def test_what_a_customer_may_not_see_is_not_rewritten(client: httpx2.Client, far: FarWriter) -> None:
    body = {"text": "赔付上限", "tenant": "shop", "article": "compensation-limits", "language": "zh"}
    assert client.post("/rewrite", json=body).status_code == 404
    assert client.post("/rewrite", json={**body, "tenant": "other"}).status_code == 404
    assert client.post("/rewrite", json={**body, "odd": 1}).status_code == 422
    assert far.requests == []


def test_nobody_waits_for_a_slow_endpoint_but_who_asked_it(client: httpx2.Client, far: FarWriter) -> None:
    far.answer = never
    ended = threading.Event()
    slow = threading.Thread(target=lambda: (rewrite(client), ended.set()))
    slow.start()
    while not far.requests:
        assert not ended.is_set()
    assert understand(client, QUESTION)["decision"]["action"] == "answer"
    assert not ended.is_set(), "the question was understood while the endpoint kept silent"
    slow.join()


def test_off_means_off(folder: Path) -> None:
    with running(shop_settings(folder)) as client:
        assert all("rewrite_within_s" not in hit for hit in understand(client, QUESTION)["hits"])
        assert rewrite(client)["reason"] == "off"


def test_a_tenant_can_be_left_out(folder: Path, far: FarWriter) -> None:
    with running(writing(folder, far, writer_tenants=["other"])) as client:
        assert "rewrite_within_s" not in understand(client, QUESTION)["hits"][0]
        assert rewrite(client)["reason"] == "not for this tenant"
    assert far.requests == []


def test_the_log_tells_the_decision_and_neither_texts_nor_the_key(
    folder: Path, far: FarWriter, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("debug")
    with running(writing(folder, far)) as client:
        for said in (FAITHFUL, "You will get a kangaroo."):
            far.answer = completion(said)
            rewrite(client)
    logged = capfd.readouterr().err
    lines = [json.loads(line) for line in logged.splitlines() if '"kb_index.rewritten"' in line]
    assert [(line["decision"], line["reason"]) for line in lines] == [("written", None), ("plain", lines[1]["reason"])]
    assert {line["article"] for line in lines} == {"refund-timing"}
    assert lines[0]["generation"].startswith("g-")
    assert not [text for text in (QUESTION, FAITHFUL, PLAIN, "kangaroo", SECRET) if text in logged]
