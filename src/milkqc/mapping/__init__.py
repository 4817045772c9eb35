"""The mapping language: load it, find its faults, and apply it to what the readers brought."""
