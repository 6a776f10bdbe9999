"""One file under analysis: its names, its context, and what rules report about it."""

import ast
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

from samebits.lint import catalog as catalogs
from samebits.lint.catalog import Catalog, Condition, Entry
from samebits.lint.context import Context
from samebits.lint.finding import Edit, Finding, Fix
from samebits.lint.names import Names, ancestors, argument, is_tensor
from samebits.lint.source import Source

#: methods in which frameworks call user code once a batch or sample
STEPS: Final = frozenset(
    {"forward", "training_step", "train_step", "__getitem__", "call", "validation_step", "__iter__"}
)
_TRAINING: Final = (".fit", ".backward", ".train", ".fit_transform", ".fit_generator", ".train_on_batch")


#: last parts of the names that rules look for, besides those in the catalogs
_OWN_WORDS: Final = frozenset(
    [
        "set",
        "frozenset",
        "environ",
        "getenv",
        "get",
        "hash",
        "id",
        "uuid1",
        "uuid4",
        "urandom",
        "gethostname",
        "getfqdn",
        "node",
        "uname",
        "getpid",
        "getppid",
        "getuser",
        "getlogin",
        "time",
        "time_ns",
        "perf_counter",
        "perf_counter_ns",
        "monotonic",
        "monotonic_ns",
        "process_time",
        "thread_time",
        "localtime",
        "gmtime",
        "now",
        "utcnow",
        "today",
        "timestamp",
        "sorted",
        "min",
        "max",
        "sort",
        "sort_values",
        "seed",
        "manual_seed",
        "manual_seed_all",
        "set_seed",
        "set_random_seed",
        "seed_everything",
        "default_rng",
        "RandomState",
        "Random",
        "PRNGKey",
        "key",
        "SeedSequence",
        "PCG64",
        "MT19937",
        "Philox",
        "from_seed",
        "seed_all",
        "sha1",
        "sha256",
        "sha512",
        "md5",
        "blake2b",
        "blake2s",
        "blake3",
        "new",
        "update",
        "crc32",
        "adler32",
        "cmp",
        "file_digest",
        "xxh64",
        "xxh3_64",
        "submit",
        "scatter",
        "persist",
        "compute",
        "map",
        "replicate",
        "Client",
        "LocalCluster",
        "worker_map",
        "train",
        "set",
        "randbits",
        "token_hex",
        "token_bytes",
        "token_urlsafe",
        "choice",
        "randbelow",
        "read_sql",
        "read_sql_query",
        "read_database",
        "save",
        "save_file",
    ]
)


@cache
def words() -> frozenset[str]:
    """Return the last parts of all names that rules look for among calls."""
    known = catalogs.load()
    aliases = {alias.rpartition(".")[2] for pairs in known.aliases_of.values() for alias, _ in pairs}
    return _OWN_WORDS | frozenset(known.entries_by_leaf) | frozenset(known.facts_by_leaf) | aliases


