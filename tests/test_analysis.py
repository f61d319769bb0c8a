"""What is known of a plan before it runs: verdicts, patterns, figures, conflicts, slack, prospects, reasons."""

import os
import re

import pytest
from builders import plan_of, write
from hypothesis import given, settings
from hypothesis import strategies as st
from parallel_dispatch.analysis import LARGE, analyse
from parallel_dispatch.limiting import limits
from parallel_dispatch.load import load
from parallel_dispatch.options import Options
from parallel_dispatch.plan_text import plan_text
from parallel_dispatch.planner import Place, make_plan, plan_run
from parallel_dispatch.prospects import levels
from parallel_dispatch.resolving import Roster
from parallel_dispatch.simulation import simulate
from parallel_dispatch.tasks import Agent, Settings, Task, TaskFile

QUICK = settings(max_examples=150, deadline=None, derandomize=True)


def task(name, after="", minutes=None, **more):
    lasting = None if minutes is None else int(minutes * 60_000)
    return Task(name, "x", output=f"{name}.md", dependencies=tuple(after), estimated_duration=lasting, **more)


def planned(*tasks, agents=None, learnt=None, **limits):
    place = Place("/project", "/project/tasks.yaml", "tasks-20260102-030405-k3f2", "/project/out", Roster())
    file = TaskFile("n", tasks, settings=Settings(**limits), agents=agents or {})
    return make_plan(file, Options(), place, learnt or {})


def analysed(*tasks, **limits):
    return analyse(planned(*tasks, **limits))


def ids(analysis, tasks):
    return analysis.forecast.ids(tasks)


def by_id(analysis, values):
    return dict(zip((task.id for task in analysis.forecast.tasks), values))


def reasons(analysis):
    return by_id(analysis, [found.reason for found in analysis.explanations])


# --- the schedule -------------------------------------------------------------------------------------------------


@st.composite
def files(draw):
    count = draw(st.integers(1, 9))
    needs = [draw(st.sets(st.integers(0, n - 1), max_size=3)) if n else set() for n in range(count)]
    tasks = [
        Task(
            f"t{n}",
            "x",
            output=f"t{n}.md",
            agent=draw(st.sampled_from(["p", "q"])),
            dependencies=tuple(f"t{other}" for other in sorted(needs[n])),
            estimated_duration=draw(st.sampled_from([None, 1, 20_000, 60_000, 90_000, 300_000])),
            priority=draw(st.sampled_from(["high", "normal", "normal", "low"])),
            resources=draw(st.sampled_from([(), (), (("gpu", 1),), (("gpu", 2),)])),
            writes=draw(st.sampled_from([(), (), ("src/**",), ("src/db/**",), ("docs/**",)])),
            wait=draw(st.sampled_from(["all", "all", "all", 1])) if needs[n] else "all",
            losers=draw(st.sampled_from(["cancel", "continue"])),
        )
        for n in range(count)
    ]
    limits = Settings(
        max_parallel=draw(st.integers(1, 4)),
        order=draw(st.sampled_from(["rolling", "waves"])),
        resources={"gpu": draw(st.integers(2, 3))},
    )
    pools = {"p": Agent(draw(st.sampled_from([None, 1, 2])))}
    place = Place("/project", "/project/tasks.yaml", "tasks-20260102-030405-k3f2", "/project/out", Roster())
    return make_plan(TaskFile("n", tuple(tasks), settings=limits, agents=pools), Options(), place)


@QUICK
@given(files())
def test_what_is_analysed_is_the_run_that_the_plan_foretells(plan):
    analysis = analyse(plan)
    assert analysis.figures.makespan == round(plan.foretold * 1000)
    assert analysis.figures.bound <= analysis.figures.makespan
    assert analysis.figures.most <= plan.max_parallel


