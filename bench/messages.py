"""What three tools say about the same ten broken workflows: ours, check-jsonschema with our schema, and Snakemake.

`bench/messages/right` holds one workflow in both languages, which all three accept. Each other folder there holds the
files of it that a mistake changes. How answers are judged stands in docs/comparison.md, into which `--write` puts the
table and all answers. The tools are installed from PyPI, into a temporary folder. Ends with 1 where ours is behind.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from tempfile import TemporaryDirectory

import sides
import yaml

FOLDER = os.path.join(sides.ROOT, "bench", "messages")
DOCUMENT = os.path.join(sides.ROOT, "docs", "comparison.md")
PACKAGES = ("check-jsonschema==0.39.0", "jsonschema==4.26.0", "ruamel.yaml==0.19.1", "snakemake==9.27.1")
"""The tools, and beside check-jsonschema the two libraries whose words it shows."""

RIGHT = "right"
TITLES = {
    "01-misspelt-key": "a misspelt key",
    "02-unknown-dependency": "a dependency that does not exist",
    "03-dependency-cycle": "a dependency cycle",
    "04-duplicate-id": "two tasks with one id",
    "05-duplicate-key": "a key twice in one task",
    "06-same-output": "two tasks with one output",
    "07-wrong-type": "a word for a number",
    "08-unquoted-text": "text that YAML reads as a number",
    "09-wrong-indent": "one blank too few before a key",
    "10-several": "a missing key, a number out of range and an unknown value",
}
RELATED = {"03-dependency-cycle": "rule summary:", "08-unquoted-text": 'config["name"]'}
"""Texts whose lines in the Snakefile belong to the mistake too: the rest of the cycle, the use of the value."""

OURS, CHECK_JSONSCHEMA, SNAKEMAKE = TOOLS = ("parallel-dispatch", "check-jsonschema", "Snakemake")
FILES = {OURS: ("tasks.yaml",), CHECK_JSONSCHEMA: ("tasks.yaml",), SNAKEMAKE: ("Snakefile", "config.yaml")}

POSITIONS = ("no position", "wrong line", "its task", "its path", "its line", "line and column")
"""How well a message shows its place, worst first."""
NONE, WRONG, TASK, PATH, LINE, COLUMN = range(len(POSITIONS))

EVERY = range(1, 1000)
WORD = re.compile(r"[\w-]+")
WORDS_OF_ADVICE = (
    "add, begin, choose, consider, delete, did you mean, maximum of, minimum of, one of, perhaps, put, remove, rename, "
    "use, write"
)
ADVICE = re.compile(rf"\b({WORDS_OF_ADVICE.replace(', ', '|')})\b", re.IGNORECASE)
EXCERPT = re.compile(r"^ *\d* \|.*\n", re.MULTILINE)
PLACE = re.compile(r"^tasks\.yaml:(\d+):(\d+): |\bline (\d+)(?:, column (\d+))?", re.MULTILINE)
DATA_PATH = re.compile(r"^ *tasks\.yaml::\$(\S*): ", re.MULTILINE)


@dataclass(frozen=True)
class Mistake:
    """One change to a right file: its lines and columns, what belongs to it, and the word before and after.

    `around` are lines of the first file of a tool, the one that its messages speak of: those of the task or rule.
    """

    file: str
    lines: range
    columns: range
    around: frozenset[int]
    right: str
    wrong: str

    def is_named(self, message: str) -> bool:
        """Whether a message names the wrong word."""
        return bool(self.wrong) and self.wrong in WORD.findall(message)

    def is_advised(self, message: str) -> bool:
        """Whether a message says what to write instead: the right word, or a word of advice."""
        words = EXCERPT.sub("", message)
        return (bool(self.right) and self.right in WORD.findall(words)) or bool(ADVICE.search(words))


@dataclass(frozen=True)
class Verdict:
    """How many of the mistakes were found, the worst position among them, and how many came with a suggestion."""

    found: int
    of: int
    position: int = NONE
    suggestions: int = 0

    def __str__(self) -> str:
        if not self.found:
            return f"0 of {self.of}"
        suggestions = f"{self.suggestions or 'no'} suggestion{'' if self.suggestions < 2 else 's'}"
        return f"{self.found} of {self.of}, {POSITIONS[self.position]}, {suggestions}"

    @classmethod
    def read(cls, cell: str) -> Verdict:
        """The verdict that a cell of the table shows."""
        found = re.fullmatch(r"(\d) of (\d)(?:, (.+), (no|\d) suggestions?)?", cell)
        if not found:
            raise ValueError(cell)
        position = POSITIONS.index(found[3]) if found[3] else NONE
        return cls(int(found[1]), int(found[2]), position, int((found[4] or "0").replace("no", "0")))

    def is_behind(self, other: Verdict) -> bool:
        """Whether another verdict is better in any of the three."""
        mine = (self.found, self.position, self.suggestions)
        return any(our < their for our, their in zip(mine, (other.found, other.position, other.suggestions)))


@dataclass(frozen=True)
class Answer:
    """What a tool says of a case, without the lines that it prints of every workflow; `code` is its exit code."""

    code: int
    text: str


def read(*names: str) -> str:
    """A file of the cases."""
    with open(os.path.join(FOLDER, *names), encoding="utf-8") as file:
        return file.read()


def changed(case: str, tool: str) -> list[str]:
    """The files of a tool that a case changes."""
    return [name for name in FILES[tool] if os.path.exists(os.path.join(FOLDER, case, name))]


def mistakes(case: str, tool: str) -> list[Mistake]:
    """The mistakes of a case: the lines in which it differs from the right workflow."""
    found, first_file = [], FILES[tool][0]
    related = _lines_with(RELATED.get(case, ""), read(case if first_file in changed(case, tool) else RIGHT, first_file))
    for name in changed(case, tool):
        old, new = read(RIGHT, name).splitlines(), read(case, name).splitlines()
        for kind, begin, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "delete":
                around = _paragraph(new, first)
                word = WORD.findall(old[begin])[0]
                found.append(Mistake(name, range(min(around), max(around) + 1), EVERY, around, word, ""))
            for number in range(first, last if kind != "equal" else first):
                was = old[begin + number - first] if kind == "replace" and begin + number - first < end else ""
                around = _paragraph(new, number) if name == first_file else frozenset()
                columns, right, wrong = _difference(was, new[number])
                place = range(number + 1, number + 2)
                found.append(Mistake(name, place, columns, around | related, right, wrong))
    return found


def _lines_with(part: str, text: str) -> frozenset[int]:
    return frozenset(number for number, line in enumerate(text.splitlines(), 1) if part and part in line)


def _paragraph(lines: list[str], index: int) -> frozenset[int]:
    """The numbers of the lines around one, up to the next empty ones: its task or rule."""
    begin, end = index, index
    while begin > 0 and lines[begin - 1]:
        begin -= 1
    while end < len(lines) and lines[end]:
        end += 1
    return frozenset(range(begin + 1, end + 1))


def _difference(was: str, line: str) -> tuple[range, str, str]:
    """Which columns of a line differ from what it was, and the first word that does, right and wrong."""
    if not was:
        return EVERY, "", WORD.findall(line)[0]
    for old, new in zip(WORD.finditer(was), WORD.finditer(line)):
        if old.group() != new.group():
            return range(new.start() + 1, new.end() + 1), old.group(), new.group()
    return EVERY, "", ""


def judge(case: str, tool: str, answer: Answer) -> Verdict:
    """The verdict on an answer. Of several mistakes, each message belongs to the one whose place it shows best."""
    made = mistakes(case, tool)
    hits: dict[Mistake, list[tuple[int, bool]]] = {}
    messages = re.split(r"^(?=\s*tasks\.yaml:)", answer.text, flags=re.MULTILINE) if answer.code else []
    for message in messages:
        ranked = [(position(case, tool, message, mistake), mistake.is_named(message)) for mistake in made]
        shown, is_named = best = max(ranked)
        mistake = made[ranked.index(best)]
        if len(made) == 1 or shown > WRONG or is_named:
            hits.setdefault(mistake, []).append((shown, mistake.is_advised(message)))
    positions = [max(shown for shown, _ in each) for each in hits.values()]
    suggestions = sum(any(is_advised for _, is_advised in each) for each in hits.values())
    return Verdict(len(hits), len(made), min(positions, default=NONE), suggestions)


def position(case: str, tool: str, message: str, mistake: Mistake) -> int:
    """How well a message shows the place of a mistake, by the best of the places that it names."""
    file = FILES[tool][0]
    found = [NONE]
    for place in PLACE.finditer(message):
        line, column = int(place[1] or place[3]), int(place[2] or place[4] or 0)
        if file == mistake.file and line in mistake.lines:
            found.append(COLUMN if column in mistake.columns else LINE)
        else:
            found.append(TASK if line in mistake.around else WRONG)
    for path in DATA_PATH.findall(message):
        line = _line_of(read(case, file), path)
        found.append(PATH if line in mistake.lines else TASK if line in mistake.around else WRONG)
    return max(found)


def _line_of(text: str, path: str) -> int:
    """The line that a path like `.tasks[2].prompt` leads to."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        if key:
            at, node = next((name, value) for name, value in node.value if name.value == key)
        else:
            at = node = node.value[int(index)]
        line = at.start_mark.line + 1
    return int(line)


