"""The executor dask: any Snakemake job on a Dask cluster, started here or running already."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slurm import slurm  # noqa: F401  a fixture

BIN = Path(sys.executable).parent

#: each job waits for some time to see three at work at once, and leaves a file if it did
TOGETHER = """
rule all:
    input: expand("out/{i}", i=range(4))

rule job:
    output: "out/{i}"
    resources: gpu=1
    shell: "mkdir -p busy; touch busy/{wildcards.i}; "
        "for n in $(seq SECONDS0); do test $(ls busy | wc -l) -ge 3 && touch seen; "
        "test -e seen && break; sleep 0.1; done; "
        "echo waited {wildcards.i}; touch {output}; sleep 0.3; rm busy/{wildcards.i}"
"""

ONE = """
rule one:
    output: "out.txt"
    threads: {threads}
    retries: 0
    shell: {command!r}
"""


class Pipeline:
    """A folder with a Snakefile."""

    def __init__(self, folder):
        self.folder = folder

    def start(self, snakefile, *arguments, **variables):
        (self.folder / "Snakefile").write_text(snakefile)
        options = ["--executor", "dask", "--jobs", "8", "--scheduler", "greedy", "--dask-threads", "2"]
        return subprocess.Popen(
            [BIN / "snakemake", *options, *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, snakefile, *arguments, **variables):
        process = self.start(snakefile, *arguments, **variables)
        try:
            output, _ = process.communicate(timeout=120)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    def wait_for(self, name, seconds=60):
        """Wait until a file has a line, and return its lines."""
        end = time.monotonic() + seconds
        while not ((self.folder / name).exists() and (self.folder / name).read_text().endswith("\n")):
            assert time.monotonic() < end, f"{name} does not come"
            time.sleep(0.05)
        return (self.folder / name).read_text().split()


@pytest.fixture
def pipeline(tmp_path):
    return Pipeline(tmp_path)


def alive(process):
    """Tell whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(process, seconds=30):
    end = time.monotonic() + seconds
    while alive(process) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(process)


def worker_of(process):
    """Return the Dask worker that a job's process runs under."""
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        if b"dask_worker" in Path(f"/proc/{process}/cmdline").read_bytes():
            return process
    raise AssertionError("no worker above it")


@pytest.mark.parametrize(("gpus", "seconds", "seen"), [(1, 5, False), (2, 100, True)])
def test_a_worker_gets_no_more_jobs_than_it_has_gpus_for(pipeline, gpus, seconds, seen):
    """Two workers with one GPU each never run three jobs at once; the twin with two GPUs each does."""
    done = pipeline.run(TOGETHER.replace("SECONDS", str(seconds)), "--dask-gpus", gpus)
    assert done.returncode == 0, done.stdout
    assert (pipeline.folder / "seen").exists() == seen
    assert "[job] waited 1\n" in done.stdout  # what jobs print comes back, with the rule's name


def test_a_job_that_fails_says_how_and_where_its_output_is(pipeline):
    done = pipeline.run(ONE.format(threads=1, command="echo to and fro >&2; exit 3"), "out.txt")
    assert done.returncode == 1
    assert "[one] to and fro\n" in done.stdout
    assert "It ended with the exit status 1. Its output is in " in done.stdout
    (log,) = (pipeline.folder / ".snakemake" / "dask_logs" / "one").iterdir()
    assert str(log) in done.stdout
    assert "to and fro\n" in log.read_text()


def test_a_job_that_no_worker_has_room_for_fails_at_once(pipeline):
    done = pipeline.run(
        ONE.format(threads=3, command="touch {output}"), "out.txt", "--set-resources", "one:gpu=1"
    )
    assert done.returncode == 1
    said = "The job needs cores=3, gpu=1, and no worker has as much (at most cores=2, gpu=0); start larger"
    assert said in done.stdout.replace("mem_mb=1000, ", "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--dask-workers", "0"], "--dask-workers is 0; give at least 1"),
        (["--dask-cluster", "queue=main"], "--dask-cluster is not JSON"),
        (["--dask-cluster", "[1]"], "--dask-cluster is [1]; give a JSON object"),
        (["--dask-scheduler", "tcp://127.0.0.1:9"], "there is no Dask scheduler at tcp://127.0.0.1:9"),
        (["--dask-scheduler", "nowhere"], "--dask-scheduler is 'nowhere'; give local, slurm or an address"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(pipeline, arguments, problem):
    patience = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}  # 30 s if not given
    done = pipeline.run(ONE.format(threads=1, command="touch {output}"), "out.txt", *arguments, **patience)
    assert done.returncode == 1
    assert problem in done.stdout
    assert "Traceback" not in done.stdout


