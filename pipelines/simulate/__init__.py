"""A retailer's world whose every truth is known.

Landing files in the canonical formats, and who did what and why.
"""
