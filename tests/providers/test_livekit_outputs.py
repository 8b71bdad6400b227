"""Named outputs: what the configuration may say of them, what people see, and what LiveKit is told."""

import json
from typing import Any

import pytest
from livekit.api import RoomCompositeEgressRequest
from pydantic import SecretStr, ValidationError

from providers.base import EgressOptions, FileOutput, ImagesOutput, NamedOutput, RoomRef, SegmentsOutput
from providers.errors import Rejected
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn

HUSH = "hush-hush-of-a-storage"
S3 = {"kind": "s3", "bucket": "takes", "region": "eu-west-1", "access_key": "us", "secret": HUSH}
GCP = {"kind": "gcp", "bucket": "takes", "credentials": f'{{"key": "{HUSH}"}}'}
AZURE = {"kind": "azure", "account_name": "us", "account_key": HUSH, "container_name": "takes"}
ALI = {"kind": "alioss", "bucket": "takes", "access_key": "us", "secret": HUSH, "endpoint": "https://oss.example"}
ALL = {"s3": S3, "gcp": GCP, "azure": AZURE, "ali": ALI}


def settings(outputs: object, **more: Any) -> LiveKitSettings:
    given = {"url": "https://livekit.example.com", "api_key": KEY, "api_secret": SECRET, "outputs": outputs}
    return LiveKitSettings.model_validate(given | more)


def provider(server: LiveKitStandIn, outputs: object, **more: Any) -> LiveKit:
    return LiveKit("livekit", settings(outputs, url=server.url, **more))


async def sent(server: LiveKitStandIn, livekit: LiveKit, room: RoomRef, options: EgressOptions) -> Any:
    await livekit.start_recording(room, options)
    await livekit.aclose()
    request = server.starts[-1]
    assert isinstance(request, RoomCompositeEgressRequest)
    return request


class TestSettings:
    def test_tables_and_their_json_are_the_same(self) -> None:
        assert settings(json.dumps(ALL)).outputs == settings(ALL).outputs
        assert [output.name for output in settings(ALL).outputs] == list(ALL)

    def test_no_secret_shows(self) -> None:
        assert HUSH not in repr(settings(ALL))
        assert HUSH not in repr(vars(LiveKit("livekit", settings(ALL))))

    @pytest.mark.parametrize(
        ("outputs", "words"),
        [
            ("{", "is no JSON"),
            (f"[{HUSH}]", "is no JSON"),
            ("[]", "must be a table for each output"),
            ({"a": "s3"}, "must be a table for each output"),
            ({"A b": S3}, "the name of an output"),
            ({"a": {}}, "`a` needs a `kind`: s3, gcp, azure or alioss"),
            ({"a": S3 | {"kind": "ftp"}}, "`a` needs a `kind`"),
            ({"a": {"kind": "s3"}}, "`a` needs `bucket`"),
            ({"a": S3 | {"bucket": ""}}, "`a` has a wrong `bucket`"),
            ({"a": S3 | {"colour": HUSH}}, "`a` has no setting `colour`"),
            ({"a": {k: v for k, v in S3.items() if k != "secret"}}, "`a` needs both `access_key` and `secret`"),
            ({"a": {"kind": "azure"}}, "`a` needs `account_name`; `a` needs `account_key`"),
        ],
    )
    def test_what_is_wrong_is_told_without_its_value(self, outputs: object, words: str) -> None:
        with pytest.raises(ValidationError) as wrong:
            settings(outputs)
        (problem,) = wrong.value.errors(include_url=False)
        assert problem["loc"] == ("outputs",)
        assert words in problem["msg"]
        assert HUSH not in problem["msg"] + str(wrong.value)

    def test_the_default_is_one_of_them(self) -> None:
        assert settings(ALL, default_output="gcp").default_output == "gcp"
        with pytest.raises(ValidationError, match="names a `default_output` that is none of the outputs"):
            settings(ALL, default_output="tape")