@QUICK
@given(files())
def test_every_plan_can_be_told_whole_and_every_task_has_its_reason(plan):
    analysis = analyse(plan)
    text = plan_text(analysis, 90, explain=True)
    assert len(re.findall(r"\bIt\s+(?:begins|does\s+not\s+run)\b", text)) == len(plan.tasks)
    assert "the limits leave room for it only then" not in text


@QUICK
@given(files())
def test_slack_is_what_a_task_can_be_put_off_by(plan):
    """Where every task begins as late as it may, no limit is broken and the run ends in time."""
    analysis = analyse(plan)
    work, schedule, chains = analysis.forecast.work, analysis.forecast.schedule, analysis.chains
    if work.waits:
        return  # what is called off has no time of its own
    starts = chains.latest
    ends = [start + duration for start, duration in zip(starts, work.durations)]
    assert all(start >= first for start, first in zip(starts, schedule.starts))
    assert max(ends) == schedule.makespan
    for one, needs in enumerate(work.before):
        assert all(ends[other] <= starts[one] for other in needs)
    for moment in starts:
        running = [one for one in range(work.size) if starts[one] <= moment < ends[one]]
        assert len(running) <= work.parallel
        for limit, capacity in enumerate(work.capacities):
            held = sum(n for one in running for of, n in work.demands[work.kinds[one]] if of == limit)
            assert held <= capacity


@QUICK
@given(files())
def test_what_decides_the_length_goes_from_the_beginning_to_the_end(plan):
    analysis = analyse(plan)
    schedule, deciding = analysis.forecast.schedule, analysis.chains.deciding
    assert schedule.starts[deciding[0]] == 0
    assert schedule.ends[deciding[-1]] == schedule.makespan


# --- verdicts -----------------------------------------------------------------------------------------------------


def test_one_task_is_no_parallel_work():
    assert analysed(task("a")).verdict.reason == "there is only one task, so nothing can run beside it."


def test_a_chain_is_no_parallel_work():
    found = analysed(task("a", minutes=2), task("b", "a", 3))
    assert found.verdict.answer == "no"
    assert found.verdict.reason.startswith("all tasks have sequential dependencies: each waits for the one before it")
    assert found.verdict.reason.endswith("(5 m).")


def test_one_agent_is_no_parallel_work_but_more_would_be():
    found = analysed(task("a"), task("b"), max_parallel=1).verdict
    assert found.answer == "no"
    assert (
        "(max_parallel is 1); more agents could be up to 2.0 times as fast, if all tasks take equally long"
        in found.reason
    )


def test_where_tasks_share_a_resource_nothing_is_gained():
    found = analysed(*(task(name, minutes=2, resources=(("db", 1),)) for name in "abc")).verdict
    assert (found.answer, "what the tasks share keeps them from running at once" in found.reason) == ("no", True)


def test_a_race_gains_nothing_if_all_goes_well():
    first = task("a", minutes=1, priority="high")
    found = analysed(first, task("b", minutes=9), task("c", "ab", 1, wait=1)).verdict
    assert (found.answer, "only insure against those that fail" in found.reason) == ("no", True)


@pytest.mark.parametrize(("minutes", "answer"), [(0.4, "little"), (0.5, "yes")])
def test_tasks_of_less_than_30_seconds_gain_little(minutes, answer):
    assert analysed(*(task(name, minutes=minutes) for name in "abcd")).verdict.answer == answer


def test_being_a_little_faster_is_little():
    found = analysed(task("a", minutes=10), task("b", minutes=2)).verdict
    assert (found.answer, found.reason) == (
        "little",
        "it takes 10 m instead of 12 m one after another, only 1.2 times as fast.",
    )


def test_being_much_faster_pays_and_says_by_how_much():
    found = analysed(*(task(name, minutes=2) for name in "abc")).verdict
    assert found.reason == (
        "with up to 3 agents at once it takes 2 m instead of 6 m one after another, 3.0 times as fast."
    )


