"""Schedules: what is foretold is what a run does, no limit is ever passed, and no schedule beats the bound."""

import itertools
import os
import sys

import pytest
from builders import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.bounds import critical_path, lower_bound
from parallel_dispatch.decide import decide
from parallel_dispatch.options import Options
from parallel_dispatch.planner import Place, make_plan
from parallel_dispatch.resolving import Roster
from parallel_dispatch.rules import in_levels, orders
from parallel_dispatch.schedule import arrange
from parallel_dispatch.scopes import MOST_COMPARED, conflicts, exclusive, overlapping
from parallel_dispatch.search import search
from parallel_dispatch.simulation import in_turn, simulate
from parallel_dispatch.state import CANCELLED, FAILED, SUCCESS, Attempt, State
from parallel_dispatch.tasks import Agent, Settings, Task, TaskFile
from parallel_dispatch.timetable import Timetable
from parallel_dispatch.workload import Workload, workload

sys.path.insert(0, os.path.join(ROOT, "bench"))

from clockwork import drive

MANY = settings(max_examples=250, deadline=None, derandomize=True)
THOUSANDS = settings(max_examples=2000, deadline=None, derandomize=True)
PLACE = Place("/project", "/project/tasks.yaml", "tasks-20260102-030405-k3f2", "/project/out", Roster())
SCOPES = [("src/**",), ("src/a/*.py",), ("src/a/x.py", "docs/**"), ("docs/b.md",), ("tests/**",), ("**/x.py",)]


@st.composite
def task_files(draw, largest=10, waits=True):
    """Task files with everything that planning looks at; estimates, scopes and priorities only now and then."""
    size = draw(st.integers(1, largest))
    known = draw(st.booleans())
    written = draw(st.booleans())
    urgent = draw(st.booleans())
    tasks = []
    for number in range(size):
        needs = sorted(draw(st.sets(st.integers(0, number - 1), max_size=3))) if number else []
        amounts = draw(st.dictionaries(st.sampled_from(["gpu", "disk"]), st.integers(1, 2), max_size=2))
        tasks.append(
            Task(
                f"t{number}",
                "p",
                output=f"{number}.md",
                agent=draw(st.sampled_from(["a", "b", "c"])),
                dependencies=tuple(f"t{n}" for n in needs),
                estimated_duration=draw(st.sampled_from([1000, 2000, 3000, 5000, 9000])) if known else None,
                priority=draw(st.sampled_from(["high", "normal", "low"])) if urgent else "normal",
                resources=tuple(sorted(amounts.items())),
                wait=draw(st.integers(1, len(needs)) | st.just("ended"))
                if waits and needs and draw(st.booleans())
                else "all",
                losers=draw(st.sampled_from(["cancel", "continue"])),
                writes=draw(st.sampled_from([(), *SCOPES])) if written else (),
                retries=draw(st.integers(0, 1)),
            )
        )
    limits = Settings(
        max_parallel=draw(st.integers(1, 4)),
        order=draw(st.sampled_from(["rolling", "rolling", "waves"])),
        on_failure=draw(st.sampled_from(["continue", "continue", "stop"])),
        resources={"gpu": draw(st.integers(2, 4)), "disk": 2},
    )
    agents = {name: Agent(draw(st.integers(1, 2))) for name in draw(st.sets(st.sampled_from(["a", "b"])))}
    return TaskFile("a-run", tuple(draw(st.permutations(tasks))), settings=limits, agents=agents)


def planned(file, **options):
    return make_plan(file, Options(**options), PLACE)


def work_of(plan):
    return workload(list(plan.tasks.values()), plan.max_parallel, plan.instances, plan.resources)


def check_limits(plan, running):
    """That these tasks may run at the same time."""
    tasks = [plan.tasks[task] for task in running]
    assert len(tasks) <= plan.max_parallel
    for agent, instances in plan.instances.items():
        assert sum(task.agent == agent for task in tasks) <= instances
    for name, there in {"gpu": 1, "disk": 1, **plan.resources}.items():
        assert sum(task.resources.get(name, 0) for task in tasks) <= there
    for one, other in itertools.combinations(tasks, 2):
        assert not overlapping(one.writes, other.writes)
        assert one.id not in other.dependencies or plan.tasks[other.id].wait
    if plan.in_waves:
        assert len({task.wave for task in tasks}) <= 1


# what is foretold


@THOUSANDS
@given(task_files())
def test_a_run_goes_as_foretold(file):
    plan = planned(file)
    spans = drive(plan, {task.id: task.estimate for task in plan.tasks.values()})
    work = work_of(plan)
    place = {task: index for index, task in enumerate(plan.tasks)}
    yields = {place[task.id]: place[task.yields_to] for task in plan.tasks.values() if task.yields_to}
    foretold = simulate(work, range(work.size), plan.in_waves, yields)
    assert {span.task: (span.start, span.end) for span in spans} == {
        task: (foretold.starts[index] / 1000, foretold.ends[index] / 1000)
        for task, index in place.items()
        if foretold.starts[index] >= 0
    }
    assert max(span.end for span in spans) == plan.foretold >= plan.bound > 0


