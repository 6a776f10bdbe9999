"""What a packaged model runs on: these files are copied into its package, and import nothing of samebits.

The ``__init__.py`` there is written from ``templates/``; ``_frameworks/`` is the part of ``frameworks/`` that
predicts: the framework's ``predictor`` and ``switches``.
"""
