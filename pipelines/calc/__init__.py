"""Pure arithmetic: time, contacts, statistics."""
