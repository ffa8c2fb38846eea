"""A person whose every trace carries a canary, and gateways as processes on a state folder of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.clock import utc_now
from tests.handoff_service.stage import SHOP_URL, ScriptedBot, trial_settings
from tests.handoff_service.web.conftest import NO_HOUSE, House, build_house, by_text, far_bot  # noqa: F401
from tests.handoff_service.web.serving import Gateway, GatewayProcess, free_port
from tests.handoff_service.web.test_visitor_identity import signed
from tests.handoff_service.web.visitors import accepted, fresh

CANARY = "kanarienvogel"


@pytest.fixture
def start_process(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`start_process(TANDEM_…="…")`: a gateway process; on SQLite with its database in its own state folder."""
    var = tmp_path / "var"
    var.mkdir()
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), var / "handoff.sqlite")
        url = f"sqlite:///{var / 'handoff.sqlite'}"
    else:
        url = request.getfixturevalue("database_url")
    with ExitStack() as stack:

        def started(**environment: str) -> GatewayProcess:
            limits = {"TANDEM_LIMIT_MESSAGES": "1000/second", "TANDEM_SHOP_URL": SHOP_URL, "TANDEM_DATABASE_URL": url}
            process = GatewayProcess(var, free_port(), TANDEM_SHOP_TENANTS=NO_HOUSE, **limits, **environment)
            process.settings = trial_settings(database_url=url, gateway_url=process.url, var=var, shop_tenants=NO_HOUSE)
            stack.callback(process.kill)
            process.start()
            return process

        yield started


@pytest.fixture
def gateway(tmp_path: Path, database_url: str) -> Iterator[Gateway]:
    """A gateway of this test alone, in a thread; `stop` it before somebody else takes its database."""
    (tmp_path / "var").mkdir()
    free = {"kb_index_url": "http://127.0.0.1:9", "limit_messages": "1000/second", "shop_tenants": NO_HOUSE}
    settings = trial_settings(database_url=database_url, var=tmp_path / "var", **free)
    one = Gateway(settings, bot=ScriptedBot(usually=by_text))
    one.start()
    yield one
    one.stop()


class Subject:
    """Somebody who has been through everything the product does, and a witness whose data must stay."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def live(self) -> None:
        """Two conversations: one with an agent, closed and rated; one with a message left, still open."""
        house = self.house
        self.boss = await house.agent("boss", role=Role.SUPERVISOR)
        self.lin = await house.agent("lin")
        self.desk = await self.lin.socket()
        identity = signed(house, sub=f"sub-{CANARY}", name=f"Name {CANARY}", jti=f"jti-{CANARY}-{fresh()}")
        self.customer = await house.customer(identity=identity)
        self.socket = await self.customer.socket(device=f"d_{CANARY}")
        await self.customer.write(f"my order, I am {CANARY}", client_id=f"{CANARY}-0001")
        answer = await self.customer.answered()
        feedback = {"op_id": fresh(), "seq": answer["seq"], "value": "down", "comment": f"no {CANARY}"}
        accepted(await self.customer.post(self.customer.path("feedback"), feedback))
        await self._be_served()
        await self._leave_a_message()
        await house.database.write(lambda tx: self._plant(tx.connection))
        self.witness = await house.customer()
        await self.witness.write("what the witness said")
        await self.witness.answered()

    async def _be_served(self) -> None:
        customer, lin = self.customer, self.lin
        await customer.ask_human()
        epoch = accepted(await lin.accept(await self.house.handoff_of(customer)))["epoch"]
        self.first = customer.conversation
        accepted(await lin.reply(self.first, f"dear {CANARY}", epoch))
        accepted(await lin.reply(self.first, f"note about {CANARY}", epoch, audience="internal"))
        moved = accepted(await lin.do(self.first, "give-back", epoch=epoch, note=f"{CANARY} is fine"))
        epoch = accepted(await lin.do(self.first, "take-over", epoch=moved["epoch"]))["epoch"]
        accepted(await lin.do(self.first, "close", epoch=epoch, wrap_up="solved", note=f"bye {CANARY}"))
        rating = {"op_id": fresh(), "score": 4, "comment": f"good {CANARY}"}
        accepted(await customer.post(customer.path("rating"), rating))

    async def _leave_a_message(self) -> None:
        customer = self.customer
        await customer.write(f"again {CANARY}")  # reopens the conversation
        await customer.answered()
        await customer.ask_human()
        left = {"op_id": fresh(), "text": f"call {CANARY}", "reply_to": f"{CANARY}@example.org"}
        accepted(await customer.post(customer.path("leave-message"), left))

    def _plant(self, connection: sa.Connection) -> None:
        """What only failures and other parts would write."""
        tenant, contact = self.house.tenant.id, self.customer.contact
        about = {"tenant": tenant, "conversation": self.first}
        where = (tables.outbox.c.tenant == tenant, tables.outbox.c.conversation == self.first)
        connection.execute(sa.update(tables.outbox).where(*where).values(error=f"failed for {CANARY}"))
        T, H = tables.turns.c, tables.handoffs.c
        failed = {"errors": [{"bot": "rasa", "error": f"cannot answer {CANARY}"}]}
        connection.execute(sa.update(tables.turns).where(T.conversation == self.first).values(failed))
        asked = {"evidence": {"matched": CANARY}}
        connection.execute(sa.update(tables.handoffs).where(H.conversation == self.first).values(asked))
        row = {"id": "f_1", "contact": contact, "name": f"{CANARY}.pdf", "type": "application/pdf", "size": 13}
        connection.execute(
            sa.insert(tables.files).values(**about, **row, sha256="0" * 64, created_at=utc_now()),
        )
        place = self.house.gateway.settings.var / "files" / tenant / "f_1"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"content of {CANARY}")

    async def rows_with_canary(self) -> list[str]:
        """Names of tables in which the canary still sings."""

        def look(connection: sa.Connection) -> list[str]:
            return [
                f"{table.name}: {row}"
                for table in tables.metadata.sorted_tables
                for row in connection.execute(sa.select(table))
                if CANARY in str(tuple(row))
            ]

        return await self.house.database.read(look)

    def files_with_canary(self) -> list[str]:
        """Files of the state folder in which it does, as UTF-8 or escaped."""
        return [
            path.name
            for path in sorted(self.house.gateway.settings.var.rglob("*"))
            if path.is_file() and CANARY.encode() in path.read_bytes()
        ]


@pytest.fixture
def subject_at(build_house: Callable[..., Any]) -> Callable[[Any], Any]:  # noqa: F811
    """`await subject_at(gateway)`: a person who has lived through everything there."""

    async def lived(gateway: Any) -> Subject:
        subject = Subject(await build_house(gateway))
        await subject.live()
        return subject

    return lived
