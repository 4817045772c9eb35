"""Is this the table we promised? pandera schemas built from the data dictionary, and their verdict by row_id.

Every check has a permanent id: `<table>.columns.absent`, `<table>.columns.type`, `<table>.row_id.unique`,
`<table>.numbers.finite`, `<table>.<column>.missing`, `.code` and `.impossible`.
"""

from milkqc.checks.contract.judge import check
from milkqc.checks.contract.promises import Promise, as_promised, model_of, promises, schema

__all__ = ["Promise", "as_promised", "check", "model_of", "promises", "schema"]
