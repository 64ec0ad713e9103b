"""Figures: each is made by a command, and none is part of the tests."""
