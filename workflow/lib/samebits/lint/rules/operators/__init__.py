"""SB1: operators and kernels whose result differs from run to run."""