def test_a_list_that_is_yet_to_be_written_pays_by_its_length(project):
    row = '{id: b, prompt: "{{ item }}", for_each: {from: a}}'
    text = f"name: n\ntasks:\n  - {{id: a, prompt: x, output: a.json}}\n  - {row}\n"
    loaded = load(write(os.path.join(project, "t.yaml"), text), project)
    found = analyse(plan_run(loaded, Options(), project)[0])
    assert found.verdict.answer == "yes"
    assert found.verdict.reason.startswith(
        "b becomes one task for each item that a finds, of which up to 4 run at once"
    )
    assert found.pattern.name == "Analysis Then Implementation"
    assert "b stands for one task per item of a's output and counts as one here" in plan_text(found, 500)


def test_where_waves_take_as_long_that_is_said():
    level = analysed(task("a", minutes=2), task("b", minutes=2), task("c", "ab", 2))
    assert "wave by wave   4 m, if each wave waited for the one before it: as long" in plan_text(level, 200)
    nearly = analysed(task("a", minutes=100), task("b", minutes=101), task("c", "a", 100), task("d", "b", 98))
    assert nearly.figures.gain_over_waves == pytest.approx(1 / 201, abs=0.005)
    assert "saves only less than 1 %, so waves would take as long" in plan_text(nearly, 200)
    rolling = analysed(task("a", minutes=1), task("b", minutes=9), task("c", "a", 9), task("d", "b", 1))
    assert "saves 44 %" in plan_text(rolling, 200)


# --- questions ----------------------------------------------------------------------------------------------------


def answers(*tasks, **limits):
    return [answer for _, answer in analysed(*tasks, **limits).questions]


def test_the_four_questions_for_independent_tasks_of_which_nothing_is_known():
    assert answers(task("a"), task("b")) == [
        "Yes, all.",
        "Unknown: no task has an estimate (estimated_duration), and none has run before.",
        "No.",
        "No: each writes its own output only.",
    ]


def test_the_four_questions_for_others():
    found = answers(
        task("a", minutes=0.1, writes=("src/**",)), task("b", minutes=5, writes=("src/x",)), task("c", "ab")
    )
    assert found == [
        "2 of 3 need no other task.",
        "No, 1 of 2 take less (of 1 it is not known).",
        "Yes, 1 of 3; such a task begins when what it needs has ended.",
        "Yes, some may (writes); these never run at once, as told below.",
    ]


@pytest.mark.parametrize(
    ("scopes", "writes", "answer"),
    [
        ((), "open", "Perhaps: no task says which files it may change (writes), and all may change any."),
        (("a/**",), "open", "Perhaps: 1 of 2 tasks do not say which files they may change (writes)."),
        (("a/**",), "scoped", "No: their write scopes do not overlap, or their order is given."),
    ],
)
def test_whether_agents_edit_the_same_files(scopes, writes, answer):
    assert answers(task("a", writes=scopes), task("b"), writes=writes)[3] == answer


# --- patterns -----------------------------------------------------------------------------------------------------


def fan(count, agents):
    return [task(f"t{n}", agent=agents[n % len(agents)]) for n in range(count)]


def names(count):
    return [f"t{n}" for n in range(count)]


@pytest.mark.parametrize(
    ("tasks", "pattern"),
    [
        (fan(1, "p"), "One agent"),
        ([task("a"), task("b", "a"), task("c", "b")], "One after another"),
        (fan(2, "pq"), "Parallel Background Agents"),
        (fan(9, "p"), "Parallel Background Agents"),
        (fan(10, "p"), "Self-Organizing Workers"),
        (fan(10, "pq"), "Parallel Background Agents"),
        ([*fan(3, "pqr"), task("end", names(3))], "Fan-out, then one integrator"),
        ([*fan(10, "p"), task("end", names(10))], "Self-Organizing Workers, then one integrator"),
        ([*fan(10, "pq"), task("end", names(10))], "Fan-out, then one integrator"),
        ([task("a"), task("b", "a"), task("c", "a")], "Analysis Then Implementation"),
        ([task("a"), task("b"), task("c", "ab"), task("d", "ab"), task("e", "c")], "Analysis Then Implementation"),
        ([task("a"), task("b"), task("c", "a"), task("d", "b")], "Dependency-Aware Batching"),
    ],
)
def test_the_pattern_that_fits(tasks, pattern):
    assert analysed(*tasks).pattern.name == pattern


