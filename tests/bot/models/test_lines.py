"""Reviewed lines: what comes over the wire is checked, and written so that Rasa reads back just that."""

from pathlib import Path

import pytest
import yaml

from bot.models.fit import gather
from bot.models.inputs import Sources
from bot.models.lines import LONGEST, BadLine, Line, as_yaml, read, read_lines, write

TRAINING = """version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
- intent: goodbye
  examples: |
    - bye
"""


@pytest.mark.parametrize(
    "told",
    [
        None, {}, [1], [{"intent": "greet"}], [{"intent": "Greet!", "text": "x"}], [{"intent": "greet", "text": " "}],
        [{"intent": "greet", "text": "x" * (LONGEST + 1)}], [{"intent": "greet", "text": 3}],
        [{"intent": "", "text": "x"}],
    ],
)  # fmt: skip
def test_what_is_no_line_is_refused(told: object) -> None:
    with pytest.raises(BadLine):
        read_lines(told)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("my [phone] is {gone}", "my  phone  is  gone"),
        ("two\nlines\tof it", "two lines of it"),
        ("/restart", "restart"),
        ("- a list", "a list"),
        ("[LY123](order_number) 到哪了", "LY123 (order_number) 到哪了"),
    ],
)
def test_markup_of_the_training_format_is_taken_out(text: str, plain: str, tmp_path: Path) -> None:
    (line,) = read_lines([{"intent": "greet", "text": text}])
    assert line.text == plain
    write(tmp_path, [line])
    assert read(tmp_path) == [Line("greet", plain)]


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    lines = [Line("b", "我要: 退款 # 不"), Line("a", 'it\'s "here"'), Line("a", "yes: no"), Line("b", "| x")]
    expected = read_lines([{"intent": line.intent, "text": line.text} for line in lines])
    write(tmp_path, expected)
    assert read(tmp_path) == expected
    assert yaml.safe_load(as_yaml([])) == {"version": "3.1", "nlu": []}
    assert read(tmp_path / "nowhere") == []


def test_a_file_of_another_shape_is_named(tmp_path: Path) -> None:
    for text in ("{", "nlu: 3", "nlu: [{intent: greet}]"):
        (tmp_path / "reviewed.yml").write_text(text)
        with pytest.raises(BadLine, match=r"reviewed\.yml"):
            read(tmp_path)


def test_a_line_that_does_not_fit_the_data_is_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "nlu.yml").write_text(TRAINING)
    told = [("greet", "good day"), ("goodbye", "Hello"), ("fly", "up"), ("greet", "hi  there"), ("greet", "Good Day")]
    write(tmp_path / "reviewed", [Line(intent, text) for intent, text in told])
    sources = Sources(reviewed=tmp_path / "reviewed", training=tmp_path / "training")
    material = gather(sources)
    assert [line.text for line in material.reviewed] == ["Good Day"]
    assert material.intents == {"goodbye": 1, "greet": 3}
    assert material.left_out == {"Hello": "the data reads it as greet", "up": "the data has no intent fly"}


def test_a_reviewed_line_makes_the_model_stale(tmp_path: Path) -> None:
    sources = Sources(reviewed=tmp_path)
    before = sources.hash()
    write(tmp_path, [Line("greet", "good day")])
    assert sources.hash() != before
    assert (sources.code_hash(), Sources(reviewed=tmp_path).hash()) == (sources.code_hash(), sources.hash())
