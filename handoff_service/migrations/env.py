"""Alembic's entry: runs the migrations inside the transaction that `migrate` hands over."""

from alembic import context

from handoff_service.tables import metadata

connection = context.config.attributes["connection"]
# SQLite too can undo DDL; alembic does not believe it without being told.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
