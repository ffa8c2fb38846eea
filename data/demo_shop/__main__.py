"""`python -m data.demo_shop serve`: the shop at TANDEM_SHOP_URL; `check`: a shop against openapi.yml."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import uvicorn

from data.demo_shop.app import create_app
from data.demo_shop.contract import Answer, check
from data.demo_shop.settings import BadSettings, Settings, read_settings


def main() -> int:
    """0 after a clean stop or a shop that keeps the contract, 1 with a sentence for each thing that is wrong."""
    parser = argparse.ArgumentParser(prog="python -m data.demo_shop", description="The demo shop and its business API.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the shop at TANDEM_SHOP_URL")
    checking = commands.add_parser(
        "check", help="check the shop at TANDEM_SHOP_URL against openapi.yml; changes nothing"
    )
    checking.add_argument("--customer", required=True, help="the id of a customer in that shop")
    checking.add_argument("--order", required=True, help="the number of one of this customer's orders")
    arguments = parser.parse_args()
    try:
        settings = read_settings()
    except BadSettings as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.command == "check":
        return check_shop(settings, customer=arguments.customer, order=arguments.order)
    host, port = settings.address
    uvicorn.run(create_app(settings), host=host, port=port, server_header=False, access_log=False)
    return 0


def check_shop(settings: Settings, *, customer: str, order: str) -> int:
    """Prints what the shop does differently; needs httpx and jsonschema, which the tests have."""
    import httpx
    import jsonschema

    def valid(body: Any, schema: Mapping[str, Any]) -> str | None:
        error = next(jsonschema.Draft202012Validator(schema).iter_errors(body), None)
        return None if error is None else f"{error.json_path}: {error.message}"

    with httpx.Client(base_url=settings.shop_url, timeout=10.0) as client:

        def send(method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
            answer = client.request(method, path, headers=dict(headers), json=body)
            return Answer(status=answer.status_code, body=answer.json())

        wrong = check(send, valid, key=settings.api_key, customer=customer, order=order)
    for each in wrong:
        print(each)
    print(f"{len(wrong)} differences from openapi.yml" if wrong else "keeps the contract in openapi.yml")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
