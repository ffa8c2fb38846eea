"""The signed statement by which the widget knows who is signed in at the shop."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from joserfc import jwt
from joserfc.jwk import OctKey

from data.demo_shop.model import Customer

ISSUER = "demo-shop"
AUDIENCE = "tandem-widget"
LIFETIME_S = 300


def sign_identity(customer: Customer, *, secret: str, now: datetime | None = None) -> str:
    """A JWT (HS256) that says who the customer is, for five minutes and, by its jti, for one use."""
    issued = int((now or datetime.now(UTC)).timestamp())
    claims = {
        "sub": customer.id,
        "name": customer.name,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + LIFETIME_S,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(secret))
