"""The life of an installation in the real host: added, installed, first run, updated, disabled, removed.

A first run is tried on machines with and without the packages and with and without uv. Where there are no packages the
environment is really made, from the package registry as this machine reaches it.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hosting import ROOT, VERSIONS, Stage, example, listing, said
from parallel_dispatch.copyist import Copyist
from parallel_dispatch.places import active_file, read_text
from terminal import terminal

pytestmark = pytest.mark.host

NAME = "parallel-dispatch"
PLUGIN = f"{NAME}@{NAME}"
FILE = "examples/architecture-review.yaml"
COMMAND = f"/{NAME} {FILE}"
NEXT = "0.1.1-next"
MANIFESTS = ("plugin.json", ".claude-plugin/plugin.json")
HOOK_SECONDS = 300

NETWORK = {
    name: value
    for name, value in os.environ.items()
    if name.startswith(("PIP_", "UV_", "SSL_CERT_")) or name.lower().endswith("_proxy")
}
"""How this machine reaches the package registry."""
OFFLINE = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "UV_NO_CONFIG": "1",
    "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
    "UV_HTTP_RETRIES": "0",
}
"""A registry that nobody answers for."""

KEPT_BY_THE_HOST = (
    f".claude/plugins/cache/{NAME}",  # every version, marked `.orphaned_at`; the host deletes them two weeks later
    ".claude/projects/",  # the conversations
    ".claude.json",  # how often each command was used
    ".claude/backups/",  # of that file
)
"""What names the plugin in a home after it was uninstalled: the host's own records, which it keeps for any plugin."""


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    return request.param


def cloned(folder):
    """A clone of this repository, as a user would add it."""
    ignore = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", ".parallel-dispatch", ".aiwg")
    return shutil.copytree(ROOT, os.path.join(folder, NAME), symlinks=True, ignore=ignore)


def installed_stage(version, folder, marketplace):
    """A fresh home, on a machine with the packages and without uv, in which the user installs the plugin."""
    stage = Stage(version, folder, installed=True)
    move(stage, folder, sys.executable)
    stage.write(FILE, example("architecture-review.yaml"))
    stage.manage("plugin", "marketplace", "add", marketplace)
    stage.manage("plugin", "install", PLUGIN)
    return stage


