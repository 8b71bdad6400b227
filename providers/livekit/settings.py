"""What a LiveKit server needs to be told. Reading this imports nothing of LiveKit."""

from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from providers.livekit.outputs import Storage, storages
from providers.registry import ProviderSettings

_SCHEMES = ("http", "https", "ws", "wss")


def _address(url: str) -> str:
    """The address without a slash at its end. Whatever could hold a secret is refused: people see addresses."""
    problem = "must be like https://livekit.example.com or ws://127.0.0.1:7880"
    try:
        parts = urlsplit(url.strip())
        has_host = bool(parts.hostname) and parts.port != 0 and not any(map(str.isspace, url.strip()))
    except ValueError as error:
        raise ValueError(problem) from error
    if parts.scheme not in _SCHEMES or not has_host:
        raise ValueError(problem)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must hold no user, password, query or fragment")
    return parts.geturl().rstrip("/")


def _some_text(text: str) -> str:
    if not (stripped := text.strip()):
        raise ValueError("must not be empty")
    return stripped


def _some_secret(secret: SecretStr) -> SecretStr:
    return SecretStr(_some_text(secret.get_secret_value()))


Address = Annotated[str, AfterValidator(_address)]


class LiveKitSettings(ProviderSettings, frozen=True):
    ENV_PREFIX: ClassVar[str] = "LIVEKIT_"

    url: Address = Field(description="Where the server's API is.")
    api_key: Annotated[str, AfterValidator(_some_text)] = Field(description="The name of the API key.")
    api_secret: Annotated[SecretStr, AfterValidator(_some_secret)] = Field(description="The secret of the API key.")
    ws_url: Address | None = Field(default=None, description="What clients connect to, where it differs from the URL.")
    outputs: Annotated[tuple[Storage, ...], BeforeValidator(storages)] = Field(
        default=(),
        description="Where recordings can be put, by name: in the file a table [providers.NAME.outputs.OUTPUT] each, "
        'in the variable JSON such as {"archive": {"kind": "s3", "bucket": "recordings", "region": "eu-west-1", '
        '"access_key": "...", "secret": "..."}}. The kinds are s3 (also `endpoint`, `force_path_style`, '
        "`session_token`, `assume_role_arn`, `assume_role_external_id`), gcp (`bucket`, `credentials`), azure "
        "(`account_name`, `account_key`, `container_name`) and alioss (`bucket`, `access_key`, `secret`, `region`, "
        "`endpoint`); each may have a `prefix`, a folder that all paths begin with. Without any, the egress workers "
        "put recordings where they were told to.",
    )
    default_output: str | None = Field(
        default=None, description="The name of the output that is used when a recording names none."
    )

    @model_validator(mode="after")
    def _default_output_is_there(self) -> "LiveKitSettings":
        if self.default_output is not None and self.default_output not in {each.name for each in self.outputs}:
            raise ValueError("names a `default_output` that is none of the outputs")
        return self

    @property
    def is_cloud(self) -> bool:
        return (urlsplit(self.url).hostname or "").endswith(".livekit.cloud")

    @property
    def http_url(self) -> str:
        return self.url.replace("ws", "http", 1) if self.url.startswith("ws") else self.url

    @property
    def join_url(self) -> str:
        """What clients connect to. Their SDKs want a websocket scheme."""
        return _by_websocket(self.ws_url or self.url)

    @property
    def api_ws_url(self) -> str:
        """Where we ourselves connect to as a client: where the API is, and not where people come in."""
        return _by_websocket(self.url)


def _by_websocket(address: str) -> str:
    return address.replace("http", "ws", 1) if address.startswith("http") else address


SETTINGS = LiveKitSettings
