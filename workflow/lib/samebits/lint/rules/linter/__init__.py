"""SB0: what the linter says of itself, its comments and what it cannot read."""
