from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from dotenv import dotenv_values
from sqlalchemy import make_url

from bot.config import BadSettings, load, variables
from bot.settings import Settings
from commands.core.base import Role
from providers.livekit.outputs import GcpStorage
from providers.livekit.settings import LiveKitSettings
from providers.memory.settings import MemorySettings

ROOT = Path(__file__).parents[2]
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-bot", "SLACK_APP_TOKEN": "xapp-1-app"}
LIVEKIT = {"LIVEKIT_URL": "http://127.0.0.1:7880", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "livekit-secret"}
GOOD = {**SLACK, **LIVEKIT}

STRANGERS = "has what is not understood behind the `?`: channel_binding, pgbouncer"
NO_FILE = "names no plain file, and the bot keeps what must survive a restart"

Loaded = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """`load` in an empty folder, the variables as keywords."""
    return lambda **environ: load(environ, cwd=tmp_path)


def problems(loaded: Loaded, **environ: str) -> dict[str, str]:
    with pytest.raises(BadSettings) as caught:
        loaded(**environ)
    return {bad.where: bad.what for bad in caught.value.problems}


def write_file(folder: Path, text: str) -> dict[str, str]:
    (folder / "showcaller.toml").write_text(text)
    return {**SLACK, "SHOWCALLER_CONFIG": "showcaller.toml"}


