"""The backend ``conda``: packages of ``conda-lock.yml``, and the wheels of ``requirements.lock`` upon them.

No conda installation is needed: ``front`` is a conda command line on py-rattler, which conda-lock solves with
and which installs. An existing conda or mamba takes its place where ``SAMEBITS_CONDA`` names it.
"""
