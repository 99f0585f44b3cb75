"""What can go wrong between the gateway and a service, by what it means for a repeat."""

from __future__ import annotations


class Fault(Exception):
    """Base of every fault of an exchange."""


class Unreachable(Fault):
    """No connection could be had: nothing was sent, a repeat is safe."""


class Busy(Fault):
    """Every connection to this upstream is in use: nothing was sent."""


class Broken(Fault):
    """The connection ended, or what came is no HTTP answer: the request may have been done."""


class TimedOut(Fault):
    """The deadline passed: the request may have been done."""


class ClientGone(Fault):
    """The client left; the upstream is not to blame."""


class ClientTooSlow(Fault):
    """The client did not send its body in time."""


class ClientTooLarge(Fault):
    """The client's body exceeds the limit of the path."""
