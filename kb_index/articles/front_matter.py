"""Front matter: the YAML at the head of an article's file, read without trusting it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import yaml

DEEPEST = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What nests deeply in one line; a nesting by indentation needs a line of its own each, and is seen by its indentation.
_NESTING = re.compile(r"[\[{]\s*[\[{]\s*[\[{]|(?:[-?:]\s+){3}|^ {24}", re.MULTILINE)


@dataclass
class FrontMatter:
    """The values of a header, and on which line of the file each field begins ("facts.0.value")."""

    values: dict[str, Any]
    node: yaml.MappingNode | None = None

    @cached_property
    def lines(self) -> dict[str, int]:
        """Computed when the first problem asks for it: most files have none."""
        return dict(_places(self.node)) if self.node is not None else {}

    def line(self, name: str) -> int:
        """The line of a field, or of what it is part of; 1 when it is not there at all."""
        while name not in self.lines and "." in name:
            name = name.rpartition(".")[0]
        return self.lines.get(name, 1)


def read_header(text: str, report: Callable[[int, str], None]) -> FrontMatter | None:
    """Parse the YAML between the fences, which begins on line 2; None when it cannot be understood at all."""
    if _NESTING.search(text) and _too_deep(text):
        report(2, f"front matter is nested deeper than {DEEPEST} levels: write plain 'key: value' lines")
        return None
    try:
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                report(2, "front matter must be a list of 'key: value' lines")
                return None
            shared = _shared(node) if "&" in text and "*" in text else None
            if shared is not None:
                report(shared + 2, "front matter must not use '&' and '*' references: write the value out")
                return None
            values = _value(node, loader)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        report(_line_of(error), f"front matter is not valid YAML: {_reason_of(error)}")
        return None
    except ValueError as error:  # an impossible date such as 2026-02-30 fails in the constructor
        report(_line_of_bad_date(text), f"front matter holds an impossible value: {error}")
        return None
    seen: set[str] = set()
    for key, _ in node.value:
        if _key(key) in seen:
            report(key.start_mark.line + 2, f"key {key.value!r} appears twice: remove one")
        seen.add(_key(key))
    return FrontMatter(values, node)


def _value(node: yaml.Node, loader: Any) -> Any:
    """What safe loading makes of a node; texts, lists and mappings are built here, at a third of the time."""
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:str":
        return node.value
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [_value(item, loader) for item in node.value]
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        return {_key(key): _value(value, loader) for key, value in node.value}
    return loader.construct_object(node, deep=True)  # numbers, dates, and the refusal of tags that are not plain


def _key(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", node.start_mark)
    return str(node.value)


def _too_deep(text: str) -> bool:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEEPEST:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return False  # the composer will say what is wrong, and where
    return False


def _shared(node: yaml.Node) -> int | None:
    """The line of a node that two places refer to: a few of them in each other unfold to gigabytes."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, yaml.ScalarNode) and not each.value:
            continue
        if id(each) in seen:
            return int(each.start_mark.line)
        seen.add(id(each))
        if isinstance(each, yaml.SequenceNode):
            waiting.extend(each.value)
        elif isinstance(each, yaml.MappingNode):
            waiting.extend(part for pair in each.value for part in pair)
    return None


def _places(node: yaml.MappingNode, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Every field below a mapping with its line in the file; of lists only those that hold mappings."""
    for key, value in node.value:
        name = f"{prefix}{key.value}"
        yield name, key.start_mark.line + 2
        if isinstance(value, yaml.MappingNode):
            yield from _places(value, f"{name}.")
        elif isinstance(value, yaml.SequenceNode):
            for place, item in enumerate(value.value):
                if isinstance(item, yaml.MappingNode):
                    yield f"{name}.{place}", item.start_mark.line + 2
                    yield from _places(item, f"{name}.{place}.")


def _line_of(error: yaml.YAMLError) -> int:
    # An unclosed quote is noticed at the end of the file, but is to be repaired where it opens.
    unclosed = "quoted scalar" in str(getattr(error, "context", ""))
    mark = getattr(error, "context_mark" if unclosed else "problem_mark", None)
    return mark.line + 2 if mark is not None else 2


def _reason_of(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed")


def _line_of_bad_date(text: str) -> int:
    for number, line in enumerate(text.split("\n"), 2):
        found = re.search(r"(\d{4})-(\d{2})-(\d{2})", line)
        if found is None:
            continue
        try:
            date(*map(int, found.groups()))
        except ValueError:
            return number
    return 2