class TestWhatPeopleSee:
    def test_names_kinds_and_places(self) -> None:
        more = {"minio": S3 | {"endpoint": "http://us:pw@minio.example:9000/x", "prefix": "/takes/"}}
        assert LiveKit("livekit", settings(ALL | more)).limits.outputs == (
            NamedOutput("s3", "s3", "bucket takes in eu-west-1"),
            NamedOutput("gcp", "gcp", "bucket takes at Google"),
            NamedOutput("azure", "azure", "container takes at Azure"),
            NamedOutput("ali", "alioss", "bucket takes in oss.example"),
            NamedOutput("minio", "s3", "bucket takes in minio.example, under takes/"),
        )


class TestWhatLiveKitIsTold:
    async def test_s3_whole(self, standin: LiveKitStandIn, standup: RoomRef) -> None:
        more = {"endpoint": "https://s3.example", "force_path_style": True, "session_token": "session"}
        more |= {"assume_role_arn": "arn:aws:iam::1:role/x", "assume_role_external_id": "external"}
        request = await sent(standin, provider(standin, {"a": S3 | more}), standup, EgressOptions(output="a"))
        told = request.file_outputs[0].s3
        assert (told.bucket, told.region, told.access_key, told.secret) == ("takes", "eu-west-1", "us", HUSH)
        assert (told.endpoint, told.force_path_style, told.session_token) == ("https://s3.example", True, "session")
        assert (told.assume_role_arn, told.assume_role_external_id) == ("arn:aws:iam::1:role/x", "external")

    async def test_the_others(self, standin: LiveKitStandIn, standup: RoomRef) -> None:
        for name, field, secret in (
            ("gcp", "gcp", "credentials"),
            ("azure", "azure", "account_key"),
            ("ali", "aliOSS", "secret"),
        ):
            request = await sent(standin, provider(standin, ALL), standup, EgressOptions(output=name))
            assert request.file_outputs[0].WhichOneof("output") == field
            assert HUSH in getattr(getattr(request.file_outputs[0], field), secret)

    async def test_all_that_is_written_goes_there_under_its_prefix(
        self, standin: LiveKitStandIn, standup: RoomRef
    ) -> None:
        options = EgressOptions(
            file=FileOutput("one.mp4"),
            segments=SegmentsOutput("two", "two.m3u8", "live.m3u8"),
            images=ImagesOutput(),
            output="a",
        )
        request = await sent(standin, provider(standin, {"a": S3 | {"prefix": "show"}}), standup, options)
        file, segments, images = request.file_outputs[0], request.segment_outputs[0], request.image_outputs[0]
        assert [each.s3.bucket for each in (file, segments, images)] == ["takes"] * 3
        assert (file.filepath, images.filename_prefix) == ("show/one.mp4", "show/")
        assert (segments.filename_prefix, segments.playlist_name) == ("show/two", "show/two.m3u8")
        assert segments.live_playlist_name == "live.m3u8"

    async def test_the_default_is_used_where_none_is_named(self, standin: LiveKitStandIn, standup: RoomRef) -> None:
        livekit = provider(standin, ALL, default_output="s3")
        request = await sent(standin, livekit, standup, EgressOptions())
        assert request.file_outputs[0].s3.secret == HUSH

    async def test_without_one_the_workers_decide(self, standin: LiveKitStandIn, standup: RoomRef) -> None:
        request = await sent(standin, provider(standin, ALL), standup, EgressOptions())
        assert request.file_outputs[0].WhichOneof("output") is None

    async def test_one_that_is_not_there_is_refused_before_the_call(
        self, standin: LiveKitStandIn, livekit: LiveKit, standup: RoomRef
    ) -> None:
        with pytest.raises(Rejected, match="no output 'tape'"):
            await livekit.start_recording(standup, EgressOptions(output="tape", urls=(SecretStr("rtmp://a/b/c"),)))
        assert standin.starts == []
