"""The gateway's commands: `serve | migrate | seed-demo | channel …`, those of `keeping` and the reports."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
from typing import Any

import uvicorn
from pydantic import ValidationError

from handoff_service.admin.commands import COMMANDS as ADMIN
from handoff_service.admin.commands import administer
from handoff_service.analytics.command import COMMANDS as REPORTS
from handoff_service.analytics.command import report
from handoff_service.app import create_app
from handoff_service.channels.commands import channel
from handoff_service.damage import refuse_damaged, refuse_missing
from handoff_service.errors import Damaged
from handoff_service.integrators.commands import api_keys
from handoff_service.keeping import COMMANDS as KEEPING
from handoff_service.keeping import keep
from handoff_service.live.transport import SocketProtocol
from handoff_service.log import configure_logging
from handoff_service.migrate import migrate
from handoff_service.only_gateway import claim
from handoff_service.open_files import allow_open_files
from handoff_service.public_mentions.commands import mentions
from handoff_service.seed import seed_demo
from handoff_service.settings import Settings
from handoff_service.simulation.command import simulate
from handoff_service.webhooks.commands import webhooks

# How uvicorn serves the gateway: sizes, keep-alive, shutdown.
SERVER: dict[str, Any] = {
    "log_level": "warning",
    "access_log": False,
    "ws": SocketProtocol,
    "ws_max_size": 65536,
    "ws_max_queue": 32,
    "ws_ping_interval": 22,  # of silence; the widget pings every 20 s
    "ws_ping_timeout": 20,
    "ws_per_message_deflate": False,
    "server_header": False,
    "timeout_graceful_shutdown": 5,
    "backlog": 4096,
}


def serve(settings: Settings) -> int:
    """Serves until SIGINT or SIGTERM; 1 with a sentence when the SQLite file is in use or damaged."""
    try:
        _lock = claim(settings.database)
        refuse_missing(settings.database)
        refuse_damaged(settings.database)
    except BlockingIOError as error:
        print(f"serve: {error.strerror}", file=sys.stderr)
        return 1
    except Damaged as error:
        print(f"serve: {error.message}", file=sys.stderr)
        return 1
    allow_open_files(settings.most_sockets)
    host, port = settings.listen
    app = create_app(settings)
    # A full collection looks at every object, and everybody waits for it: 100 ms, most of them for what was imported.
    gc.collect()
    gc.freeze()
    uvicorn.run(app, host=host, port=port, **SERVER)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m handoff_service", description=__doc__)
    own = ["serve", "migrate", "seed-demo", "channel", "channels", "mentions", "simulate"]
    parser.add_argument("command", choices=[*own, *KEEPING, *REPORTS, *ADMIN, "webhooks", "keys"])
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the command; `channels --help` tells them")
    asked = parser.parse_args()
    command = asked.command
    if command == "simulate":
        return simulate(asked.arguments)
    configure_logging()
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "".join(f"TANDEM_{str(part).upper()}: " for part in problem["loc"])
            print(f"settings: {name}{problem['msg'].removeprefix('Value error, ')}", file=sys.stderr)
        return 1
    if command == "serve":
        return serve(settings)
    if command == "migrate":
        try:
            refuse_damaged(settings.database)
        except Damaged as error:
            print(f"migrate: {error.message}", file=sys.stderr)
            return 1
        asyncio.run(migrate(settings.database))
    elif command in KEEPING:
        return keep([command, *asked.arguments], settings)
    elif command in REPORTS:
        return report([command, *asked.arguments], settings)
    elif command in ADMIN:
        return administer([command, *asked.arguments], settings)
    elif command == "webhooks":
        return webhooks(asked.arguments, settings)
    elif command == "keys":
        return api_keys(asked.arguments, settings)
    elif command == "mentions":
        return mentions(asked.arguments, settings)
    elif command in ("channel", "channels"):
        return channel(asked.arguments, settings)
    else:
        print(json.dumps(asyncio.run(seed_demo(settings)), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
