"""The page of guarantees: no promise without a test."""

from pages import is_there, named_in, rows

PROMISES = rows("guarantees.md")


def test_every_promise_names_the_tests_that_hold_it_and_they_exist():
    assert len(PROMISES) > 30
    for promise, _, held in PROMISES:
        assert promise.endswith("."), promise
        named = named_in(held)
        assert named, promise
        assert [one for one in named if not is_there(*one)] == [], promise


def test_what_is_promised_of_the_host_is_tried_in_the_host():
    files = {file for _, _, held in PROMISES for file, _ in named_in(held)}
    assert {"test_faults_host", "test_background_host", "test_audit_host", "test_host"} <= files
