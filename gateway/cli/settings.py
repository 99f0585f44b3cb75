"""What the command line is told: JINGWEI_* in the environment, else a credentials file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

#: The repository's folder: `make run` writes var/admin.env beside the launcher.
HOME = Path(__file__).parent.parent.parent
CREDENTIALS = HOME / "var" / "admin.env"


class CliSettings(BaseSettings):
    """Address and credentials; the environment wins over the file."""

    model_config = SettingsConfigDict(env_prefix="JINGWEI_", frozen=True, extra="ignore")

    url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    language: Literal["en", "zh-CN"] = "en"
    timeout_s: float = Field(default=30.0, gt=0)


def read_settings(credentials: Path = CREDENTIALS) -> CliSettings:
    """Return the settings; a credentials file that is absent counts as empty."""
    return CliSettings(_env_file=credentials)
