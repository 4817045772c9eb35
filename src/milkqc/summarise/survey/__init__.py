"""The quality of anthropometry as nutrition surveys read it: docs/survey.md has every formula, limit and source.

`formulas` and `replicates` are pure statistics, `classes` their words and penalties, `funnel` what chance alone does,
`table` puts them together by group, `judge` makes findings of what is beyond chance.
"""
