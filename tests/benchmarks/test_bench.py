"""The benchmarks' harness: its arithmetic, its proof of equal work, its time box, its tables; and `chainrule bench`.

No peer takes part and no time is asserted. The scripts in `benchmarks` are no package: they are found by their folder.
"""

import json
import math
import os
import random
import re
import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import bench
from chainrule.core.clock import median_seconds

FOLDER = Path(__file__).parents[2] / "benchmarks"
if not FOLDER.is_dir():
    pytest.skip("installed without the benchmarks", allow_module_level=True)


@pytest.fixture(scope="module", autouse=True)
def _on_the_path():
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def harness():
    import harness

    return harness


@pytest.fixture(scope="module")
def run():
    import run

    return run


def script(text):
    return [sys.executable, "-c", text]


# ---- arithmetic


@pytest.mark.parametrize("n", [5, 6, 7, 9, 12, 15, 21, 50])
def test_the_interval_is_that_of_the_sign_test(harness, n):
    """The largest k with at least 90 %, by SciPy's binomial distribution."""
    binom = pytest.importorskip("scipy.stats").binom
    values = random.Random(n).sample(range(1000), n)
    k = max(k for k in range(1, n) if 1 - 2 * binom.cdf(k - 1, n, 0.5) >= 0.9)
    ordered = sorted(values)
    assert harness.interval(values) == (statistics.median(values), ordered[k - 1], ordered[-k])


def test_the_interval_holds_the_median_as_often_as_it_says(harness):
    rng = np.random.default_rng(0)
    stored = 0
    for _ in range(2000):
        _, low, high = harness.interval(rng.exponential(size=9))
        stored += low <= math.log(2) <= high
    assert 0.95 < stored / 2000 < 0.975  # 96.1 % for nine: the next narrower one has 82 %


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_rounds_have_no_interval(harness, n):
    assert harness.interval(range(n))[1:] == (-math.inf, math.inf)
    assert "too few rounds" in harness.format_interval(harness.interval(range(n)))


def test_the_ratio_is_of_paired_rounds(harness):
    """A machine that slows down for both alike leaves the ratio as it is; the ratio of medians would move."""
    theirs = [1.0, 1.0, 9.0, 9.0, 9.0]
    ours = [0.5, 0.5, 4.5, 4.5, 4.5]
    assert harness.ratio(ours, theirs) == (0.5, 0.5, 0.5)
    with pytest.raises(ValueError, match="zip"):
        harness.ratio(ours, theirs[1:])


# ---- equal work


def test_equal_work_passes(harness):
    numbers = {"a": [2.0, 1.0, 0.001], "b": [2.001, 1.0, 0.0015]}
    assert harness.differences(numbers, 1e-3, "a") == []


@pytest.mark.parametrize(
    ("numbers", "word"),
    [
        ([2.0, 1.01, 0.5], "number 2 of b is 1.01"),
        ([2.0, 1.0, math.nan], "number 3 of b is nan"),
        ([math.inf, 1.0, 0.5], "number 1 of b is inf"),
        ([2.0, 1.0], "gave 2 numbers"),
    ],
)
def test_unequal_work_is_named(harness, numbers, word):
    (line,) = harness.differences({"a": [2.0, 1.0, 0.5], "b": numbers, "c": [2.0, 1.0, 0.5]}, 1e-3, "a")
    assert line.startswith("unequal work: ")
    assert word in line