def test_the_least_that_is_needed(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(**GOOD)
    assert settings.slack.app_token is not None
    assert settings.slack.api_url == "https://slack.com/api/"
    assert settings.database.url.get_secret_value() == f"sqlite+aiosqlite:///{tmp_path}/showcaller.db"
    assert (settings.web.host, settings.web.port, settings.web.admin_port) == ("127.0.0.1", 3000, None)
    assert (settings.access.default_role, settings.access.admins) == (Role.VIEWER, frozenset())
    assert settings.commands.slash == "/video"
    assert settings.providers[0].name == "livekit"
    assert isinstance(settings.providers[0].settings, LiveKitSettings)


def test_every_variable_is_understood(loaded: Loaded) -> None:
    key = Fernet.generate_key().decode()
    settings = loaded(
        **LIVEKIT,
        SLACK_BOT_TOKEN=" xoxb-1-bot\n",
        SLACK_SIGNING_SECRET="signing-secret",
        SLACK_API_URL="http://127.0.0.1:1/api/",
        DATABASE_URL="sqlite:////data/x.db",
        SHOWCALLER_SECRET_KEY=f"{key}, {key}",
        ADMIN_PORT="9090",
        HOST="0.0.0.0",
        PORT="0",
        SHOWCALLER_COMMANDS_PER_MINUTE="30",
        SHOWCALLER_COMMANDS_IN_FLIGHT="8",
        SHOWCALLER_BODY_BYTES="65536",
        SHOWCALLER_JOIN_URL="https://meet.example.com/{room}?t={token}&u={url}",
        SHOWCALLER_ADMINS="U1, W2",
        SHOWCALLER_DEFAULT_ROLE="operator",
        SHOWCALLER_COMMAND="/live",
        LOG_LEVEL="debug",
        LOG_FORMAT="json",
    )
    assert settings.slack.app_token is None
    assert settings.slack.bot_token.get_secret_value() == "xoxb-1-bot"
    assert settings.database.url.get_secret_value() == "sqlite+aiosqlite:////data/x.db"
    assert [k.get_secret_value() for k in settings.database.secret_keys] == [key, key]
    assert (settings.web.port, settings.web.admin_port) == (0, 9090)
    limits = settings.limits
    assert (limits.commands_per_minute, limits.commands_in_flight, limits.body_bytes) == (30, 8, 65_536)
    assert settings.access.admins == {"U1", "W2"}
    assert settings.access.default_role is Role.OPERATOR
    assert (settings.log.number, settings.log.format) == (10, "json")
    assert set(settings.secrets()) == {"xoxb-1-bot", "signing-secret", key, "livekit-secret"}


def test_all_problems_come_at_once(loaded: Loaded) -> None:
    found = problems(
        loaded,
        SLACK_BOT_TOKEN="xoxp-personal",
        SLACK_API_URL="https://slack.com/",
        DATABASE_URL="mysql://root:hunter22@db/x",
        SHOWCALLER_SECRET_KEY="short",
        PORT="70000",
        ADMIN_PORT="many",
        SHOWCALLER_COMMANDS_PER_MINUTE="0",
        SHOWCALLER_COMMANDS_IN_FLIGHT="1001",
        SHOWCALLER_BODY_BYTES="1",
        SHOWCALLER_ADMINS="U1,ana",
        SHOWCALLER_DEFAULT_ROLE="king",
        SHOWCALLER_COMMAND="video",
        SHOWCALLER_JOIN_URL="https://x/{rom}",
        SHOWCALLER_ADMIN="U1",
        LOG_LEVEL="loud",
        LOG_FORMAT="xml",
        LIVEKIT_URL="127.0.0.1",
    )
    assert set(found) == {
        "SLACK_BOT_TOKEN",
        "SLACK_API_URL",
        "SLACK_APP_TOKEN",
        "DATABASE_URL",
        "SHOWCALLER_SECRET_KEY",
        "PORT",
        "ADMIN_PORT",
        "SHOWCALLER_COMMANDS_PER_MINUTE",
        "SHOWCALLER_COMMANDS_IN_FLIGHT",
        "SHOWCALLER_BODY_BYTES",
        "SHOWCALLER_ADMINS",
        "SHOWCALLER_DEFAULT_ROLE",
        "SHOWCALLER_COMMAND",
        "SHOWCALLER_JOIN_URL",
        "SHOWCALLER_ADMIN",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "LIVEKIT_URL",
        "LIVEKIT_API_KEY",
        "LIVEKIT_API_SECRET",
    }


@pytest.mark.parametrize(
    ("variable", "value", "what"),
    [
        ("SLACK_APP_TOKEN", "xoxb-other", "does not start with `xapp-`"),
        ("SLACK_API_URL", "ftp://127.0.0.1/api/", "is no http or https address"),
        ("SLACK_API_URL", "https://me:pw@x/api/", "is no http or https address"),
        ("SLACK_API_URL", "https://x/?a=/api/", "has a query or a fragment"),
        ("SHOWCALLER_JOIN_URL", "javascript:{token}", "is no http or https address"),
        ("SHOWCALLER_JOIN_URL", "https://x/{", "has a brace without its partner"),
        ("SHOWCALLER_JOIN_URL", "https://x/{token!r}", "has the unknown placeholder {token}"),
        ("SHOWCALLER_JOIN_URL", "https://x/{}", "has the unknown placeholder {}"),
        ("SHOWCALLER_COMMAND", "/Video Room", "is no slash command"),
        ("DATABASE_URL", "sqlite://", NO_FILE),
        ("DATABASE_URL", "sqlite:///:memory:", NO_FILE),
        ("DATABASE_URL", "sqlite:///file:a.db?uri=true", NO_FILE),
        ("DATABASE_URL", "sqlite:///a.db?mode=ro", NO_FILE),
        ("DATABASE_URL", "sqlite://host/a.db", NO_FILE),
        ("DATABASE_URL", "mysql://bot:pw@db/x", "asks for `mysql`; it can be sqlite or postgresql"),
        (
            "DATABASE_URL",
            "postgresql+psycopg://bot:pw@db/x",
            "asks for `postgresql+psycopg`; it can be sqlite or postgresql",
        ),
        ("DATABASE_URL", "sqlite+pysqlite:///a.db", "asks for `sqlite+pysqlite`; it can be sqlite or postgresql"),
        ("DATABASE_URL", "nonsense", "is no database address"),
        ("ADMIN_PORT", "3000", "is the same as PORT"),
        ("PORT", "70000", "is more than 65535"),
        ("ADMIN_PORT", "many", "is no whole number"),
        ("SHOWCALLER_COMMANDS_PER_MINUTE", "0", "is less than 1"),
        ("LOG_FORMAT", "xml", "is none of them"),
    ],
)
def test_what_is_wrong_is_said(loaded: Loaded, variable: str, value: str, what: str) -> None:
    assert problems(loaded, **{**GOOD, variable: value}) == {variable: what}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_database_on_a_server(loaded: Loaded, scheme: str) -> None:
    key = Fernet.generate_key().decode()
    rest = "bot:p%40ss%2Fw%3Ard@db:5433/x?sslmode=require&sslrootcert=/etc/ca.pem"
    settings = loaded(**GOOD, DATABASE_URL=f"{scheme}://{rest}", SHOWCALLER_SECRET_KEY=key)

    url = make_url(settings.database.url.get_secret_value())
    assert (settings.database.file, url.drivername) == (None, "postgresql+asyncpg")
    assert (url.password, url.port) == ("p@ss/w:rd", 5433)
    assert url.query == {"sslmode": "require", "sslrootcert": "/etc/ca.pem"}
    assert {"p@ss/w:rd", "p%40ss%2Fw%3Ard"} <= set(settings.secrets())


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("postgresql://bot:pw@db", "names no database"),
        ("postgresql://bot:pw@db/x?sslmode=require&channel_binding=require&pgbouncer=true", STRANGERS),
        ("postgresql://bot:pw@/x?host=one&host=two", "has what is not understood behind the `?`: host"),
        ("postgresql://bot:pw@db:many/x", "is no database address"),
    ],
)
def test_what_is_wrong_with_a_server_is_said(loaded: Loaded, url: str, what: str) -> None:
    given = {**GOOD, "DATABASE_URL": url, "SHOWCALLER_SECRET_KEY": Fernet.generate_key().decode()}
    assert problems(loaded, **given) == {"DATABASE_URL": what}


