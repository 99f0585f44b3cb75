from kit.migrations import run_env
from services.grid_partition.storage.tables import METADATA

run_env(METADATA)