def test_a_planted_fault_fails_the_run(run, monkeypatch, capsys, tmp_path):
    """A contestant with a rate wrong by a fifth: its first loss is right, the later ones are not."""
    from contestants import CONTESTANTS, by_hand, functional
    from workloads.perceptron import WORKS

    monkeypatch.setitem(CONTESTANTS, "cheat", ("by_hand", {}))
    honest, cheat = by_hand.training(WORKS[0]), by_hand.training(WORKS[0])
    cheat.work = SimpleNamespace(**{**vars(WORKS[0]), "optimizer": SimpleNamespace(rate=0.012), "steps": 13})
    ours = functional.Fit(cr, WORKS[0], engine="numpy")
    created = {run.OURS: ours, "NumPy by hand": honest, "cheat": cheat}
    results = {n: {"step": 1.0, "first": 1.0, "import": 1.0, "memory": 1.0, "version": "1"} for n in created}
    for name, contestant in created.items():
        results[name]["numbers"] = contestant.first_step() + contestant.next_steps()
    monkeypatch.setattr(run, "measured_limits", lambda: {"gemm": 1e11, "copy": 1e10})
    monkeypatch.setattr(run, "measures", lambda work, args: {n: lambda n=n: results[n] for n in created})
    written = []
    monkeypatch.setattr(run, "write", written.append)
    assert run.main(["perceptron", "--rounds", "1", "--write"]) == 1
    assert written == []
    out = capsys.readouterr().out
    assert "unequal work: number 2 of cheat" in out
    assert "of NumPy by hand is" not in out
    del created["cheat"]
    out = tmp_path / "all.json"
    assert run.main(["w1", "--rounds", "2", "--write", "--out", str(out)]) == 0
    assert list(written[0]) == ["W1"]
    assert len(json.loads(out.read_text())["results"]["W1"]["runs"]["chainrule"]) == 2
    assert "Equal work" in capsys.readouterr().out


# ---- processes and rounds


def test_a_fresh_process_gives_its_last_line(harness):
    assert harness.run_process(script("print('words'); print('{\"step\": 2}')"), 60) == {"step": 2}


def test_a_failing_process_gives_its_last_words(harness):
    result = harness.run_process(script("raise OSError('no such thing')"), 60)
    assert result == {"failed": "OSError: no such thing"}
    assert harness.run_process(script("import os; os._exit(3)"), 60) == {"failed": "exit status 3"}


def test_the_time_box_ends_the_process_and_its_children(harness, tmp_path):
    note = tmp_path / "alive"
    child = f"import time; time.sleep(1.5); open({str(note)!r}, 'w')"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    assert harness.run_process(script(parent), 0.5) == {"over": 0.5}
    time.sleep(1.5)
    assert not note.exists()


def test_who_takes_too_long_is_left_out_of_later_rounds(harness):
    calls = []

    def measure(name, *runs):
        left = list(runs)
        return lambda: (calls.append(name), left.pop(0))[1]

    result = harness.interleave(
        {
            "a": measure("a", *[{"step": 1.0}] * 3),
            "slow": measure("slow", {"step": 5.0}, {"over": 60.0}),
            "absent": measure("absent", {"absent": "No module named 'torch'"}),
            "broken": measure("broken", {"failed": "OSError"}),
        },
        3,
    )
    assert calls == ["a", "slow", "absent", "broken", "a", "slow", "a"]
    assert list(result.runs) == ["a"]
    assert result.left_out == {
        "slow": "took more than 60 s a round",
        "absent": "not installed (No module named 'torch')",
        "broken": "failed: OSError",
    }


def test_a_cold_start_knows_its_own_memory(run):
    """40 MB in the child, and the number that it printed; this process is larger than that."""
    life = [sys.executable, str(FOLDER / "life.py"), *script("b = bytearray(40 << 20); print('loss', 0.25)")]
    result = run.run_process(life, 60)
    assert result["numbers"] == [0.25]
    assert 40 << 20 < result["memory"] < 80 << 20
    assert result["step"] > 0


# ---- tables and the page


def runs(*steps, **more):
    return [{"step": s, "first": 0.25, "import": 1.5, "memory": 3e8, "version": "1", **more} for s in steps]


def test_the_table(harness):
    result = harness.Results({"chainrule": runs(*[2e-6] * 9), "B": runs(*[4e-6] * 9), "A": runs(*[1e-6] * 9)})
    lines = harness.table(result, "chainrule").splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["A", "chainrule", "B"]
    assert lines[2] == "| A | 1.00 | 2.00 (2.00 to 2.00) | 0.250 | 1.50 | 300 |"
    assert lines[3] == "| chainrule | 2.00 |  | 0.250 | 1.50 | 300 |"
    assert len({line.count("|") for line in lines}) == 1


