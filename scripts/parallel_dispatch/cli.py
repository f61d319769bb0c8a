"""The command line. Exit codes: 0 fine, 1 problems found or tasks failed, 2 wrong usage, 3 could not run."""

from __future__ import annotations

import argparse
import io
import os
import sys
from typing import TYPE_CHECKING

from . import quickjson
from .arguments import (
    Parser,
    UsageError,
    add_dry_run,
    add_run_arguments,
    columns,
    days,
    options_of,
    project_of,
    seconds,
    speed,
)
from .places import ROOT
from .refusal import Refusal
from .visible import visible_answer, visible_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .load import Loaded

FINE, PROBLEMS, USAGE, COULD_NOT_RUN = 0, 1, 2, 3


def main(argv: Sequence[str]) -> int:
    """The whole program: arguments in, exit code out."""
    can_draw = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        if argv and argv[0] in INTERNAL:
            code = INTERNAL[argv[0]](*argv[1:])
        else:
            arguments = build_parser(argv[0] if argv else "").parse_args(argv, argparse.Namespace(can_draw=can_draw))
            code = int(arguments.verb(arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our words has heard enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except UsageError as error:
        return _fail(str(error), USAGE)
    except Refusal as error:
        return _fail(f"parallel-dispatch: {error}", COULD_NOT_RUN)
    except OSError as error:
        return _fail(f"parallel-dispatch: {error.filename or 'input/output'}: {error.strerror or error}", COULD_NOT_RUN)
    except KeyboardInterrupt:
        return _fail("parallel-dispatch: interrupted", COULD_NOT_RUN)
    return code


def build_parser(asked: str = "") -> argparse.ArgumentParser:
    """The parser of the verb that is asked for, where there is one of that name; else of every verb."""
    parser = Parser(
        prog="parallel-dispatch",
        description="Fan out subagents from a YAML task file: declared, checked, enforced, measured.",
        epilog="Exit codes: 0 fine, 1 problems found or tasks failed, 2 wrong usage, 3 could not run.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    verbs = parser.add_subparsers(metavar="VERB", required=True, prog=parser.prog)
    known = {name: name for name in VERBS} | {"stop": "cancel"}
    for name in [known[asked]] if asked in known else VERBS:
        text, run, add_arguments = VERBS[name]
        also = [other for other, same in known.items() if same == name != other]
        verb = verbs.add_parser(name, aliases=also, help=text, description=text[0].upper() + text[1:] + ".")
        verb.set_defaults(verb=run)
        if add_arguments:
            add_arguments(verb)
    return parser


def _validate_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help='a task file, a pattern in quotes such as "**/*-tasks.yaml", or - (stdin)',
    )
    verb.add_argument(
        "--format",
        choices=("text", "json", "github", "sarif"),
        default="text",
        help="the form of the problems (default text): json, the annotations of GitHub Actions, or SARIF 2.1.0",
    )
    verb.add_argument("--strict", action="store_true", help="take warnings for errors")


def _new_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("pattern", metavar="PATTERN", nargs="?", type=_pattern, help="what kind of work it is")
    verb.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        default="tasks.yaml",
        help="where to write it (default tasks.yaml; - prints it)",
    )


def _schema_arguments(verb: argparse.ArgumentParser) -> None:
    form = verb.add_mutually_exclusive_group()
    form.add_argument(
        "--path", action="store_true", help="print the path of its file instead, for an editor's settings"
    )
    form.add_argument(
        "--format", choices=("json", "markdown"), default="json", help="markdown: a page on every key (default json)"
    )


def _plan_arguments(verb: argparse.ArgumentParser) -> None:
    add_run_arguments(verb)
    verb.add_argument(
        "--format",
        choices=("text", "json", "mermaid"),
        default="text",
        help="the form of the plan (default text): json, or diagrams for Markdown pages",
    )
    verb.add_argument("--explain", action="store_true", help="say of each task why it begins when it does")


def _start_arguments(verb: argparse.ArgumentParser) -> None:
    add_run_arguments(verb)
    add_dry_run(verb)
    verb.set_defaults(format="text", explain=False)


def _status_arguments(verb: argparse.ArgumentParser) -> None:
    _add_run(verb)
    verb.add_argument(
        "--watch",
        action="store_true",
        help="show the run while it goes on, until it ends (q stops watching): drawn in a terminal, else a line for "
        "each change; 0 where all tasks succeeded, 1 where one did not, 3 where you stopped watching",
    )
    verb.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR says the same")


def _resume_arguments(verb: argparse.ArgumentParser) -> None:
    _add_run(verb)
    verb.add_argument(
        "--as-planned", action="store_true", help="go on by the plan that the run has, whatever its task file says now"
    )


def _report_arguments(verb: argparse.ArgumentParser) -> None:
    _add_run(verb)
    what = verb.add_mutually_exclusive_group()
    what.add_argument("--open", action="store_true", help="open report.html in the browser")
    what.add_argument(
        "--share",
        metavar="PLACE",
        help="write copies for others to a folder, or one to a .md, .json or .html file: ids, times, tokens, outcomes "
        "alone, without prompts, outputs, anybody's words and paths",
    )
    what.add_argument("--format", choices=("json", "md"), help="print one of them instead of their paths")


def _cancel_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("run", metavar="RUN", help="a run's name or its last four characters")


def _clean_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--older-than", type=days, default=30.0, metavar="DAYS", help="days since their last event (default 30)"
    )


