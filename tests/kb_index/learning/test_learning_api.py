"""Feedback, gaps, drafts and the gate before publishing, over a real server and real databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from kb_index.articles.files import parse_article
from kb_index.articles.stores import Stores
from tests.kb_index.learning.conftest import event, learning, report
from tests.kb_index.shop_articles import shop_settings
from tests.kb_index.test_kb_api import running

HUABEI = ["你们支持花呗分期付款吗", "能用花呗分期吗", "花呗可以分几期付款", "支持分期付款吗，花呗的"]
PARKING = ["门店附近哪里可以停车", "去你们店里停车方便吗"]
ANSWER = "支持，花呗可以分3期、6期或12期，结算页选择花呗分期即可。"


def lately(number: int, **more: Any) -> dict[str, Any]:
    """An event of these days, so that it counts for a trend."""
    at = datetime.now(UTC) - timedelta(minutes=500 - number)
    return event(number, at=at.isoformat(), **more)


def unanswered(client: httpx2.Client) -> None:
    """Four customers ask one thing, two another, one says hello."""
    asked = [lately(n, text=text) for n, text in enumerate([*HUABEI, *PARKING])]
    greeting = lately(9, text="你好", rule="nothing asked")
    assert report(client, *asked, greeting) == [True] * 7


def resolved(number: int, **more: Any) -> dict[str, Any]:
    return lately(
        number, event=f"m_{number}_end", kind="resolved", answer=ANSWER, entry=6, agent="lin", wrap_up="solved", **more
    )


def test_feedback_counts_once_however_often_it_comes(client: httpx2.Client) -> None:
    first = event(1)
    assert report(client, first, first, {**first, "text": "anything"}) == [True, False, False]
    barrier, kept = threading.Barrier(4), []

    def send() -> None:
        barrier.wait()
        kept.append(client.post("/feedback", json=event(2)).json()["kept"])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == [False, False, False, True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "method"),
    [("/feedback", "POST"), ("/forget", "POST"), ("/tenants/shop/gaps", "GET"), ("/tenants/shop/drafts", "GET")],
)
def test_nothing_is_told_or_taken_without_the_token(client: httpx2.Client, path: str, method: str) -> None:
    for wrong in ("", "Bearer", "Bearer wrong", "Basic a-token-for-tests"):
        assert client.request(method, path, json={}, headers={"authorization": wrong}).status_code == 401


def test_without_a_token_in_the_settings_learning_is_off(folder: Path) -> None:
    with running(shop_settings(folder, token=None)) as client:
        assert client.post("/feedback", json=event(1)).status_code == 503


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "more",
    [
        {"kind": "praise"},
        {"at": "2026-06-01T10:00:00"},
        {"text": "\ud800"},
        {"probability": 1.5},
        {"language": "fr"},
        {"tenant": "../shop"},
        {"unknown": 1},
        {"event": ""},
        {"features": ["x"]},
    ],
)
def test_a_malformed_event_is_refused(client: httpx2.Client, more: dict[str, Any]) -> None:
    if more.get("text") == "\ud800":
        body = b'{"text": "\\ud800"}'
        answer = client.post("/feedback", content=body, headers={"content-type": "application/json"})
    else:
        answer = client.post("/feedback", json=event(1, **more))
    assert answer.status_code == 422


def test_unanswered_questions_become_gaps_with_counts_and_trend(client: httpx2.Client) -> None:
    unanswered(client)
    gaps = client.get("/tenants/shop/gaps").json()["gaps"]
    assert [(gap["count"], gap["trend"]) for gap in gaps][:1] == [(4, "new")]
    assert {example["text"] for example in gaps[0]["examples"]} == set(HUABEI)
    assert gaps[0]["title"] in HUABEI
    assert gaps[0]["why"] == {"abstained": 4}
    assert sum(gap["count"] for gap in gaps) == 6, "a greeting is no gap"
    assert gaps[0]["nearest"]["article"] in {"refund-method", "coupon", "refund-timing"}
    assert client.get("/tenants/other/gaps").json()["gaps"] == [], "another tenant's customers"
    assert client.get("/tenants/nobody/gaps").status_code == 404


def test_an_agents_answer_becomes_a_draft_with_provenance(client: httpx2.Client) -> None:
    unanswered(client)
    mine = lately(0, text=HUABEI[0], event="m_0_end", kind="resolved", answer=f"{ANSWER}有事打13800138000找我", entry=6,
                  agent="lin", wrap_up="solved")  # fmt: skip
    report(client, mine)
    gap = client.get("/tenants/shop/gaps").json()["gaps"][0]
    assert gap["replies"] == [{"conversation": "c_0", "question": 2}]
    wanted = {"conversation": "c_0", "question": 2, "by": "maya", "gap": gap["id"]}
    draft = client.post("/tenants/shop/drafts", json=wanted).json()
    assert draft["answer"] == f"{ANSWER}有事打[电话]找我"
    assert {asked["text"] for asked in draft["questions"]} == set(HUABEI)
    origin = {name: draft["provenance"][name] for name in ("conversation", "entry", "agent", "gap")}
    assert origin == {"conversation": "c_0", "entry": 6, "agent": "lin", "gap": gap["id"]}
    again = client.post("/tenants/shop/drafts", json=wanted).json()
    assert (again["id"], len(client.get("/tenants/shop/drafts").json()["drafts"])) == (draft["id"], 1)
    nothing = client.post("/tenants/shop/drafts", json={"conversation": "c_1", "question": 2, "by": "maya"})
    assert nothing.status_code == 422, "nobody answered that one"


def drafted(client: httpx2.Client) -> str:
    """An open draft about the first gap."""
    unanswered(client)
    report(client, resolved(0, text=HUABEI[0]))
    gap = client.get("/tenants/shop/gaps").json()["gaps"][0]["id"]
    wanted = {"conversation": "c_0", "question": 2, "by": "maya", "gap": gap}
    name = str(client.post("/tenants/shop/drafts", json=wanted).json()["id"])
    changes = {"article": "huabei", "title": "支持花呗分期吗", "category": "payment", "answer": ANSWER}
    assert client.patch(f"/tenants/shop/drafts/{name}", json=changes).status_code == 200
    return f"/tenants/shop/drafts/{name}"


def test_a_replay_tells_which_past_questions_would_be_answered(client: httpx2.Client) -> None:
    draft = drafted(client)
    replay = client.post(f"{draft}/replay").json()
    assert replay["past"]["now_answered"] >= 3
    assert replay["past"]["asked"] == 7
    changed = {change["text"]: change["after"] for change in replay["changes"] if change["after"]["action"] == "answer"}
    assert changed[HUABEI[0]]["articles"] == ["huabei"]
    assert replay["blocking"] == []


def test_a_proposal_for_a_folder_is_a_file_that_can_be_moved_there(client: httpx2.Client, folder: Path) -> None:
    draft = drafted(client)
    done = client.post(f"{draft}/publish", json={"by": "chen"}).json()
    assert (done["state"], done["closed_by"], done["placed"]["published"]) == ("published", "chen", False)
    path = Path(done["placed"]["path"])
    article, problems = parse_article(path.read_bytes(), path=path, tenant="shop", language="zh")
    assert problems == []
    assert article is not None
    assert (article.id, article.answer, set(article.questions)) == ("huabei", ANSWER, set(HUABEI))
    assert "conversation c_0, entry 6, answered by lin" in path.read_text("utf-8")
    assert not list((folder / "kb").rglob("huabei.md")), "git is the history of the tenant's own folder"
    assert client.post(f"{draft}/publish", json={"by": "chen"}).status_code == 409


def test_a_golden_question_that_gets_worse_blocks_until_somebody_accepts_it(client: httpx2.Client) -> None:
    draft = drafted(client)
    golden = {"text": "可以分期吗用花呗", "article": None, "language": "zh", "by": "chen"}
    key = client.post("/tenants/shop/golden", json=golden).json()["key"]
    blocking = client.post(f"{draft}/replay").json()["blocking"]
    assert len(blocking) == 1
    refused = client.post(f"{draft}/publish", json={"by": "maya"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "gets_worse")
    accepted = client.post(f"{draft}/accept", json={"by": "chen", "changes": blocking}).json()
    assert accepted["accepted"][blocking[0]]["by"] == "chen"
    assert client.post(f"{draft}/publish", json={"by": "maya"}).json()["state"] == "published"
    assert client.get("/tenants/shop/golden").json()["golden"][0]["key"] == key
    assert client.delete(f"/tenants/shop/golden/{key}").json() == {"dropped": True}


def test_an_acceptance_covers_only_what_was_seen(client: httpx2.Client) -> None:
    draft = drafted(client)
    for text in ("可以分期吗用花呗", "花呗能分12期吗"):
        client.post("/tenants/shop/golden", json={"text": text, "article": None, "language": "zh", "by": "chen"})
    blocking = client.post(f"{draft}/replay").json()["blocking"]
    assert len(blocking) == 2
    client.post(f"{draft}/accept", json={"by": "chen", "changes": blocking[:1]})
    refused = client.post(f"{draft}/publish", json={"by": "maya"})
    assert refused.status_code == 409
    assert blocking[1] in refused.json()["error"]["message"]
    assert blocking[0] not in refused.json()["error"]["message"]


def test_what_is_missing_is_named_before_anything_is_published(client: httpx2.Client) -> None:
    draft = drafted(client)
    client.patch(draft, json={"questions": ["能用花呗吗"], "category": "Payment!"})
    refused = client.post(f"{draft}/publish", json={"by": "maya"})
    assert refused.status_code == 422
    assert "questions" in refused.json()["error"]["message"]
    assert "category" in refused.json()["error"]["message"]


@pytest.fixture
def stored(database_url: str) -> Any:
    """The same shop with its articles in the database from now on."""
    return {"database_url": database_url, "tenants": {"shop": "database"}}


def test_a_draft_of_a_tenant_in_the_database_is_published_at_once(folder: Path, stored: dict[str, Any]) -> None:
    with learning(folder, **stored) as client:
        draft = drafted(client)
        done = client.post(f"{draft}/publish", json={"by": "chen"}).json()
        assert done["placed"] == {"published": True, "path": None}
        similar = {"conversation": "c_4", "question": 2, "by": "maya", "extends": "huabei"}
        more = client.post("/tenants/shop/drafts", json=similar).json()
        assert (more["extends"], more["answer"]) == (True, "")
    stores = Stores.of(shop_settings(folder, **stored))
    kept = stores.tenant("shop").one("huabei", "zh")
    assert (kept.article.answer, str(kept.state)) == (ANSWER, "published")
    assert "conversation c_0, entry 6" in stores.tenant("shop").history("huabei", "zh")[0].why
    stores.database.close()


def test_erasing_a_conversation_takes_all_that_learning_kept_of_it(client: httpx2.Client) -> None:
    draft = drafted(client)
    golden = {"text": HUABEI[0], "article": "coupon", "language": "zh", "by": "chen", "conversation": "c_0"}
    client.post("/tenants/shop/golden", json=golden)
    now = datetime.now(UTC).isoformat()
    gone = client.post("/forget", json={"tenant": "shop", "conversation": "c_0", "upto": now}).json()
    assert gone == {"events": 2, "drafts": 1, "golden": 1}
    emptied = client.get(draft).json()
    assert (emptied["state"], emptied["answer"], emptied["title"], emptied["questions"]) == ("discarded", "", "", [])
    assert HUABEI[0] not in client.get("/tenants/shop/gaps").text
    late = lately(0, text=HUABEI[0])
    assert report(client, late) == [False], "a report that was under way comes too late"
    after = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    assert report(client, lately(0, event="m_new", text="新的问题", **{}) | {"at": after}) == [True]
    again = client.post("/forget", json={"tenant": "shop", "conversation": "c_0", "upto": now}).json()
    assert again == {"events": 0, "drafts": 0, "golden": 0}


def test_a_wording_of_an_erased_conversation_leaves_the_drafts_of_others(client: httpx2.Client) -> None:
    draft = drafted(client)
    client.post("/forget", json={"tenant": "shop", "conversation": "c_1", "upto": datetime.now(UTC).isoformat()})
    left = client.get(draft).json()
    assert left["state"] == "open"
    assert HUABEI[1] not in {asked["text"] for asked in left["questions"]}


def test_feedback_is_kept_for_its_time_and_no_longer(folder: Path, database_url: str) -> None:
    old = event(1, at=(datetime.now(UTC) - timedelta(days=40)).isoformat())
    with learning(folder, database_url=database_url) as client:
        report(client, old, lately(2))
        assert client.get("/tenants/shop/gaps").json()["gaps"][0]["count"] == 2
    with learning(folder, database_url=database_url, feedback_days=30) as client:
        report(client, lately(3))
        assert client.get("/tenants/shop/gaps").json()["gaps"][0]["count"] == 2
        assert report(client, old) == [True], "it had been deleted, not only hidden"


def test_what_agents_send_is_kept_beside_the_articles_own_words(client: httpx2.Client) -> None:
    unedited = lately(
        1, event="m_pick", kind="picked", article="coupon", right=True, answer="结算页选择优惠券，每单一张。", entry=5
    )
    edited = lately(
        2, event="m_edit", kind="picked", article="coupon", right=True, answer="您好，每单只能用一张哦", entry=5
    )
    report(client, lately(1), lately(2), unedited, edited)
    gaps = client.get("/tenants/shop/gaps").json()["gaps"]
    assert gaps[0]["picked"] == {"coupon": 2}
    assert gaps[0]["extends"] == "coupon", "the article exists; what is missing is a similar question"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_forgotten_leaves_the_files_too(client: httpx2.Client, tmp_path: Path) -> None:
    secret = "琥珀色的密码本忘在火车上了"
    report(client, *(event(n, text=f"{secret}{n}") for n in range(50)), event(99, conversation="c_stays"))

    def found() -> int:
        return sum(path.read_bytes().count(secret.encode()) for path in tmp_path.glob("learning.db*"))

    assert found() >= 50
    for n in range(50):
        client.post("/forget", json={"tenant": "shop", "conversation": f"c_{n}", "upto": event(n)["at"]})
    assert found() == 0


def test_a_question_is_tried_on_what_is_served_and_on_a_draft(client: httpx2.Client) -> None:
    article = {
        "id": "huabei",
        "language": "zh",
        "category": "payment",
        "title": "花呗分期",
        "questions": HUABEI[:3],
        "answer": ANSWER,
        "owner": "lin",
        "valid_from": "2026-01-01",
        "review_by": "2030-01-01",
    }
    tried = client.post("/tenants/shop/articles/try", json={"text": HUABEI[3], "language": "zh", "article": article})
    assert tried.status_code == 200, tried.text
    live, draft = tried.json()["live"], tried.json()["draft"]
    assert "huabei" not in [hit["article"] for hit in live["hits"]]
    assert draft["hits"][0]["article"] == "huabei"
    assert draft["hits"][0]["probability"] > max((hit["probability"] for hit in live["hits"]), default=0.0)
    again = client.post("/understand", json={"text": HUABEI[3], "tenant": "shop", "language": "zh"}).json()
    assert "huabei" not in [hit["article"] for hit in again["hits"]], "nothing of it is served"
    wrong = client.post("/tenants/shop/articles/try", json={"text": "?", "article": {**article, "title": ""}})
    assert wrong.status_code == 422
    assert [one["field"] for one in wrong.json()["error"]["fields"]] == ["title"]
