"""Data sets: where they come from, and how they are brought to a folder, checked."""
