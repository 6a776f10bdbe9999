"""SB8: distributed training, where the scheduler decides who adds what."""
