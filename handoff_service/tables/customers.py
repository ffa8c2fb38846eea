"""Contacts, who they are on each channel, and their tokens."""

from __future__ import annotations

import sqlalchemy as sa

from handoff_service.columns import Moment, key, maybe, metadata, moment, text

contacts = sa.Table(
    "contacts",
    metadata,
    *key("tenant", "id"),
    text("name"),
    maybe("language"),
    moment("created_at"),
    maybe("erased_at", Moment),
    maybe("person"),  # the same for contacts that are known to be one
    sa.Index("contacts_by_person", "tenant", "person"),
    maybe("vouched_as"),  # the user of the tenant that he is here, by the tenant's own signature
    maybe("prefers"),  # the channel on which he wants to be told of his tickets
    maybe("attributes", sa.JSON),  # what a page told: claims, no proof
    maybe("blocked_at", Moment),  # what he writes is kept, and nobody is asked to answer it
    maybe("blocked_by"),
)

contact_identities = sa.Table(
    "contact_identities",
    metadata,
    *key("tenant", "channel", "external_id"),
    text("contact"),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Index("identities_by_contact", "tenant", "contact"),
    sa.Index("identities_by_id", "tenant", "external_id"),
)

visitor_tokens = sa.Table(
    "visitor_tokens", metadata, *key("token_hash"), text("tenant"), text("contact"), moment("expires_at")
)

used_identity_tokens = sa.Table(
    "used_identity_tokens", metadata, *key("tenant", "jti"), text("contact"), moment("expires_at")
)
