"""Keys that are given twice in a file, of which YAML would silently keep the last."""

from pathlib import Path
from typing import Any

import yaml

from samebits.errors import Refused


class _UniqueKeys(yaml.CSafeLoader):  # libyaml's: ten times as fast on thousands of models
    """Refuses a key that is given twice, of which YAML would silently keep the last."""

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


def refuse_duplicates(file: Path) -> None:
    """Read a file of YAML for keys that are given twice.

    Raises:
        Refused: there is one, or the file is not YAML.
    """
    with file.open(encoding="utf-8") as stream:
        try:
            yaml.load(stream, _UniqueKeys)  # noqa: S506  a SafeLoader
        except yaml.YAMLError as error:
            raise Refused(f"config: {file} is not YAML: {' '.join(str(error).split())}") from None
