"""Alembic's entry: run the steps on the connection, and inside the transaction, that the store gives."""

from alembic import context

from server.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