def _rehearse_arguments(verb: argparse.ArgumentParser) -> None:
    add_run_arguments(verb)
    verb.add_argument(
        "--host", metavar="VERSION", help="a Claude Code version to fetch once; default: claude from PATH"
    )
    pace = verb.add_mutually_exclusive_group()
    pace.add_argument(
        "--seconds", type=seconds, default=0.5, metavar="N", help="how long each agent works (default 0.5)"
    )
    pace.add_argument(
        "--speed",
        type=speed,
        metavar="N",
        help="each agent works as long as its task's estimated_duration (without one: the mean of the others'), N "
        "times as fast",
    )


def _prepare_arguments(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--remove", action="store_true", help="remove it, and fetched hosts, from the cache")


def _pattern(text: str) -> str:
    """The name of a pattern of task files."""
    from .new import patterns
    from .problem import suggestion

    known = patterns()
    if text not in known:
        advice = suggestion(text, known) or f"; the patterns are {', '.join(known)}"
        raise argparse.ArgumentTypeError(f'there is no pattern "{text}"{advice}')
    return text


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        with open(os.path.join(ROOT, ".claude-plugin", "plugin.json"), encoding="utf-8") as file:
            parser.exit(message=f"parallel-dispatch {quickjson.record(file.read()).get('version')}\n")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", nargs="?", help="a run's name or its last four characters; default: the newest"
    )


def _fail(message: str, code: int) -> int:
    sys.stderr.write(visible_lines(message.rstrip("\n")) + "\n")
    return code


def _show(text: str) -> None:
    """Lines printed so that a terminal obeys nothing in them."""
    print(visible_lines(text))


def _loaded(path: str) -> Loaded | None:
    """The checked task file; None where a problem is an error. Its problems were shown."""
    from .load import load
    from .problem import has_error
    from .validate import show

    loaded = load(path, project_of(os.getcwd()))
    show(loaded)
    return None if has_error(loaded.problems) else loaded


def _validate(arguments: argparse.Namespace) -> int:
    from .validate import validate

    project = project_of(os.getcwd())
    fine = validate(arguments.files, arguments.format, project, strict=arguments.strict)
    return FINE if fine else PROBLEMS


def _new(arguments: argparse.Namespace) -> int:
    from . import new, schema

    if arguments.pattern is None:
        print(new.listed())
    elif arguments.file == "-":
        print(new.text_of(arguments.pattern, schema.PATH), end="")
    else:
        new.write(arguments.pattern, arguments.file, schema.PATH)
        _show(new.what_next(arguments.pattern, arguments.file))
    return FINE


