from kit.migrations import run_env
from tests.kit.bulk.harbour.app import METADATA

run_env(METADATA)
