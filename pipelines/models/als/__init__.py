"""Implicit ALS: goods that people who shop alike buy."""
