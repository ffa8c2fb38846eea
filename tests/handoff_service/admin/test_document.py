"""The configuration file: what is read as what, what is refused with which line, and nothing lost on the way."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handoff_service.admin.configuration import without_address
from handoff_service.admin.display import table, width
from handoff_service.admin.document import State, check, exported
from handoff_service.admin.marked import DEEPEST, read, write
from handoff_service.admin.people import Account
from handoff_service.admin.plan import changes
from handoff_service.agents.model import Role
from handoff_service.errors import BadConfiguration
from tests.handoff_service.stage import shop

LIN = Account(email="lin@lanyu.example", name="林夕 Lin", queues=("support", "senior"))
CHEN = Account(email="chen@lanyu.example", name="陈主管", role=Role.SUPERVISOR, skills={"billing": 3})
STATE = State("demo", shop().settings, {one.email: one for one in (LIN, CHEN)}, [])
TEXT = write(exported(STATE))


def wrong(text: str) -> list[tuple[str, str]]:
    """(the line that is named, without spaces around it; the sentence) of everything that is wrong with a file."""
    after, problems = check(text, STATE)
    assert after is None
    lines = ["", *text.splitlines()]
    return [(lines[one.line].strip(), one.message) for one in problems]


def test_what_is_exported_changes_nothing():
    after, problems = check(TEXT, STATE)
    assert problems == []
    assert after == STATE
    assert write(exported(after)) == TEXT


def test_the_audit_names_accounts_by_their_ids():
    ids = {"lin@lanyu.example": "a_1", "lin@lanyu.example.org": "a_2"}
    places = {
        "agents.lin@lanyu.example": "agents.a_1",
        "agents.lin@lanyu.example.skills.billing": "agents.a_1.skills.billing",
        "agents.lin@lanyu.example.org.role": "agents.a_2.role",
        "agents.gone@lanyu.example.name": "agents.…",
        "queues.senior.mode": "queues.senior.mode",
        "agents (order)": "agents (order)",
    }
    assert {where: without_address(where, ids) for where in places} == places


# One slip each: what was written, what becomes of it, the line that is named, and what the sentence says.
SLIPS = [
    ("timezone:", "timzone:", "timzone: Asia/Shanghai", "no such section; did you mean timezone?"),
    ("mode: offer", "mode: offers", "mode: offers", "'offers' is not possible; did you mean offer?"),
    ("mode: offer", "mod: offer", "mod: offer", "no such field; did you mean mode?"),
    ("role: supervisor", "role: superviser", "role: superviser", "did you mean supervisor?"),
    (
        "- support\n      - senior",
        "- support\n      - senor",
        "- senor",
        "There is no queue 'senor'; did you mean senior?",
    ),
    ("Asia/Shanghai", "Asia/Shangai", "timezone: Asia/Shangai", "there is no time zone 'Asia/Shangai'"),
    ("capacity: 5", "capacity: five", "capacity: five", "valid integer"),
    ("    billing: 3", "    billing: 6", "billing: 6", "less than or equal to 5"),
    ("tenant: demo", "tenant: tea", "tenant: tea", "this is the file of 'tea', not of 'demo'"),
    ("email: lin@", "email: chen@", "- email: chen@lanyu.example", "chen@lanyu.example is there twice"),
    ("- id: senior", "- id: support", "- id: support", "'support' is there twice"),
    ("survey: false", "survey: nope", "survey: nope", "valid boolean"),
    ("tags: []", "tags: [{id: vip, zh: 贵宾}]", "tags: [{id: vip, zh: 贵宾}]", "`en` is missing"),
    (
        "canned_replies: []",
        "canned_replies:\n  - {id: hi, title: Hi, en: 'Hi {custmer}'}",
        "- {id: hi, title: Hi, en: 'Hi {custmer}'}",
        "there is no variable {custmer}; did you mean customer?",
    ),
    (
        "skills: []",
        "skills:\n  - {id: bill, zh: 账单, en: Bill}",
        "billing: 3",
        "There is no skill 'billing'; did you mean bill?",
    ),
    ("channels: []", "channels: [{id: x}]", "channels: [{id: x}]", "channel accounts hold secrets"),
    ("languages:\n  - zh", "languages:\n\t- zh", "- zh", "This is no YAML"),
    ("tags: []", "tags: &t []\nskills2: *t", "", "aliases"),
    ("tags: []", "tags: []\ntags: []", "tags: []", "tags is there twice, also in line"),
    ("retention_days: null", "retention_days: !!python/name:os.system", "", "is not read here"),
]


@pytest.mark.parametrize(("was", "slip", "line", "sentence"), SLIPS, ids=[slip for _, slip, _, _ in SLIPS])
def test_a_slip_is_refused_with_its_line_and_what_was_meant(was, slip, line, sentence):
    assert was in TEXT
    found = wrong(TEXT.replace(was, slip, 1))
    assert any(sentence in message for _, message in found), found
    if line:
        assert [where for where, message in found if sentence in message] == [line]


def test_all_slips_of_a_file_are_told_at_once_in_the_order_of_its_lines():
    text = (
        TEXT.replace("mode: offer", "mode: ofer").replace("greeting:", "greting:").replace("capacity: 5", "capacity: 0")
    )
    lines = [line for line, _ in wrong(text)]
    assert lines == ["greting:", "mode: ofer", "capacity: 0", "capacity: 0"]


def test_a_section_that_is_left_out_stays_and_one_that_is_there_is_the_whole_truth():
    assert check("tenant: demo\n", STATE) == (STATE, [])
    assert check("", STATE) == (STATE, [])
    after, problems = check("agents:\n  - {email: LIN@lanyu.example, name: Lin}\n", STATE)
    assert problems == []
    told = [(one.sign, one.where) for one in changes(exported(STATE), exported(after))]
    assert told == [
        ("+", "agents.chen@lanyu.example.disabled"),
        ("~", "agents.lin@lanyu.example.name"),
        ("~", "agents.lin@lanyu.example.queues"),
    ]


def test_a_queue_that_goes_is_missed_by_those_who_serve_it():
    text = re.sub(r"  - id: senior\n(    .*\n)+", "", TEXT)
    only_queues = "queues:\n  - {id: support, name: Support}\n"
    assert [message for _, message in wrong(text)] == ["There is no queue 'senior'; there are: support"]
    assert wrong(only_queues)[0][1].startswith("lin@lanyu.example still has it")


def test_words_that_yaml_would_turn_into_something_else_stay_words():
    marked = read(
        "a: no\nb: off\nc: 18:00\nd: 09:30\ne: 2026-11-22\nf: 1_000\ng: 0x1F\nh: 5\ni: 1.5\nj: true\nk:\nl: 中\n"
    )
    assert marked.value == {
        **{"a": "no", "b": "off", "c": "18:00", "d": "09:30", "e": "2026-11-22", "f": "1_000", "g": "0x1F"},
        **{"h": 5, "i": 1.5, "j": True, "k": None, "l": "中"},
    }
    assert marked.places[("c",)] == (3, 1)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40)
@example({"id": "1e5", "code": "0E0", "word": "12e-3", "number": 1e5})
@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), PLAIN, max_size=4))
def test_what_is_written_is_read_back(value):
    assert read(write(value)).value == value


@pytest.mark.parametrize(
    "text",
    ["[" * 100, "a: " * 50, "- " * (DEEPEST + 5) + "x", "\x00", "a: |\n b\n\tc", "%YAML 9", "? [a]: b", "--- a\n--- b"],
)
def test_what_is_no_document_is_refused_and_nothing_worse(text):
    with pytest.raises(BadConfiguration):
        read(text)


def test_columns_are_aligned_where_characters_are_wide():
    lines = table(
        ("name", "queues"), [{"name": "陈主管", "queues": ("a",)}, {"name": "Lin", "queues": ()}]
    ).splitlines()
    assert lines == ["NAME    QUEUES", "陈主管  a", "Lin     -"]
    assert {width(line.partition("  ")[0].rstrip()) for line in lines} == {4, 6, 3}
