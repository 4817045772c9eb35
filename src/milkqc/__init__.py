"""milkqc."""
