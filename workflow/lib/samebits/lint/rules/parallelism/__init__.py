"""SB6: threads and processes that decide the order of sums."""
