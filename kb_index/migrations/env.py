"""Alembic's entry: runs the migrations inside the transaction that the database hands over."""

from alembic import context

connection = context.config.attributes["connection"]
# SQLite too can undo DDL; alembic does not believe it without being told.
context.configure(connection=connection, transactional_ddl=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
