"""From the rules to what the kernels charge."""

from __future__ import annotations

from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.problem import Rules

__all__ = ["moving_prices", "prices_for", "repair_prices"]

_RANGE_FIXED_M = 150.0
_RANGE_EACH_M = 12.0
#: While estates are being opened, one opened estate costs about a kilometre and a half of border:
#: few are opened, yet any is before a grid stays outside the range.
_OPENED_ESTATE_M = 1500.0
_MISS_M = 6000.0
_MISS_EACH_M = 100.0


def prices_for(rules: Rules) -> Prices:
    """Prices of an ordinary search.  The range price always exceeds the price of moving."""
    return Prices(
        low=rules.min_households,
        high=rules.max_households,
        target=float(rules.target_households),
        block=float(rules.block_weight_m),
        estate=float(rules.estate_piece_weight_m),
        size=float(rules.size_weight),
        move=float(rules.move_price_m),
        range_fixed=_RANGE_FIXED_M,
        range_each=_RANGE_EACH_M + 2.0 * float(rules.move_price_m),
    )


def repair_prices(rules: Rules) -> Prices:
    """Prices of a search over single buildings that may open estates, but as few as possible."""
    usual = prices_for(rules)
    opened = _OPENED_ESTATE_M + usual.estate
    return usual._replace(
        estate=opened, range_fixed=2.0 * opened, range_each=usual.range_each + opened / 25.0
    )


def moving_prices(rules: Rules) -> Prices:
    """Prices of a search that begins with the old grids: no grid stays outside to spare a move."""
    usual = prices_for(rules)
    return usual._replace(
        range_fixed=_MISS_M + usual.range_fixed, range_each=usual.range_each + _MISS_EACH_M
    )
