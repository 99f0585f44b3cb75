"""Settings of a deployable: read once at start, frozen, checked; a bad value stops the start."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.errors import Language


class ServiceSettings(BaseSettings):
    """What every deployable is told from outside; each subclass sets its `env_prefix`.

    Example: with prefix `REGISTRY_`, the port comes from `REGISTRY_PORT`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    environment: Literal["development", "production"] = "production"
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    database_url: str = Field(
        description="postgresql://user:password@host:port/database, or ?host=/socket/folder"
    )
    database_pool_size: int = Field(default=8, ge=1, le=100)
    statement_timeout_ms: int = Field(default=30_000, ge=100)
    lock_timeout_ms: int = Field(default=2_000, ge=10)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    default_language: Language = "en"
    time_zone: str = "Asia/Shanghai"
    spool_folder: Path = Field(
        default=Path("var/spool"), description="where uploads wait while they are read"
    )
    body_limit_bytes: int = Field(default=1 << 20, ge=1024)
    import_limit_bytes: int = Field(default=2 << 30, ge=1024)
    import_unpacked_limit_bytes: int = Field(default=8 << 30, ge=1024)
    import_ratio_max: int = Field(
        default=200, ge=2, description="unpacked size of a gzip upload over its packed size"
    )
    import_errors_max: int = Field(
        default=10_000, ge=1, description="refused rows that are listed; all are counted"
    )
    import_texts_limit_bytes: int = Field(
        default=64 << 20,
        ge=1024,
        description="texts of a workbook that are held in memory while its rows are read",
    )
    import_header_rows: int = Field(
        default=30, ge=1, le=1000, description="rows in which a table's header is looked for"
    )
    import_kept_hours: int = Field(
        default=24,
        ge=0,
        description="how long a refused workbook is kept for its annotated copy; 0 keeps none",
    )
    import_lease_s: float = Field(
        default=15.0, gt=0, description="silence after which an import counts as abandoned"
    )
    import_statement_timeout_ms: int = Field(default=3_600_000, ge=1000)
    export_xlsx_rows_max: int = Field(
        default=200_000,
        ge=1,
        le=1_048_575,
        description="rows of an xlsx export; a worksheet is made whole before it is sent",
    )
    header_limit_bytes: int = Field(default=16 << 10, ge=1024)
    header_limit_count: int = Field(default=100, ge=10)
    request_deadline_s: float = Field(default=15.0, gt=0)
    issuer: str = Field(default="http://127.0.0.1:8080", description="`iss` of accepted tokens")
    audience: str = Field(default="jingwei", description="`aud` of accepted tokens")
    jwks_url: str = Field(default="http://127.0.0.1:8080/.well-known/jwks.json")
    token_url: str = Field(default="http://127.0.0.1:8080/oauth/token")
    client_id: str = Field(default="", description="this service's own client, for peer calls")
    client_secret: SecretStr = SecretStr("")
    idempotency_hours: int = Field(default=48, ge=1)
