"""Every problem that the check of a configuration can find has a sentence in the desk, in Chinese and in English.

The server says it in English; the desk knows it again by `web/console/forms/wrong.ts` and says it in its catalogue's
words. Here every problem is made that files make, and every sentence is read that the sources could say.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from handoff_service.admin import document
from handoff_service.admin.document import State, check, exported, rostered_strangers
from handoff_service.admin.marked import DEEPEST, LARGEST, Marked
from handoff_service.admin.people import Account
from handoff_service.agents.model import Role
from handoff_service.tenants.model import TenantSettings
from tests.handoff_service.admin.test_document import SLIPS
from tests.handoff_service.stage import shop

CONSOLE = Path(__file__).resolve().parents[3] / "handoff_service/web/console"
PATTERN = re.compile(r"""^  \[/(?P<pattern>.*)/(?P<flags>[a-z]*), "(?P<name>\w+)"\],$""", re.MULTILINE)
TEXT = re.compile(r'^  "wrong\.(\w+)":\s*"(.*)",$', re.MULTILINE)
PLACED = re.compile(r"[a-z_]+(\.[\w.@-]+)*: ")  # as document.py takes it off
# What says more than models do, and how it comes about.
SPEAKERS = ("admin.document", "admin.marked", "admin.people", "calendars.public_holidays", "calendars.rosters")
SPEAKERS += ("calendars.settings", "complaints.settings", "promises.settings", "tickets.settings")
SPEAKERS += ("tenants.routing", "tenants.widget", "tenants.wording")
FILLED = {"email": "lin@x.example", "part": "queue", "word": "skill"}  # what stands in some blanks
NOT_OF_FILES = ("this target has no",)
SAMPLES: tuple[Any, ...] = (
    None, True, -1, 0, 10**9, 1.5, "", "x", "A b?", "x" * 6000, "25:00", "2026-13-40", [], [None], ["x"], {}, {"x": 1},
    [{}], [{"x": 1}], {"x": {}}, ["x"] * 300,
)  # fmt: skip
RICH = """
skills: [{id: billing, zh: 账单, en: Billing}]
tags: [{id: vip, zh: 贵宾, en: VIP}]
canned_replies: [{id: hi, title: Hi, zh: 您好, en: Hi, queues: [support], channels: [sms]}]
calendars:
  office:
    timezone: Asia/Shanghai
    hours: [{days: [mon, tue], from: '09:00', to: '18:00'}]
    holidays: {country: CN}
    days: [{date: 2026-12-25, open: [{from: '10:00', to: '12:00'}], name: x}]
    roster_covers: false
    roster: [{who: lin, days: [mon], from: '09:00', to: '18:00'}]
sla: [{queue: support, priority_from: 0, priority_to: 3, first_reply_min: 5}]
"""
STATE = State(
    "demo",
    shop().settings,
    {one.email: one for one in (Account(email="lin@x.example", name="Lin", queues=("support",), role=Role.AGENT),)},
    [],
)


def catalogue(language: str) -> dict[str, str]:
    texts = "".join(path.read_text("utf-8") for path in sorted(CONSOLE.glob(f"texts/*{language}.ts")))
    return dict(TEXT.findall(texts))


def known() -> list[tuple[re.Pattern[str], str]]:
    """What the desk knows again; its regular expressions are JavaScript's."""
    source = (CONSOLE / "forms/wrong.ts").read_text("utf-8")
    found = [
        (re.compile(one["pattern"].replace("(?<", "(?P<").replace("(?P<=", "(?<="), _flags(one["flags"])), one["name"])
        for one in PATTERN.finditer(source)
    ]
    assert len(found) > 40, "the table has another shape"
    assert len(found) == source.count('"],\n'), "a line is not read"
    return found


def _flags(letters: str) -> re.RegexFlag:
    return (re.DOTALL if "s" in letters else re.NOFLAG) | (re.IGNORECASE if "i" in letters else re.NOFLAG)


KNOWN = known()


def unknown(messages: set[str]) -> set[str]:
    return {one for one in messages if not any(pattern.search(one) for pattern, _ in KNOWN)}


def test_every_sentence_of_the_table_is_in_both_catalogues() -> None:
    names, chinese, english = {name for _, name in KNOWN}, catalogue("_zh"), catalogue("_en")
    assert names <= set(chinese)
    assert set(chinese) == set(english)
    for name in names:
        assert re.search(r"[\u4e00-\u9fff]", chinese[name]), name
        assert not re.search(r"[\u4e00-\u9fff]", english[name]), name
        blanks = [set(re.findall(r"{(\w+)}", text)) for text in (chinese[name], english[name])]
        groups = [set(pattern.groupindex) for pattern, other in KNOWN if other == name]
        assert all(blanks[0] | blanks[1] <= group for group in groups), f"{name} has a blank that nothing fills"


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from paths(one, (*above, name))


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    place = changed
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