def test_processes_that_share_a_database_need_a_key_to_share(loaded: Loaded) -> None:
    found = problems(loaded, **GOOD, DATABASE_URL="postgresql://bot:pw@db/x")
    assert list(found) == ["SHOWCALLER_SECRET_KEY"]


def test_a_message_says_what_is_expected_and_no_secret(loaded: Loaded) -> None:
    with pytest.raises(BadSettings) as caught:
        loaded(
            SLACK_BOT_TOKEN="hunter22",
            SLACK_APP_TOKEN="hunter22",
            SHOWCALLER_SECRET_KEY="hunter22",
            DATABASE_URL="mysql://root:hunter22@db/x",
            LIVEKIT_API_SECRET="hunter22",
        )
    assert "hunter22" not in f"{caught.value}{caught.value!r}"
    assert "SLACK_BOT_TOKEN does not start with `xoxb-`. Expected: the bot token" in str(caught.value)


def test_without_a_video_server_it_says_how_to_set_one(loaded: Loaded) -> None:
    with pytest.raises(BadSettings, match=r"LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET.*memory"):
        loaded(**SLACK)


def test_an_empty_variable_counts_as_none(loaded: Loaded) -> None:
    assert loaded(**GOOD, ADMIN_PORT="", SHOWCALLER_CONFIG=" ").web.admin_port is None


def test_the_file_comes_first_and_its_secrets_from_the_environment(loaded: Loaded, tmp_path: Path) -> None:
    environ = write_file(
        tmp_path,
        """
        [providers.stage]
        kind = "memory"
        recording_delay_seconds = 1.5
        [providers.livekit-eu]
        kind = "livekit"
        url = "https://eu.example.com"
        api_key = "eu"
        api_secret = "${EU_SECRET}"
        """,
    )
    settings = loaded(**environ, **LIVEKIT, EU_SECRET="from-the-environment")
    assert [(p.name, p.kind) for p in settings.providers] == [
        ("stage", "memory"),
        ("livekit-eu", "livekit"),
        ("livekit", "livekit"),
    ]
    stage, europe, _ = (p.settings for p in settings.providers)
    assert isinstance(stage, MemorySettings)
    assert stage.recording_delay_seconds == 1.5
    assert isinstance(europe, LiveKitSettings)
    assert europe.api_secret.get_secret_value() == "from-the-environment"
    assert "from-the-environment" in settings.secrets()


def test_a_table_in_a_table_takes_its_secrets_from_the_environment_too(loaded: Loaded, tmp_path: Path) -> None:
    text = """
[providers.livekit]
kind = "livekit"
url = "http://127.0.0.1:7880"
api_key = "key"
api_secret = "livekit-secret"

[providers.livekit.outputs.archive]
kind = "gcp"
bucket = "recordings"
credentials = "${OF_THE_BUCKET}"
"""
    given = write_file(tmp_path, text)
    (provider,) = loaded(**given, OF_THE_BUCKET="bucket-secret").providers
    assert isinstance(provider.settings, LiveKitSettings)
    (output,) = provider.settings.outputs
    assert isinstance(output, GcpStorage)
    assert output.credentials is not None
    assert output.credentials.get_secret_value() == "bucket-secret"
    where = "showcaller.toml: providers.livekit.outputs.archive.credentials"
    assert problems(loaded, **given) == {where: "takes ${OF_THE_BUCKET} from the environment, where it is not set"}


def test_a_variable_that_the_file_takes_configures_nothing_else(loaded: Loaded, tmp_path: Path) -> None:
    environ = write_file(
        tmp_path,
        """
        [providers.house]
        kind = "livekit"
        url = "https://house.example.com"
        api_key = "house"
        api_secret = "${LIVEKIT_API_SECRET}"
        """,
    )
    settings = loaded(**environ, LIVEKIT_API_SECRET="livekit-secret")
    assert [p.name for p in settings.providers] == ["house"]


