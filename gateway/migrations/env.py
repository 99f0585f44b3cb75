from gateway.tokens.tables import METADATA
from kit.migrations import run_env

run_env(METADATA)
