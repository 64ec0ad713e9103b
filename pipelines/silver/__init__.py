"""Typed facts, one row each, under identifiers that lead to a person."""
