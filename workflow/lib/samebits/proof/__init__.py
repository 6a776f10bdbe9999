"""The proof: runs and replays compared bit for bit, and the verdict on them."""
