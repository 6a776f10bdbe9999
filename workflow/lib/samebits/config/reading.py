"""The config's files: where they are found, and that each can be read."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from samebits.sealed.errors import Refused

_NAME = "config/config.yaml"
_LIKE = ("config/config.yml", "config/config.json")


def find(roots: Iterable[Path]) -> Path:
    """Return the first ``config/config.yaml`` below ``roots``: the user's, or that of the worked examples.

    Raises:
        Refused: the first root has something that may be meant for it.
    """
    user, *others = roots
    if (user / _NAME).is_file():
        return user / _NAME
    if wrong := [name for name in (_NAME, *_LIKE) if (user / name).exists()]:
        raise Refused(
            f"config: {wrong[0]} is not read; the config is the file {_NAME}, or what --configfile names"
        )
    return find(others)


def read(file: Path) -> Mapping[str, Any]:
    """Read a file of YAML, each key given once.

    Raises:
        Refused: a key is given twice, of which YAML would silently keep the last, or the file cannot be read
            or is no YAML with keys.
    """
    try:
        with file.open(encoding="utf-8") as stream:
            values = yaml.load(stream, _UniqueKeys)  # noqa: S506  a SafeLoader
    except OSError as error:
        raise Refused(f"config: {file}: {error.strerror}; name a file of YAML") from None
    except UnicodeDecodeError:
        raise Refused(f"config: {file} is not UTF-8; save it as text") from None
    except yaml.YAMLError as error:
        raise Refused(f"config: {file} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise Refused(f"config: {file} holds no keys; begin with models:, as config/README.md shows")
    return values


class _UniqueKeys(yaml.CSafeLoader):  # libyaml's: ten times as fast on thousands of models
    """Refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if key in seen:
                raise Refused(
                    f"config: {key!r} is given twice in {node.start_mark.name}, "
                    f"lines {seen[key]} and {line}; rename or remove one"
                )
            seen[key] = line
        return super().construct_mapping(node, deep)