def ask(tool: str, case: str, folder: str, programs: str = "") -> Answer:
    """What a tool says of a case, whose files are laid into a folder; `programs` is where the others' commands are."""
    shutil.copytree(os.path.join(FOLDER, RIGHT), folder, dirs_exist_ok=True)
    shutil.copytree(os.path.join(FOLDER, case), folder, dirs_exist_ok=True)
    schema = os.path.join(sides.ROOT, "schema", "task-file.schema.json")
    package = os.path.join(sides.ROOT, "scripts", "parallel_dispatch", "__main__.py")
    command = {
        OURS: [sys.executable, "-I", package, "validate", "tasks.yaml"],
        CHECK_JSONSCHEMA: [os.path.join(programs, "check-jsonschema"), "--schemafile", schema, "tasks.yaml"],
        SNAKEMAKE: [os.path.join(programs, "snakemake"), "--dry-run", "--cores", "1"],
    }[tool]
    variables = {"PATH": os.environ["PATH"], "HOME": folder, "NO_COLOR": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    text = (done.stdout + done.stderr).replace(os.path.join(os.path.realpath(folder), ""), "")
    if tool == SNAKEMAKE and done.returncode:
        text = re.sub(r"\A(?:.*\n)*?(?=\w+(?:Error|Exception)\b)", "", text)
    return Answer(done.returncode, "\n".join(line.rstrip() for line in text.strip().splitlines()))


def section(case: str, answers: dict[str, Answer]) -> str:
    """A case in the document: what it changes, and what each tool says."""
    parts = [f"### {TITLES[case][0].upper()}{TITLES[case][1:]}"]
    files = [name for tool in (OURS, SNAKEMAKE) for name in changed(case, tool)]
    diffs = [
        line.rstrip()
        for name in files
        for line in unified_diff(
            read(RIGHT, name).splitlines(), read(case, name).splitlines(), name, name, n=1, lineterm=""
        )
        if not line.startswith(("+++", "@@"))
    ]
    parts.append("```diff\n" + "\n".join(diffs) + "\n```")
    parts += [said(tool, answer) for tool, answer in answers.items()]
    return "\n\n".join(parts)


def said(tool: str, answer: Answer) -> str:
    """An answer in the document."""
    return f"{tool}, exit code {answer.code}:\n\n```text\n{answer.text}\n```"


def install(folder: str) -> str:
    """The tools, in an environment of their own; where their commands are."""
    venv.create(folder, with_pip=True)
    programs = os.path.join(folder, "bin")
    subprocess.run([os.path.join(programs, "python"), "-m", "pip", "install", "-qq", *PACKAGES], check=True)
    return programs


def compare(programs: str, folder: str) -> tuple[str, str, bool]:
    """The table, the sections, and whether ours is behind anywhere."""
    rows, sections, is_behind = [], [], False
    for tool in TOOLS:
        answer = ask(tool, RIGHT, os.path.join(folder, tool, RIGHT), programs)
        if answer.code:
            raise SystemExit(f"{tool} does not accept the right workflow:\n{answer.text}")
    totals = {tool: Verdict(0, 0) for tool in TOOLS}
    for case, title in TITLES.items():
        answers = {tool: ask(tool, case, os.path.join(folder, tool, case), programs) for tool in TOOLS}
        verdicts = {tool: judge(case, tool, answer) for tool, answer in answers.items()}
        is_behind |= any(verdicts[OURS].is_behind(other) for other in verdicts.values())
        rows.append([title, *map(str, verdicts.values())])
        sections.append(section(case, answers))
        for tool, one in verdicts.items():
            so_far = totals[tool]
            totals[tool] = Verdict(
                so_far.found + one.found, so_far.of + one.of, suggestions=so_far.suggestions + one.suggestions
            )
    rows.append(["all", *(f"{one.found} of {one.of}, {one.suggestions} suggestions" for one in totals.values())])
    return sides.table(("mistake", *TOOLS), rows), "\n\n".join(sections), is_behind


def main() -> int:
    """The comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", metavar="FOLDER", help="an environment to keep them in (default: a temporary one)")
    parser.add_argument("--write", action="store_true", help="put the table and the answers into docs/comparison.md")
    arguments = parser.parse_args()
    if sys.version_info < (3, 11):
        raise SystemExit("Snakemake needs Python 3.11 or newer")
    with TemporaryDirectory(prefix="pd-bench-") as folder:
        programs = install(arguments.tools or os.path.join(folder, "tools"))
        table, sections, is_behind = compare(programs, os.path.join(folder, "cases"))
    print(table)
    if arguments.write:
        python = ".".join(map(str, sys.version_info[:3]))
        versions = f"Versions: {', '.join(PACKAGES).replace('==', ' ')}, Python {python}."
        text = f"{table}\n\n{versions} Words of advice: {WORDS_OF_ADVICE}.\n\n## The answers\n\n{sections}"
        sides.put(DOCUMENT, "bench/messages.py", f"\n{text}\n")
    return int(is_behind)


if __name__ == "__main__":
    sys.exit(main())
