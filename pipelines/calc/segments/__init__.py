"""Segments: SQL predicates over what gold knows of a person, written in `conf/segments/*.yaml`.

`syntax` reads a predicate into a tree of the few things that are allowed, `predicate` makes a column of it, and
`definitions` reads the files. Nothing of a file's text ever reaches an engine as text.
"""
