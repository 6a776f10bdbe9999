"""SB902: models compared by the hash of a saved file."""

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.lint.semantics.scopes import How
from samebits.lint.semantics.syntax import ancestors, leaf

_SAVERS: Final = (
    "torch.save", "pickle.dump", "joblib.dump", "cloudpickle.dump", "dill.dump", "torch.jit.save",
)  # fmt: skip
_DUMPERS: Final = ("pickle.dumps", "cloudpickle.dumps", "dill.dumps", "_pickle.dumps", "marshal.dumps")
_HASHES: Final = (
    "hashlib.", "zlib.crc32", "zlib.adler32", "xxhash.", "blake3.", "filecmp.cmp", "binascii.crc32",
)  # fmt: skip
#: last parts of names that hash or compare
_HASHING: Final = (
    "sha1", "sha256", "sha512", "md5", "blake2b", "blake2s", "blake3", "new", "update", "crc32", "adler32",
    "cmp", "file_digest", "xxh64", "xxh3_64",
)  # fmt: skip
#: files whose bytes do not depend on the weights alone
_UNSTABLE: Final = re.compile(
    r"\.(pt|pth|ckpt|bin|keras|h5|hdf5|pkl|pickle|joblib|onnx|zip)\b['\"]?$", re.IGNORECASE
)
_DEPTH: Final = 6


def _check(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report hashes of files whose bytes differ for equal weights."""
    if not path.startswith(_HASHES) and not (path.endswith(".update") and "hashlib." in path):
        return
    saved = _saved(file)
    if any(_is_unstable(file, each, saved, 0) for each in (*call.args, *(k.value for k in call.keywords))):
        yield Diagnostic(
            call,
            "this compares the bytes of a saved file, which differ for equal weights "
            "(names, times and object identity are in them); hash the tensors instead",
        )


def _saved(file: File) -> set[str]:
    """Return the expressions, dumped, under which the file saves models."""
    saved = set()
    for call in file.semantics.nodes.calls_named("save", "dump", "save_model", "save_checkpoint"):
        path = file.path(call.func)
        if path in _SAVERS:
            if len(call.args) > 1:
                saved.add(ast.dump(call.args[1]))
                saved.update(map(ast.dump, _opened(call)))
        elif path.startswith(("keras.", "?.")) and leaf(call) == "save" and call.args:
            if any(map(_is_unstable_name, file.semantics.values(call.args[0]) or ())):
                saved.add(ast.dump(call.args[0]))
    return saved


def _opened(call: ast.Call) -> Iterator[ast.expr]:
    """Yield what the ``with open(…)`` around a call open."""
    for outer in ancestors(call):
        if isinstance(outer, ast.With):
            for item in outer.items:
                opened = item.context_expr
                if isinstance(opened, ast.Call) and opened.args:
                    yield opened.args[0]


def _is_unstable_name(value: object) -> bool:
    return isinstance(value, str) and _UNSTABLE.search(value) is not None


def _is_unstable(file: File, node: Any, saved: set[str], depth: int) -> bool:
    """Tell whether an expression reads what ``torch.save`` and the like have written."""
    return depth <= _DEPTH and any(
        _part_is_unstable(file, node, each, saved, depth) for each in ast.walk(node)
    )


def _part_is_unstable(file: File, whole: Any, node: ast.AST, saved: set[str], depth: int) -> bool:
    if isinstance(node, ast.Call):
        path = file.path(node.func)
        if path in _DUMPERS or (path.endswith((".getvalue", ".getbuffer")) and _is_saved_into(file, node)):
            return True
    if isinstance(node, ast.Constant) and _is_unstable_name(node.value):
        return True
    if isinstance(node, ast.expr) and ast.dump(node) in saved:
        return True
    if isinstance(node, ast.Name) and hasattr(node, "scope"):
        bound = file.semantics.binding(node)
        if bound is not None and bound.how is How.VALUE and bound.node is not whole:
            return _is_unstable(file, bound.node, saved, depth + 2)
    return False


def _is_saved_into(file: File, call: ast.Call) -> bool:
    """Tell whether a model is saved into the buffer whose method is called."""
    if not isinstance(call.func, ast.Attribute):
        return False
    buffer = ast.dump(call.func.value)
    return any(
        file.path(saver.func) in _SAVERS and any(ast.dump(given) == buffer for given in saver.args[1:2])
        for saver in file.semantics.nodes.calls_named("save", "dump")
    )


RULE: Final = Rule(
    code="SB902",
    name="hash-of-a-file",
    summary="models compared by the hash of a saved file",
    why="torch.save writes the file's name, .keras a time, pickle object identity: equal weights, "
    "other bytes.",
    bad="""
        torch.save(model.state_dict(), 'm.pt')
        hashlib.sha256(open('m.pt', 'rb').read())
    """,
    good="hash the tensors, in the order of their names",
    source="measured",
    listens=(On(Event.CALL, _check, names=_HASHING, beginnings=_HASHES),),
    words=("hashlib", "filecmp", "crc32"),
)
