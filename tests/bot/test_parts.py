"""The bot's small parts: request reading, language, tokens, model, texts, logs, settings."""

import json
import logging
import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import silence_rasa
from bot.actions.decide import Move
from bot.actions.texts import TEXTS, Texts
from bot.channels.checks import BadTurn
from bot.channels.request import PRESSES, read_turn
from bot.language import answer_language, written_in
from bot.settings import ROOT, BadSetting, Settings
from bot.without_tensorflow import stand_in

stand_in()
silence_rasa()

from bot.components.features import features  # noqa: E402
from bot.components.intent_classifier import clauses  # noqa: E402
from bot.components.linear_model import LinearModel  # noqa: E402
from bot.components.spelling import Spelling  # noqa: E402
from bot.components.tokenizer import split  # noqa: E402
from bot.server import JsonLines, only_channel  # noqa: E402

NO_WORDS = Spelling(())
CONTRACT = json.loads((ROOT / "tests" / "contracts" / "turn.json").read_text(encoding="utf-8"))
GOOD = CONTRACT["examples"][0]["request"]


def read(**changes: Any) -> Any:
    return read_turn(json.dumps({**GOOD, **changes}).encode(), max_chars=4000)


def metadata(**changes: Any) -> dict[str, Any]:
    return {"metadata": {**GOOD["metadata"], **changes}}


@pytest.mark.parametrize("example", CONTRACT["examples"], ids=lambda e: e["request"]["turn"])
def test_the_contracts_examples_are_read(example: dict[str, Any]) -> None:
    turn = read_turn(json.dumps(example["request"]).encode(), max_chars=4000)
    assert turn.sender == f"{turn.conversation}.{turn.phase}"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": "a" * 4001}, 413),
        ({"text": ""}, 422),
        ({"text": None}, 422),
        ({"text": 5}, 422),
        ({"text": "a\x00b"}, 422),
        ({"text": "\ud800"}, 422),
        ({"conversation": ""}, 422),
        ({"conversation": "a.b"}, 422),
        ({"conversation": "a\n"}, 422),
        ({"conversation": "x" * 65}, 422),
        ({"conversation": None}, 422),
        ({"turn": "a b"}, 422),
        ({"phase": 0}, 422),
        ({"phase": True}, 422),
        ({"phase": 1.5}, 422),
        ({"phase": "1"}, 422),
        ({"press": "/restart"}, 422),
        ({"press": "/session_start"}, 422),
        ({"press": "ask_human"}, 422),
        ({"press": '/ask_human{"order_number":"x"}'}, 422),
        ({"press": "/choose_article"}, 422),
        ({"press": '/choose_article{"article":"../x/y"}'}, 422),
        ({"press": '/choose_article{"article":5}'}, 422),
        ({"press": "/choose_article{" + "[" * 3000}, 422),
        ({"metadata": None}, 422),
        (metadata(tenant="a/b"), 422),
        (metadata(language="fr"), 422),
        (metadata(language=[]), 422),
        (metadata(owner="agent"), 422),
        (metadata(owner=None), 422),
        (metadata(customer={"id": "a\r\nX-Evil: 1", "verified": True}), 422),
        (metadata(customer="cus_1"), 422),
        (metadata(context=[{"author": "nobody", "text": "x"}]), 422),
        (metadata(context=["x"]), 422),
        (metadata(context=[{"author": "bot", "text": "x"}] * 21), 422),
    ],
)
def test_a_bad_turn_is_refused(changes: dict[str, Any], status: int) -> None:
    with pytest.raises(BadTurn) as caught:
        read(**changes)
    assert caught.value.status == status


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nope"])
def test_a_body_that_is_no_json_is_a_400(body: bytes) -> None:
    with pytest.raises(BadTurn) as caught:
        read_turn(body, max_chars=4000)
    assert caught.value.status == 400


def test_only_true_means_verified() -> None:
    assert read(**metadata(orders=True, customer={"id": "c", "verified": "yes"})).customer.verified is False


@pytest.mark.parametrize("text", ["/restart", "  /restart", "／restart", '/greet{"order_number":"x"}'])
def test_no_text_keeps_a_leading_slash(text: str) -> None:
    turn = read(text=text)
    assert not turn.harmless.startswith("/")
    assert not turn.readable.startswith("/")


def test_full_width_digits_are_read_as_digits() -> None:
    assert read(text="ＬＹ２０２６１１０３００１").readable == "LY20261103001"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("多久能退款", "zh"),
        ("where is my parcel", "en"),
        ("I want 人工", "zh"),
        ("LY20261103001", None),
        ("ok", None),
        ("zhuan rengong", None),
        ("👍", None),
        ("https://example.com/a b@example.com", None),
        ("mail521@example.com", None),
    ],
)
def test_the_language_a_text_shows(text: str, language: str | None) -> None:
    assert written_in(text) == language


def test_a_text_that_shows_nothing_keeps_the_language_of_the_conversation() -> None:
    assert answer_language("ok", before="zh", asked_for="en", detected="en") == "zh"
    assert answer_language("ok", before=None, asked_for="en", detected="zh") == "en"
    assert answer_language("ok", before=None, asked_for=None, detected=None) == "en"
    assert answer_language("👍", before=None, asked_for=None, detected=None) == "zh"
    assert answer_language("谢谢", before="en", asked_for="en", detected="en") == "zh"


