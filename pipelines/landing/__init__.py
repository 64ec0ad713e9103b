"""What arrives: one module per source, its contract and its fields."""