def move(stage, folder, python, uv=None, variables=NETWORK):
    """The stage on another machine: an empty cache, and a PATH with this `python3`, this uv or none, and a shell."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    command(bin_folder / "python3", f'exec "{python}" "$@"')
    for name, target in (("uv", uv), ("sh", shutil.which("sh")), ("cat", shutil.which("cat"))):
        if target:
            (bin_folder / name).symlink_to(target)
    cache = str(folder / "cache")
    stage.variables = {**variables, "PATH": str(bin_folder), "PARALLEL_DISPATCH_CACHE": cache}


def command(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)


def listed(stage):
    """What `plugin list` says about the installed plugins."""
    return json.loads(stage.manage("plugin", "list", "--json"))


def run_once(stage):
    """A conversation in which a new run of the example succeeds and is reported."""
    found = stage.converse(Copyist(), COMMAND)
    *_, run = found.runs
    outcomes = [outcome for outcome, _ in run.state().outcomes().values()]
    assert outcomes == ["success"] * 4, found.printed
    assert "- **Succeeded**: 4" in read_text(run.folder.report)
    return found


def cached(stage):
    """What lies in the cache; None where there is not even the folder."""
    cache = stage.variables["PARALLEL_DISPATCH_CACHE"]
    return sorted(os.listdir(cache)) if os.path.isdir(cache) else None


def remove_what_was_made(stage, launcher):
    """`prepare --remove`, by the plugin that made it or by the clone that it came from."""
    path = os.environ["PATH"]  # the removal needs a Python, whatever the stage has
    environment = {**stage.variables, "PATH": path, "HOME": stage.home}
    subprocess.run([launcher, "prepare", "--remove"], env=environment, capture_output=True, check=True)


# From the marketplace to the last trace


@pytest.fixture(scope="module")
def life(version, tmp_path_factory):
    """A whole life of the plugin, and what was seen at each station."""
    folder = tmp_path_factory.mktemp("life")
    marketplace = cloned(folder)
    stage = installed_stage(version, folder, marketplace)
    seen = SimpleNamespace(stage=stage, installed=listed(stage), first=run_once(stage), made=cached(stage))
    release(marketplace)
    stage.manage("plugin", "marketplace", "update", NAME)
    stage.manage("plugin", "update", PLUGIN)
    seen.updated, seen.second = listed(stage), run_once(stage)
    trace = plant_trace(stage, seen.first.session)
    stage.manage("plugin", "disable", PLUGIN)
    seen.disabled, seen.typed = listed(stage), stage.converse(Copyist(), COMMAND)
    stage.converse(Copyist(), "Hello", resume=seen.first.session)
    seen.hooks_when_disabled = os.path.exists(trace)
    stage.manage("plugin", "enable", PLUGIN)
    stage.converse(Copyist(), "Hello", resume=seen.first.session)
    seen.hooks_when_enabled = os.path.exists(trace)
    pull_trace(stage, seen.first.session)
    seen.enabled, seen.third = listed(stage), run_once(stage)
    stage.manage("plugin", "uninstall", PLUGIN)
    stage.manage("plugin", "marketplace", "remove", NAME)
    seen.uninstalled = listed(stage)
    seen.marketplaces = json.loads(stage.manage("plugin", "marketplace", "list", "--json"))
    remove_what_was_made(stage, os.path.join(marketplace, "bin", NAME))
    return seen


def release(marketplace):
    """A new version in the marketplace's clone, whose command and report can be told from the old one's."""
    for manifest in MANIFESTS:
        path = os.path.join(marketplace, manifest)
        with open(path, encoding="utf-8") as file:
            text = {**json.load(file), "version": NEXT}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(text, file)
    for part in ("commands/parallel-dispatch.md", "templates/report.md.j2"):
        with open(os.path.join(marketplace, part), "a", encoding="utf-8") as file:
            file.write(f"\nThis is {NEXT}.\n")


def plant_trace(stage, session):
    """A conversation that seems to drive a run, so that the plugin's hooks start what leaves the returned file."""
    trace, program = os.path.join(stage.folder, "a hook ran"), os.path.join(stage.folder, "program")
    with open(program, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n: > '{trace}'\n")
    os.chmod(program, 0o700)
    cache = os.path.join(stage.folder, "cache that names it")
    os.makedirs(cache)
    with open(os.path.join(cache, "interpreter"), "w", encoding="utf-8") as file:
        file.write(f"{program}\n")
    stage.variables["HIDDEN"] = stage.variables["PARALLEL_DISPATCH_CACHE"]
    stage.variables["PARALLEL_DISPATCH_CACHE"] = cache
    active = active_file(stage.project, session)
    os.makedirs(os.path.dirname(active))
    with open(active, "w", encoding="utf-8") as file:
        file.write("/nowhere\n")
    return trace


def pull_trace(stage, session):
    stage.variables["PARALLEL_DISPATCH_CACHE"] = stage.variables.pop("HIDDEN")
    active = active_file(stage.project, session)
    os.unlink(active)
    os.rmdir(os.path.dirname(active))


def test_the_host_lists_the_installed_plugin(life):
    (plugin,) = life.installed
    assert (plugin["id"], plugin["enabled"]) == (PLUGIN, True)
    assert os.path.commonpath([plugin["installPath"], life.stage.home]) == life.stage.home
    texts = [read_text(os.path.join(plugin["installPath"], manifest)) for manifest in MANIFESTS]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["version"] == plugin["version"] != NEXT


def test_the_first_run_makes_nothing_where_the_packages_are(life):
    assert life.made == ["interpreter"]


def test_the_updated_plugin_is_what_runs(life):
    (plugin,) = life.updated
    assert (plugin["version"], plugin["enabled"]) == (NEXT, True)
    for found, new in ((life.first, False), (life.second, True), (life.third, True)):
        assert (f"This is {NEXT}." in said(found.main[0])) is new
    reports = [read_text(run.folder.report) for run in life.third.runs]
    assert [f"This is {NEXT}." in report for report in reports] == [False, True, True]


def test_a_disabled_plugin_starts_nothing(life):
    (plugin,) = life.disabled
    assert not plugin["enabled"]
    assert (life.typed.code, life.typed.agents, len(life.third.runs)) == (0, {}, 3)
    requests = [said(request) for request in life.typed.main]  # the newer host sends what it does not know as a prompt
    assert not any("Dispatch" in request for request in requests)
    assert not life.hooks_when_disabled


def test_an_enabled_plugin_works_again(life):
    assert life.enabled == [{**life.disabled[0], "enabled": True}]
    assert life.hooks_when_enabled


def test_uninstalled_it_leaves_the_users_runs_and_outputs_only(life):
    assert (life.uninstalled, life.marketplaces) == ([], [])
    assert cached(life.stage) is None
    left = listing(life.stage.project)
    runs = [run.folder.path for run in life.third.runs]
    outputs = {task.output for run in life.third.runs for task in run.plan.tasks.values()}
    ours = [f"{life.stage.project}/.parallel-dispatch/{name}" for name in ("", ".gitignore", "runs/")]
    users = [f"{life.stage.project}/{name}" for name in ("examples/", FILE)]
    others = [path for path in left if not path.startswith(tuple(runs)) and path not in (*ours, *users)]
    assert {path for path in others if not path.endswith("/")} == outputs
    assert all(any(output.startswith(path) for output in outputs) for path in others if path.endswith("/"))


def test_uninstalled_only_the_hosts_own_records_name_it(life):
    left = {os.path.relpath(path, life.stage.home): text for path, text in listing(life.stage.home).items()}
    naming = [path for path, text in left.items() if NAME in path or NAME.encode() in text]
    assert [path for path in naming if not path.startswith(KEPT_BY_THE_HOST)] == []
    for plugin in (*life.installed, *life.updated):
        assert os.path.exists(os.path.join(plugin["installPath"], ".orphaned_at"))


# The first run


@pytest.fixture(scope="module")
def installed(version, tmp_path_factory):
    """An installation that every first run below shares; each has a cache of its own."""
    folder = tmp_path_factory.mktemp("installed")
    return installed_stage(version, folder, cloned(folder))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """An interpreter without packages that can make environments."""
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("the Python of these tests has no ensurepip")
    folder = tmp_path_factory.mktemp("plain")
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", folder], check=True)
    return str(folder / "bin" / "python")


@pytest.fixture(scope="module")
def uv(tmp_path_factory):
    """The uv of this machine; where there is none, the registry's."""
    found = shutil.which("uv")
    if found:
        return found
    folder = tmp_path_factory.mktemp("uv")
    subprocess.run([sys.executable, "-I", "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "uv"], check=True)
    return str(folder / "bin" / "uv")


def test_a_first_run_uses_the_python_that_has_the_packages(installed, tmp_path, uv):
    move(installed, tmp_path, sys.executable, uv)
    run_once(installed)
    assert cached(installed) == ["interpreter"]
    assert read_text(str(tmp_path / "cache" / "interpreter")) == f"{sys.executable}\n"


@pytest.mark.parametrize("with_uv", [False, True])
def test_a_first_run_makes_the_environment(installed, tmp_path, plain, uv, with_uv):
    move(installed, tmp_path, plain, uv if with_uv else None)
    begin = time.monotonic()
    run_once(installed)
    assert time.monotonic() - begin < HOOK_SECONDS / 3
    assert cached(installed) == ["env", "interpreter"]
    assert ("uv = " in read_text(str(tmp_path / "cache" / "env" / "pyvenv.cfg"))) is with_uv
    (plugin,) = listed(installed)
    remove_what_was_made(installed, os.path.join(plugin["installPath"], "bin", NAME))
    assert cached(installed) is None


def test_a_first_run_without_network_is_blocked_with_one_sentence(installed, tmp_path, plain, uv):
    move(installed, tmp_path, plain, uv, OFFLINE)
    before = len(os.listdir(os.path.join(installed.project, ".parallel-dispatch", "runs")))
    found = installed.converse(Copyist(), COMMAND)
    (shown,) = [str(event["content"]) for event in found.printed if event.get("subtype") == "informational"]
    sentences = [line for line in shown.splitlines() if "parallel-dispatch: " in line]
    assert len(sentences) == 1
    assert sentences[0].endswith(
        "/hooks/command]: parallel-dispatch: PyYAML>=6, jsonschema>=4.18, Jinja2>=3.0 could not be downloaded: "
        "connect to the network (proxy and index as pip and uv read them)"
    )
    assert (found.log, len(found.runs)) == ([], before)
    assert cached(installed) is None


@pytest.mark.skipif(
    not shutil.which("tmux") and not os.environ.get("CI"), reason="tmux is not installed; install it to run this"
)
def test_the_screen_says_what_a_first_run_does(tmp_path, monkeypatch):
    """Only the newer version shows the text; the older one shows nothing of a hook at this event while it runs."""
    stage = Stage(VERSIONS[1], tmp_path)
    stage.write(FILE, example("architecture-review.yaml"))
    (tmp_path / "bin").mkdir()
    command(tmp_path / "bin" / "python3", f'sleep 0.5\nexec "{sys.executable}" "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path}/bin", prepend=os.pathsep)
    monkeypatch.setenv("PARALLEL_DISPATCH_CACHE", str(tmp_path / "cache"))
    with terminal(stage, Copyist()) as shown:
        shown.type(COMMAND)
        shown.wait_for("the first run also makes a Python environment")
        shown.wait_for("agents may write their declared outputs")
