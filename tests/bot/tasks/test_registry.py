"""Every Task has its words in both languages, and words for every refusal that the shop's contract names."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.actions.texts import Texts
from bot.channels.request import ARTICLE, PRESSES
from bot.tasks import TASKS
from bot.tasks.choices import FOLDER
from bot.tasks.readers import NO_TIME
from bot.tasks.task import CONFIRM, Task
from tests.bot.gateway import ROOT

CONTRACT = yaml.safe_load((ROOT / "data" / "demo_shop" / "openapi.yml").read_text(encoding="utf-8"))
DOMAIN = yaml.safe_load((ROOT / "bot" / "domain.yml").read_text(encoding="utf-8"))
FILES = sorted(FOLDER.glob("*.yml"))
OPERATIONS = {
    "cancel_order": "cancelOrder",
    "change_address": "changeAddress",
    "refund_request": "requestRefund",
    "invoice_request": "requestInvoice",
    "payment_missing": "investigatePayment",
    "verify_identity": "startVerification",
    "close_account": "closeAccount",
    "undo": "undo",
}
OWN_CODES = {
    "return_request": {"not_returnable", "window_over", "already_requested", "evidence_needed"},
    "exchange_request": {"not_exchangeable", "window_over", "already_requested", "evidence_needed"},
}


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


def codes(operation_id: str) -> set[str]:
    """The 409 codes of an operation of the contract."""
    for methods in CONTRACT["paths"].values():
        for operation in methods.values():
            if operation["operationId"] == operation_id:
                return set(operation["responses"]["409"]["x-codes"])
    raise AssertionError(f"{operation_id} is not in the contract")


def test_every_task_is_an_intent_and_can_be_started_by_a_button() -> None:
    assert set(TASKS) <= set(DOMAIN["intents"])
    assert set(TASKS) <= PRESSES


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_task_can_ask_for_all_that_it_wants(task: Task, texts: Texts) -> None:
    assert texts.has(f"{task.name}.title")
    for step in task.steps:
        found_elsewhere = step.find is not None and not step.asked
        if step.asked and not found_elsewhere:
            names = (f"{task.name}.ask_{step.slot}", f"asking.ask_{step.slot}")
            assert any(texts.has(name) for name in names), f"nothing asks for {step.slot}"
            for language in ("zh", "en"):
                assert step.read(step.example[language], NO_TIME) is not None, f"{step.slot}: its example is no answer"
    assert (task.summary is not None) == texts.has(f"{task.name}.confirm") == texts.has(f"{task.name}.declined")
    assert CONFIRM not in {step.slot for step in task.steps}


@pytest.mark.parametrize("name", [*OPERATIONS, *OWN_CODES])
def test_there_are_words_for_every_refusal_of_the_contract(name: str, texts: Texts) -> None:
    refusals = OWN_CODES.get(name) or codes(OPERATIONS[name])
    missing = {code for code in refusals if not texts.has(f"{name}.refused_{code}")}
    assert missing <= {"key_reused"}, "a key that is used twice is a fault, and told as one"
    assert texts.has("asking.refused")


def test_the_contract_lists_the_codes_of_returns() -> None:
    assert set().union(*OWN_CODES.values()) <= codes("sendBack")


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_both_languages_say_the_same_things(file: Path) -> None:
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name, entry in content["texts"].items():
        assert all(entry[language] for language in ("zh", "en")), name
        wanted = [gaps(variant) for variant in (*entry["zh"], *entry["en"])]
        assert all(each == wanted[0] for each in wanted), f"{name}: {wanted}"
        assert all(re.search("[一-鿿]", variant) for variant in entry["zh"]), name
        assert not any(re.search("[一-鿿]", variant) for variant in entry["en"]), name
    for slot, choices in content.get("choices", {}).items():
        for code, entry in choices.items():
            assert ARTICLE.fullmatch(code), f"{slot}.{code} cannot travel in a button"
            words = re.compile(entry["words"], re.IGNORECASE)
            assert words.search(entry["zh"]), f"{slot}.{code}: its own title is not read: {entry['zh']}"
            assert words.search(entry["en"]), f"{slot}.{code}: its own title is not read: {entry['en']}"
