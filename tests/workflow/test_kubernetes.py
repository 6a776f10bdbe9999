"""The profile kubernetes: the jobs that it would give to a cluster, and what comes of them when they are run.

No Kubernetes can be had here, so its API server is played (kubernetes_api.py). The objects are those that
Snakemake's own executor sends, and their commands are run as they stand.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kubernetes_api import api  # noqa: F401  a fixture
from recipes import trees
from samebits import root

IMAGE = f"registry.example/samebits@sha256:{'0123456789abcdef' * 4}"

MODEL = {"framework": "xgboost", "recipe": "trees.py:Trees", "data": "sklearn:breast_cancer", "steps": 20}

QUICK = ["--seconds-between-status-checks", "1", "--latency-wait", "5"]


def run(workspace, api, *arguments, image=IMAGE):  # noqa: F811
    (workspace.folder / "kubeconfig").write_text(api.config)
    volumes = [f"samebits:{workspace.folder}", f"cache:{workspace.cache}"]
    return workspace.samebits(
        *("run", "--profile", "kubernetes", "--container-image", image, *QUICK, *arguments),
        *("--kubernetes-volume-persistent-volumes", *volumes),
        KUBECONFIG=str(workspace.folder / "kubeconfig"),
    )


def rule(job):
    """Return the rule that a job is for."""
    (command,) = container(job)["args"][1:]
    return command.split("--allowed-rules ")[1].split()[0].strip("'")


def container(job):
    (found,) = job["spec"]["template"]["spec"]["containers"]
    return found


@pytest.fixture
def prepared(workspace):
    """A model whose spec is there, and the ledger that training alone leaves."""
    workspace.write_recipe("trees.py", trees(workspace.folder / "unused"))
    workspace.write_config(models={"trees": MODEL})
    process = workspace.run("results/trees/spec.json", "results/trees/linted")
    assert process.returncode == 0, process.stdout
    process = workspace.train(workspace.results("trees") / "spec.json", workspace.folder / "alone")
    assert process.returncode == 0, process.stdout
    return workspace


def test_jobs_that_are_killed_or_deleted_come_again_and_the_ledger_is_that_of_one_machine(api, prepared):  # noqa: F811
    troubles = ["kill", "delete"]
    api.trouble = lambda job: troubles.pop() if troubles else None
    api.outages = [1, 2]
    done = run(prepared, api, "results/trees/verified", "--set-resources", "train:gpu=1", "train:mem_mb=8000")
    assert done.returncode == 0, done.stdout
    alone = (prepared.folder / "alone" / "ledger.jsonl").read_bytes()
    for name in ("run-1", "run-2"):
        assert (prepared.results("trees") / name / "ledger.jsonl").read_bytes() == alone
    assert sorted(map(rule, api.jobs)) == ["compare", "train", "train", "train", "train"]
    assert not api.left
    assert "was deleted" in done.stdout
    assert "ended with the exit status 137" in done.stdout
    assert "Kubernetes does not answer, asking again: 503 Service Unavailable" in done.stdout
    assert "Kubernetes request failed." in done.stdout  # one that was not taken

    for job in api.jobs:
        assert job["metadata"]["labels"] == {"app": "snakemake"}
        assert job["spec"]["backoffLimit"] == 0
        pod, has = job["spec"]["template"]["spec"], container(job)
        assert pod["restartPolicy"] == "Never"
        assert has["image"] == IMAGE
        assert has["command"] == ["/bin/sh"]
        assert has["args"][1].startswith(f"cd {prepared.folder} && {sys.executable} -m snakemake")
        claims = {v["persistentVolumeClaim"]["claimName"]: v["name"] for v in pod["volumes"][1:]}
        mounts = {mount["name"]: mount["mountPath"] for mount in has["volumeMounts"]}
        assert mounts[claims["samebits"]] == str(prepared.folder)
        assert mounts[claims["cache"]] == str(prepared.cache)
        assert "env" not in has or not has["env"]
        # GPUs are only given to limits, and where both stand they must be equal
        wanted = ("1", "8000M") if rule(job) == "train" else (None, "4000M")
        for part in ("requests", "limits"):
            got = has["resources"][part]
            assert (got.get("nvidia.com/gpu"), got["memory"]) == wanted
        assert has["resources"]["requests"]["cpu"] == "950m"
        assert has["resources"]["limits"]["cpu"] == "1000m"
    (secret,) = api.objects["secrets"].values()
    assert not secret.get("data")
    assert "a-token" not in json.dumps(api.objects) + done.stdout


def test_the_role_in_the_documents_allows_what_is_asked_for_and_no_more(api, workspace):  # noqa: F811
    api.trouble = lambda job: "kill"
    pipeline(workspace, api, "touch {output}")
    text = (root() / "containers" / "kubernetes.yaml").read_text()
    (role,) = (document for document in yaml.safe_load_all(text) if document["kind"] == "Role")
    allowed = {
        (verb, resource) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    assert allowed == api.asked


def pipeline(workspace, api, command, *arguments, executor="kubernetes-volume", **variables):  # noqa: F811
    """Run a workflow of one job by one of the executors."""
    text = f"envvars: 'VARIABLE'\n\nrule one:\n    output: 'out.txt'\n    shell: {command!r}\n"
    (workspace.folder / "Snakefile").write_text(text)
    (workspace.folder / "kubeconfig").write_text(api.config if api else "{}")
    options = ["--executor", executor, "--jobs", "1", "--scheduler", "greedy", "--container-image", IMAGE]
    if executor == "kubernetes-volume":
        options += ["--kubernetes-volume-persistent-volumes", f"samebits:{workspace.folder}"]
    return subprocess.run(
        [Path(sys.executable).parent / "snakemake", "out.txt", *options, *QUICK, *arguments],
        cwd=workspace.folder,
        env={
            **os.environ,
            "VARIABLE": "it's hidden",
            "KUBECONFIG": str(workspace.folder / "kubeconfig"),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_variables_that_a_workflow_declares_are_in_the_secret_only(api, workspace):  # noqa: F811
    done = pipeline(workspace, api, "echo $VARIABLE > {output}; pwd >> {output}")
    assert done.returncode == 0, done.stdout
    assert (workspace.folder / "out.txt").read_text() == f"it's hidden\n{workspace.folder}\n"
    assert "hidden" not in json.dumps(api.objects["jobs"]) + done.stdout


def test_a_job_that_fails_says_how_and_leaves_its_log(api, workspace):  # noqa: F811
    done = pipeline(workspace, api, "echo to and fro; exit 3")
    assert done.returncode == 1
    assert "ended with the exit status 1." in done.stdout
    (log,) = (workspace.folder / ".snakemake" / "auxiliary" / "kubernetes-logs").iterdir()
    assert "to and fro\n" in log.read_text()
    assert str(log) in done.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--container-image", "samebits:1"], "--container-image is samebits:1, and what that is may change"),
        (
            ["--kubernetes-volume-persistent-volumes", "a:/a", "b:/b"],
            "is on no volume of the jobs (a:/a, b:/b)",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(api, workspace, arguments, problem):  # noqa: F811
    done = pipeline(workspace, api, "touch {output}", *arguments)
    assert done.returncode == 1
    assert problem in done.stdout
    assert "Traceback" not in done.stdout
    assert not api.asked


def test_without_a_cluster_it_says_so(workspace):
    done = pipeline(workspace, None, "touch {output}")
    assert done.returncode == 1
    assert "there is no Kubernetes cluster: " in done.stdout
    assert "Traceback" not in done.stdout


def test_snakemakes_own_executor_takes_no_volume_for_shared(api, workspace):  # noqa: F811
    """Why there is another one."""
    done = pipeline(
        workspace,
        api,
        "touch {output}",
        *("--shared-fs-usage", "input-output", "persistence", "software-deployment", "sources"),
        executor="kubernetes",
    )
    assert done.returncode == 1
    assert "If no shared filesystem is assumed" in done.stdout


def test_without_its_parts_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_kubernetes", None)
    for name in (
        "snakemake_executor_plugin_kubernetes_volume",
        "snakemake_executor_plugin_kubernetes_volume.executor",
    ):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from snakemake_interface_common.exceptions import WorkflowError

    import snakemake_executor_plugin_kubernetes_volume as plugin

    with pytest.raises(WorkflowError, match=r"pip install 'samebits\[kubernetes\]'"):
        plugin.Executor(None, None)