def test_what_was_not_measured_is_left_empty(harness):
    result = harness.Results({"chainrule": [{"step": 0.5, "memory": 3e7, "numbers": [1.0]}]})
    assert harness.table(result, "chainrule").splitlines()[2] == "| chainrule | 500,000 |  |  |  | 30 |"


@pytest.mark.parametrize(("last", "word"), [(4.0, "reached"), (6.0, "not reached")])
def test_a_bar_is_reached_by_the_upper_end(harness, last, word):
    result = harness.Results({"chainrule": runs(3, 3, 3, 3, last), "slow": runs(*[20] * 5), "fast": runs(*[10] * 5)})
    assert harness.verdict(result, "chainrule", 0.45).startswith("Ours over the fastest, fast: 0.30")
    assert harness.verdict(result, "chainrule", 0.45).endswith(f"the bar is 0.45: {word}.")
    assert harness.verdict(result, "chainrule", 0.45, over="slow").startswith("Ours over slow: 0.15")
    assert harness.verdict(harness.Results({"chainrule": runs(1)}), "chainrule", 1).startswith("No peer took part")


def test_too_few_rounds_reach_no_bar(harness):
    result = harness.Results({"chainrule": runs(1), "peer": runs(100)})
    assert harness.verdict(result, "chainrule", 0.5).endswith("not reached.")