def _schema(arguments: argparse.Namespace) -> int:
    from . import reference, schema

    if arguments.path:
        print(schema.PATH)
    elif arguments.format == "markdown":
        print(reference.markdown(schema.read()), end="")
    else:
        with open(schema.PATH, encoding="utf-8") as file:
            print(file.read(), end="")
    return FINE


def _plan(arguments: argparse.Namespace) -> int:
    from . import planner
    from .analysis import analyse
    from .collection import without_collection

    loaded = _loaded(arguments.file)
    if loaded is None:
        return PROBLEMS
    plan, _ = planner.plan_run(loaded, options_of(arguments), project_of(os.getcwd()))
    with without_collection():
        analysis = analyse(plan)
    if arguments.format == "json":
        import json

        from .plan_values import plan_values

        print(json.dumps(plan_values(analysis), indent=2))
    elif arguments.format == "mermaid":
        from .mermaid import diagrams

        _show(diagrams(analysis))
    else:
        from .plan_text import plan_text
        from .timeline import ASCII, BLOCKS

        ink = BLOCKS if arguments.can_draw else ASCII
        _show(plan_text(analysis, _cells(), ink, explain=arguments.explain))
    return FINE


def _cells() -> int:
    """The width of the terminal, within what reads well."""
    return min(max(columns(100), 60), 140)


def _start(arguments: argparse.Namespace) -> int:
    from . import run, without_hooks

    if arguments.dry_run:
        return _plan(arguments)
    loaded = _loaded(arguments.file)
    if loaded is None:
        return PROBLEMS
    project = project_of(os.getcwd())
    begun, text = run.start(loaded, options_of(arguments), project)
    without_hooks.claim_offered(begun)
    _show(text)
    print(without_hooks.when_returned(begun.plan))
    return FINE


def _next(arguments: argparse.Namespace) -> int:
    from . import runs, telling, without_hooks

    chosen = runs.choose_next(project_of(os.getcwd()), arguments.run)
    text, over = without_hooks.next_step(chosen)
    _show(text)
    return telling.exit_code(chosen) if over else FINE


def _resume(arguments: argparse.Namespace) -> int:
    from . import run, without_hooks
    from .renewal import Faulty
    from .validate import show

    try:
        resumed, text = run.resume(project_of(os.getcwd()), arguments.run, "", as_planned=arguments.as_planned)
    except Faulty as faulty:
        show(faulty.loaded)
        return _fail(f"parallel-dispatch: {faulty}", PROBLEMS)
    without_hooks.claim_offered(resumed)
    _show(text)
    print(without_hooks.when_returned(resumed.plan))
    return FINE


def _cancel(arguments: argparse.Namespace) -> int:
    from . import dispatch, run, runs

    chosen = runs.choose(project_of(os.getcwd()), arguments.run)
    if chosen.state().ended:
        raise Refusal(f"run {chosen.plan.run} has ended already")
    run.cancel_from_outside(chosen)
    _show(f"Run {chosen.plan.run} is cancelled. Report: {chosen.folder.report}")
    if not chosen.plan.rehearsal:
        print(f"What is missing can still be run: {dispatch.how_to_resume(chosen.plan)}")
    return FINE


def _runs(_: argparse.Namespace) -> int:
    from . import runs

    _show(runs.table(project_of(os.getcwd())))
    return FINE


def _clean(arguments: argparse.Namespace) -> int:
    from . import runs

    removed, kept = runs.clean(project_of(os.getcwd()), arguments.older_than)
    for line in [*(f"removed {name}" for name in removed), *(f"kept {line}" for line in kept)]:
        _show(line)
    print(f"{len(removed)} run{'s'[: len(removed) != 1]} removed.")
    return FINE


def _status(arguments: argparse.Namespace) -> int:
    from . import live, runs, status

    chosen = runs.choose(project_of(os.getcwd()), arguments.run)
    if arguments.watch:
        return live.watch(chosen, can_draw=arguments.can_draw, colour=not arguments.no_color)
    _show(status.table(live.Sight(chosen).moment))
    return FINE


