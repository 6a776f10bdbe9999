"""Switches and environment variables: turned off, contradicted, set too late, or not set at all."""

import ast
from typing import Any, Final

from samebits.lint.catalog import Setting
from samebits.lint.file import File, same
from samebits.lint.finding import Edit, Fix
from samebits.lint.names import UNKNOWN, ancestors
from samebits.sealed.tiers import at_least

_CUDA: Final = frozenset({"cuda", "cuda:0", "gpu", 0})
#: options of the command line that decide about determinism
_OPTIONS: Final = ("determin", "seed", "cuda", "gpu", "benchmark", "shuffle", "reproduc")


def check(file: File) -> None:
    """Report settings that undo or miss determinism."""
    for assign in file.names.assigns:
        targets = assign.targets if isinstance(assign, ast.Assign) else [assign.target]
        for target in targets:
            if isinstance(target, ast.Attribute):
                _setting(file, assign, target)
            elif isinstance(target, ast.Subscript):
                _variable_assigned(file, assign, target)
    _variables_in_calls(file)
    _options(file)
    _missing_switch(file)


def _setting(file: File, assign: Any, target: ast.Attribute) -> None:
    path = file.path(target)
    value = assign.value
    if value is None:
        return
    if path in file.catalog.setters:
        inner = _between(file, target, assign)
        edit = Edit(file.end(target), file.end(assign), f"({inner})")
        fix = (
            Fix("call the setter", (edit,))
            if isinstance(assign, ast.Assign) and len(assign.targets) == 1
            else None
        )
        file.report(
            assign,
            "SB306",
            f"{path} is a function: assigning to it replaces it and sets nothing; call {path}({inner})",
            "error",
            fix=fix,
        )
        return
    for setting in file.catalog.settings:
        if path in setting.names and _concerns(file, setting, value):
            severity = setting.severity or file.catalog.rules[setting.code].severity
            if file.context.sealed and setting.sealed != "same":
                severity = setting.sealed
            fix = None
            if setting.fix:
                fix = Fix(
                    f"set it to {setting.fix}", (Edit(file.start(value), file.end(value), setting.fix),)
                )
            file.report(assign, setting.code, f"{path} {setting.what}; {setting.use}", severity, fix=fix)
            return
    if path.endswith("Trainer().deterministic") or path.endswith("Trainer().benchmark"):
        file.report(
            assign,
            "SB307",
            f"{target.attr} is read when the Trainer is made not later; pass it to Trainer(...)",
            "error" if target.attr == "deterministic" else None,
        )


def _between(file: File, target: Any, assign: Any) -> str:
    """Return what stands after the equals sign, with its own parentheses."""
    raw = file.source.text.encode("utf-8", "surrogatepass")[file.end(target) : file.end(assign)]
    return raw.decode("utf-8", "surrogatepass").partition("=")[2].strip()


def _concerns(file: File, setting: Setting, value: Any) -> bool:
    if not file.context.runs_on(setting.device) or not at_least(file.context.tier, setting.tier):
        return False
    if setting.equals is None:
        return True
    values = file.names.values(value)
    return values is not None and any(same(v, each) for v in values for each in setting.equals)


def _variable_assigned(file: File, assign: Any, target: ast.Subscript) -> None:
    if file.path(target.value) == "os.environ" and (names := file.names.values(target.slice)):
        for name in names:
            _variable(file, assign, str(name), assign.value)


def _variables_in_calls(file: File) -> None:
    for leaf in ("setdefault", "putenv", "update"):
        for call in file.names.calls_of.get(leaf, ()):
            path = file.path(call.func)
            if path in ("os.environ.setdefault", "os.putenv") and len(call.args) >= 2:
                for name in file.names.values(call.args[0]) or ():
                    _variable(file, call, str(name), call.args[1])
            elif path == "os.environ.update":
                for keyword in call.keywords:
                    if keyword.arg:
                        _variable(file, call, keyword.arg, keyword.value)
                table = file.names.literal(call.args[0]) if call.args else None
                if isinstance(table, ast.Dict):
                    for key, value in zip(table.keys, table.values, strict=True):
                        if isinstance(key, ast.Constant):
                            _variable(file, key, str(key.value), value)


