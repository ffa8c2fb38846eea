"""Pictures of agents, which customers see beside their words."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import key, metadata, moment, text

agent_pictures = sa.Table(
    "agent_pictures",
    metadata,
    *key("tenant", "agent"),
    text("picture"),  # the name in its address; another one with every change
    text("type"),
    text("content"),  # base64: as a backup writes it
    moment("changed_at"),
    sa.Index("agent_pictures_by_name", "tenant", "picture"),
)
