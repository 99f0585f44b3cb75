"""What the gateway refuses by itself."""

from __future__ import annotations

from kit.errors import BadUpstream, Malformed, Text, TooManyRequests, Unavailable, UpstreamTimeout


class HostMissing(Malformed):
    """Exactly one Host header is needed (RFC 9112 3.2)."""

    code = "request.host"
    title = Text("Host header missing or wrong", "Host 请求头缺失或错误")
    detail = Text(
        "Exactly one well-formed Host header is needed.", "需要且仅需一个格式正确的 Host 请求头。"
    )
    cure = Text("Send the name that you connected to as Host.", "请以所连接的主机名作为 Host。")


class PathMalformed(Malformed):
    """The path holds dot segments, which could lead out of its prefix."""

    code = "request.path"
    title = Text("Path malformed", "路径格式错误")
    detail = Text("The path holds dot segments.", "路径中含有点段。")
    cure = Text("Send the path as the contract writes it.", "请按接口文档书写路径。")


class BodyTooSlow(Malformed):
    """The body did not arrive in time."""

    code = "request.too_slow"
    title = Text("Request too slow", "请求发送过慢")
    detail = Text("The body did not arrive in time.", "请求体未在限时内到达。")
    cure = Text("Repeat over a better connection, or send less.", "请在网络良好时重试或减少内容。")


class UpstreamUnavailable(Unavailable):
    """The service cannot be reached, or has just failed several times."""

    code = "upstream.unavailable"
    title = Text("Service unavailable", "后端服务不可用")
    detail = Text(
        "The {upstream} service cannot be reached right now; nothing was done.",
        "{upstream} 服务当前无法连接，未执行任何操作。",
    )
    cure = Text("Repeat after the seconds in Retry-After.", "请按 Retry-After 等待后重试。")


class UpstreamBusy(Unavailable):
    """Every connection to the service is in use."""

    code = "upstream.busy"
    title = Text("Service busy", "后端服务繁忙")
    detail = Text(
        "The {upstream} service is fully occupied; nothing was done.",
        "{upstream} 服务正忙，未执行任何操作。",
    )
    cure = Text("Repeat after the seconds in Retry-After.", "请按 Retry-After 等待后重试。")


class UpstreamBroken(BadUpstream):
    """The service broke off, or answered with something that is no answer."""

    code = "upstream.broken"
    detail = Text(
        "The {upstream} service gave no usable answer; the request may have been done.",
        "{upstream} 服务未给出有效应答，请求可能已被执行。",
    )
    cure = Text(
        "Read the resource before you repeat a write, or use an Idempotency-Key.",
        "重试写操作前请先查询资源，或使用 Idempotency-Key。",
    )


class UpstreamTooSlow(UpstreamTimeout):
    """The service did not answer before the deadline."""

    code = "upstream.too_slow"
    detail = Text(
        "The {upstream} service did not answer in time; the request may have been done.",
        "{upstream} 服务未在限时内应答，请求可能已被执行。",
    )


class ExportsRunning(TooManyRequests):
    """The client already runs as many exports as it may."""

    code = "limit.exports"
    title = Text("Too many exports at once", "同时导出过多")
    detail = Text(
        "This client already runs {exports_max} exports.",
        "该客户端已有 {exports_max} 个导出在运行。",
    )
    cure = Text("Wait until one of them ends.", "请等待其中之一结束。")