@pytest.fixture(scope="module")
def rich() -> dict[str, Any]:
    """A configuration in which most of what can be said is said."""
    after, problems = check(RICH, STATE)
    assert problems == []
    assert after is not None
    return exported(after)


def test_whatever_stands_in_a_field_the_problem_has_its_words(
    rich: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What stands in a file as values; how they are written is the next test's, and takes its time.
    monkeypatch.setattr(document, "read", lambda given: Marked(given))
    messages: set[str] = set()
    places = [path for path in paths(rich) if path]
    assert len(places) > 100
    for path in places:
        wrong = [put(rich, path, sample) for sample in SAMPLES]
        if isinstance(path[-1], str):
            wrong.append({**rich, path[0]: put(rich, (*path[:-1], "no_such_field"), 1)[path[0]]})
        for one in wrong:
            own: Any = {"tenant": "demo", path[0]: one[path[0]]}
            messages |= {found.message for found in check(own, STATE)[1]}
    assert len(messages) > 100
    assert unknown(messages) == set()


def test_every_slip_has_its_words() -> None:
    from tests.handoff_service.admin import test_document

    whole, state = test_document.TEXT, test_document.STATE
    texts = [whole.replace(was, slip, 1) for was, slip, *_ in SLIPS]
    texts += ["[" * 100, "a: " * 50, "- " * (DEEPEST + 5) + "x", "\x00", "a: |\n b\n\tc", "%YAML 9", "? [a]: b"]
    texts += ["--- a\n--- b", "[]", "x", "agents: 5", "x" * (LARGEST + 1), "a: 'b", "a: {b", "a: &x 1\nb: *y", "a: @"]
    texts += [
        "queues:\n  - {id: support, name: Support}\n",
        "agents: [5]",
        'a: "\\q"',
        "a: b: c",
        "a\nb: c",
        "- a\nb: c",
    ]
    messages = {one.message for text in texts for one in check(text, state)[1]}
    assert len(messages) > len(SLIPS)
    shift = "{who: nobody, days: [mon], from: '09:00', to: '18:00'}"
    text = f"calendars: {{office: {{hours: [], roster_covers: false, roster: [{shift}]}}}}"
    after, problems = check(text, state)
    assert after is not None, problems
    messages |= {one.message for one in rostered_strangers(text, after.settings, ["lin"])}
    assert unknown(messages) == set()


def models(model: type[BaseModel], found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """A model with all that it is made of."""
    if model not in found:
        found.add(model)
        for field in model.model_fields.values():
            for one in _inside(field.annotation):
                models(one, found)
    return found


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for one in getattr(annotation, "__args__", ()):
        yield from _inside(one)


def said(module: str) -> Iterator[str]:
    """The sentences of ValueErrors and problems in a module's source, with 1 in every blank."""
    tree = ast.parse(Path(str(importlib.import_module(module).__file__)).read_text("utf-8"))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        held = {
            node.targets[0].id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"ValueError": 0, "problem": 1, "Problem": 3}.get(name)
            if place is None or len(node.args) <= place:
                continue
            if (text := _sample(node.args[place], held)) is not None:
                placed = PLACED.match(text) if name == "ValueError" else None
                yield text[placed.end() :] if placed else text


def _sample(node: ast.expr, held: dict[str, ast.expr]) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name) and isinstance(held.get(node.id), ast.JoinedStr | ast.Constant):
        return _sample(held[node.id], held)
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = []
    for one in node.values:
        if isinstance(one, ast.Constant):
            parts.append(str(one.value))
        elif isinstance(one, ast.FormattedValue):
            name = one.value.id if isinstance(one.value, ast.Name) else ""
            inner = FILLED.get(name) or (_sample(one.value, held) if name else None) or "1"
            parts.append(f"'{inner}'" if one.conversion == ord("r") else inner)
    return "".join(parts)


def test_every_sentence_that_the_sources_could_say_has_its_words() -> None:
    modules = {one.__module__ for model in (TenantSettings, Account) for one in models(model, set())}
    modules |= {f"handoff_service.{name}" for name in SPEAKERS}
    sentences = {text for module in sorted(modules) for text in said(module) if re.search("[a-z]", text)}
    sentences = {one for one in sentences if not one.startswith(NOT_OF_FILES)}
    assert len(sentences) > 25
    assert unknown(sentences) == set()
