"""lparun-ci on farms: examples/ci by others' schemas and tools, and Slurm's script on a cluster of Debian's Slurm."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

from lab import apt, npm, paths
from lab.failure import LabError

EXAMPLES = paths.TOP / "examples/ci"
CI = paths.NATIVE / "lparun-ci"
FALSE = paths.TOP / "tests/ci/false_lparun_ci.py"
FALSE_LPARUN = paths.TOP / "tests/ci/false_lparun.py"
# What the suite has for lparun: a boot passes, unless there is a file NAME.bad where it starts.
PLAYER = f"""#!/bin/sh
name=$(expr "$*" : '.*-name \\([^ ]*\\)')
echo 'tell SHUTDOWN guest-shutdown' > "$name.play"
[ -e "$name.bad" ] && echo 'say Kernel panic - not syncing: so it is\\n' > "$name.play"
FALSE_LPARUN=$PWD/$name.play exec {FALSE_LPARUN} "$@"
"""
KUBERNETES_CHECK = paths.TOP / "tests/ci/kubernetes_check.js"
SLURM = ["slurmctld", "slurmd", "slurm-client", "munge"]
NAMES = [f"boot-{number}" for number in range(7)]
LIMIT = 60


def need(what, get, *arguments):
    """What get returns; skips where it cannot be had."""
    try:
        return get(*arguments)
    except LabError as error:
        pytest.skip(f"{what} cannot be had: {str(error).splitlines()[-1]}")


@pytest.fixture(scope="module")
def load_all():
    """Documents of a text of YAML."""
    need("a YAML reader", apt.install, "a YAML reader", ["python3-yaml"])
    import yaml
    return lambda text: list(yaml.safe_load_all(text))


def has_shards():
    asked = subprocess.run([CI, "run", "--help"], stdout=subprocess.PIPE, text=True, check=True, timeout=LIMIT)
    return "--shard" in asked.stdout


@pytest.fixture
def place(tmp_path):
    """A folder with a suite, and an environment in which lparun-ci, or a false one until it has shards, is on the path."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/lparun-ci").symlink_to(CI if has_shards() else FALSE)
    (tmp_path / "bin/player").write_text(PLAYER)
    (tmp_path / "bin/player").chmod(0o755)
    boots = "".join(f"[boot {name}]\narguments = -name {name}\n" for name in NAMES)
    (tmp_path / "suite.boot").write_text("[defaults]\nlparun = player\n" + boots)
    kept = {name: value for name, value in os.environ.items() if not re.match(r"SLURM|SBATCH|CI|JOB_|GIT", name)}
    return tmp_path, {**kept, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path)}


def run(log, command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=LIMIT, **options)
    log.add(" ".join(map(str, command)), done.stdout)
    return done


def results(folder):
    return json.loads((folder / "results.json").read_text())


def assert_all(folder, shards, report="all", out="out"):
    """Every shard ran its own part, and the report has it all."""
    parts = sorted((folder / out).glob("shard-*/results.json"))
    ran = [boot["name"] for part in parts for boot in results(part.parent)["boots"]]
    assert len(parts) == shards
    assert {results(part.parent)["shards"] for part in parts} == {shards}
    assert sorted(ran) == NAMES
    assert [boot["name"] for boot in results(folder / report)["boots"]] == NAMES


# Kubernetes

