"""Packages: a verified model as a wheel and a .conda, the same bytes on every build.

``stage`` lays out the package's folder, a measured process lets it predict what the ledger recorded
(``samebits.sealed.interface``), and ``build`` adds the evidence, signs every file, and writes both archives.
"""
