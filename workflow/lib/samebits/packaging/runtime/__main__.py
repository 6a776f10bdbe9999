"""The command line of a packaged model."""

import argparse
import importlib
import json
import os
import sys
from pathlib import Path

from . import _rows

_FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Run the command line."""
    about = _rows.about(_FOLDER)
    parser = argparse.ArgumentParser(prog=about["name"], description=f"{about['sentence']}")
    parser.add_argument("--version", action="version", version=about["version"])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help in (("predict", "predict rows"), ("predict-proba", "predict the classes' probabilities")):
        command = commands.add_parser(name, help=help)
        command.add_argument("input", type=Path, help=".csv, .npy, .npz or .safetensors")
        command.add_argument("-o", "--output", type=Path, required=True, help=".csv, .npy or .safetensors")
    commands.add_parser("check", help="predict the examples, and compare them with the record bit for bit")
    commands.add_parser("card", help="print the model card")
    commands.add_parser("info", help="print signature, materials and verdict as JSON")
    serve = commands.add_parser("serve", help="answer HTTP requests: POST /invocations, GET /ping")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8080, help="0 takes a free one")
    arguments = parser.parse_args()
    if arguments.command in ("predict", "predict-proba", "check", "serve"):
        _seal(about["variables"])
    try:
        _run(arguments)
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        print(f"{about['name']}: {error}", file=sys.stderr)
        sys.exit(1)


def _seal(variables: dict[str, str]) -> None:
    """Start anew with the variables that choose kernels, unless they are set: they are read only once."""
    if any(os.environ.get(name) != value for name, value in variables.items()):
        os.execve(  # noqa: S606
            sys.executable,
            [sys.executable, "-P", "-m", str(__package__), *sys.argv[1:]],
            {**os.environ, **variables},
        )


def _run(arguments: argparse.Namespace) -> None:
    package = importlib.import_module(str(__package__))
    match arguments.command:
        case "predict":
            _rows.write(arguments.output, package.predict(_rows.read(arguments.input)))
        case "predict-proba":
            _rows.write(arguments.output, package.predict_proba(_rows.read(arguments.input)))
        case "check":
            package.check()
            print("the examples' outputs are the recorded ones, bit for bit")
        case "card":
            print((_FOLDER / "MODEL_CARD.md").read_text(), end="")
        case "info":
            print(json.dumps({**_rows.about(_FOLDER), **_rows.signature(_FOLDER)}, indent=2))
        case "serve":
            from . import _service

            _service.serve(package, arguments.host, arguments.port)


if __name__ == "__main__":
    main()
