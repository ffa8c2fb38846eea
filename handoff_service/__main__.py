"""The gateway's commands: `python -m handoff_service serve | migrate | seed-demo`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

import uvicorn
from pydantic import ValidationError

from handoff_service.app import create_app
from handoff_service.log import configure_logging
from handoff_service.migrate import migrate
from handoff_service.seed import seed_demo
from handoff_service.settings import Settings

# How uvicorn serves the gateway: sizes, keep-alive, shutdown.
SERVER: dict[str, Any] = {
    "log_level": "warning",
    "access_log": False,
    "ws_max_size": 65536,
    "ws_max_queue": 32,
    "ws_ping_interval": 20,
    "ws_ping_timeout": 20,
    "ws_per_message_deflate": False,
    "server_header": False,
    "timeout_graceful_shutdown": 5,
    "backlog": 4096,
}


def serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM."""
    host, port = settings.listen
    uvicorn.run(create_app(settings), host=host, port=port, **SERVER)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m handoff_service", description=__doc__)
    parser.add_argument("command", choices=["serve", "migrate", "seed-demo"])
    command = parser.parse_args().command
    configure_logging()
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "".join(f"TANDEM_{str(part).upper()}: " for part in problem["loc"])
            print(f"settings: {name}{problem['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        return 1
    if command == "serve":
        serve(settings)
    elif command == "migrate":
        asyncio.run(migrate(settings.database))
    else:
        print(json.dumps(asyncio.run(seed_demo(settings)), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
