"""A folder for the path of a script's Python: ``site`` finds ``sitecustomize`` in it, and nothing else."""
