"""Contracts of tables, and reading and writing them: what every layer stands on."""
