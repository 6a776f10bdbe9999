"""What a packaged model runs on: these files are copied into its package, and import nothing of samebits.

One of ``frameworks/`` becomes ``_model.py`` there; the ``__init__.py`` is written from ``templates/``.
"""
