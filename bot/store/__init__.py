"""The database: tables, migrations, one writer, and the ports of `commands` on top of them.

`engine.Store` opens it. A method that takes a connection joins the caller's transaction (`store.write(fn)`); the others
run their own.
"""