def test_tokens_are_han_characters_and_latin_words() -> None:
    text = "我的order LY20261103001，到哪了?"
    found = list(split(text))
    assert [t for t, _, _ in found] == ["我", "的", "order", "ly20261103001", "，", "到", "哪", "了", "?"]
    assert all(text[start:end].lower() == token for token, start, end in found)


def test_clauses_end_at_punctuation() -> None:
    assert clauses("没用，转人工！") == ["没用", "转人工"]
    assert clauses("转人工") == []


def test_numbers_look_alike_to_the_model() -> None:
    assert features("LY20261103001到哪了", NO_WORDS) == features("ly20260918274到哪了", NO_WORDS)


def test_the_linear_model_learns_saves_and_loads_without_pickle(tmp_path: Path) -> None:
    """F-80."""
    texts = ["转人工", "退款", "human", "refund"] * 2
    model = LinearModel.fit(texts, ["ask_human", "refund"] * 4, strength=10)
    model.save(tmp_path)
    again = LinearModel.load(tmp_path)
    assert model.rank("humam")[0][0] == "ask_human"
    assert again.rank("退款") == model.rank("退款")
    assert {p for _, p in model.rank("从未")} == {0.0}
    assert sum(p for _, p in model.rank("refund")) == pytest.approx(1, abs=1e-5)


def test_every_text_exists_in_both_languages_with_the_same_placeholders() -> None:
    content = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    for name, entry in content["texts"].items():
        fields = [{f for _, f, _, _ in string.Formatter().parse(v) if f} for v in [*entry["zh"], *entry["en"]]]
        assert all(f == fields[0] for f in fields), name
        assert all(b in content["buttons"] for b in entry.get("buttons", ())), name
    for button in content["buttons"].values():
        assert button["payload"].removeprefix("/") in PRESSES
        assert button["zh"]
        assert button["en"]


# What `miss` says is one text to one who waits, and offers go with answers to others only; see test_decide.
NOT_TO_ONE_WHO_WAITS = frozenset(
    {
        "answered_again", "looks_like_code", "miss", "no_words", "not_solved", "other_script",
        "thumb_down", "too_long", "unclear", "what_is_wrong",
    }
)  # fmt: skip


def test_every_handoff_has_a_text_for_one_who_waits_already() -> None:
    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))["texts"]
    for name, entry in texts.items():
        if entry["kind"] == "handoff" or "human" in entry.get("buttons", ()):
            waiting = f"{name}_waiting"
            if name in NOT_TO_ONE_WHO_WAITS:
                continue
            assert texts[waiting]["kind"] in ("notice", "soothe"), name


def test_no_text_promises_a_place_in_the_queue_or_a_person_at_once() -> None:
    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))["texts"]
    overclaim = re.compile(r"排队|位置|轮到|稍等|马上|queue|your place|your turn|moment|help you right now")
    for name, entry in texts.items():
        if entry["kind"] == "handoff" or name.endswith("_waiting") or "human" in entry.get("buttons", ()):
            assert not [v for v in [*entry["zh"], *entry["en"]] if overclaim.search(v)], name


def test_variants_take_turns() -> None:
    texts = Texts.load()
    assert len({texts.message("greet", language="zh", turn=n, hello="您好", shop="本店").text for n in range(4)}) >= 2


def test_every_training_move_and_intent_is_in_the_domain() -> None:
    domain = yaml.safe_load((ROOT / "bot" / "domain.yml").read_text(encoding="utf-8"))
    assert {m.value for m in Move if m is not Move.FILL} <= set(domain["intents"])
    for path in (ROOT / "data" / "training" / "nlu").glob("*.yml"):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            assert entry.get("intent", "greet") in domain["intents"], path


def test_the_important_intents_have_enough_examples_and_none_twice() -> None:
    seen: dict[str, str] = {}
    for language in ("zh", "en"):
        entries = yaml.safe_load((ROOT / "data" / "training" / "nlu" / f"{language}.yml").read_text(encoding="utf-8"))
        for entry in entries["nlu"]:
            lines = [line.removeprefix("- ") for line in entry["examples"].strip().splitlines()]
            assert len(lines) >= (60 if entry["intent"] == "ask_human" else 25), (language, entry["intent"])
            for line in lines:
                text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", line).lower()
                assert text not in seen, f"{text!r} is in {seen.get(text)} and {entry['intent']}"
                seen[text] = entry["intent"]


def test_log_lines_are_json() -> None:
    record = logging.makeLogRecord({"name": "bot", "msg": "turn %s", "args": ("x",), "levelname": "INFO"})
    record.conversation = "c_1"
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["conversation"], line["level"]) == ("turn x", "c_1", "info")


def test_another_channel_in_credentials_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "credentials.yml").write_text("rest:\nbot.channels.tandem.TandemChannel: {}\n")
    with pytest.raises(BadSetting, match="may open"):
        only_channel(tmp_path / "credentials.yml")


@pytest.mark.parametrize(
    "environment",
    [
        {"TANDEM_BOT_URL": "http://0.0.0.0:5005"},
        {"TANDEM_BOT_URL": "http://example.com:5005"},
        {"TANDEM_BOT_URL": "http://127.0.0.1:99999"},
        {"TANDEM_BOT_URL": "5005"},
        {"TANDEM_BOT_KB_TIMEOUT": "soon"},
        {"TANDEM_BOT_SHOP_TIMEOUT": "0"},
    ],
)
def test_settings_that_cannot_work_are_refused(environment: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(environment))):
        Settings.from_environment(environment)
