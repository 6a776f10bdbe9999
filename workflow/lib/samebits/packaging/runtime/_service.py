"""A packaged model behind HTTP, as MLflow's scoring servers speak: POST /invocations, GET /ping and /version.

``{"inputs": …}`` and ``{"instances": …}`` hold rows, or a dict of them; ``{"dataframe_split": {"data": …}}``
a table; ``text/csv`` works, too. The answer is ``{"predictions": …}``.
"""

import csv
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

_LARGEST = 256 << 20  # bytes of a request


def serve(package: Any, host: str, port: int) -> None:
    """Serve until interrupted; prints the address when the model is loaded."""
    package.model()
    # one prediction at a time: the number of threads that compute is part of what was proven
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        """Answers one request."""

        def do_GET(self) -> None:
            """Tell that it is alive, or which version."""
            answers = {"/ping": "", "/health": "", "/version": package.__version__}
            if self.path in answers:
                self._answer(200, answers[self.path].encode(), "text/plain")
            else:
                self._fail(404, f"there is no {self.path}; POST /invocations")

        def do_POST(self) -> None:
            """Predict."""
            if self.path != "/invocations":
                return self._fail(404, f"there is no {self.path}; POST /invocations")
            length = int(self.headers.get("Content-Length") or 0)
            if not 0 < length <= _LARGEST:
                return self._fail(413, f"give a Content-Length of at most {_LARGEST} bytes")
            try:
                rows = _rows_of(self.rfile.read(length), self.headers.get("Content-Type") or "")
                with lock:
                    predictions = package.predict(rows)
            except (ValueError, TypeError, KeyError) as error:
                return self._fail(400, f"{error}")
            self._answer(200, json.dumps({"predictions": predictions.tolist()}).encode(), "application/json")

        def _fail(self, status: int, message: str) -> None:
            self._answer(status, json.dumps({"error": message}).encode(), "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer((host, port), Handler)
    print(f"serving on http://{server.server_address[0]!s}:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def _rows_of(body: bytes, kind: str) -> Any:
    if kind.startswith("text/csv"):
        lines = [line for line in csv.reader(io.StringIO(body.decode())) if line]
        return np.array([[float(cell) for cell in line] for line in lines[1:]])
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError('send a JSON object such as {"inputs": [[…]]}')
    if "dataframe_split" in fields:
        return np.array(fields["dataframe_split"]["data"])
    inputs = fields["inputs"] if "inputs" in fields else fields["instances"]
    if isinstance(inputs, dict):
        return {name: np.array(rows) for name, rows in inputs.items()}
    return np.array(inputs)