class File:
    """What the rules see of a file.

    Args:
        source: its text.
        names: its names, resolved.
        context: where it is to run.
        catalog: what is known.
        seen: facts that its local imports bring.
    """

    def __init__(self, source: Source, names: Names, context: Context, catalog: Catalog):
        self.source = source
        self.names = names
        self.context = context
        self.catalog = catalog
        self.findings: list[Finding] = []
        self.facts: set[str] = set()
        roots = {catalog.canonical(module).partition(".")[0] for module in names.modules} | names.roots
        self.frameworks = roots & catalog.frameworks
        self.is_ml = bool(self.frameworks) or context.sealed
        self.calls = self._calls()

    def _calls(self) -> list[tuple[ast.Call, str]]:
        """Return the calls that a rule may want to know, with what they call; most are of no interest."""
        known, aliases = words(), self.names.aliases
        found = []
        for call in self.names.calls:
            function = call.func
            kind = function.__class__
            if kind is ast.Attribute:
                leaf = function.attr  # type: ignore[attr-defined]
            elif kind is ast.Name:
                leaf = function.id  # type: ignore[attr-defined]
            else:
                found.append((call, self.path(function)))
                continue
            if leaf in known or leaf in aliases:
                found.append((call, self.path(function)))
        return found

    def path(self, node: Any) -> str:
        """Return the path of an expression, as the catalog writes it."""
        return self.catalog.canonical(self.names.path(node))

    # --- reporting ----------------------------------------------------------------------------------------

    def report(
        self,
        node: Any,
        code: str,
        message: str,
        severity: str | None = None,
        *,
        fix: Fix | None = None,
        unless: Iterable[str] = (),
        soften: Iterable[str] = (),
    ) -> None:
        """Record a finding at a node (anything with ``lineno`` and ``col_offset``)."""
        line = getattr(node, "lineno", 1)
        end = getattr(node, "end_lineno", None) or line
        self.add(
            code,
            message,
            severity or self.catalog.rules[code].severity,
            (line, getattr(node, "col_offset", 0)),
            (end, getattr(node, "end_col_offset", None) or 0),
            fix=fix,
            unless=tuple(unless),
            soften=tuple(soften),
        )

    def add(
        self,
        code: str,
        message: str,
        severity: str,
        start: tuple[int, int],
        end: tuple[int, int],
        **more: Any,
    ) -> None:
        """Record a finding from one place to another: lines from 1, columns in bytes from 0."""
        cell, line = self.source.place(start[0])
        _, end_line = self.source.place(end[0])
        excerpt = self.source.lines[start[0] - 1] if start[0] <= len(self.source.lines) else ""
        self.findings.append(
            Finding(
                path=self.source.path,
                line=line,
                column=self._column(*start),
                end_line=end_line,
                end_column=self._column(*end),
                code=code,
                severity=severity,
                message=message,
                excerpt=excerpt[:400].strip("\ufeff"),
                cell=cell,
                **more,
            )
        )

    def _column(self, line: int, column: int) -> int:
        """Turn a column in bytes from 0 into one in characters from 1."""
        lines = self.source.code_lines
        if line > len(lines):
            return 1
        raw = lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return len(raw.decode("utf-8", "ignore")) + 1

    # --- edits --------------------------------------------------------------------------------------------

    def start(self, node: Any) -> int:
        """Return the first byte of a node."""
        return self.source.offset(node.lineno, node.col_offset)

    def end(self, node: Any) -> int:
        """Return the byte after a node."""
        return self.source.offset(node.end_lineno, node.end_col_offset)

    def text(self, node: Any) -> str:
        """Return a node's source."""
        raw = self.source.text.encode("utf-8", "surrogatepass")[self.start(node) : self.end(node)]
        return raw.decode("utf-8", "surrogatepass")

    def set_argument(self, call: ast.Call, name: str, value: str) -> Fix | None:
        """Return the fix that gives a call an argument, or replaces the one it has."""
        given = argument(call, name)
        if given is call:
            return None
        if given is not None:
            edit = Edit(self.start(given), self.end(given), value)
            return Fix(f"set {name}={value}", (edit,))
        raw = self.source.text.encode("utf-8", "surrogatepass")
        close = self.end(call) - 1
        inner = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not inner:
            return Fix(f"add {name}={value}", (Edit(close, close, f"{name}={value}"),))
        last = max(self.end(each) for each in inner)
        if len(call.args) == 1 and not call.keywords and isinstance(call.args[0], ast.GeneratorExp):
            return None  # f(x for x in y) needs parentheses first
        between = raw[last:close]
        if b"#" in between:
            return None
        comma = b"," in between
        at = last + between.index(b",") + 1 if comma else last + (between.rfind(b")") + 1)
        if comma and b"\n" in between:  # one argument a line: keep the trailing comma
            return Fix(f"add {name}={value}", (Edit(at, at, f" {name}={value},"),))
        text = f" {name}={value}" if comma else f", {name}={value}"
        return Fix(f"add {name}={value}", (Edit(at, at, text),))

    def wrap(self, node: Any, before: str, after: str, what: str) -> Fix:
        """Return the fix that puts text around a node."""
        return Fix(
            what,
            (
                Edit(self.start(node), self.start(node), before),
                Edit(self.end(node), self.end(node), after),
            ),
        )

    # --- conditions ---------------------------------------------------------------------------------------

    def given(self, call: ast.Call, condition: Condition, table: tuple[Any, ...] = ()) -> Any:
        """Return the expression for a condition's argument; None if absent, the call if unknown."""
        if table:
            holder = argument(call, table[0], table[1])
            if holder is call or holder is None:
                return holder if holder is call else self._keyword(call, condition)
            found = self._in_dict(holder, condition.arguments)
            return found if found is not None else self._keyword(call, condition)
        for name in condition.arguments:
            found = argument(call, name, condition.position)
            if found is call:
                return self._in_stars(call, condition)
            if found is not None:
                return found
        return None

    def _keyword(self, call: ast.Call, condition: Condition) -> Any:
        return next((k.value for k in call.keywords if k.arg in condition.arguments), None)

    def _in_stars(self, call: ast.Call, condition: Condition) -> Any:
        """Look for an argument in ``**kwargs``; the call itself where they are unknown."""
        if any(isinstance(each, ast.Starred) for each in call.args) and condition.position is not None:
            return call
        for keyword in call.keywords:
            if keyword.arg is None:
                found = self._in_dict(keyword.value, condition.arguments)
                if found is not None:
                    return call if found is keyword.value else found
        return None

    def _in_dict(self, holder: Any, keys: tuple[str, ...]) -> Any:
        """Look up keys in a dict; None if it lacks them, ``holder`` itself if it is not known."""
        table = self.names.literal(holder)
        if isinstance(table, ast.Dict):
            unknown = False
            for name, value in zip(table.keys, table.values, strict=True):
                if name is None:
                    inner = self._in_dict(value, keys)
                    if inner is value:
                        unknown = True
                    elif inner is not None:
                        return inner
                elif isinstance(name, ast.Constant) and name.value in keys:
                    return value
            later = self._set_later(holder, keys)
            return later if later is not None else holder if unknown else None
        if isinstance(table, ast.Call):
            found = next((k.value for k in table.keywords if k.arg in keys), None)
            if found is None and (table.args or any(k.arg is None for k in table.keywords)):
                return holder
            return found if found is not None else self._set_later(holder, keys)
        return holder

    def _set_later(self, holder: Any, keys: tuple[str, ...]) -> Any:
        """Find ``params["seed"] = 1``, ``params.update(seed=1)`` and the like for a name."""
        if not isinstance(holder, ast.Name):
            return None
        for assign in self.names.assigns:
            targets = assign.targets if isinstance(assign, ast.Assign) else ()
            for target in targets:
                if (
                    isinstance(target, ast.Subscript)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == holder.id
                    and isinstance(target.slice, ast.Constant)
                    and target.slice.value in keys
                ):
                    return assign.value
        for call in self.names.calls_of.get("update", ()):
            function = call.func
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                if function.value.id != holder.id:
                    continue
                for keyword in call.keywords:
                    if keyword.arg in keys:
                        return keyword.value
                if call.args:
                    found = self._in_dict(call.args[0], keys)
                    if found is not None:
                        return found
        return None

    def holds(self, call: ast.Call, condition: Condition, table: tuple[Any, ...] = ()) -> bool:
        """Tell whether a condition holds for a call."""
        found = self.given(call, condition, table)
        holder = argument(call, table[0], table[1]) if table else None
        if found is call or (found is not None and found is holder):
            return condition.unknown
        if condition.path:
            return found is not None and self.path(found).startswith(condition.path)
        if condition.given is not None:
            none = found is None or self.names.is_none(found)
            return none is not condition.given
        if found is None:
            values: Any = frozenset([condition.default])
        else:
            values = self.names.values(found)
        if values is None:
            return condition.unknown
        if condition.equals is not None:
            return any(same(value, each) for value in values for each in condition.equals)
        assert condition.differs is not None  # noqa: S101  a condition has one kind, by the catalog's test
        return not any(same(value, each) for value in values for each in condition.differs)

    def applies(self, call: ast.Call, entry: Entry) -> bool:
        """Tell whether all conditions of an entry hold for a call."""
        return all(self.holds(call, condition, entry.table) for condition in entry.when)

    # --- where a node stands ------------------------------------------------------------------------------

    def without_gradients(self, node: Any) -> bool:
        """Tell whether a node stands in ``torch.no_grad()`` or ``inference_mode()``."""
        off = ("torch.no_grad", "torch.inference_mode")
        for outer in ancestors(node):
            expressions: list[Any] = []
            if isinstance(outer, ast.With | ast.AsyncWith):
                expressions = [item.context_expr for item in outer.items]
            elif isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                expressions = list(outer.decorator_list)
            if any(self.path(each).removesuffix("()") in off for each in expressions):
                return True
        return False

    def is_script(self) -> bool:
        """Tell whether the file trains when it is run, and is not only imported."""
        if self.source.notebook is not None:
            return True
        for test in self.names.tests:
            left = getattr(test.test, "left", None)
            if isinstance(left, ast.Name) and left.id == "__name__":
                return True
        for call in self.names.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("fit", "backward", "step"):
                outer = list(ancestors(call))
                if not any(isinstance(each, ast.FunctionDef | ast.ClassDef | ast.Lambda) for each in outer):
                    return True
        return False


def same(value: Any, other: Any) -> bool:
    """Compare constants; True is 1 in Python, but ``num_leaves=1`` is no ``True``."""
    if isinstance(value, bool) is not isinstance(other, bool):
        return False
    return bool(value == other)


def integer_tensor(path: str) -> bool:
    """Tell whether a path is that of a tensor of integers or booleans."""
    return is_tensor(path) and path.endswith(
        (".long()", ".int()", ".bool()", ".short()", ".byte()", ".argmax()", ".argsort()", "torch.arange()")
    )
