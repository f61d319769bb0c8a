"""What most tests stand on: a project with a name that is hard on programs, and a cache that names an interpreter."""

import os
import sys

import pytest

os.environ.pop("COLUMNS", None)  # pytest-xdist gives its workers the width of the terminal that it has itself


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "mein Projekt – 日本"
    folder.mkdir()
    return str(folder)


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A user's cache in which the launcher finds the interpreter of these tests at once."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "interpreter").write_text(sys.executable + "\n")
    return str(folder)


def pytest_collection_modifyitems(items):
    """The files that start hosts first: they take longest, and whoever works at the last one works alone."""
    items.sort(key=lambda item: not item.get_closest_marker("host"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """On small machines twice as many workers as cores: the long tests wait for a host, and not for a core."""
    cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, 8))
