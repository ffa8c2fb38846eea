"""The migrations make exactly the tables that the code knows, on both engines, and can be repeated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from handoff_service import tables
from handoff_service.database import Database
from handoff_service.migrate import log_id, migrate

WITHOUT_TENANT = {"meta", "tenants", "nodes"}


async def test_the_migrated_schema_is_the_one_in_the_code(database: Database) -> None:
    def difference(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))

    assert await database.read(difference) == []


async def test_the_unique_indexes_that_keep_things_single_exist(database: Database) -> None:
    """Idempotency and "one open conversation" live in these; autogenerate does not compare their conditions."""

    def unique(connection: sa.Connection) -> dict[str, list[str | None]]:
        inspector = sa.inspect(connection)
        return {
            str(index["name"]): index["column_names"]
            for table in ("conversations", "entries", "agents")
            for index in inspector.get_indexes(table)
            if index["unique"]
        }

    found = await database.read(unique)
    assert found["one_open_conversation"] == ["tenant", "channel", "contact"]
    assert found["entries_by_client_id"] == ["tenant", "author_kind", "author_id", "client_id"]
    assert found["entries_by_mid"] == ["mid"]
    assert found["agents_by_email"] == ["tenant", "email"]


async def test_upgrading_again_changes_nothing(database: Database, database_url: str) -> None:
    before = await database.read(log_id)
    await migrate(database_url)
    assert await database.read(log_id) == before


def test_every_row_has_its_tenant() -> None:
    for table in tables.metadata.sorted_tables:
        if table.name in WITHOUT_TENANT:
            continue
        assert "tenant" in table.c, f"{table.name} has no tenant"
        assert not table.c.tenant.nullable, f"{table.name}: a row without a tenant is possible"
    assert {table.name for table in tables.metadata.sorted_tables} >= WITHOUT_TENANT


def test_keys_and_indexes_begin_with_the_tenant() -> None:
    """Except secrets, which are looked up by their hash before the tenant is known, and sweeps over all tenants."""
    by_secret = {"visitor_tokens", "agent_sessions", "socket_tickets"}
    over_all_tenants = {
        "conversations_by_deadline",
        "conversations_by_change",
        "sla_clocks_by_next",
        "promises_by_next",
        "outbox_by_due",
        "entries_by_mid",
        "tickets_by_look",
    }
    over_all_tenants |= {"webhook_messages_by_state", "agents_by_home"}
    for table in tables.metadata.sorted_tables:
        if table.name in WITHOUT_TENANT | by_secret:
            continue
        assert next(iter(table.primary_key)).name == "tenant", table.name
        for index in table.indexes:
            if index.name not in over_all_tenants:
                assert next(iter(index.columns)).name == "tenant", index.name
