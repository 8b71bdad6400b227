"""Why the database cannot be used. The message tells an operator what to do."""


class StoreError(Exception):
    """The database cannot be used."""


class UnsupportedDatabase(StoreError):
    """`DATABASE_URL` names no database that we can use."""


class StoreInUse(StoreError):
    """Another process has the file open."""


class StoreUnusable(StoreError):
    """The file is not there to be had, is no database, or was made by a newer version."""


class StoreUnavailable(StoreError):
    """The database is not to be had at this moment; what was to be done may work later."""


class StoreOverloaded(StoreError):
    """More waits to be written than may wait; what was to be written may be sent again."""


class StoreClosed(StoreError):
    """It was closed, so nothing can be written any more."""
