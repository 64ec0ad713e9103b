"""Vendors' own formats, turned into canonical landing files."""