def _variable(file: File, node: Any, name: str, value: Any) -> None:
    """Report an environment variable that is set where it comes too late, or to a value that undoes it."""
    file.facts.add(f"variable.{name}")
    known = file.catalog.variables.get(name)
    if known is None:
        return
    if file.context.sealed:
        file.report(
            node, "SB305", f"{name} belongs to the seal, which has set it before Python started; leave it out"
        )
        return
    values = file.names.values(value)
    text = " ".join(map(str, values or ()))
    if "xla_gpu_deterministic_ops=true" in text or "xla_gpu_exclude_nondeterministic_ops=true" in text:
        file.facts.add("xla.deterministic")
    if name == "TORCHINDUCTOR_DETERMINISTIC" and text == "1":
        file.facts.add("inductor.deterministic")
    if known.off and values is not None and any(str(v) in known.off for v in values):
        file.report(node, "SB302", f"{name}={next(iter(values))} {known.what}")
        return
    if not known.readers:
        file.report(
            node,
            "SB305",
            f"{name} is set too late: {known.what}; set it before Python starts",
        )
        return
    in_function = any(isinstance(o, ast.FunctionDef | ast.AsyncFunctionDef) for o in ancestors(node))
    for reader in known.readers:
        line = file.names.imports.get(reader)
        if reader == "cuda":
            line = _first_cuda(file, node) if not in_function else None
        if line is not None and (in_function or line < node.lineno):
            what = "CUDA is used" if reader == "cuda" else f"{reader} is imported"
            file.report(
                node,
                "SB305",
                f"{name} is set too late: {what} in line {line}, and {known.what}; "
                "set it before, best in the environment that starts Python",
            )
            return


def _first_cuda(file: File, node: Any) -> int | None:
    """Return the first line at module level that uses CUDA, if it comes before ``node``."""
    for call in file.names.calls:
        if call.lineno >= node.lineno:
            return None
        if uses_cuda(file, call) and not any(
            isinstance(outer, ast.FunctionDef | ast.ClassDef | ast.Lambda) for outer in ancestors(call)
        ):
            return call.lineno
    return None


def uses_cuda(file: File, call: ast.Call) -> bool:
    """Tell whether a call puts something on a GPU for certain."""
    function = call.func
    if isinstance(function, ast.Attribute):
        if function.attr == "cuda" and len(call.args) <= 1:
            return True
        if function.attr in ("to", "device") and call.args:
            values = file.names.values(call.args[0])
            if values and all(isinstance(v, str) and v.startswith("cuda") for v in values):
                return True
    for keyword in call.keywords:
        if keyword.arg in ("device", "accelerator"):
            values = file.names.values(keyword.value)
            if values and all(isinstance(v, str) and v.startswith(("cuda", "gpu")) for v in values):
                return True
    return False


def _options(file: File) -> None:
    """Report ``add_argument("--deterministic", type=bool)``: every text is true, also "False"."""
    for call in file.names.calls_of.get("add_argument", ()):
        kind = next((k.value for k in call.keywords if k.arg == "type"), None)
        if not (isinstance(kind, ast.Name) and kind.id == "bool" and call.args):
            continue
        option = file.names.values(call.args[0]) or frozenset()
        if any(isinstance(o, str) and any(word in o.lower() for word in _OPTIONS) for o in option):
            edit = Edit(file.start(kind), file.end(kind), "lambda text: text.lower() in ('1', 'true', 'yes')")
            file.report(
                call,
                "SB308",
                f'{next(iter(option))} with type=bool is true for every text, "False" too; '
                "use action=argparse.BooleanOptionalAction",
                fix=Fix("read the text", (edit,)),
            )


def _missing_switch(file: File) -> None:
    """Report a script that trains on a GPU without deterministic algorithms."""
    context = file.context
    if context.sealed or context.device == "cpu" or not at_least(context.tier, "deterministic"):
        return
    if not file.is_script():
        return
    if "torch" in file.frameworks:
        training = _torch_training(file)
        if training is None:
            return
        if context.device is None and not any(uses_cuda(file, call) for call in file.names.calls):
            return
        file.report(
            training,
            "SB301",
            "PyTorch trains on a GPU without deterministic algorithms; "
            "call torch.use_deterministic_algorithms(True)",
            unless=("switch.torch",),
        )
    elif file.frameworks & {"tensorflow", "keras"} and context.device == "cuda":
        training = next(
            (c for c in file.names.calls_of.get("fit", ()) if not file.path(c.func).startswith("sklearn.")),
            None,
        )
        if training is not None:
            file.report(
                training,
                "SB301",
                "TensorFlow trains on a GPU without op determinism; "
                "call tf.config.experimental.enable_op_determinism()",
                unless=("switch.tensorflow",),
            )


def _torch_training(file: File) -> ast.Call | None:
    """Return the call that shows that the file trains with PyTorch."""
    for call in file.names.calls_of.get("backward", ()):
        if isinstance(call.func, ast.Attribute):
            return call
    for call in file.names.calls_of.get("fit", ()):
        if "Trainer()" in file.path(call.func):
            return call
    return None


__all__ = ["UNKNOWN", "check", "uses_cuda"]
