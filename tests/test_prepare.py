"""The environment, as processes: scripts/prepare.py, bin/parallel-dispatch and __main__.py on machines made up here.

A machine is a cache, a PATH of one folder and nothing else. Its Pythons are shims of the interpreter that runs these
tests (it has the packages) or of a bare one; its uv is a script that makes a real environment in no time.
"""

import glob
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import zipfile

import pytest
from builders import oldest_python

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SITES = "\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
NEWEST = {"PyYAML": "yaml", "jsonschema": "jsonschema", "Jinja2": "jinja2"}

# What the machine's cli does: it needs the packages, and tells what it runs on and what it was told.
CLI = """
import json, sys
import yaml, jsonschema, jinja2
def main(arguments):
    print(json.dumps([sys.executable, arguments]) if arguments != ["read"] else sys.stdin.read())
    return 7
"""

# `uv venv … target` and `uv pip install … --python target/bin/python …`, with the tests' own packages for a download.
UV = f"""
import os, subprocess, sys
def venv(target):
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", target], check=True)
def equip(target):
    tail = "python%d.%d" % sys.version_info[:2]
    with open(os.path.join(target, "lib", tail, "site-packages", "packages.pth"), "w") as file:
        file.write({SITES!r})
with open({{log!r}}, "a") as file:
    file.write(sys.argv[1] + "\\n")
{{before}}
if sys.argv[1] == "venv":
    venv(sys.argv[-1])
else:
    equip(os.path.dirname(os.path.dirname(sys.argv[sys.argv.index("--python") + 1])))
"""


class Machine:
    """A made-up machine: its cache, its PATH, a copy of the plugin, and runs of both programs on it."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.cache = self.path("the cache")
        self.bin = self.path("bin")
        self.root = self.path("a plugin")
        self.env = {"PATH": self.bin, "HOME": self.folder, "PARALLEL_DISPATCH_CACHE": self.cache}
        self.launcher = os.path.join(self.root, "bin", "parallel-dispatch")
        self.script = os.path.join(self.root, "scripts", "prepare.py")
        self.stamp = os.path.join(self.cache, "interpreter")
        self.own = os.path.join(self.cache, "env", "bin", "python")
        os.makedirs(self.bin)
        for part in (
            "bin/parallel-dispatch",
            "tests/run",
            "scripts/prepare.py",
            "scripts/parallel_dispatch/__main__.py",
        ):
            os.makedirs(os.path.dirname(os.path.join(self.root, part)), exist_ok=True)
            shutil.copy(os.path.join(ROOT, part), os.path.join(self.root, part))
        self.cli(CLI)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def cli(self, text):
        write(os.path.join(self.root, "scripts", "parallel_dispatch", "cli.py"), text)

    def command(self, name, text):
        write(os.path.join(self.bin, name), f"#!/bin/sh\n{text}\n")
        os.chmod(os.path.join(self.bin, name), 0o700)

    def python(self, executable, name="python3"):
        self.command(name, f'exec "{executable}" "$@"')

    def uv(self, before=""):
        write(self.path("uv.py"), UV.format(log=self.path("uv.log"), before=before))
        self.command("uv", f'exec "{sys.executable}" -I "{self.path("uv.py")}" "$@"')

    def uv_calls(self):
        return read(self.path("uv.log")).split()

    def prepare(self, *arguments, **more):
        return self.run(sys.executable, "-I", self.script, *arguments, **more)

    def launch(self, *arguments, **more):
        return self.run(self.launcher, *arguments, **more)

    def run(self, *command, **more):
        return subprocess.run(command, **{**self.streams(), **more}, check=False)

    def start(self, *arguments):
        return subprocess.Popen([sys.executable, "-I", self.script, *arguments], **self.streams())

    def streams(self):
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return {**streams, "env": self.env, "cwd": self.folder, "encoding": "utf-8"}

    def remembered(self):
        return read(self.stamp)

    def cached(self):
        return sorted(os.listdir(self.cache)) if os.path.isdir(self.cache) else None


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def refusal(done):
    """The one sentence of a refused start; the line before something slow was tried does not count."""
    lines = [line for line in done.stderr.splitlines() if "making its Python environment once" not in line]
    assert (done.returncode, done.stdout, len(lines)) == (3, "", 1), done
    return lines[0]


def answer(done):
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.removesuffix("\n")


def made(done):
    """The interpreter of a start that made an environment, and said so in one line."""
    assert done.returncode == 0, done
    assert [line.partition(" in ")[0] for line in done.stderr.splitlines()] == [
        "parallel-dispatch: making its Python environment once"
    ]
    return done.stdout.removesuffix("\n")


def told(executable, *arguments):
    """What the made-up cli prints."""
    return json.dumps([executable, list(arguments)]) + "\n"


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """An interpreter without packages and without ensurepip (a Debian without python3-venv)."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", folder], check=True)
    (site,) = glob.glob(str(folder / "lib" / "*" / "site-packages"))
    write(os.path.join(site, "debian.pth"), "import sys; sys.modules['ensurepip'] = None\n")
    return str(folder / "bin" / "python")


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """An interpreter without packages that can make environments with pip."""
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("the Python of these tests has no ensurepip")
    folder = tmp_path_factory.mktemp("plain")
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", folder], check=True)
    return str(folder / "bin" / "python")


