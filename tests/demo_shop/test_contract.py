"""The demo shop keeps openapi.yml, the file is a good contract, and the check finds a shop that does not keep it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from data.demo_shop.app import create_app
from data.demo_shop.contract import Answer, check, load, operations, schema_of
from data.demo_shop.settings import Settings

API_KEY = "k" * 40


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(
        shop_url="http://shop.test",
        gateway_url="http://chat.test",
        var=tmp_path,
        api_key=API_KEY,
        identity_secret="i" * 40,
    )
    with TestClient(create_app(settings), base_url=settings.shop_url) as client:
        yield client


def valid(body: Any, schema: Mapping[str, Any]) -> str | None:
    error = next(jsonschema.Draft202012Validator(schema).iter_errors(body), None)
    return None if error is None else f"{error.json_path}: {error.message}"


def test_the_demo_shop_keeps_the_contract(client: TestClient) -> None:
    def send(method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        answer = client.request(method, path, headers=dict(headers), json=body)
        return Answer(status=answer.status_code, body=answer.json())

    assert check(send, valid, key=API_KEY, customer="cus_linxiao", order="LY20261103001") == []


def test_a_shop_that_forgets_a_field_or_whose_data_it_is_is_found(client: TestClient) -> None:
    def send(method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        answer = client.request(method, path, headers={**headers, "X-Customer": "cus_linxiao"}, json=body)
        content = answer.json()
        content.pop("status", None)
        return Answer(status=answer.status_code, body=content)

    wrong = check(send, valid, key=API_KEY, customer="cus_linxiao", order="LY20261103001")
    assert any("'status' is a required property" in each for each in wrong)
    assert any("404 expected, 200 came" in each for each in wrong), "somebody else's order was shown"


def test_the_contract_is_served_and_names_every_route_of_the_api(client: TestClient) -> None:
    assert client.get("/openapi.json").json() == load()
    told = {(method, path) for method, path, _ in operations()}
    routes = client.app.openapi()["paths"]  # type: ignore[attr-defined]  # what the framework sees itself
    served = {
        (method.upper(), path) for path, methods in routes.items() if path.startswith("/api/") for method in methods
    }
    assert told == served


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_every_answer_has_a_shape_that_can_be_checked(method: str, path: str, operation: Mapping[str, Any]) -> None:
    for status in operation["responses"]:
        schema = schema_of(operation, int(status))
        assert schema is not None, (method, path)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert valid({"nonsense": 1}, schema) is not None, f"{method} {path} {status} allows anything"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/orders/LY20261104016/cancellation", {"code": "other"}),
        ("/orders/LY20261104016/address", {"address": "浙江省杭州市西湖区文二路 1 号"}),
        ("/orders/LY20261030008/refunds", {"reason": "坏了", "code": "quality", "evidence": ["att_1"]}),
        ("/orders/LY20261030008/returns", {"kind": "return", "reason": "坏了", "code": "quality", "method": "post"}),
        ("/orders/LY20261030008/invoice", {"kind": "personal", "title": "林晓", "email": "a@b.cn"}),
        ("/payments/TU2026110401/investigation", {"evidence": []}),
        ("/identity/applications", {"document": "id_card"}),
    ],
)
def test_what_is_asked_and_answered_fits_the_contract(client: TestClient, path: str, wanted: dict[str, Any]) -> None:
    steps = path.split("/")
    pattern = next(
        (m, p, o)
        for m, p, o in operations()
        if m == "POST" and p.endswith(f"/{steps[-1]}") and p.split("/")[3] == steps[1]
    )
    body = {**wanted, "idempotency_key": "t_1"}
    request = pattern[2]["requestBody"]["content"]["application/json"]["schema"]
    assert valid(body, {**request, "components": load()["components"]}) is None
    headers = {"Authorization": f"Bearer {API_KEY}", "X-Customer": "cus_linxiao"}
    answer = client.post(f"/api/v1{path}", headers=headers, json=body)
    assert answer.status_code == 201, answer.text
    schema = schema_of(pattern[2], 201)
    assert schema is not None
    assert valid(answer.json(), schema) is None
