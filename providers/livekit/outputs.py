"""Named outputs: the storages that recordings are put in, as the configuration gives them to be sent with a start.

Reading this imports nothing of LiveKit.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails

from providers.base import NamedOutput

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_Text = Annotated[str, Field(min_length=1)]


class _Storage(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """`prefix` is the folder in it that every path begins with."""

    name: str
    prefix: str = ""

    def placed(self, path: str) -> str:
        """`path` in the prefix. A folder ends with a slash: LiveKit then makes up the name in it."""
        folder = self.prefix.strip("/")
        return f"{folder}/{path.lstrip('/')}" if folder else path


class S3Storage(_Storage, frozen=True):
    """Amazon's, or one that speaks like it at `endpoint`. Without keys the egress worker uses those it was given."""

    kind: Literal["s3"]
    bucket: _Text
    region: str = ""
    endpoint: str = ""
    force_path_style: bool = False
    access_key: SecretStr | None = None
    secret: SecretStr | None = None
    session_token: SecretStr | None = None
    assume_role_arn: str = ""
    assume_role_external_id: SecretStr | None = None

    @property
    def place(self) -> str:
        where = _host(self.endpoint) or self.region
        return f"bucket {self.bucket}" + (f" in {where}" if where else "")

    @model_validator(mode="after")
    def _keys_in_pairs(self) -> "S3Storage":
        if (self.access_key is None) != (self.secret is None):
            raise ValueError("needs both `access_key` and `secret`, or neither")
        return self


class GcpStorage(_Storage, frozen=True):
    """Google's. `credentials` is the service account's JSON; without it the egress worker uses its own."""

    kind: Literal["gcp"]
    bucket: _Text
    credentials: SecretStr | None = None

    @property
    def place(self) -> str:
        return f"bucket {self.bucket} at Google"


class AzureStorage(_Storage, frozen=True):
    kind: Literal["azure"]
    account_name: _Text
    account_key: SecretStr
    container_name: _Text

    @property
    def place(self) -> str:
        return f"container {self.container_name} at Azure"


class AliOssStorage(_Storage, frozen=True):
    kind: Literal["alioss"]
    bucket: _Text
    access_key: SecretStr
    secret: SecretStr
    region: str = ""
    endpoint: str = ""

    @property
    def place(self) -> str:
        where = _host(self.endpoint) or self.region
        return f"bucket {self.bucket}" + (f" in {where}" if where else " at Alibaba")


Storage = S3Storage | GcpStorage | AzureStorage | AliOssStorage

_ANY: Final[TypeAdapter[Storage]] = TypeAdapter(Annotated[Storage, Field(discriminator="kind")])


def storages(given: object) -> tuple[Storage, ...]:
    """From tables by name, or the same as JSON in a variable. `ValueError` tells all that is wrong, and no value."""
    tables = _decoded(given) if isinstance(given, str) else given
    if isinstance(tables, tuple):
        return tables
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ValueError("must be a table for each output by its name, or the same as JSON")
    found: list[Storage] = []
    problems: list[str] = []
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            problems.append(f"the name of an output is up to 40 of a-z, 0-9, `-` and `_`, and not `{name[:40]}`")
            continue
        try:
            found.append(_ANY.validate_python({**table, "name": name}))
        except ValidationError as error:
            problems += [f"`{name}` {_problem(d)}" for d in error.errors(include_url=False, include_input=False)]
    if problems:
        raise ValueError(f"is wrong: {'; '.join(problems)}")
    return tuple(found)


def named(storage: Storage) -> NamedOutput:
    """What people may see of it."""
    folder = storage.prefix.strip("/")
    return NamedOutput(storage.name, storage.kind, storage.place + (f", under {folder}/" if folder else ""))


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    raise ValueError("is no JSON")  # out here: the decoder's own error holds the whole text, secrets and all


def _problem(detail: ErrorDetails) -> str:
    field = next((str(part) for part in reversed(detail["loc"])), "")
    match detail["type"]:
        case "missing":
            return f"needs `{field}`"
        case "extra_forbidden":
            return f"has no setting `{field}`"
        case "union_tag_not_found" | "union_tag_invalid":
            return "needs a `kind`: s3, gcp, azure or alioss"
        case "value_error":
            return str(detail["ctx"]["error"])
    return f"has a wrong `{field}`"


def _host(endpoint: str) -> str:
    """Where an endpoint is, without what could be secret in it."""
    try:
        return urlsplit(endpoint if "://" in endpoint else f"//{endpoint}").hostname or ""
    except ValueError:
        return ""
