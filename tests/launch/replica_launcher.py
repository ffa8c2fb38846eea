"""`make run-replicas` without the parts that take long to start: a fake bot stands at TANDEM_BOT_URL, the index and the
shop are not asked. Everything else is what that command does; driven by signals."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

from handoff_service.launch.credentials import parts_environment
from handoff_service.launch.prepare import prepare_database
from handoff_service.launch.replicas import for_replicas, replica_parts
from handoff_service.launch.settings import read_settings
from handoff_service.launch.supervise import forever, supervise

LEFT_OUT = ("kb_index", "bot", "shop")


def main() -> int:
    settings = for_replicas(read_settings(dict(os.environ)))
    parts = [
        replace(part, after=tuple(name for name in part.after if name not in LEFT_OUT))
        for part in replica_parts(settings, parts_environment(settings))
        if part.name not in LEFT_OUT
    ]

    async def tell() -> int:
        await asyncio.to_thread(prepare_database, settings)
        sys.stdout.write("the demo tenant is there\n")
        sys.stdout.flush()
        return await forever()

    return supervise(parts, var=settings.var, once_ready=tell) or 0


if __name__ == "__main__":
    sys.exit(main())