# The interpreter that is there


def test_an_interpreter_with_the_packages_is_used_as_it_is(machine):
    machine.env["PATH"] = os.path.dirname(sys.executable)
    found = answer(machine.prepare())
    assert os.path.dirname(found) == os.path.dirname(sys.executable)
    assert machine.remembered() == found + "\n"
    assert machine.cached() == ["interpreter"]


def test_a_shim_is_asked_once_and_the_real_interpreter_remembered(machine):
    machine.python(sys.executable)
    assert answer(machine.prepare()) == sys.executable
    os.unlink(os.path.join(machine.bin, "python3"))
    assert answer(machine.prepare()) == sys.executable


def test_a_dead_shim_a_stranger_and_a_bare_interpreter_are_passed_over(machine, bare):
    machine.command("python3", "echo 'no such version' >&2; exit 127")
    machine.command("python3.13", "echo hello")
    machine.python(bare, "python3.12")
    machine.python(sys.executable, "python3.11")
    assert answer(machine.prepare()) == sys.executable


def test_a_python3_behind_another_one_on_path_is_found(machine):
    machine.command("python3", "exit 127")
    os.makedirs(machine.path("more"))
    os.symlink("/bin/true", machine.path("more", "python3.9"))
    machine.env["PATH"] = f"{machine.bin}:{machine.path('more')}:{os.path.dirname(sys.executable)}"
    assert os.path.dirname(answer(machine.prepare())) == os.path.dirname(sys.executable)


def test_the_callers_python_settings_do_not_reach_the_search(machine, tmp_path):
    machine.python(sys.executable)
    write(tmp_path / "yaml.py", "raise RuntimeError")
    machine.env.update(PYTHONPATH=str(tmp_path), PYTHONHOME="/nowhere", VIRTUAL_ENV="/nowhere")
    assert answer(machine.prepare()) == sys.executable


def test_where_no_stamp_can_be_written_a_good_interpreter_still_serves(machine):
    machine.python(sys.executable)
    machine.env["PARALLEL_DISPATCH_CACHE"] = "/dev/null/cache"
    assert answer(machine.prepare()) == sys.executable
    assert machine.launch("x").stdout == told(sys.executable, "x")


def test_prepare_runs_on_python_3_9(machine):
    old = oldest_python()
    if old is None:
        pytest.skip("there is no Python 3.9 on this machine")
    machine.python(old)
    machine.python(sys.executable, "python3.11")
    assert answer(machine.run(old, "-I", machine.script)) == sys.executable
    os.unlink(os.path.join(machine.bin, "python3.11"))
    shutil.rmtree(machine.cache)
    assert "no Python 3.10 or newer" in refusal(machine.run(old, "-I", machine.script))


# The environment that is made


def test_uv_makes_the_environment(machine, bare):
    machine.python(bare)
    machine.uv()
    assert made(machine.prepare()) == machine.own
    assert machine.uv_calls() == ["venv", "pip"]
    assert machine.cached() == ["env", "interpreter"]
    assert machine.remembered() == machine.own + "\n"
    assert machine.launch("x").stdout == told(machine.own, "x")
    assert answer(machine.prepare()) == machine.own


def test_uv_makes_the_environment_where_there_is_no_python(machine):
    machine.uv()
    assert made(machine.prepare()) == machine.own


def test_pip_makes_the_environment_where_uv_fails(machine, plain, tmp_path):
    machine.python(plain)
    machine.command("uv", "echo 'error: not today' >&2; exit 2")
    for name, module in NEWEST.items():
        wheel(tmp_path / "wheels", name, module)
    machine.env.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path / "wheels"), PIP_CONFIG_FILE=os.devnull)
    machine.env.update(PIP_USER="1", PIP_TARGET="/nowhere")
    assert made(machine.prepare()) == machine.own
    assert machine.cached() == ["env", "interpreter"]
    assert machine.launch("x").stdout == told(machine.own, "x")


