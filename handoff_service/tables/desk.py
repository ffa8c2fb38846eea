"""What agents keep about conversations beside their entries."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import key, maybe, metadata, moment, number, text

conversation_tags = sa.Table(
    "conversation_tags",
    metadata,
    *key("tenant", "conversation", "tag"),
    text("by"),
    moment("at"),
    sa.Index("conversations_by_tag", "tenant", "tag", "at"),
)

snoozes = sa.Table("snoozes", metadata, *key("tenant", "conversation"), text("agent"), number("seq"), moment("until"))

# Of a contact: the agent whose customer he is, and by how many classes of priority he comes before others.
contact_care = sa.Table(
    "contact_care", metadata, *key("tenant", "contact"), maybe("agent"), number("classes"), text("by"), moment("at")
)

# A step of a playbook that is done; the playbook itself is a setting.
playbook_steps = sa.Table(
    "playbook_steps", metadata, *key("tenant", "conversation", "playbook", "step"), text("by"), moment("at")
)
