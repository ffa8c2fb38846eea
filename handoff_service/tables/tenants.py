"""The tenant, and what the installation knows of itself."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import key, metadata, moment, text

meta = sa.Table("meta", metadata, *key("key"), text("value"))

tenants = sa.Table("tenants", metadata, *key("id"), text("name"), sa.Column("settings", sa.JSON, nullable=False))

nodes = sa.Table("nodes", metadata, *key("id"), text("version"), moment("started_at"), moment("seen_at"))
