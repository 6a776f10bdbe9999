"""SB9: saved models whose bytes say little about them."""
