"""What the rules of the workflow are made of: their paths, and the commands that they call."""
