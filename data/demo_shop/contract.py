"""The contract of the business API (openapi.yml) as a program reads it, and a check of any shop against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("openapi.yml")
NOBODY = "nobody-has-this-00000000000"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a shop answered."""

    status: int
    body: Any


# send(method, path, headers, body) -> what the shop answered
Send = Callable[[str, str, Mapping[str, str], Any], Answer]
# valid(body, schema) -> what is wrong with it, None when nothing is
Valid = Callable[[Any, Mapping[str, Any]], str | None]


@cache
def load() -> dict[str, Any]:
    """The contract as JSON."""
    content: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return content


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(method, path, operation) of the whole contract."""
    for path, methods in load()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def schema_of(operation: Mapping[str, Any], status: int) -> Mapping[str, Any] | None:
    """What an answer with this status looks like, with everything it refers to; None for a status not listed."""
    listed = operation["responses"].get(str(status))
    if listed is None:
        return None
    if "$ref" in listed:
        listed = load()["components"]["responses"][listed["$ref"].rsplit("/", 1)[-1]]
    schema = listed["content"]["application/json"]["schema"]
    return {**schema, "components": load()["components"]}


def check(send: Send, valid: Valid, *, key: str, customer: str, order: str) -> list[str]:
    """What a shop does differently from the contract, by reading only: nothing is changed in it.

    customer and order: a customer's id and the number of one of his orders in that shop.
    """
    signed_in = {"Authorization": f"Bearer {key}", "X-Customer": customer}
    wrong: list[str] = []

    def expect(method: str, path: str, headers: Mapping[str, str], status: int, body: Any = None) -> None:
        operation = next(o for m, p, o in operations() if m == method and _fits(p, path.partition("?")[0]))
        answer = send(method, path, headers, body)
        if answer.status != status:
            wrong.append(f"{method} {path}: {status} expected, {answer.status} came")
            return
        problem = valid(answer.body, schema_of(operation, status) or {})
        if problem is not None:
            wrong.append(f"{method} {path} ({status}): {problem}")

    root = "/api/v1"
    for path in ("/orders", "/coupons", "/payments", "/identity", "/account/closing", f"/orders/{order}"):
        expect("GET", root + path, signed_in, 200)
    for path in (f"/orders/{NOBODY}", f"/payments/{NOBODY}", f"/coupons/{NOBODY}"):
        expect("GET", root + path, signed_in, 404)
    expect("GET", f"{root}/orders/{order}", {**signed_in, "X-Customer": NOBODY}, 404)
    expect("GET", f"{root}/orders/{order}", {"Authorization": f"Bearer {key}"}, 400)
    expect("GET", f"{root}/orders/{order}", {**signed_in, "Authorization": "Bearer wrong"}, 401)
    for path in ("cancellation", "address", "refunds", "returns", "invoice"):
        expect("POST", f"{root}/orders/{order}/{path}", signed_in, 422, {"surprise": True})
    return wrong


def _fits(pattern: str, path: str) -> bool:
    steps, given = pattern.split("/"), path.split("/")
    return len(steps) == len(given) and all(s.startswith("{") or s == g for s, g in zip(steps, given, strict=True))
