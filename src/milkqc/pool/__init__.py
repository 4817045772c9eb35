"""Several studies at once: harmonised runs stacked, what they agree in checked, their distributions compared."""

from milkqc.pool.pool import Pooled, pool
from milkqc.pool.read import PoolError, Run, read_run
from milkqc.pool.write import write

__all__ = ["PoolError", "Pooled", "Run", "pool", "read_run", "write"]
