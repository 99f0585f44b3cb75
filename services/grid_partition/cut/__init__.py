"""`cut`: the same cut as the service's, from a case folder, with no server and no database."""

from services.grid_partition.cut.command import CutOptions, run_cut

__all__ = ["CutOptions", "run_cut"]
