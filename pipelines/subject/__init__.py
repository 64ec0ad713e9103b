"""The rights of one person over what is held of them: to see it (`export`), and to be forgotten."""
