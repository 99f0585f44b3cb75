"""Conditional requests (RFC 9110 section 13): strong ETags from a version number."""

from __future__ import annotations

from kit.errors import PreconditionFailed, PreconditionRequired


def etag(version: int | str) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


def _tags(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")]


def check_if_match(if_match: str | None, version: int | str) -> None:
    """Let a change pass only when If-Match names the stored version, or is `*`.

    Raises PreconditionRequired when the header is missing, PreconditionFailed when it names
    another version (a weak tag never matches: RFC 9110 wants strong comparison here).
    """
    if if_match is None:
        raise PreconditionRequired
    if if_match.strip() == "*":
        return
    if etag(version) not in _tags(if_match):
        raise PreconditionFailed


def is_not_modified(if_none_match: str | None, tag: str) -> bool:
    """Tell whether If-None-Match (a list, weak comparison, or `*`) holds the tag."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return tag in {candidate.removeprefix("W/") for candidate in _tags(if_none_match)}