def kubernetes_check(modules, manifests):
    """What is wrong with manifests, a line each."""
    objects = [{"schema": "IoK8sApiBatchV1Job.js", "manifest": manifest} for manifest in manifests]
    done = subprocess.run(["node", KUBERNETES_CHECK, modules], input=json.dumps(objects), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def kubernetes():
    return need("Kubernetes' schemas", npm.modules, "kubernetes", "kubernetes-models")


@pytest.mark.parametrize("name", ["kubernetes.yaml", "kubernetes-merge.yaml"])
def test_kubernetes_schema(name, kubernetes, load_all):
    assert kubernetes_check(kubernetes, load_all((EXAMPLES / name).read_text())) == ""


@pytest.mark.parametrize("old, new, says", [
    ("completionMode: Indexed", "completionMode: indexed", "/spec/completionMode"),
    ("backoffLimitPerIndex", "backoffLimitPerShard", "/spec/backoffLimitPerShard: not known"),
    ("operator: In", "operator: Is", "/onExitCodes/operator"),
    ("values: [3]", "values: 3", "/onExitCodes/values"),
    ("mountPath: /out", "mount: /out", "/volumeMounts/1: required"),
])
def test_kubernetes_check_sees(old, new, says, kubernetes, load_all):
    """What is wrong is seen: the check above is one."""
    text = (EXAMPLES / "kubernetes.yaml").read_text()
    assert old in text
    assert says in kubernetes_check(kubernetes, load_all(text.replace(old, new)))


def test_kubernetes_policy(load_all):
    """What lparun-ci's exit statuses do, and what a schema does not say."""
    (job,) = load_all((EXAMPLES / "kubernetes.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    rules = {rule["action"]: rule.get("onExitCodes") for rule in job["spec"]["podFailurePolicy"]["rules"]}
    assert rules["FailIndex"]["values"] == [1, 2] and rules["Count"]["values"] == [3]
    assert {rule["containerName"] for rule in rules.values() if rule} == {container["name"]}
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert container["env"] == [{"name": "LPARUN_CI_SHARDS", "value": str(job["spec"]["completions"])}]
    volumes = {volume["name"] for volume in job["spec"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def pod(log, load_all, place, name, **environment):
    """The command of a manifest's container, with its folders in place."""
    folder, around = place
    (job,) = load_all((EXAMPLES / name).read_text())
    command = job["spec"]["template"]["spec"]["containers"][0]["command"]
    moved = [word.replace("/suite/", f"{folder}/").replace("/out/", f"{folder}/out/") for word in command]
    assert run(log, moved, env={**around, **environment}, cwd=folder).returncode == 0


def test_kubernetes_commands(load_all, place, log):
    for index in range(8):
        pod(log, load_all, place, "kubernetes.yaml", JOB_COMPLETION_INDEX=str(index), LPARUN_CI_SHARDS="8")
    pod(log, load_all, place, "kubernetes-merge.yaml")
    assert_all(place[0], 8, report="out/all")


# Containerfile

def test_containerfile(log):
    modules = need("a reader of container files", npm.modules, "dockerfile", "dockerfile-utils")
    text = (EXAMPLES / "Containerfile").read_text()
    script = ("const {validate} = require(process.argv[1]); "
              "console.log(validate(require('fs').readFileSync(0, 'utf8')).map(d => d.message).join('\\n'))")

    def check(content):
        return subprocess.run(["node", "-e", script, modules / "dockerfile-utils"], input=content, check=True,
                              stdout=subprocess.PIPE, text=True, timeout=LIMIT).stdout.strip()

    assert check(text) == ""
    assert "COBY" in check(text.replace("COPY", "COBY"))
    built = re.search(r"meson setup (/\S+) /source", text)[1]
    assert f"meson install -C {built}" in text


# GitHub

def test_github_schema(tmp_path, log):
    modules = need("action-validator", npm.modules, "github", "@action-validator/core", "@action-validator/cli")
    text = (EXAMPLES / "github.yml").read_text()
    check = [modules / ".bin/action-validator", tmp_path / "workflow.yml"]
    (tmp_path / "workflow.yml").write_text(text)
    assert run(log, check).returncode == 0
    (tmp_path / "workflow.yml").write_text(text.replace("runs-on", "runs_on"))
    assert run(log, check).returncode != 0


def test_github_commands(load_all, place, log):
    folder, around = place
    (workflow,) = load_all((EXAMPLES / "github.yml").read_text())
    boots, report = workflow["jobs"]["boots"], workflow["jobs"]["report"]
    shards = boots["strategy"]["matrix"]["shard"]
    lines = [step["run"].replace("${{ matrix.shard }}", str(shard)).replace("${{ strategy.job-total }}", str(len(shards)))
             for shard in shards for step in boots["steps"] if "run" in step]
    for line in [*lines, *[step["run"] for step in report["steps"] if "run" in step]]:
        assert run(log, ["bash", "-e", "-c", line], env=around, cwd=folder).returncode == 0
    assert_all(folder, len(shards))


# GitLab

def test_gitlab(place, log):
    """The pipeline runs, jobs, artifacts and all, as shell jobs of gitlab-ci-local, which checks it by GitLab's schema."""
    folder, around = place
    modules = need("gitlab-ci-local", npm.modules, "gitlab", "gitlab-ci-local")
    need("rsync", apt.install, "rsync", ["rsync", "git"])
    text = (EXAMPLES / "gitlab.yml").read_text()
    local = [modules / ".bin/gitlab-ci-local", "--home", folder]
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@localhost"]
    (folder / ".gitlab-ci.yml").write_text(text.replace("max: 1", "maximum: 1"))
    run(log, [*git, "init", "-q", "."], cwd=folder, env=around)
    run(log, [*git, "add", "suite.boot"], cwd=folder, env=around)
    run(log, [*git, "commit", "-qm", "suite"], cwd=folder, env=around)
    wrong = run(log, [*local, "--list"], cwd=folder, env=around)
    assert wrong.returncode != 0 and "maximum" in wrong.stdout
    (folder / ".gitlab-ci.yml").write_text(text)
    assert run(log, [*local, "--force-shell-executor", "--shell-isolation"], cwd=folder, env=around).returncode == 0
    assert_all(folder / ".gitlab-ci-local/artifacts/report", 4)


# Slurm

CONFIGURATION = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
AuthInfo=socket={folder}/munge.socket
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
SlurmdParameters=config_overrides
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=1
NodeName=other NodeHostname={host} NodeAddr=127.0.0.1 Port={other} CPUs=1
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def until(true, what):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, f"{what}: not after 20 s"
        time.sleep(0.1)


def configure(folder):
    user = subprocess.run(["id", "-un"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    controller, one, other = free_ports(3)
    (folder / "state").mkdir()
    for name in ("one", "other"):
        (folder / name).mkdir()
    (folder / "key").write_bytes(os.urandom(64))
    (folder / "key").chmod(0o400)
    text = CONFIGURATION.format(folder=folder, host=socket.gethostname(), user=user, controller=controller, one=one,
                                other=other)
    (folder / "slurm.conf").write_text(text)


def start(stack, folder, name, *command):
    """A daemon, ended at the end of stack."""
    with open(folder / f"{name}.log", "wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    stack.callback(child.wait, 20)
    stack.callback(child.terminate)


def start_all(stack, folder):
    configuration = folder / "slurm.conf"
    paths_of = [option for name in ("socket", "pid", "seed", "log") for option in
                ("--socket" if name == "socket" else f"--{name}-file", f"{folder}/munge.{name}")]
    start(stack, folder, "munged", "munged", "--foreground", "--force", "--key-file", folder / "key", *paths_of)
    until((folder / "munge.socket").exists, "munged")
    start(stack, folder, "slurmctld", "slurmctld", "-D", "-f", configuration)
    for name in ("one", "other"):
        start(stack, folder, f"slurmd-{name}", "slurmd", "-D", "-N", name, "-f", configuration)
    asked = ["sinfo", "--noheader", "--format=%D %t"]
    until(lambda: subprocess.run(asked, env={**os.environ, "SLURM_CONF": str(configuration)}, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True).stdout == "2 idle\n", "two idle nodes")


@pytest.fixture(scope="module")
def cluster():
    """slurm.conf of a cluster of two nodes, which are both this machine."""
    need("Slurm", apt.install, "Slurm", SLURM)
    # Its socket's path must be short, and nobody else may write above its key.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lparun-slurm-"))
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        configure(folder)
        start_all(stack, folder)
        yield folder / "slurm.conf"


def submit(log, place, cluster, **options):
    folder, around = place
    around = {**around, "SLURM_CONF": str(cluster), **options}
    done = run(log, [EXAMPLES / "slurm.sh", "suite.boot", "3", "out"], cwd=folder, env=around)
    for path in sorted((folder / "out").glob("*.log")):
        log.add(path.name, path.read_text())
    return done.returncode


def test_slurm(cluster, place, log):
    """An array of three on two nodes, and the merge that waits for it. A boot that fails is the merge's failure, and its
    shard alone is run again."""
    folder, _ = place
    (folder / "boot-1.bad").touch()
    assert submit(log, place, cluster) == 1
    assert_all(folder, 3, report="out/all")
    assert [boot["name"] for boot in results(folder / "out/all")["boots"] if boot["verdict"] != "pass"] == ["boot-1"]
    (shard,) = [number for number in (1, 2, 3) if "boot-1" in
                [boot["name"] for boot in results(folder / f"out/shard-{number}")["boots"]]]
    others = [folder / f"out/shard-{other}/results.json" for other in (1, 2, 3) if other != shard]
    before = [path.stat().st_mtime_ns for path in others]
    (folder / "boot-1.bad").unlink()
    assert submit(log, place, cluster, FIRST=str(shard), LAST=str(shard)) == 0
    assert [path.stat().st_mtime_ns for path in others] == before
    assert_all(folder, 3, report="out/all")
