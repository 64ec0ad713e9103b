"""Triggers: what raises a message, to whom it may go and what stands in it, written in `conf/triggers/*.yaml`.

`kinds` has the few ways in which a message can be raised, `definitions` what is said of a trigger beside that.
"""