def wheel(folder, name, module):
    """A wheel of an empty module, in a version that suffices."""
    folder.mkdir(exist_ok=True)
    about = f"{name}-99.0.dist-info"
    parts = {
        f"{module}/__init__.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{part},,\n" for part in [*parts, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-99.0-py3-none-any.whl", "w") as archive:
        for part, text in {**parts, f"{about}/RECORD": record}.items():
            archive.writestr(part, text)


def test_nothing_but_a_refusal_is_said_where_it_should_be_quiet(machine, bare):
    machine.python(bare)
    machine.env["PARALLEL_DISPATCH_QUIET"] = "1"
    done = machine.prepare()
    assert done.stderr == refusal(done) + "\n"
    machine.uv()
    assert answer(machine.prepare()) == machine.own


def test_an_environment_without_a_stamp_is_used_and_stamped(machine, bare):
    machine.python(bare)
    machine.uv()
    made(machine.prepare())
    os.unlink(machine.stamp)
    assert answer(machine.prepare()) == machine.own
    assert machine.remembered() == machine.own + "\n"


def test_ten_starts_at_once_make_one_environment(machine, bare):
    machine.python(bare)
    machine.uv()
    starts = [machine.start() for _ in range(10)]
    outputs = [start.communicate()[0] for start in starts]
    assert [start.returncode for start in starts] == [0] * 10
    assert set(outputs) == {machine.own + "\n"}
    assert machine.uv_calls() == ["venv", "pip"]
    assert machine.cached() == ["env", "interpreter"]


def test_the_loser_of_a_race_uses_the_winners_environment(machine, bare):
    winner = os.path.dirname(os.path.dirname(machine.own))
    machine.python(bare)
    machine.uv(before=f"if sys.argv[1] == 'pip': venv({winner!r}); equip({winner!r}); open({winner!r} + '/won', 'x')")
    assert made(machine.prepare()) == machine.own
    assert os.path.exists(os.path.join(winner, "won"))
    assert machine.cached() == ["env", "interpreter"]


def blocked_uv(machine):
    """Two pipes of a uv that stops in the middle: it can be read when it is there, and written to let it go on."""
    reached, go_on = machine.path("reached"), machine.path("go on")
    os.mkfifo(reached)
    os.mkfifo(go_on)
    machine.uv(before=f"if sys.argv[1] == 'pip': open({reached!r}, 'w').close(); open({go_on!r}).read()")
    return reached, go_on


def test_a_start_that_was_killed_leaves_nothing_for_long(machine, bare):
    machine.python(bare)
    reached, go_on = blocked_uv(machine)
    with machine.start() as start:
        read(reached)
        start.kill()
        write(go_on, "")
    assert [name.partition("-")[0] for name in machine.cached()] == ["making"]
    machine.uv()
    assert made(machine.prepare()) == machine.own
    assert machine.cached() == ["env", "interpreter"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_start_that_was_stopped_leaves_nothing(machine, bare, number):
    machine.python(bare)
    reached, _ = blocked_uv(machine)
    with machine.start() as start:
        read(reached)
        start.send_signal(number)
        _, said = start.communicate()
    assert start.returncode == 128 + number
    assert "Traceback" not in said
    assert machine.cached() is None


# Healing


def test_a_stamp_whose_interpreter_is_gone_is_written_anew(machine):
    machine.python(sys.executable)
    os.makedirs(machine.cache)
    for stale in ("/nowhere/python\n", "", "/\n", "relative\n"):
        write(machine.stamp, stale)
        assert machine.launch("x").stdout == told(sys.executable, "x")
        assert machine.remembered() == sys.executable + "\n"


def test_an_environment_that_lost_its_packages_is_made_anew(machine, bare):
    machine.python(bare)
    machine.uv()
    made(machine.prepare())
    (packages,) = glob.glob(
        os.path.join(glob.escape(machine.cache), "env", "lib", "*", "site-packages", "packages.pth")
    )
    os.unlink(packages)
    assert machine.launch("x").stdout == told(machine.own, "x")
    assert machine.cached() == ["env", "interpreter"]


def test_an_environment_whose_base_is_gone_is_made_anew(machine, bare):
    machine.python(bare)
    machine.uv()
    made(machine.prepare())
    os.unlink(machine.own)
    os.symlink("/nowhere/python", machine.own)
    assert machine.launch("x").stdout == told(machine.own, "x")


def test_the_command_starts_again_where_its_interpreter_lost_a_package(machine, bare):
    machine.python(sys.executable)
    os.makedirs(machine.cache)
    write(machine.stamp, bare + "\n")
    done = machine.launch("a b", "", "*")
    assert (done.returncode, done.stdout, done.stderr) == (7, told(sys.executable, "a b", "", "*"), "")
    assert machine.remembered() == sys.executable + "\n"


def test_a_module_that_no_interpreter_has_is_not_looked_for_twice(machine):
    machine.python(sys.executable)
    machine.cli("import sys\nprint('started', file=sys.stderr)\nimport a_module_that_nobody_has")
    done = machine.launch("x")
    assert (done.returncode, done.stderr.count("started\n")) == (1, 2)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'a_module_that_nobody_has'"


def test_a_module_of_ours_that_is_missing_is_an_error_at_once(machine):
    machine.python(sys.executable)
    machine.cli("import sys\nprint('started', file=sys.stderr)\nimport parallel_dispatch.nothing")
    done = machine.launch("x")
    assert (done.returncode, done.stderr.count("started\n")) == (1, 1)


def test_a_failed_healing_says_its_sentence_only(machine, bare):
    machine.python(bare)
    os.makedirs(machine.cache)
    write(machine.stamp, bare + "\n")
    assert "python3-venv" in refusal(machine.launch("x"))


# Failing


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full: free"),
        ("error: Failed to fetch: dns error", "connect to the network"),
        ("first line; error: boom", "(first line; error: boom): install PyYAML>=6"),
        ("", "could not be made"),
    ],
)
def test_a_tool_that_fails_becomes_one_sentence_and_leaves_nothing(machine, bare, said, remedy):
    machine.python(bare)
    machine.command(
        "uv", f'[ "$1" = venv ] && exec {sys.executable} -I -m venv --without-pip "$5"; echo "{said}"; exit 1'
    )
    assert remedy in refusal(machine.launch("x"))
    assert machine.cached() is None


def test_a_start_without_network_is_refused_and_leaves_nothing(machine, plain):
    machine.python(plain)
    machine.env.update(PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    os.makedirs(os.path.join(machine.cache, "hosts"))
    assert "connect to the network" in refusal(machine.prepare())
    assert machine.cached() == ["hosts"]


def test_a_download_that_hangs_is_given_up_before_the_hook_that_waits(tmp_path):
    spec = importlib.util.spec_from_file_location("prepare", os.path.join(ROOT, "scripts", "prepare.py"))
    prepare = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(prepare)
    kind = prepare.KINDS["product"]
    with open(os.path.join(ROOT, "hooks", "hooks.json"), encoding="utf-8") as file:
        hooks = json.load(file)["hooks"]["UserPromptExpansion"][0]["hooks"]
    assert all(kind.seconds <= hook["timeout"] - 60 for hook in hooks)
    reason = prepare.build(str(tmp_path / "env"), kind._replace(seconds=1), [[["sleep", "60"]], [["sleep", "60"]]])
    assert reason.count("timed out") == 2
    assert "connect to the network" in prepare.remedy(reason, kind, [])


def test_packages_that_do_not_load_do_not_count(machine, bare):
    machine.python(bare)
    machine.uv(before="equip = lambda target: None")
    assert "do not load" in refusal(machine.prepare())
    assert machine.cached() is None


@pytest.mark.parametrize("folder", ["/dev/null/cache", "/proc/nothing/cache"])
def test_a_cache_that_cannot_be_written_is_named(machine, bare, folder):
    machine.python(bare)
    machine.uv()
    machine.env["PARALLEL_DISPATCH_CACHE"] = folder
    assert f"{folder} cannot be written" in refusal(machine.prepare())


def test_without_a_way_to_make_environments_the_way_is_named(machine, bare):
    machine.python(bare)
    done = machine.prepare()
    assert "apt install python3-venv" in refusal(done)
    assert "once in" not in done.stderr
    assert machine.cached() is None


def test_without_a_python_the_launcher_says_so(machine):
    machine.command("python3", "exit 9")
    for verb in ("x", "prepare"):
        assert "install Python 3.10 or newer" in refusal(machine.launch(verb))


# Removing


def test_remove_takes_what_was_made_and_nothing_else(machine, bare):
    machine.python(bare)
    machine.uv()
    made(machine.prepare())
    os.makedirs(os.path.join(machine.cache, "hosts", "2.1"))
    write(os.path.join(machine.cache, "the user's"), "")
    assert answer(machine.launch("prepare", "--remove")) == f"removed env, hosts, interpreter from {machine.cache}"
    assert machine.cached() == ["the user's"]
    os.unlink(os.path.join(machine.cache, "the user's"))
    assert answer(machine.launch("prepare", "--remove")) == f"nothing to remove in {machine.cache}"
    assert machine.cached() is None
    assert answer(machine.launch("prepare", "--remove")) == f"nothing to remove in {machine.cache}"


def test_remove_does_not_follow_links(machine):
    machine.python(sys.executable)
    os.makedirs(machine.path("kept", "inside"))
    os.makedirs(machine.cache)
    os.symlink(machine.path("kept"), os.path.join(machine.cache, "hosts"))
    assert answer(machine.prepare("--remove")) == f"removed hosts from {machine.cache}"
    assert os.listdir(machine.path("kept")) == ["inside"]


# The environment of the tests


@pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="these tests do not run in the environment of --dev"
)
def test_dev_is_an_environment_of_its_own_and_runs_the_tests(machine):
    machine.python(sys.executable)
    machine.uv()
    own = os.path.join(machine.cache, "env-dev", "bin", "python")
    assert made(machine.launch("prepare", "--dev")) == own
    assert machine.cached() == ["env-dev", "interpreter-dev"]
    assert answer(machine.launch("prepare")) == sys.executable
    machine.env["PATH"] += ":/usr/bin:/bin"  # tests/run needs dirname
    assert machine.run(os.path.join(machine.root, "tests", "run"), "--version").stdout.startswith("pytest ")


# The launcher


def remembering(machine):
    """A machine whose stamp is there, and whose PATH holds no command at all."""
    os.makedirs(machine.cache)
    write(machine.stamp, sys.executable + "\n")


def test_a_later_start_needs_no_other_program(machine):
    remembering(machine)
    done = machine.launch("validate", "a file.yaml", "")
    assert (done.returncode, done.stdout, done.stderr) == (7, told(sys.executable, "validate", "a file.yaml", ""), "")


def test_a_later_start_leaves_stdin_to_the_command(machine):
    remembering(machine)
    assert machine.launch("read", input="tasks:\n").stdout == "tasks:\n\n"


def test_a_first_start_leaves_stdin_to_the_command(machine):
    machine.python(sys.executable)
    assert machine.launch("read", input="tasks:\n").stdout == "tasks:\n\n"


def test_links_to_the_launcher_and_to_the_plugin_lead_to_the_plugin(machine):
    remembering(machine)
    machine.env["PATH"] = "/usr/bin:/bin"  # a link to the file itself is followed with readlink
    os.makedirs(machine.path("links"))
    os.symlink(machine.launcher, machine.path("links", "absolute"))
    os.symlink("../a plugin/bin/parallel-dispatch", machine.path("links", "relative"))
    os.symlink("relative", machine.path("links", "chain"))
    os.symlink("../a plugin", machine.path("links", "plugin"))
    os.symlink("../a plugin/bin", machine.path("links", "bin"))
    for link in ("absolute", "relative", "chain", "plugin/bin/parallel-dispatch", "bin/parallel-dispatch"):
        assert machine.run(machine.path("links", link), "x").stdout == told(sys.executable, "x"), link


def test_the_launcher_runs_from_path_and_from_its_own_folder(machine):
    remembering(machine)
    here = os.path.dirname(machine.launcher)
    assert machine.run("/bin/sh", "parallel-dispatch", "x", cwd=here).stdout == told(sys.executable, "x")
    machine.env["PATH"] = here
    assert machine.run("/bin/sh", "-c", "parallel-dispatch x").stdout == told(sys.executable, "x")


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        ({}, ".cache/parallel-dispatch"),
        ({"PARALLEL_DISPATCH_CACHE": "", "XDG_CACHE_HOME": ""}, ".cache/parallel-dispatch"),
        ({"XDG_CACHE_HOME": "{home}/xdg"}, "xdg/parallel-dispatch"),
        ({"XDG_CACHE_HOME": "{home}/xdg", "PARALLEL_DISPATCH_CACHE": "{home}/mine"}, "mine"),
        ({"PARALLEL_DISPATCH_CACHE": "relative"}, "relative"),
    ],
)
def test_the_launcher_looks_where_prepare_wrote(machine, settings, folder):
    machine.python(sys.executable)
    del machine.env["PARALLEL_DISPATCH_CACHE"]
    machine.env.update({name: value.format(home=machine.folder) for name, value in settings.items()})
    answer(machine.prepare())
    assert os.listdir(machine.path(folder)) == ["interpreter"]
    os.unlink(os.path.join(machine.bin, "python3"))
    assert machine.launch("x").stdout == told(sys.executable, "x")