def test_groups_that_have_nothing_to_do_with_each_other():
    found = analysed(task("a"), task("b", "a"), task("c"), task("d", "c"), task("e"))
    assert sorted(sorted(ids(found, group)) for group in found.groups) == [["a", "b"], ["c", "d"], ["e"]]
    assert dict(limits(found))["independent groups"].startswith("3: ")


# --- figures ------------------------------------------------------------------------------------------------------


def test_the_figures_of_the_third_document():
    found = analysed(task("a", minutes=10), task("b", minutes=15), task("c", minutes=8)).figures
    assert (found.sequential, found.makespan, round(found.speedup, 1)) == (33 * 60_000, 15 * 60_000, 2.2)
    assert found.is_shortest


def test_where_the_plan_may_not_be_the_best_it_says_how_far_it_is_from_it():
    found = analysed(*fan(5, "p"))
    assert (found.figures.is_shortest, found.figures.bound) == (True, 120_000) or not found.figures.is_shortest
    loose = analysed(task("a", minutes=3), task("b", minutes=3), task("c", minutes=3), max_parallel=2)
    assert not loose.figures.is_shortest
    assert "no order takes less than 4 m 30 s, so the plan is at most 33 % longer than the best there is" in plan_text(
        loose, 300
    )


def test_where_estimates_come_from():
    found = analysed(task("a", minutes=2), task("b"), task("c"), learnt={"b": 240.0})
    assert found.sources == {"file": 1, "runs": 1, "": 1}
    text = plan_text(found, 200)
    assert "1 estimate of the file, 1 learnt from earlier runs, 1 unknown, taken as the mean of the others, 3 m" in text


# --- conflicts ----------------------------------------------------------------------------------------------------


def told(*tasks, **limits_of):
    rows = limits(analysed(*tasks, **limits_of))
    first = next(at for at, (label, _) in enumerate(rows) if label == "never at once")
    return [text for _, text in rows[first:]]


def test_tasks_that_may_write_the_same_files_never_run_at_once():
    rows = told(task("a", writes=("src/**",)), task("b", writes=("src/db/x.py",)), task("c", writes=("docs/**",)))
    assert rows == ["a and b: they may write the same files (src/** and src/db/x.py)"]


def test_what_depends_on_each_other_is_no_conflict():
    assert told(task("a", writes=("src/**",)), task("b", "a", writes=("src/**",))) == [
        "nothing but what depends on each other"
    ]
    assert told(task("a", agent="p"), task("b", "a", agent="p"), agents={"p": Agent(1)}) == [
        "nothing but what depends on each other"
    ]


def test_instances_and_resources_are_conflicts_where_they_do_not_suffice():
    five = [task(name, agent="p") for name in "abcde"]
    assert told(*five, agents={"p": Agent(2)}) == [
        "more than 2 of a, b, c, d and e: there are 2 instances of the agent p"
    ]
    assert told(*five, agents={"p": Agent(5)}) == ["nothing but what depends on each other"]
    assert told(*(task(name, resources=(("db", 1),)) for name in "ab")) == ["a and b: there is 1 of the resource db"]
    gpu = [task(name, resources=(("gpu", amount),)) for name, amount in (("a", 3), ("b", 2), ("c", 1))]
    assert told(*gpu, resources={"gpu": 4}) == [
        "more than 4 of the resource gpu together: a takes 3, b takes 2 and c takes 1"
    ]


