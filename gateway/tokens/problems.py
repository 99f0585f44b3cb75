"""What the token service refuses: problems of the admin routes, and RFC 6749 errors."""

from __future__ import annotations

from kit.errors import Conflict, NotFound, Text, Unavailable


class ClientNotFound(NotFound):
    """No such client, or it works in areas that the caller does not hold."""

    code = "client.not_found"
    title = Text("Client not found", "客户端不存在")
    detail = Text("There is no such client.", "该客户端不存在。")


class ClientExists(Conflict):
    """The id is taken."""

    code = "client.exists"
    title = Text("Client exists", "客户端已存在")
    detail = Text("A client with this id exists already.", "该标识的客户端已存在。")
    cure = Text("Choose another client_id, or leave it out.", "请更换 client_id 或不填写。")


class ClientRevoked(Conflict):
    """A revoked client stays revoked."""

    code = "client.revoked"
    title = Text("Client revoked", "客户端已吊销")
    detail = Text("The client is revoked; nothing can be changed.", "客户端已吊销，不可再更改。")
    cure = Text("Create a new client.", "请新建客户端。")


class SecretsFull(Conflict):
    """Two secrets live already."""

    code = "client.secrets_full"
    title = Text("Too many secrets", "密钥数量已满")
    detail = Text(
        "The client has {secrets_max} live secrets already.",
        "该客户端已有 {secrets_max} 个有效密钥。",
    )
    cure = Text("Delete the old secret first.", "请先删除旧密钥。")


class SecretNotFound(NotFound):
    """The client has no such secret."""

    code = "client.secret_not_found"
    title = Text("Secret not found", "密钥不存在")
    detail = Text("The client has no such secret.", "该客户端没有此密钥。")


class HashingBusy(Unavailable):
    """Too many secrets wait to be hashed."""

    code = "client.hashing_busy"
    detail = Text("Too many secrets are being checked right now.", "当前正在校验的密钥过多。")


class OAuthError(Exception):
    """A refusal of the token endpoint, in the form of RFC 6749 5.2."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, retry_after_s: int | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.retry_after_s = retry_after_s


def invalid_request(description: str) -> OAuthError:
    """Return the refusal of a request that is not well formed."""
    return OAuthError("invalid_request", description)


def invalid_client() -> OAuthError:
    """Return the one refusal of unknown, revoked, expired clients and wrong secrets alike."""
    return OAuthError("invalid_client", "client authentication failed", status=401)


def slow_down(retry_after_s: int) -> OAuthError:
    """Return the refusal after too many wrong secrets."""
    return OAuthError(
        "temporarily_unavailable",
        "too many failed attempts",
        status=429,
        retry_after_s=retry_after_s,
    )
