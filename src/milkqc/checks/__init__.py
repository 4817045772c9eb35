"""The three homes of a check: contract (pandera), suites (Great Expectations) and rules (narwhals expressions)."""
