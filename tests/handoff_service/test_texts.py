"""What the gateway itself says to customers, in every language that it claims to speak."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from opencc import OpenCC

from handoff_service.texts import TEXTS, say

SOURCES = Path(__file__).resolve().parents[2] / "handoff_service"
BLANK = re.compile(r"{(\w+)}")


@pytest.mark.parametrize("key", TEXTS)
def test_every_sentence_is_complete_in_both_languages(key: str) -> None:
    versions = TEXTS[key]
    assert set(versions) - {"zh-Hant"} == {"zh", "en"}
    blanks = {language: set(BLANK.findall(text)) for language, text in versions.items()}
    assert all(found == blanks["en"] for found in blanks.values()), "the blanks differ"
    assert re.search(r"[\u4e00-\u9fff]", versions["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", versions["en"])
    filled = say(key, "zh", **dict.fromkeys(BLANK.findall(versions["zh"]), "X"))
    assert "{" not in filled


def _asked_for() -> set[str]:
    """Every key that the sources say."""
    keys = set()
    for path in SOURCES.rglob("*.py"):
        if "launch" in path.parts:
            continue  # its own `say` talks to the operator
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                assert isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno}: not a literal key"
                keys.add(str(node.args[0].value))
    return keys


def test_every_sentence_that_is_said_exists() -> None:
    assert _asked_for() <= set(TEXTS)


def test_an_unknown_language_is_answered_in_english() -> None:
    assert say("one_moment", "fr") == TEXTS["one_moment"]["en"]


def test_what_a_script_does_not_have_is_said_in_its_language() -> None:
    assert say("transcript_you", "zh-Hans") == "您"
    assert say("one_moment", "zh-Hant") == TEXTS["one_moment"]["zh"]


def test_what_is_said_in_traditional_characters_has_no_simplified_ones() -> None:
    convert = OpenCC("s2t").convert
    said = {key: versions["zh-Hant"] for key, versions in TEXTS.items() if "zh-Hant" in versions}
    assert said
    assert {key: text for key, text in said.items() if convert(text) != text} == {}