def test_the_page_keeps_other_workloads(run, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{run.START}\n{run.END}\n\nAfter\n")
    run.write({"W3": "### W3: c\n\nthree", "W1": "### W1: a\n\none"}, page)
    run.write({"W1": "### W1: a\n\nuno", "W2": "### W2: b\n\ntwo"}, page)
    text = page.read_text()
    assert re.findall(r"^### (W\d)", text, re.M) == ["W1", "W2", "W3"]
    assert "uno" in text
    assert "one\n" not in text
    assert text.startswith("# Before")
    assert text.endswith("After\n")
    assert run.PAGE.read_text().count(run.START) == run.PAGE.read_text().count(run.END) == 1


# ---- the workloads


def test_every_workload_is_whole():
    from contestants import CONTESTANTS, OURS
    from workloads import all_workloads, select_workloads

    result = all_workloads()
    issue = "W1 W2 W3 W4 W5 W5n W6 W7 W8a W8b W8c W8d W9 W10 W11 W3b W4b W5b W6b".split()
    assert [w.key for w in result.values()] == issue
    for work in result.values():
        assert work.contestants[0] == OURS
        assert set(work.contestants) <= set(CONTESTANTS)
    assert [w.key for w in select_workloads(["w5n", "cnn", "predict"])] == ["W5n", "W4", "W8a", "W8b", "W8c", "W8d"]
    assert len(select_workloads([])) == len(select_workloads(["all"])) == len(issue)
    with pytest.raises(SystemExit, match="no workload 'w99'"):
        select_workloads(["w99"])


@pytest.mark.parametrize(("name", "parameters"), [("mlp", 535_818), ("cnn", 421_642), ("resnet", 269_722)])
def test_nets_have_the_literature_s_parameters(name, parameters):
    """The CNN's by hand: 320 + 18,496 + 3136·128 + 128 + 1,290. ResNet-20's: He et al., 0.27 million."""
    from contestants.functional import Builder
    from workloads import all_workloads

    builder = Builder(cr)
    work = all_workloads()[name]
    model = builder.model(work)
    builder.load(work.weights())
    assert sum(w.size for w in model.trainable_weights) == parameters
    loaded = [w for layer in builder.layers for w in layer.get_weights()]
    assert all(np.array_equal(a, b) for a, b in zip(loaded, work.weights(), strict=True))


def test_resnet_is_the_one_of_applications():
    from contestants.functional import Builder
    from workloads import all_workloads

    builder = Builder(cr)
    model, same = builder.model(all_workloads()["resnet"]), cr.applications.ResNet20(classifier_activation=None)
    builder.load(all_workloads()["resnet"].weights())
    same.set_weights(model.get_weights())
    x = all_workloads()["resnet"].data()[0][:2]
    np.testing.assert_allclose(model.predict(x, verbose=0), same.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


# ---- chainrule bench


def test_timed_is_the_time_of_one(monkeypatch):
    """Under a clock of our own: n times take 0.01 n + 0.001 s, and 0.5 s more when so many are first compiled."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    calls = []

    def work(times):
        now[0] += 0.01 * times + 0.001 + 0.5 * (times == 4 and times not in calls)
        calls.append(times)

    assert median_seconds(work, 1.0) == pytest.approx(0.01, rel=0.01)
    assert calls[:11] == [1, 1, 1, 2, 2, 4, 4, 8, 8, 16, 16]
    assert set(calls[11:]) == {32}


def test_the_floor_by_hand():
    """A dense layer 5 to 3 on 8 rows with momentum: forward and the kernel's gradient, no gradient of the data."""
    model = cr.Sequential([cr.layers.Input((5,)), cr.layers.Dense(3)])
    model.compile(cr.optimizers.SGD(0.1, momentum=0.9), "mse", engine="numpy")
    x, y = np.ones((8, 5), np.float32), np.ones((8, 3), np.float32)
    model.train_on_batch(x, y)
    assert bench.floor(model, x, y, {"gemm": 1.0, "copy": 1e30}) == 2 * (2 * 8 * 5 * 3)
    stored = sum(v.size * v.dtype.itemsize for v in model.optimizer.variables) + 4 * 18
    assert stored > 4 * 2 * 18  # as many momenta as weights, the step's number and the rate
    assert bench.floor(model, x, y, {"gemm": 1e30, "copy": 1.0}) == 4 * 8 * (5 + 3) + 2 * stored


def test_bench_prints_a_row_for_each(typed, monkeypatch):
    monkeypatch.setattr(bench, "limits", lambda: {"gemm": 3e11, "copy": 2e10})
    t = typed("bench", "perceptron", "--seconds", "0.001", "--engine", "numpy")
    assert t.status == 0, t
    assert "300 GFLOP/s" in t.out
    assert "20.0 GB/s" in t.out
    (row,) = [line.split() for line in t.out.splitlines() if line.startswith("perceptron")]
    assert row[1] == "numpy"
    step, least, share = (float(cell.strip("%").replace(",", "")) for cell in row[2:5])
    assert share == pytest.approx(100 * least / step, abs=0.2)
    assert least > 0


def test_no_step_is_faster_than_the_machine(typed, monkeypatch):
    """Limits measured too low, as on a busy machine, are raised to what the steps reach, and the output says so."""
    monkeypatch.setattr(bench, "limits", lambda: {"gemm": 1.0, "copy": 1.0})
    t = typed("bench", "perceptron", "--seconds", "0.001", "--engine", "numpy")
    (row,) = [line.split() for line in t.out.splitlines() if line.startswith("perceptron")]
    assert row[4] == "100.0%"
    assert row[2].replace(",", "").split(".")[0] == row[3].replace(",", "").split(".")[0]
    assert "a step was faster than that" in t.out


@pytest.mark.parametrize(
    "argv", [["nothing"], ["mlp", "--seconds", "0"], ["mlp", "--seconds", "nan"], ["--engine", "steam"]]
)
def test_bench_teaches(typed, argv):
    t = typed("bench", *argv)
    assert t.status == 2, t
    assert t.out == ""
    assert t.err.startswith("chainrule bench: Got ")
    assert "To mend it: " in t.err


def test_workers_of_a_peer_do_not_import_chainrule(harness):
    """The perceptron by hand, in a process whose library would give itself away."""
    text = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import worker, json; " + (
        "found = worker.measure('perceptron', 'NumPy by hand', None, 0.01); "
        "print(json.dumps({**found, 'modules': [m for m in sys.modules if m.startswith('chainrule')]}))"
    )
    result = harness.run_process(script(text), 60, PYTHONPATH=os.pathsep.join(sys.path))
    assert result["modules"] == []
    assert len(result["numbers"]) == 5
    assert json.dumps(result)
    assert result["memory"] > 1e7