SLEEPER = "echo $$ > pid && (setsid sleep 600 & echo $! > child; wait) && touch {output}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_jobs_end_with_snakemake_and_all_that_they_started_with_them(pipeline, number):
    process = pipeline.start(ONE.format(threads=1, command=SLEEPER), "out.txt")
    jobs = [int(pipeline.wait_for(name)[0]) for name in ("pid", "child")]
    assert all(map(alive, jobs))
    worker = worker_of(jobs[0])
    process.send_signal(number)
    process.wait(60)
    assert all(map(gone, [*jobs, worker]))


def test_a_job_whose_worker_is_killed_is_run_again_and_its_first_attempt_ended(pipeline):
    command = "echo $$ >> pids; test -e once || (touch once && sleep 600); sleep 1; echo done > {output}"
    process = pipeline.start(ONE.format(threads=1, command=command), "out.txt")
    first = int(pipeline.wait_for("pids")[0])
    pipeline.wait_for("pids")
    time.sleep(0.5)
    os.kill(worker_of(first), signal.SIGKILL)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert gone(first)
    assert len((pipeline.folder / "pids").read_text().split()) == 2
    assert (pipeline.folder / "out.txt").read_text() == "done\n"


MANY = """
rule all:
    input: expand("out/{i}", i=range(3))

rule fatal:
    output: "fatal"
    priority: 10
    shell: "echo $$ >> pids; sleep 600; touch {output}"

rule job:
    output: "out/{i}"
    shell: "touch {output}"
"""


def test_a_job_whose_every_worker_dies_fails_and_those_that_waited_for_them_do_not(pipeline):
    process = pipeline.start(MANY, "--dask-workers", 1, "--dask-threads", 1, "--keep-going", "fatal", "all")
    for number in range(5):  # Dask itself gives up whatever was on four
        while len(pids := pipeline.wait_for("pids")) <= number:
            time.sleep(0.2)
        os.kill(worker_of(int(pids[number])), signal.SIGKILL)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    assert "It lost the worker it ran on 5 times; it may be what kills them." in output
    assert output.count("Error in rule") == 1
    assert sorted(path.name for path in (pipeline.folder / "out").iterdir()) == ["0", "1", "2"]


@pytest.fixture
def running(tmp_path):
    """A cluster of a user's: its workers say nothing of cores and memory, one has a GPU."""
    file = tmp_path / "scheduler.json"
    start = ["--host", "127.0.0.1", "--no-dashboard"]
    commands = [["dask", "scheduler", "--scheduler-file", file, "--port", "0", *start]]
    for resources in ([], ["--resources", "gpu=1"]):
        place = ["--scheduler-file", file, "--local-directory", tmp_path, "--nthreads", "2"]
        commands.append(["dask", "worker", *place, *resources, *start])
    processes = [
        subprocess.Popen([BIN / command[0], *command[1:]], stderr=subprocess.DEVNULL) for command in commands
    ]
    import distributed

    with distributed.Client(scheduler_file=str(file), timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        yield client.scheduler.address
    for process in reversed(processes):
        process.terminate()
        process.wait()


def test_a_running_cluster_is_used_as_it_is(pipeline, running):
    done = pipeline.run(
        ONE.format(threads=2, command="echo $VARIABLE > {output}") + "envvars: 'VARIABLE'\n",
        *("out.txt", "--dask-scheduler", running, "--set-resources", "one:gpu=1"),
        VARIABLE="it's secret",
    )
    assert done.returncode == 0, done.stdout
    assert (pipeline.folder / "out.txt").read_text() == "it's secret\n"
    assert "2 worker(s)" in done.stdout
    assert "secret" not in done.stdout  # variables are in no command line
    too_large = pipeline.run(
        ONE.format(threads=3, command="true"), "out.txt", "-F", "--dask-scheduler", running
    )
    assert "The job needs cores=3" in too_large.stdout


def test_workers_that_slurm_starts(pipeline, slurm):  # noqa: F811
    loopback = {"scheduler_options": {"host": "127.0.0.1"}, "worker_extra_args": ["--host", "127.0.0.1"]}
    cluster = json.dumps({"queue": "main", **loopback})
    done = pipeline.run(
        ONE.format(threads=1, command="echo $SLURM_JOB_NAME $CUDA_VISIBLE_DEVICES > {output}"),
        *("out.txt", "--set-resources", "one:gpu=1", "--dask-gpus", "1", "--dask-memory-mb", "1000"),
        *("--dask-scheduler", "slurm", "--dask-workers", "1", "--dask-cluster", cluster),
    )
    assert done.returncode == 0, done.stdout
    assert (pipeline.folder / "out.txt").read_text().split() == ["dask-worker", "0"]
    assert not subprocess.run(["squeue", "-h"], stdout=subprocess.PIPE, text=True).stdout.strip()
