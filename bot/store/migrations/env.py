"""Alembic runs this for every upgrade. `bot.store.migrate` hands over the connection, with its transaction open."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
