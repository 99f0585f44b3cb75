"""Exact signs of integer cross products."""

from __future__ import annotations

from services.grid_partition.engine.kernels.jit import lean

__all__ = ["cross"]

#: Far above the rounding error of the float product, far below 2**63.
_SURE = 1e16


@lean
def cross(ax: int, ay: int, bx: int, by: int) -> float:
    """Cross product a x b of whole vectors up to 2**31 long; its sign is exact.

    Where the floating product is too small to be sure of, the true value fits in 64 bits, so
    integer arithmetic modulo 2**64 gives it exactly.
    """
    rough = float(ax) * float(by) - float(ay) * float(bx)
    if abs(rough) > _SURE:
        return rough
    return float(ax * by - ay * bx)