def test_problems_of_the_file_name_their_place(loaded: Loaded, tmp_path: Path) -> None:
    environ = write_file(
        tmp_path,
        """
        colour = "red"
        [providers."Big Room"]
        kind = "memory"
        [providers.a]
        kind = "zoom"
        [providers.b]
        [providers.c]
        kind = "livekit"
        uri = "https://c.example.com"
        api_key = "c"
        api_secret = "${NOWHERE}"
        [providers.d]
        kind = "memory"
        webhook_url = "http://127.0.0.1:3000/webhooks/d"
        """,
    )
    at = "showcaller.toml: providers"
    assert problems(loaded, **environ) == {
        "showcaller.toml: colour": "is not known",
        f"{at}.Big Room": "is no name for a video server",
        f"{at}.a.kind": "is no kind of video server",
        f"{at}.b.kind": "is missing",
        f"{at}.c.api_secret": "takes ${NOWHERE} from the environment, where it is not set",
        f"{at}.c.url": "is missing",
        f"{at}.c.uri": "is no setting of this kind of video server",
        f"{at}.d": "webhook_url needs webhook_secret, by which the webhooks are signed",
    }


def test_one_name_twice(loaded: Loaded, tmp_path: Path) -> None:
    environ = write_file(tmp_path, '[providers.livekit]\nkind = "memory"\n')
    assert problems(loaded, **environ, **LIVEKIT) == {"LIVEKIT_API_KEY": "configures `livekit`, and so does the file"}


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[providers", "showcaller.toml", "is no TOML (at end of document)"),
        ("", "showcaller.toml", "configures no video server"),
        ("providers = 3", "showcaller.toml", "configures no video server"),
        ("[providers]\nx = 3", "showcaller.toml: providers.x", "is no table"),
    ],
)
def test_a_broken_file(loaded: Loaded, tmp_path: Path, text: str, where: str, what: str) -> None:
    assert problems(loaded, **write_file(tmp_path, text)) == {where: what}


def test_a_file_that_is_not_there(loaded: Loaded) -> None:
    assert problems(loaded, **SLACK, SHOWCALLER_CONFIG="gone.toml") == {
        "SHOWCALLER_CONFIG": "cannot be read (FileNotFoundError)"
    }


def test_the_environment_wins_over_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=4000\nHOST=0.0.0.0\nLIVEKIT_API_SECRET='a${b}c'\n")
    settings = load(
        {**SLACK, "LIVEKIT_URL": "http://x", "LIVEKIT_API_KEY": "k", "PORT": "5000"}, cwd=tmp_path, env_file=env_file
    )
    assert (settings.web.port, settings.web.host) == (5000, "0.0.0.0")
    assert "a${b}c" in settings.secrets()


def test_an_empty_variable_leaves_it_to_the_env_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=4000\n")
    assert load({**GOOD, "PORT": ""}, cwd=tmp_path, env_file=env_file).web.port == 4000


def test_a_variable_is_known_by_its_own_name_alone(loaded: Loaded) -> None:
    assert loaded(**GOOD, port="1", host="elsewhere") == loaded(**GOOD)


def test_an_env_file_need_not_be_there(tmp_path: Path) -> None:
    assert load(GOOD, cwd=tmp_path, env_file=tmp_path / ".env").web.port == 3000


def test_the_example_names_every_variable_and_its_default(tmp_path: Path, loaded: Loaded) -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    everything = tmp_path / "everything"
    everything.write_text(
        "\n".join(line.removeprefix("#") for line in lines if "=" in line and not line.startswith("# "))
    )
    written = dotenv_values(everything, interpolate=False)
    named = {name for name in written if name.isupper()}
    assert named == variables() | set(LIVEKIT) | {"LIVEKIT_WS_URL", "LIVEKIT_OUTPUTS", "LIVEKIT_DEFAULT_OUTPUT"}

    defaults = {"SLACK_API_URL", "HOST", "PORT", "DATABASE_URL", "SHOWCALLER_COMMAND", "LOG_LEVEL", "LOG_FORMAT"}
    stated = loaded(**GOOD, **{name: written[name] or "" for name in defaults | {"SHOWCALLER_DEFAULT_ROLE"}})
    assert stated == loaded(**GOOD)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({}, "http://127.0.0.1:3000/webhooks/mem"),
        ({"HOST": "0.0.0.0", "PORT": "4321"}, "http://127.0.0.1:4321/webhooks/mem"),
        ({"PORT": "0"}, None),
    ],
)
def test_a_server_inside_the_bot_tells_the_bot_that_it_is_in(
    loaded: Loaded, tmp_path: Path, where: dict[str, str], told: str | None
) -> None:
    given = write_file(tmp_path, '[providers.mem]\nkind = "memory"\n')
    settings = loaded(**given, **where).providers[0].settings
    assert isinstance(settings, MemorySettings)
    assert settings.webhook_url == told
    assert (settings.webhook_secret is not None) is (told is not None)
