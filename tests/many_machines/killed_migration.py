"""Migrates and dies half-way, in forked children, because importing takes longer than migrating.

`killed_migration.py url@3 url@f2 url@0`: the first kills itself with SIGKILL right after its third DDL statement, the
second at failpoint `migrate_step` for the second time, the third after everything but the commit. With `--together`
all run at once and none dies. Prints the address of each that came through.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

import sqlalchemy as sa

from handoff_service import failpoints
from handoff_service.migrate import migrate

DDL = ("CREATE", "ALTER", "DROP")


def count_ddl(statements: list[str], fatal: int = -1) -> Any:
    """Notes the DDL statements that any engine executes, dies after the `fatal`-th; returns the listener."""

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().upper().startswith(DDL):
            statements.append(statement)
            if len(statements) == fatal:
                die()

    sa.event.listen(sa.Engine, "after_cursor_execute", note)
    return note


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(url: str, where: str) -> None:
    if where.startswith("f"):
        failpoints._armed = failpoints.parse(f"migrate_step:{where[1:]}:kill9")
    elif where == "0":
        sa.event.listen(sa.Engine, "commit", die)
    elif where:
        count_ddl([], int(where))
    asyncio.run(migrate(url))
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main() -> None:
    together = sys.argv[1] == "--together"
    children = []
    for wanted in sys.argv[1 + together :]:
        url, _, where = wanted.rpartition("@")
        child = os.fork()
        if child == 0:
            run(url, where)
            os._exit(0)
        if together:
            children.append(child)
        else:
            os.waitpid(child, 0)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
