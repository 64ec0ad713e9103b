"""What this person needs next: one package per model."""