def _report(arguments: argparse.Namespace) -> int:
    from . import runs, showing, telling

    chosen = runs.choose(project_of(os.getcwd()), arguments.run)
    if arguments.share:
        _show("\n".join(["Shared, without words and paths:", *showing.share(chosen, arguments.share)]))
        return FINE
    if arguments.open:
        _show(showing.opened(chosen))
        return FINE
    if arguments.format:
        _show(showing.printed(chosen, arguments.format).rstrip("\n"))
    else:
        _show(showing.written(chosen))
    return telling.exit_code(chosen)


def _rehearse(arguments: argparse.Namespace) -> int:
    from .copyist import Copyist
    from .rehearse import at_speed, rehearse

    loaded = _loaded(arguments.file)
    if loaded is None or loaded.task_file is None:
        return PROBLEMS
    script = at_speed(loaded.task_file, arguments.speed) if arguments.speed else Copyist(arguments.seconds)
    return rehearse(arguments.file, options_of(arguments), project_of(os.getcwd()), arguments.host, script)


def _doctor(_: argparse.Namespace) -> int:
    from .doctor import examine

    return examine(project_of(os.getcwd()))


def _prepare(arguments: argparse.Namespace) -> int:
    command = [sys.executable, "-I", os.path.join(ROOT, "scripts", "prepare.py")]
    import subprocess

    return subprocess.run([*command, *(["--remove"] if arguments.remove else [])], check=False).returncode


def _hook() -> int:
    from .command import main as command

    return command()


def _say(word: str, path: str, session: str) -> int:
    from . import telling
    from .active import ActiveRun

    reply = telling.say(word, ActiveRun(path), session)
    if reply:
        print(quickjson.dumps(visible_answer(reply)))
    return FINE


def _spread(path: str) -> int:
    from . import templates  # noqa: F401 - an interpreter without the packages is found out here, and replaced
    from .active import ActiveRun
    from .spread import spread

    spread(ActiveRun(path))
    return FINE


def _written(path: str) -> int:
    from .written import main as written

    return written(path)


def _match() -> int:
    from .json_output import main as match

    return match()


def _lost(path: str) -> int:
    from .integrating import main as lost

    return lost(path)


INTERNAL: dict[str, Callable[..., int]] = {
    "hook": _hook,
    "lost": _lost,
    "match": _match,
    "say": _say,
    "spread": _spread,
    "written": _written,
}
"""The verbs of hooks; they are not for people."""
VERBS: dict[str, tuple[str, Callable[..., int], Callable[[argparse.ArgumentParser], None] | None]] = {
    "validate": ("check task files and show every problem with its position", _validate, _validate_arguments),
    "new": ("write a commented task file to begin with; without PATTERN: show the patterns", _new, _new_arguments),
    "schema": ("print the JSON Schema of task files", _schema, _schema_arguments),
    "plan": ("show what a run would do, whether it pays and how long it takes", _plan, _plan_arguments),
    "start": ("begin a run without hooks and print its first dispatch block", _start, _start_arguments),
    "next": (
        "judge what was dispatched from its files and print what is next (runs without hooks)",
        _next,
        _add_run,
    ),
    "status": ("show how a run stands, or watch it until it ends (--watch)", _status, _status_arguments),
    "runs": ("show every run of this project", _runs, None),
    "cancel": ("end a run now and stop its agents", _cancel, _cancel_arguments),
    "resume": ("take a run without hooks up again; what succeeded is kept", _resume, _resume_arguments),
    "clean": ("remove the folders of old runs; outputs elsewhere stay", _clean, _clean_arguments),
    "report": ("write a run's reports anew, and show, open or share them", _report, _report_arguments),
    "rehearse": (
        "run a task file in the real host against a scripted model: no account, no tokens",
        _rehearse,
        _rehearse_arguments,
    ),
    "doctor": ("check what the product needs on this machine", _doctor, None),
    "prepare": ("make the Python environment now (--remove takes it away)", _prepare, _prepare_arguments),
}
"""What each verb is for, what it does, and its arguments."""
