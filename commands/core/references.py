"""What brings somebody who met an error and the log line about it together."""

from secrets import token_hex


def new_reference() -> str:
    """Short enough to be read out."""
    return token_hex(4)