def test_many_conflicts_are_cut():
    pairs = [task(f"{side}{n}", writes=(f"src/{n}/**",)) for n in range(12) for side in "ab"]
    assert told(*pairs)[-1] == "and 2 more such groups"


# --- prospects ----------------------------------------------------------------------------------------------------


def test_more_agents_gain_until_the_critical_path_is_all_there_is():
    found = analysed(*(task(name, minutes=2) for name in "abcdef"), max_parallel=2).prospects
    assert levels(found.agents)[:3] == [(1, 1, 720_000), (2, 2, 360_000), (3, 5, 240_000)]
    assert levels(found.agents)[-1] == (6, 16, 120_000)
    assert found.worth == 6


def test_the_bottleneck_is_the_task_whose_division_gains_most():
    found = analysed(task("a", minutes=8), task("b", "a", 2), task("c", minutes=1))
    assert found.prospects.bottleneck[1] == 6 * 60_000
    assert dict(limits(found))["bottleneck"] == (
        "the task a (8 m): as two tasks of half its length, the run takes 6 m, 4 m less"
    )


def test_a_task_whose_halves_share_a_limit_is_no_bottleneck():
    found = analysed(task("a", minutes=8, agent="p"), task("b", "a", 2), agents={"p": Agent(1)})
    assert ids(found, [found.prospects.bottleneck[0]]) == ["b"]


def test_one_more_of_a_limit_can_be_the_bottleneck():
    found = analysed(*(task(name, minutes=4, agent="p") for name in "abc"), agents={"p": Agent(1)})
    (more,) = found.prospects.raised
    assert (more.of, more.name, more.now, more.makespan) == ("agent", "p", 1, 8 * 60_000)
    rows = dict(limits(found))
    assert rows["bottleneck"] == "the agent p (now 1): with one more, the run takes 8 m, 4 m less"
    assert rows["one more of"] == "agent p (now 1): 8 m, 4 m less"


def test_where_nothing_helps_that_is_said():
    found = analysed(*fan(8, "p"), max_parallel=4)
    assert dict(limits(found))["bottleneck"].startswith("none: ")


def test_a_large_plan_is_not_searched():
    plan = plan_of({f"t{n}": () for n in range(LARGE + 1)})
    found = analyse(plan)
    assert [found.conflicts, found.chains, found.prospects, found.explanations] == [None] * 4
    assert found.figures.waves is not None
    assert analyse(plan_of({"a": ()}), is_brief=True).prospects is None


# --- balance ------------------------------------------------------------------------------------------------------


def test_six_tasks_are_spread_evenly_over_three_instances():
    found = analysed(*(task(f"t{n}", minutes=2, agent="p") for n in range(6)), agents={"p": Agent(3)})
    (share,) = found.balance
    assert (share.tasks, share.work, share.each) == (6, 720_000, (240_000,) * 3)
    assert "p  6 tasks, 12 m of work, 3 instances: 4 m, 4 m and 4 m" in plan_text(found, 200)


def test_kinds_of_agents_without_a_limit_are_counted_and_one_kind_is_not():
    found = analysed(task("a", agent="p", minutes=1), task("b", agent="q", minutes=3))
    assert [(share.agent, share.work, share.each) for share in found.balance] == [("q", 180_000, ()), ("p", 60_000, ())]
    assert analysed(task("a"), task("b")).balance == []


# --- reasons ------------------------------------------------------------------------------------------------------


def test_why_tasks_begin_when_they_do():
    found = reasons(
        analysed(
            task("a", minutes=5),
            task("b", minutes=3),
            task("c", minutes=2),
            task("d", "ab", 1),
            task("e", "b", 1),
            max_parallel=2,
        )
    )
    assert found["a"] == "begins right away, since it needs no other task; the longest chain that it begins takes 6 m"
    assert found["d"] == "begins at 5 m, as soon as a has ended, the last of the 2 that it needs"
    assert found["c"] == (
        "begins at 3 m; it is ready at 0, but waits for a free agent: a and b are at work; a and b go first, since"
        " longer chains of work begin there"
    )


