"""Packages: a verified model as a wheel and a .conda, the same bytes on every build.

``stage`` lays out the package's folder, a measured process writes what the model predicted from
(``samebits.sealed.inputs``), ``interface`` says what it takes and gives, and a fresh process tries the
package as a user would (``probe``). ``assemble`` then adds the evidence, signs every file, and writes both
archives.
"""
