"""Settings of the gateway (`GATEWAY_...`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """What the gateway is told from outside."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    registry_url: str = "http://127.0.0.1:8101"
    partition_url: str = "http://127.0.0.1:8102"
    incidents_url: str = "http://127.0.0.1:8103"

    key_file: Path = Field(
        default=Path("var/gateway.key"),
        description="32 random bytes in base64 that encrypt the signing keys in the database; "
        "made in development, must be there in production",
    )
    openapi_folder: Path = Field(
        default=Path(__file__).parents[1] / "docs" / "openapi",
        description="contracts of the services, merged into /openapi.json",
    )

    token_lifetime_s: int = Field(default=600, ge=60, le=3600)
    hash_workers: int = Field(default=2, ge=1, le=16, description="secrets hashed at once")
    hash_waiting_max: int = Field(default=32, ge=1, description="secrets waiting to be hashed")
    secret_failures_max: int = Field(
        default=5, ge=1, description="wrong secrets a minute, per client id and address"
    )
    refresh_s: float = Field(
        default=10.0, gt=0, le=20, description="how often keys and revocations are read again"
    )

    rate_per_s: float = Field(default=50.0, gt=0, description="requests a second, per client")
    burst: int = Field(default=100, ge=1)
    anonymous_rate_per_s: float = Field(
        default=20.0, gt=0, description="requests a second without a token, per address"
    )
    anonymous_burst: int = Field(default=60, ge=1)
    exports_max: int = Field(
        default=2, ge=1, description="CSV and NDJSON answers at once, a client"
    )

    connect_timeout_s: float = Field(default=2.0, gt=0)
    exchange_deadline_s: float = Field(
        default=30.0, gt=0, description="until the answer has begun, or ended if it is small"
    )
    stream_deadline_s: float = Field(
        default=3600.0, gt=0, description="of imports, attachments, exports and event streams"
    )
    idle_s: float = Field(default=30.0, gt=0, description="longest silence inside a stream")
    upload_bytes_per_s_min: int = Field(
        default=1024, ge=0, description="slower uploads are cut, on average after idle_s"
    )
    connections_max: int = Field(default=64, ge=1, description="to each service")
    waiting_max: int = Field(default=128, ge=0, description="requests waiting for a connection")
    wait_s: float = Field(default=1.0, gt=0)
    breaker_failures_max: int = Field(default=3, ge=1)
    breaker_rest_s: float = Field(default=5.0, gt=0)

    public_paths: tuple[str, ...] = Field(
        default=(), description="regular expressions of proxied paths that need no token"
    )
    passed_x_headers: tuple[str, ...] = Field(
        default=("x-request-id", "x-purpose"), description="every other X- header is dropped"
    )
    trusted_proxies: str = Field(
        default="", description="addresses whose X-Forwarded-For names the client, comma separated"
    )
    metrics_from: tuple[str, ...] = Field(
        default=("127.0.0.1", "::1"), description="addresses that may read /metrics"
    )
