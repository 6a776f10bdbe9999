"""Names of modules as imports write them."""


def absolute(module: str, level: int, package: str) -> str:
    """Return the full name of a module that is imported relative to a package."""
    if not level:
        return module
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - level + 1]
    return ".".join([*parts, module] if module else parts)