@MANY
@given(task_files())
def test_no_plan_is_slower_than_waves_on_the_estimates(file):
    plan = planned(file)
    work = workload([plan.tasks[task.id] for task in file.tasks], plan.max_parallel, plan.instances, plan.resources)
    assert plan.foretold * 1000 <= simulate(work, in_levels(work), in_waves=True).makespan


@MANY
@given(task_files(), st.integers(1, 300))
def test_searching_on_makes_no_plan_longer_and_the_same_one_every_time(file, schedules):
    plan = planned(file, optimize=schedules)
    assert plan.to_json() == planned(file, optimize=schedules).to_json()
    assert plan.bound <= plan.foretold <= planned(file).foretold


@MANY
@given(task_files())
def test_in_the_order_of_dispatch_nothing_stands_before_what_it_needs_or_lets_go_first(file):
    plan = planned(file)
    place = {task: index for index, task in enumerate(plan.tasks)}
    assert sorted(place) == sorted(task.id for task in file.tasks)
    for task in plan.tasks.values():
        assert all(place[needed] < place[task.id] for needed in task.dependencies)
        assert not task.yields_to or place[task.yields_to] < place[task.id]


# at any time


@THOUSANDS
@given(task_files(), st.data())
def test_whatever_ends_when_and_how_every_limit_holds_and_the_run_ends(file, data):
    plan = planned(file)
    state = State(plan)
    tries = dict.fromkeys(plan.tasks, 0)
    for now in itertools.count():
        decision = decide(state)
        for task, number in decision.dispatch:
            tries[task] += 1
            assert number == tries[task] <= plan.tasks[task].attempts
            succeeded = sum(state.settled.get(d, ("",))[0] == SUCCESS for d in plan.tasks[task].dependencies)
            assert succeeded >= plan.tasks[task].least
            state.admit(Attempt(task, number, f"call-{now}-{task}", float(now)))
        check_limits(plan, state.open)
        if not state.open:
            assert decision.over
            break
        task = data.draw(st.sampled_from(sorted(state.open)))
        outcome = CANCELLED if task in state.losers else data.draw(st.sampled_from([SUCCESS, SUCCESS, FAILED]))
        state.close(state.open[task], outcome, "", float(now))
    assert all(outcome for outcome, _ in state.outcomes().values())
    done = [task for task, (outcome, _) in state.outcomes().items() if outcome == SUCCESS]
    assert all(tries[task] for task in done)


# bounds and the best there is


@st.composite
def works(draw, largest=6):
    return work_of(planned(draw(task_files(largest, waits=False))))


def best_of_all(work):
    """The makespan of the best schedule: of those that begin the tasks in turn, in every order there is."""
    feasible = (
        order
        for order in itertools.permutations(range(work.size))
        if all(order.index(other) < order.index(task) for task in order for other in work.before[task])
    )
    return min(simulate(work, order, yields=in_turn(work, order)).makespan for order in feasible)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(works(5))
def test_the_bound_is_below_the_best_schedule_and_a_search_finds_that(work):
    work.urgency = [0] * work.size
    best = best_of_all(work)
    assert lower_bound(work) <= best == arrange(work, schedules=500).schedule.makespan


@MANY
@given(task_files())
def test_the_bound_is_below_every_schedule(file):
    work = work_of(planned(file))
    bound = lower_bound(work)
    for _, order in orders(work):
        assert bound <= simulate(work, order).makespan
        assert bound <= simulate(work, order, in_waves=True).makespan


def test_the_critical_path_is_the_longest_chain():
    work = Workload([5, 1, 3, 9], [[], [], [0, 1], []], 4)
    assert critical_path(work) == [3]
    assert critical_path(work.lasting([5, 1, 5, 9])) == [0, 2]
    assert lower_bound(work.limited(2)) == 9
    assert lower_bound(work.limited(1)) == 18


def test_what_only_some_need_is_no_part_of_the_bound():
    work = Workload([5, 1, 3], [[], [], [0, 1]], 4, needed=[0, 0, 1])
    assert critical_path(work) == [1, 2]
    assert lower_bound(work) == 4


# timetables


def placed(work, order):
    """The serial scheme as the textbook has it, unit by unit."""
    ends = [0] * work.size
    running = []
    for task in order:
        start = max((ends[other] for other in work.before[task]), default=0)
        while not all(
            fits(work, [t for t in running if ends[t] - work.durations[t] <= now < ends[t]], task)
            for now in range(start, start + work.durations[task])
        ):
            start += 1
        ends[task] = start + work.durations[task]
        running.append(task)
    return ends


def fits(work, running, task):
    kinds = [work.kinds[t] for t in running]
    if len(running) >= work.parallel:
        return False
    held = [dict(work.demands[kind]) for kind in [*kinds, work.kinds[task]]]
    return all(sum(h.get(limit, 0) for h in held) <= there for limit, there in enumerate(work.capacities))


