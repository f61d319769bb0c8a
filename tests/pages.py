"""Tables of pages that say what holds what they say."""

import ast
import os
import re

from builders import ROOT, read


def rows(page):
    """The cells of each row of a page's tables."""
    lines = read(os.path.join(ROOT, "docs", page)).splitlines()
    tables = [line for line in lines if line.startswith("|")]
    rules = {at for at, line in enumerate(tables) if set(line) <= set("|-: ")}
    kept = [line for at, line in enumerate(tables) if at not in rules and at + 1 not in rules]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in kept]


def named_in(cell):
    """The tests that a cell names, each as file and function."""
    return re.findall(r"`(test_\w+)\.py::(test_\w+)`", cell)


def is_there(file, name):
    """Whether a test exists."""
    tree = ast.parse(read(os.path.join(ROOT, "tests", f"{file}.py")))
    return name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
