"""SB3: switches and variables that are off, contradicted, too late or missing."""
