"""How each framework predicts in a package; the one that a model needs is copied there as ``_model.py``."""
