"""The backend ``container``: an OCI image of a base system and the wheels of ``requirements.lock``.

The image lies in the environment's prefix as an OCI layout (``image/``), whose files are named by their
hashes. The digest of its manifest is the environment's. podman runs measured processes in it.
"""
