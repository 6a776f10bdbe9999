"""All code that runs in a measured process, and nothing else: a change here, and only here, trains again.

It imports the standard library, NumPy, blake3 and safetensors, which every locked environment has, and of
samebits only the spec's own framework (``library``).
"""
