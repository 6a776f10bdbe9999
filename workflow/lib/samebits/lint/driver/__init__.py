"""From paths to findings: files are found, read, analysed side by side, and settled as one project."""
