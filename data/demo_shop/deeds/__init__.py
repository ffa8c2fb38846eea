"""What the shop does for a customer, once per idempotency key, and how it is undone."""
