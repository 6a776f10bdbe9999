"""What stands for Kubernetes' API server in tests, since none can be had.

It speaks as much of the protocol as a workflow needs, keeps the objects that it is given, and runs each job's
command as a process of this machine.
"""

import base64
import json
import os
import re
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

ROUTE = re.compile(r"/(?:api|apis/batch)/v1/namespaces/(\w+)/(\w+)(?:/([\w-]+))?(?:/(\w+))?")

CONFIG = """
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: test, user: {{token: a-token}}}}]
"""


class Api:
    """Objects by kind and name, what was asked for, and the processes of jobs.

    Attributes:
        objects: what was created, by kind (``jobs``, ``secrets``).
        asked: every request, as the verb and the resource that a Role would name.
        trouble: called with each new job; may return ``"kill"``, which ends it as its node would,
            ``"delete"``, which takes it away, or None.
        outages: how many jobs, and then questions for a job's status, will be answered with 503.
        config: the text of a KUBECONFIG that leads here.
    """

    def __init__(self, folder):
        self.folder = folder
        self.objects = {"jobs": {}, "secrets": {}}
        self.asked = set()
        self.trouble = lambda job: None
        self.outages = [0, 0]
        self._processes = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self.config = CONFIG.format(port=self._server.server_port)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        for name in self._processes:
            self._end(name)

    @property
    def jobs(self):
        """The jobs in the order in which they came."""
        return list(self.objects["jobs"].values())

    @property
    def left(self):
        """The names of the jobs that are still there."""
        return set(self._processes)

    def answer(self, method, path, query, body):
        """Return the status and the object that answer a request."""
        _, kind, name, part = ROUTE.fullmatch(path).groups()
        verb = {"POST": "create", "DELETE": "delete"}.get(method, "get" if name else "list")
        self.asked.add((verb, f"{kind}/{part}" if part else kind))
        if verb == "create":
            if kind == "jobs" and self.outages[0] > 0:
                self.outages[0] -= 1
                return 503, {"kind": "Status", "reason": "ServiceUnavailable"}
            name = body["metadata"]["name"]
            self.objects[kind][name] = body
            if kind == "jobs":
                self._start(name, body)
            return 201, body
        if kind == "secrets":
            return 200, {"kind": "Status"}
        if kind == "jobs":
            return self._job(verb, name)
        if verb == "list":
            job = query["labelSelector"][0].removeprefix("job-name=")
            return 200, {"kind": "PodList", "items": [self._pod(job)] if job in self._processes else []}
        if part == "log":
            if "previous" in query:
                return 400, {"message": "previous terminated container not found"}
            return 200, (self.folder / f"{name.removesuffix('-pod')}.log").read_text()
        return 200, {"kind": "Status"}

    def _start(self, name, job):
        container = job["spec"]["template"]["spec"]["containers"][0]
        place = self.folder / name  # for the empty folder in which a pod begins
        place.mkdir()
        variables = {"PATH": "/usr/bin:/bin", "HOME": str(place)}
        for variable in container.get("env", []):
            key = variable["valueFrom"]["secretKeyRef"]
            value = self.objects["secrets"][key["name"]]["data"][key["key"]]
            variables[variable["name"]] = base64.b64decode(value).decode()
        with (self.folder / f"{name}.log").open("w") as log:
            self._processes[name] = subprocess.Popen(
                [*container["command"], *container["args"]],
                cwd=place,
                env=variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if trouble := self.trouble(job):
            self._end(name)
            if trouble == "delete":
                del self._processes[name]

    def _end(self, name):
        process = self._processes[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # all of a pod's processes end with it
            process.wait()

    def _job(self, verb, name):
        if name not in self._processes:
            return 404, {"kind": "Status", "reason": "NotFound"}
        if verb == "delete":
            self._end(name)
            del self._processes[name]
            return 200, {"kind": "Status"}
        if self.outages[1] > 0:
            self.outages[1] -= 1
            return 503, {"kind": "Status", "reason": "ServiceUnavailable"}
        status = self._processes[name].poll()
        found = {} if status is None else {"failed": 1} if status else {"succeeded": 1}
        return 200, {**self.objects["jobs"][name], "status": found}

    def _pod(self, name):
        status = self._processes[name].poll()
        ended = {"exitCode": status if status >= 0 else 128 - status} if status is not None else None
        state = {"terminated": ended} if ended else {"running": {}}
        container = {
            **{"name": "snakemake", "state": state, "ready": True, "restartCount": 0},
            **{"image": "image", "imageID": "image"},
        }
        return {"metadata": {"name": f"{name}-pod"}, "status": {"containerStatuses": [container]}}


class _Handler(BaseHTTPRequestHandler):
    api: Api

    def _do(self):
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        status, answer = self.api.answer(self.command, url.path, parse_qs(url.query), body)
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _do

    def log_message(self, *arguments):
        pass


@pytest.fixture
def api(tmp_path_factory):
    """The stand-in for an API server."""
    api = Api(tmp_path_factory.mktemp("kubernetes"))
    yield api
    api.close()