@MANY
@given(works())
def test_a_timetable_places_tasks_as_the_textbook_does(work):
    work = work.lasting([duration // 1000 for duration in work.durations])
    table = Timetable(work, 1)
    for _, order in orders(work):
        assert table.place(order, work.before) == placed(work, order)


@MANY
@given(works(10))
def test_pushing_a_schedule_to_and_fro_makes_it_no_longer(work):
    table = Timetable(work, 1000)
    for _, order in orders(work):
        ends = table.place(order, work.before)
        better = table.improved(ends)
        assert max(better) <= max(ends)
        if len(set(work.urgency)) == 1:
            again = table.order(better)
            assert simulate(work, again, yields=in_turn(work, again)).makespan <= 1000 * max(better)


@MANY
@given(works(10))
def test_a_search_gives_a_schedule_in_which_what_is_needed_comes_first(work):
    table = Timetable(work, 1000)
    ends = search(table, [table.place(order, work.before) for _, order in orders(work)], 400, 0)
    starts = [end - duration for end, duration in zip(ends, table.durations)]
    assert all(ends[other] <= starts[task] for task in range(work.size) for other in work.before[task])
    for now in set(starts):
        running = [task for task in range(work.size) if starts[task] <= now < ends[task]]
        assert all(fits(work, [t for t in running if t != task], task) for task in running)


# write scopes


@MANY
@given(st.lists(st.sampled_from([*SCOPES, ("a",), ("a/b",), ("A/*",), ("*/b",), ("[ab]/b", "c")]), unique=True))
def test_of_many_scopes_those_meet_that_overlap_two_by_two(scopes):
    assert conflicts(scopes) == [
        [other for other in scopes if one == other or overlapping(one, other)] for one in scopes
    ]


@MANY
@given(st.lists(st.sampled_from([*SCOPES, ("a",), ("a/b",), ("A/*",), ("*/b",), ("[ab]/b", "c")]), unique=True))
def test_two_scopes_are_in_one_group_just_where_they_overlap(scopes):
    groups = exclusive(scopes)
    for one, other in itertools.product(scopes, repeat=2):
        met = one == other or bool(overlapping(one, other))
        assert met == any(one in group and other in group for group in groups)


# the document's examples


def test_work_is_balanced_over_agents():
    """Six equal tasks over three agents of one instance each: A has T1 and T4, B T2 and T5, C T3 and T6."""
    tasks = tuple(Task(f"T{n}", "p", output=f"{n}.md", agent="ABC"[(n - 1) % 3]) for n in range(1, 7))
    agents = {name: Agent(1) for name in "ABC"}
    plan = planned(TaskFile("a-run", tasks, settings=Settings(max_parallel=3), agents=agents))
    spans = drive(plan, dict.fromkeys(plan.tasks, 1.0))
    assert [[s.task for s in spans if plan.tasks[s.task].agent == agent] for agent in "ABC"] == [
        ["T1", "T4"],
        ["T2", "T5"],
        ["T3", "T6"],
    ]
    assert max(span.end for span in spans) == 2.0


def test_a_pool_of_three_instances_is_balanced_where_the_tasks_are_not_equal():
    lengths = {"T1": 5000, "T2": 5000, "T3": 4000, "T4": 4000, "T5": 3000, "T6": 3000}
    tasks = tuple(
        Task(task, "p", output=task, agent="A", estimated_duration=length) for task, length in lengths.items()
    )
    plan = planned(TaskFile("a-run", tasks, settings=Settings(max_parallel=8), agents={"A": Agent(3)}))
    assert plan.foretold == plan.bound == 8.0


def test_a_task_is_held_back_where_that_makes_the_run_shorter():
    """One that could begin at once would keep a longer chain from the only instance of its agent."""
    tasks = (
        Task("greedy", "p", output="1", agent="A", estimated_duration=10_000),
        Task("first", "p", output="2", estimated_duration=1000),
        Task("second", "p", output="3", agent="A", dependencies=("first",), estimated_duration=1000),
        Task("third", "p", output="4", dependencies=("second",), estimated_duration=9000),
    )
    plan = planned(TaskFile("a-run", tasks, agents={"A": Agent(1)}))
    assert plan.tasks["greedy"].yields_to == "second"
    assert plan.foretold == 12.0
    spans = {span.task: span.start for span in drive(plan, {t.id: t.estimate for t in plan.tasks.values()})}
    assert spans == {"first": 0.0, "second": 1.0, "third": 2.0, "greedy": 2.0}


@pytest.mark.parametrize("order", ["rolling", "waves"])
def test_the_files_order_is_kept(order):
    tasks = (Task("a", "p", output="1"), Task("b", "p", output="2", dependencies=("a",)), Task("c", "p", output="3"))
    assert planned(TaskFile("a-run", tasks, settings=Settings(order=order))).in_waves == (order == "waves")


def test_a_file_of_thousands_of_scopes_is_compared_as_far_as_a_moment_allows(monkeypatch):
    compared = []
    monkeypatch.setattr("parallel_dispatch.scopes.overlapping", lambda *pair: compared.append(pair) or None)
    assert len(exclusive([(f"src/**/{number}",) for number in range(1000)])) == 1000
    assert len(compared) == MOST_COMPARED
