"""Published rankings as readable references: households x goods in, scores out. Never imported by `pipelines`."""