def test_why_tasks_wait_for_what_they_share():
    found = reasons(analysed(task("a", minutes=2, writes=("x/**",)), task("b", minutes=1, writes=("x/y",))))
    assert "but waits for a, which may write the same files (x/y and x/**); a goes first" in found["b"]
    found = reasons(analysed(*(task(name, minutes=1, resources=(("db", 1),)) for name in "ab")))
    assert "but waits for the resource db, which a holds; a goes first, as the earlier among equals" in found["b"]
    found = reasons(analysed(*(task(name, minutes=1, agent="p") for name in "abc"), agents={"p": Agent(2)}))
    assert "but waits for the agent p: all 2 instances are at work on a and b" in found["c"]


def test_why_tasks_wait_for_a_wave_or_for_some():
    found = reasons(analysed(task("a", minutes=1), task("b", minutes=9), task("c", "a", 1), order="waves"))
    assert found["c"] == "begins at 9 m, as wave 1 has ended, b last: the plan goes wave by wave"
    race = analysed(task("a", minutes=1), task("b", minutes=9), task("c", "ab", 1, wait=1))
    assert reasons(race)["c"] == "begins at 1 m, as 1 of the 2 that it needs have ended, a last"
    assert "It is called off at 1 m: what needs it goes on without it then." in plan_text(race, 300, explain=True)


def test_why_a_more_urgent_task_goes_first():
    found = reasons(analysed(task("a", minutes=9), task("b", minutes=1, priority="high"), max_parallel=1))
    assert found["a"].endswith("but waits for a free agent: b is at work; b goes first by priority")


def test_why_a_task_lets_another_begin_first():
    plan = planned(task("a", minutes=1), task("b", "a", 5), task("c", minutes=9, priority="low"), max_parallel=2)
    plan.tasks["c"].yields_to = "b"
    plan.foretold = 10.0 * 60
    analysis = analyse(plan)
    assert reasons(analysis)["c"] == (
        "begins at 1 m; it is ready at 0, but lets b begin first, as otherwise b would begin later and the run would"
        " take longer"
    )
    assert ids(analysis, analysis.chains.deciding) == ["a", "b", "c"]


def test_why_a_task_lets_another_have_its_agent_first():
    found = analysed(
        task("greedy", minutes=20, agent="p"),
        task("first", minutes=2),
        Task("second", "x", output="s.md", agent="p", dependencies=("first",), estimated_duration=120_000),
        Task("third", "x", output="t.md", dependencies=("second",), estimated_duration=18 * 60_000),
        agents={"p": Agent(1)},
    )
    assert reasons(found)["greedy"] == (
        "begins at 4 m; it is ready at 0, but lets second begin first, as otherwise second would begin later and the"
        " run would take longer; then it waits for the agent p: its only instance is at work on second"
    )


def test_what_the_end_of_a_task_lets_begin():
    found = analysed(task("a", minutes=2), task("b", minutes=1), task("c", "a", 2), max_parallel=1)
    after = {task: (ids(found, one.releases), ids(found, one.follows)) for task, one in zip("acb", found.explanations)}
    assert after == {"a": (["c"], []), "c": ([], ["b"]), "b": ([], [])}


def test_the_slack_of_a_task():
    found = analysed(task("a", minutes=5), task("b", minutes=2), task("c", "ab", 1))
    assert by_id(found, map(found.chains.slack, range(3))) == {"a": 0, "b": 180_000, "c": 0}


def test_one_agent_is_simulated_where_the_run_goes_on_with_some():
    race = analysed(task("a", minutes=1), task("b", minutes=9), task("c", "ab", 1, wait=1))
    work = race.forecast.work
    assert race.figures.sequential == simulate(work.limited(1), range(work.size)).makespan
