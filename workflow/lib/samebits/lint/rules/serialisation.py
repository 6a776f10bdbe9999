"""Saved models compared by the hash of a file whose bytes do not depend on the weights alone."""

import ast
import re
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.names import ancestors, argument

_UNSTABLE: Final = re.compile(
    r"\.(pt|pth|ckpt|bin|keras|h5|hdf5|pkl|pickle|joblib|onnx|zip)\b['\"]?$", re.IGNORECASE
)
_SAVERS: Final = (
    "torch.save",
    "pickle.dump",
    "joblib.dump",
    "cloudpickle.dump",
    "dill.dump",
    "torch.jit.save",
)
_BYTES: Final = ("pickle.dumps", "cloudpickle.dumps", "dill.dumps", "_pickle.dumps", "marshal.dumps")
_HASHES: Final = (
    "hashlib.",
    "zlib.crc32",
    "zlib.adler32",
    "xxhash.",
    "blake3.",
    "filecmp.cmp",
    "binascii.crc32",
)


def check(file: File) -> None:
    """Report hashes of files whose bytes differ for equal weights."""
    saved = _saved(file)
    for call, path in file.calls:
        if path.startswith("safetensors.") and path.endswith((".save_file", ".save")):
            _metadata(file, call)
        if (
            path.startswith(_HASHES)
            or (path.endswith(".update") and "hashlib." in path)
            or path == "filecmp.cmp"
        ):
            for given in [*call.args, *(k.value for k in call.keywords)]:
                if _is_unstable(file, given, saved, 0):
                    file.report(
                        call,
                        "SB902",
                        "this compares the bytes of a saved file, which differ for equal weights "
                        "(names, times and object identity are in them); hash the tensors instead",
                    )
                    break


def _metadata(file: File, call: ast.Call) -> None:
    """Report several metadata keys, which safetensors writes in another order in every process."""
    given = argument(call, "metadata", 2)
    table = file.names.literal(given) if given is not None and given is not call else None
    if (isinstance(table, ast.Dict) and len(table.keys) > 1) or (
        isinstance(table, ast.Call) and len(table.keywords) > 1
    ):
        file.report(
            call,
            "SB903",
            "safetensors writes several metadata keys in another order in every process; "
            "put one JSON text under one key",
        )


def _saved(file: File) -> set[str]:
    """Return the expressions, as text, under which the file saves models."""
    found = set()
    for leaf in ("save", "dump", "save_model", "save_checkpoint"):
        for call in file.names.calls_of.get(leaf, ()):
            path = file.path(call.func)
            if path in _SAVERS:
                if len(call.args) > 1:
                    found.add(_dump(call.args[1]))
                    for outer in ancestors(call):
                        if isinstance(outer, ast.With):
                            for item in outer.items:
                                opened = item.context_expr
                                if isinstance(opened, ast.Call) and opened.args:
                                    found.add(_dump(opened.args[0]))
            elif path.startswith(("keras.", "?.")) and leaf == "save" and call.args:
                values = file.names.values(call.args[0])
                if values and any(isinstance(v, str) and _UNSTABLE.search(v) for v in values):
                    found.add(_dump(call.args[0]))
    return found


def _dump(node: Any) -> str:
    return ast.dump(node)


def _is_unstable(file: File, node: Any, saved: set[str], depth: int) -> bool:
    """Tell whether an expression reads what ``torch.save`` and the like have written."""
    if depth > 6:
        return False
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            path = file.path(each.func)
            if path in _BYTES or (path.endswith((".getvalue", ".getbuffer")) and _saves_into(file, each)):
                return True
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _UNSTABLE.search(each.value):
            return True
        if isinstance(each, ast.expr) and _dump(each) in saved:
            return True
        if isinstance(each, ast.Name) and hasattr(each, "scope"):
            bound = file.names.binding(each.id, each.scope, each.lineno)
            if bound is not None and bound.how == "value" and bound.node is not node:
                if _is_unstable(file, bound.node, saved, depth + 2):
                    return True
    return False


def _saves_into(file: File, call: ast.Call) -> bool:
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    if holder is None:
        return False
    text = _dump(holder)
    for leaf in ("save", "dump"):
        for saver in file.names.calls_of.get(leaf, ()):
            if file.path(saver.func) in _SAVERS and any(_dump(given) == text for given in saver.args[1:2]):
                return True
    return False
