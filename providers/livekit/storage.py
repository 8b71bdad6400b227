"""From a named output to what LiveKit takes: it is told the keys of a storage with every start."""

from typing import Any

from livekit.api import AliOSSUpload, AzureBlobUpload, GCPUpload, S3Upload
from pydantic import SecretStr

from providers.livekit.outputs import AliOssStorage, AzureStorage, GcpStorage, S3Storage, Storage


def upload(storage: Storage | None) -> dict[str, Any]:
    """The field of an output that says where it is stored; none where the egress workers decide."""
    match storage:
        case S3Storage():
            return {"s3": _s3(storage)}
        case GcpStorage():
            return {"gcp": GCPUpload(bucket=storage.bucket, credentials=_clear(storage.credentials))}
        case AzureStorage():
            return {
                "azure": AzureBlobUpload(
                    account_name=storage.account_name,
                    account_key=_clear(storage.account_key),
                    container_name=storage.container_name,
                )
            }
        case AliOssStorage():
            return {
                "aliOSS": AliOSSUpload(
                    access_key=_clear(storage.access_key),
                    secret=_clear(storage.secret),
                    region=storage.region,
                    endpoint=storage.endpoint,
                    bucket=storage.bucket,
                )
            }
        case None:
            return {}


def _s3(storage: S3Storage) -> S3Upload:
    return S3Upload(
        bucket=storage.bucket,
        region=storage.region,
        endpoint=storage.endpoint,
        force_path_style=storage.force_path_style,
        access_key=_clear(storage.access_key),
        secret=_clear(storage.secret),
        session_token=_clear(storage.session_token),
        assume_role_arn=storage.assume_role_arn,
        assume_role_external_id=_clear(storage.assume_role_external_id),
    )


def _clear(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
