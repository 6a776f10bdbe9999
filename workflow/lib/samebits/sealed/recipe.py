"""The recipe: the user's training code for one model, run from the very bytes that the spec names."""

import ast
import re
import sys
import traceback
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

from samebits.sealed.digest import bytes_digest
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec


class Recipe:
    """A recipe's file, and in it the class or function that the spec names.

    Its code runs when ``target`` or ``find`` is first asked for, not before.

    Attributes:
        path: the file.
        source: its bytes, whose digest the spec holds.
    """

    def __init__(self, path: Path, spec: Spec):
        """Read the file.

        Raises:
            Refused: the file changed since the spec was made.
        """
        self.path = path
        self.source = path.read_bytes()
        self._model = spec.model
        self._name = spec.recipe.partition(":")[2]
        if (digest := bytes_digest(self.source)) != spec.recipe_digest:
            raise Refused(
                f"model {spec.model}: the recipe {path} is {digest}, but the spec says {spec.recipe_digest}; "
                "run the workflow again"
            )

    @cached_property
    def _namespace(self) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__name__": "recipe", "__file__": str(self.path)}
        exec(compile(self.source, str(self.path), "exec"), namespace)  # noqa: S102  running it is the purpose
        return namespace

    @cached_property
    def target(self) -> Any:
        """The class or function that the spec names.

        Raises:
            Refused: the file has none of that name.
        """
        target = self._namespace.get(self._name)
        if not callable(target):
            raise Refused(
                f"model {self._model}: the recipe {self.path} has no class or function {self._name!r}"
            )
        return target

    def find(self, name: str) -> Any:
        """Return what the class, or else the file, has under a name; None if neither has it.

        So ``datasets`` and ``metrics`` may be static methods, or functions beside a class that knows
        nothing of samebits. A property is passed over: it belongs to instances (``keras.Model.metrics``).
        """
        member = getattr(self.target, name, None)
        return self._namespace.get(name) if member is None or isinstance(member, property) else member

    def require(self, name: str, form: str) -> Any:
        """Return what ``find`` does.

        Args:
            name: such as ``datasets``.
            form: how it is written, for the error: ``datasets(data) -> {"train": …, "test": …}``.

        Raises:
            Refused: neither the class nor the file has it.
        """
        if (member := self.find(name)) is None:
            raise Refused(f"model {self._model}: the recipe {self.path.name} lacks {form}; add it")
        return member

    def derived(self, name: str) -> list[type]:
        """Return the file's classes that derive from one of this name, such as LightningDataModule."""
        classes = [value for value in self._namespace.values() if isinstance(value, type)]
        own = [c for c in classes if c.__module__ == self._namespace["__name__"]]
        return [c for c in own if name in {base.__name__ for base in c.__mro__[1:]}]

    def defines(self, name: str) -> bool:
        """Tell whether the file defines a function at its top, without running it."""
        try:
            body = ast.parse(self.source).body
        except SyntaxError:  # a script in another language
            return False
        return any(isinstance(node, ast.FunctionDef) and node.name == name for node in body)

    def place(self, error: BaseException) -> str | None:
        """Return where in the recipe an error arose, ``digits_cnn.py, line 31``; None if elsewhere."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(self.path)]
        return self._line(lines[-1] if lines else None)

    def place_named_in(self, text: str, *paths: str) -> str | None:
        """Return the last place in the recipe that a text names as Python's tracebacks do; None if none.

        Args:
            text: what a framework or a process said.
            paths: further paths by which it knows the recipe.
        """
        names = "|".join(re.escape(path) for path in (str(self.path), *paths))
        lines = re.findall(rf'File "(?:{names})", line (\d+)', text)
        return self._line(int(lines[-1]) if lines else None)

    def place_running(self) -> str | None:
        """Return the innermost place in the recipe that is being executed now; None if it is not running."""
        frame: FrameType | None = sys._getframe(1)
        while frame and frame.f_code.co_filename != str(self.path):
            frame = frame.f_back
        return self._line(frame.f_lineno if frame else None)

    def place_of_string(self, word: str) -> str | None:
        """Return where a word is written as a string, alone or among others between commas; None if nowhere.

        The class or function that the spec names comes before the rest of the file.
        """
        module = ast.parse(self.source)
        own = [node for node in module.body if getattr(node, "name", None) == self._name]
        nodes = (node for tree in (*own, module) for node in ast.walk(tree))
        strings = ((n.value, n.lineno) for n in nodes if isinstance(n, ast.Constant))
        return self._line(
            next((line for text, line in strings if isinstance(text, str) and word in text.split(",")), None)
        )

    def place_of_text(self, text: str) -> str | None:
        """Return the first line that holds a text, such as ``KMeans(``; None if none does."""
        lines = enumerate(self.source.decode(errors="replace").splitlines(), 1)
        return self._line(next((number for number, line in lines if text in line), None))

    def _line(self, number: int | None) -> str | None:
        return f"{self.path.name}, line {number}" if number else None
