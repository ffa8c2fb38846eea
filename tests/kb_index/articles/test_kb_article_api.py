"""Editing over HTTP against a real server: the token, the life of an article, checks at publishing, hiding at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kb_index.__main__ import main
from kb_index.articles.model import Audience
from kb_index.articles.stores import Stores
from kb_index.index.build import build
from kb_index.index.withdrawn import Withdrawals
from kb_index.settings import Settings
from tests.kb_index.articles.labelled_pairs import article
from tests.kb_index.articles.stocked import BLANK, CATEGORIES, FULL, body, create, fields, publish
from tests.kb_index.shop_articles import quiet, shop_settings, write_shop
from tests.kb_index.test_kb_api import running

ROOT = "/tenants/brand/articles"
ONE = f"{ROOT}/refund-timing/zh"
TOKEN = "secret-token-of-the-tests"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_shop(tmp_path / "kb")
    tenants = {"brand": "database", "shop": tmp_path / "kb", "rival": "database"}
    return shop_settings(tmp_path, tenants=tenants, token=TOKEN)


@pytest.fixture
def editor(settings: Settings) -> Iterator[httpx2.Client]:
    with running(settings) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


def post(editor: httpx2.Client, path: str, expected: int = 200, **values: Any) -> dict[str, Any]:
    answer = editor.post(path, json={"actor": "mei", **values})
    assert answer.status_code == expected, answer.text
    return answer.json()  # type: ignore[no-any-return]


def created(editor: httpx2.Client, subject: Any = FULL, **more: Any) -> dict[str, Any]:
    return post(editor, ROOT, 201, article=fields(subject), **more)


def test_without_the_token_nothing_is_read_or_written(editor: httpx2.Client, settings: Settings) -> None:
    del editor.headers["Authorization"]
    for shown in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"bearer {TOKEN}x"},
    ):
        for method, path in (("GET", ROOT), ("GET", ONE), ("POST", ROOT), ("GET", "/tenants/brand/tasks")):
            answer = editor.request(method, path, headers=shown)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authorised")
    with running(settings.model_copy(update={"token": None})) as client:
        answer = client.get(ROOT, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "writing_disabled")
    assert "TANDEM_KB_TOKEN" in answer.json()["error"]["message"]


def test_the_life_of_an_article(editor: httpx2.Client, settings: Settings) -> None:
    draft = created(editor, why="asked often")
    assert (draft["state"], draft["revision"], draft["served"]) == ("draft", 1, None)
    published = post(editor, f"{ONE}/publish", revision=1)
    assert (published["state"], published["served"], published["findings"]) == ("published", 2, [])
    edited = editor.put(ONE, json=body(replace(FULL, title="退款要多久"), revision=2)).json()
    assert (edited["state"], edited["revision"], edited["served"]) == ("draft", 3, 2)
    assert editor.get(ONE).json()["article"]["title"] == "退款要多久"
    back = post(editor, f"{ONE}/roll-back", revision=3, to=2)
    assert back["article"]["title"] == FULL.title
    assert [step["action"] for step in editor.get(f"{ONE}/history").json()] == [
        "roll-back to 2", "edit", "publish", "create",
    ]  # fmt: skip
    assert editor.get(f"{ONE}/history/3").json()["article"]["title"] == "退款要多久"
    assert Withdrawals(settings.store).all() == ()
    retired = post(editor, f"{ONE}/retire", revision=4, why="gone")
    assert (retired["state"], retired["served"]) == ("retired", None)
    # Once or twice: the watcher copies every row of the machines' table into the list, also that of its own machine.
    assert {(each.article, each.language) for each in Withdrawals(settings.store).all()} == {("refund-timing", "zh")}
    post(editor, f"{ONE}/delete", revision=5)
    assert editor.get(ONE).status_code == 404
    assert editor.get(f"{ONE}/history/1").json()["article"] is None


def test_what_was_read_can_be_put_back_as_it_is(editor: httpx2.Client) -> None:
    """An editor shows the fields that he got and sends all of them back, also those that he does not know."""
    created(editor)
    shown = editor.get(ONE).json()["article"]
    assert shown["title"] == FULL.title
    answer = editor.put(ONE, json={"article": shown, "revision": 1, "actor": "mei"})
    assert (answer.status_code, answer.json().get("revision")) == (200, 2), answer.text
    assert post(editor, f"{ONE}/publish", revision=2)["article"] == shown


def test_a_lost_update_and_a_wrong_step_are_conflicts(editor: httpx2.Client) -> None:
    created(editor)
    assert editor.put(ONE, json=body(FULL, revision=1, actor="bo")).status_code == 200
    answer = editor.put(ONE, json=body(FULL, revision=1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "article_changed")
    post(editor, f"{ONE}/publish", revision=2)
    assert post(editor, f"{ONE}/delete", 409, revision=3)["error"]["code"] == "illegal_step"
    assert post(editor, ROOT, 409, article=fields(FULL))["error"]["code"] == "article_exists"


def test_a_repeated_request_with_an_op_changes_nothing_more(editor: httpx2.Client) -> None:
    assert created(editor, op="create-1") == created(editor, op="create-1")
    first = post(editor, f"{ONE}/publish", revision=1, op="publish-1")
    again = post(editor, f"{ONE}/publish", revision=1, op="publish-1")
    assert (again["revision"], again["state"]) == (first["revision"], "published")
    answer = post(editor, ROOT, 409, article=fields(replace(FULL, title="other")), op="create-1")
    assert answer["error"]["code"] == "operation_reused"


def test_every_bad_field_is_named_at_once(editor: httpx2.Client) -> None:
    bad = fields(
        FULL, language="fr", audience="all", questions=["一"], facts=[{"name": "x", "kind": "phone", "value": "?"}]
    )
    error = post(editor, ROOT, 422, article=bad)["error"]
    assert error["code"] == "article_invalid"
    assert {each["field"] for each in error["fields"]} == {"language", "audience", "questions", "facts.0.value"}
    assert post(editor, ROOT, 422, article=fields(FULL) | {"titel": "x"})["error"]["code"] == "bad_request"
    assert post(editor, ROOT, 422, article=fields(FULL, title=7))["error"]["code"] == "bad_request"
    answer = editor.put(f"{ROOT}/other/zh", json=body(FULL, revision=1))
    assert "as in the address" in answer.json()["error"]["message"]


def test_an_error_stops_publishing_until_it_is_accepted_and_becomes_a_task(editor: httpx2.Client) -> None:
    bad = replace(FULL, answer=f"退款 3–5 个工作日到账，请致电 {BLANK}。", owner="li")
    created(editor, bad)
    refused = post(editor, f"{ONE}/publish", 409, revision=1)["error"]
    assert refused["code"] == "publishing_refused"
    assert BLANK in refused["findings"][0]
    assert editor.get("/tenants/brand/tasks").json() == []
    published = post(editor, f"{ONE}/publish", revision=1, accept=True)
    assert [each["kind"] for each in published["findings"]] == ["placeholder"]
    (task,) = editor.get("/tenants/brand/tasks", params={"owner": "li"}).json()
    assert (task["kind"], task["severity"], task["done"]) == ("placeholder", "error", None)
    editor.put(ONE, json=body(FULL, revision=2))
    post(editor, f"{ONE}/publish", revision=3)
    assert editor.get("/tenants/brand/tasks").json() == []
    (done,) = editor.get("/tenants/brand/tasks", params={"state": "done"}).json()
    assert done["id"] == task["id"]


def test_a_contradiction_is_told_to_both_owners_and_closes_for_both(editor: httpx2.Client) -> None:
    other = article("hotline", "en", "Call our hotline 400-601-7799.", owner="bo", category="orders", title="Call us")
    for subject, place in ((FULL, ONE), (other, f"{ROOT}/hotline/en")):
        created(editor, subject)
        post(editor, f"{place}/publish", revision=1, accept=True)
    found = post(editor, "/tenants/brand/review")
    assert {(each["owner"], each["kind"]) for each in found["findings"]} == {
        ("team", "contradiction"),
        ("bo", "contradiction"),
    }
    assert found["open"] == 2
    right = replace(other, answer="Call our hotline 400-601-7788.")
    editor.put(f"{ROOT}/hotline/en", json=body(right, revision=2))
    assert post(editor, f"{ROOT}/hotline/en/publish", revision=3)["findings"] == []
    assert editor.get("/tenants/brand/tasks").json() == []


def test_an_article_that_becomes_internal_is_hidden_at_once(editor: httpx2.Client, settings: Settings) -> None:
    created(editor)
    post(editor, f"{ONE}/publish", revision=1)
    editor.put(ONE, json=body(replace(FULL, audience=Audience.AGENTS), revision=2))
    assert Withdrawals(settings.store).all() == ()
    post(editor, f"{ONE}/publish", revision=3)
    assert {each.article for each in Withdrawals(settings.store).all()} == {"refund-timing"}


def test_the_list_is_filtered_and_paged(editor: httpx2.Client) -> None:
    for number in range(5):
        created(editor, replace(FULL, id=f"a-{number}", tags=("odd",) if number % 2 else ()))
    first = editor.get(ROOT, params={"limit": 3}).json()
    assert [each["article"]["id"] for each in first["articles"]] == ["a-0", "a-1", "a-2"]
    second = editor.get(ROOT, params={"limit": 3, "after": first["after"]}).json()
    assert [each["article"]["id"] for each in second["articles"]] == ["a-3", "a-4"]
    assert second["after"] is None
    odd = editor.get(ROOT, params={"tag": "odd", "state": "draft", "category": "returns"}).json()
    assert [each["article"]["id"] for each in odd["articles"]] == ["a-1", "a-3"]
    assert editor.get(ROOT, params={"state": "lost"}).status_code == 422


def test_categories_are_set_and_then_asked_for(editor: httpx2.Client) -> None:
    titles = {each.path: dict(each.titles) for each in CATEGORIES}
    tree = editor.put("/tenants/brand/categories", json={"categories": titles}).json()
    assert [node["path"] for node in tree] == ["orders", "returns"]
    assert editor.get("/tenants/brand/categories").json() == tree
    error = post(editor, ROOT, 422, article=fields(FULL, category="return"))["error"]
    assert "did you mean 'returns'" in error["fields"][0]["message"]
    wrong = editor.put("/tenants/brand/categories", json={"categories": {"A B": {"zh": "x", "en": "y"}}})
    assert wrong.status_code == 422
    created(editor)
    post(editor, f"{ONE}/publish", revision=1)
    left_out = editor.put("/tenants/brand/categories", json={"categories": {"orders": titles["orders"]}})
    assert [each["field"] for each in left_out.json()["error"]["fields"]] == ["returns/refund"]


def test_passages_of_what_is_stored_and_of_what_is_not(editor: httpx2.Client) -> None:
    asked = editor.post(f"{ROOT}/preview", json={"article": fields(FULL)})
    assert [each["kind"] for each in asked.json()] == ["title", "question", "question", "question", "answer"]
    created(editor)
    assert editor.get(f"{ONE}/passages").json() == asked.json()


def test_articles_in_files_are_read_and_not_written(editor: httpx2.Client) -> None:
    listed = editor.get("/tenants/shop/articles", params={"language": "en", "limit": 2}).json()
    assert [each["article"]["id"] for each in listed["articles"]] == ["change-address", "coupon"]
    assert editor.get("/tenants/shop/articles/coupon/en").json()["state"] == "published"
    error = post(editor, "/tenants/shop/articles", 409, article=fields(FULL, category="orders"))["error"]
    assert error["code"] == "articles_read_only"
    assert "edit them there" in error["message"]


def test_tenants_are_apart(editor: httpx2.Client) -> None:
    created(editor)
    assert editor.get("/tenants/rival/articles").json()["articles"] == []
    assert editor.get("/tenants/rival/articles/refund-timing/zh").status_code == 404
    assert post(editor, "/tenants/rival/articles/refund-timing/zh/publish", 404, revision=1)
    assert editor.get("/tenants/absent/articles").json()["error"]["code"] == "unknown_tenant"


def test_the_commands_check_and_list_tasks(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = settings.tenants["shop"]
    monkeypatch.setenv("TANDEM_VAR", str(settings.var))
    monkeypatch.setenv("TANDEM_KB_TENANTS", json.dumps({"shop": str(folder)}))
    assert main(["check", "--lexical"]) == 0
    assert f"shop: {len(list(Path(str(folder)).rglob('*.md')))} articles" in capsys.readouterr().out
    path = Path(str(folder)) / "zh" / "coupon.md"
    path.write_text(path.read_text("utf-8") + f"请拨打 {BLANK}。\n", "utf-8")
    assert main(["check", "--lexical", "--tenant", "shop"]) == 1
    assert "error: zh/coupon: answer holds a placeholder" in capsys.readouterr().out
    assert main(["tasks", "--owner", "shop-team"]) == 0
    told = capsys.readouterr().out
    assert "zh/coupon" in told
    assert main(["tasks", "--owner", "nobody"]) == 0
    assert "coupon" not in capsys.readouterr().out
    assert main(["check", "--tenant", "absent"]) == 1


def test_the_day_decides_what_is_overdue(editor: httpx2.Client) -> None:
    created(editor, replace(FULL, review_by=date(2026, 5, 1)))
    published = post(editor, f"{ONE}/publish", revision=1)
    assert [each["kind"] for each in published["findings"]] == ["review"]


def test_an_article_of_the_database_is_found_and_once_retired_gone_at_once(settings: Settings) -> None:
    stores = Stores.of(settings)
    shop, brand = stores.tenant("shop"), stores.tenant("brand")
    for each in shop.read().articles:
        publish(brand, create(brand, replace(each, tenant="brand")))
    kept = brand.one("refund-timing", "zh")
    build(settings.model_copy(update={"tenants": {"brand": "database"}}), if_changed=False, progress=quiet)

    def found(client: httpx2.Client) -> list[str]:
        asked = client.post("/understand", json={"text": "多久能退款", "tenant": "brand", "language": "zh"})
        return [hit["article"] for hit in asked.json()["hits"]]

    with running(settings) as client:
        assert found(client)[0] == "refund-timing"
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        post(client, f"{ONE}/retire", revision=kept.revision)
        assert found(client)
        assert "refund-timing" not in found(client)
