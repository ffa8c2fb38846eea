"""YAML in which every value knows its line. What people trip over in YAML is refused or read as they mean it.

`yes`, `no`, `on`, `off` and 18:00 are text (as in YAML 1.2), a key that is there twice is an error, and there are no
aliases, tags or documents behind the first one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from handoff_service.errors import BadConfiguration

Path = tuple[str | int, ...]
DEEPEST = 20
LARGEST = 1_000_000  # characters


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong, in line and column (from 1; 0 when it concerns the file as a whole)."""

    line: int
    column: int
    where: str
    message: str

    def as_text(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.where}: {self.message}" if self.where else f"{place}{self.message}"

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "where": self.where, "message": self.message}


@dataclass
class Marked:
    """A document: what it says, and where each of its values begins."""

    value: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def problem(self, path: Path, message: str) -> Problem:
        """A problem at a path, or at the nearest place above it that the file has."""
        known = path
        while known and known not in self.places:
            known = known[:-1]
        line, column = self.places.get(known, (0, 0))
        return Problem(line, column, ".".join(map(str, path)), message)


def refused(problems: Sequence[Problem]) -> BadConfiguration:
    """The error for a text with these problems."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return BadConfiguration(f"{problems[0].as_text()}{more}", problems=[one.as_json() for one in problems])


class _Loader(yaml.SafeLoader):
    """Only true, false, null and numbers are anything but text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own shape)


# What is no text when it stands without quotes: for the reader, and so for the writer, which else left 1e5 as it is.
PLAIN: tuple[tuple[str, str, Sequence[str]], ...] = (
    ("bool", r"^(?:true|false|True|False|TRUE|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
)


def _resolve(of: type[_Loader | _Dumper]) -> None:
    for tag, pattern, first in PLAIN:
        of.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve(_Loader)


def read(text: str) -> Marked:
    """The first and only document of a text. Raises BadConfiguration."""
    if len(text) > LARGEST:
        raise refused([Problem(0, 0, "", f"The file has more than {LARGEST} characters.")])
    loader = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise refused([Problem(line, column, "", f"This is no YAML: {error.problem or error.context}.")]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise refused([Problem(0, 0, "", f"This is no YAML: {error.__class__.__name__}: {error}.")]) from error
    finally:
        if loader is not None:
            loader.dispose()
    marked = Marked()
    marked.value = _value(node, (), marked, set()) if node is not None else {}
    return marked


def _value(node: yaml.Node, path: Path, marked: Marked, seen: set[int]) -> Any:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    marked.places.setdefault(path, (line, column))
    where = ".".join(map(str, path))
    if id(node) in seen:
        raise refused([Problem(line, column, where, "Anchors and aliases are not read here; write it out.")])
    if len(path) > DEEPEST:
        raise refused([Problem(line, column, where, f"This is nested deeper than {DEEPEST} levels.")])
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*path, place), marked, seen) for place, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, marked, seen)
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind in ("str", "null"):
        return None if kind == "null" else node.value
    if kind in READ:
        return READ[kind](node.value)
    raise refused([Problem(line, column, where, f"The tag {node.tag} is not read here.")])


READ: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: text.lower() == "true",
}


def _mapping(node: yaml.MappingNode, path: Path, marked: Marked, seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line, column = key.start_mark.line + 1, key.start_mark.column + 1
        if not isinstance(key, yaml.ScalarNode):
            raise refused([Problem(line, column, ".".join(map(str, path)), "A key is a word.")])
        name = key.value
        if name in found:
            first = marked.places[(*path, name)][0]
            message = f"{name} is there twice, also in line {first}."
            raise refused([Problem(line, column, ".".join(map(str, path)), message)])
        marked.places[(*path, name)] = (line, column)
        found[name] = _value(value, (*path, name), marked, seen)
    return found


class _Dumper(yaml.SafeDumper):
    """Lists are indented, text of several lines stands as it is, nothing is an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's own shape)
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value.strip("\n") and not any(line.endswith(" ") for line in value.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
_resolve(_Dumper)


def write(value: Any) -> str:
    """The text that `read` reads as this value, for people; of the same value it is made once."""
    return _written(json.dumps(value))


@lru_cache(maxsize=16)
def _written(value: str) -> str:
    return yaml.dump(json.loads(value), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
