from kit.migrations import run_env
from tests.kit.toy.app import METADATA

run_env(METADATA)
