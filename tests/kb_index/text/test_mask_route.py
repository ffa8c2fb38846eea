"""The route of masking, by the contract that the gateway's tests hold as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from fastapi import FastAPI

from kb_index.text.api import add_text_routes

CONTRACT = json.loads((Path(__file__).parents[2] / "contracts" / "mask.json").read_text("utf-8"))


async def post(body: Any) -> httpx2.Response:
    app = FastAPI()
    add_text_routes(app)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://kb") as client:
        return await client.post("/mask", json=body)


@pytest.mark.parametrize("example", CONTRACT["examples"])
async def test_the_contracts_examples_are_masked(example: dict[str, Any]) -> None:
    jsonschema.validate(example["request"], CONTRACT["request"])
    answer = await post(example["request"])
    assert answer.json() == example["response"]
    jsonschema.validate(answer.json(), CONTRACT["response"])


@pytest.mark.parametrize(
    "body",
    [{}, {"texts": "x"}, {"texts": [{"text": ""}]}, {"texts": [{"text": "x", "language": "fr"}]}, {"texts": [{}]}],
)  # fmt: skip
async def test_what_breaks_the_contract_is_refused(body: Any) -> None:
    assert (await post(body)).status_code == 422
