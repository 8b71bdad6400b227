"""Writes the pages of `docs/` that are made from the code: `make docs`. A test fails where one is stale."""
