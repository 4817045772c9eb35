"""Growth scores for one file, without a study around it: what `milkqc zscores` does (docs/zscores.md).

`fields` are the columns that can be named, `resolve` finds them in a file and reads them, `score` adds the scores,
`write` puts the result in any format.
"""

from milkqc.zscores.resolve import Choices, ZscoresError
from milkqc.zscores.score import Note, Scored, score_source
from milkqc.zscores.write import ENDINGS, write

__all__ = ["ENDINGS", "Choices", "Note", "Scored", "ZscoresError", "score_source", "write"]
