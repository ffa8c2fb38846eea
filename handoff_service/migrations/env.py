"""Alembic's entry: runs the migrations on the connection that `migrate` hands over."""

from alembic import context

from handoff_service.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
