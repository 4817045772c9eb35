"""What only a whole batch can show: a wrong unit, a shift, controls out of bounds, values put in by hand."""
