"""`python -m data.demo_shop serve`: the shop at TANDEM_SHOP_URL."""

from __future__ import annotations

import argparse
import sys

import uvicorn

from data.demo_shop.app import create_app
from data.demo_shop.settings import BadSettings, read_settings


def main() -> int:
    """0 after a clean stop, 1 with a sentence when a setting is wrong."""
    parser = argparse.ArgumentParser(prog="python -m data.demo_shop", description="The demo shop and its order API.")
    parser.add_argument("command", choices=["serve"])
    parser.parse_args()
    try:
        settings = read_settings()
    except BadSettings as error:
        print(error, file=sys.stderr)
        return 1
    host, port = settings.address
    uvicorn.run(create_app(settings), host=host, port=port, server_header=False, access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
