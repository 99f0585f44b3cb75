"""What the command line says when something cannot be done: a code, what happened, the cure."""

from __future__ import annotations

from typing import Any

REFUSED = 1
UNREACHABLE = 3


class CliFailure(Exception):
    """A refusal for people: shown without a traceback, ends the command with `exit_code`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        cure: str = "",
        exit_code: int = REFUSED,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.cure = cure
        self.exit_code = exit_code
        self.more = more or {}

    def as_json(self) -> dict[str, Any]:
        """Return the failure as `--json` prints it."""
        return {"code": self.code, "detail": self.detail, "cure": self.cure, **self.more}


def unreachable(url: str) -> CliFailure:
    """Return the failure for a door that does not answer."""
    return CliFailure(
        "cli.unreachable",
        f"Nothing answers at {url}.",
        cure="Start it with `make run`, or set JINGWEI_URL; `./jingwei doctor` looks closer.",
        exit_code=UNREACHABLE,
    )


def no_credentials() -> CliFailure:
    """Return the failure for a command without a client."""
    return CliFailure(
        "cli.no_credentials",
        "No client is known to this command line.",
        cure="Set JINGWEI_CLIENT_ID and JINGWEI_CLIENT_SECRET, or give --credentials "
        "var/admin.env (written by `make run`).",
        exit_code=UNREACHABLE,
    )


def broken_answer(what: str) -> CliFailure:
    """Return the failure for an answer that cannot be understood."""
    return CliFailure(
        "cli.unexpected_answer",
        f"The answer to {what} is not what this version of the command line expects.",
        cure="Compare `./jingwei doctor` and the address in JINGWEI_URL.",
    )
