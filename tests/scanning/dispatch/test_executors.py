"""Order is kept, and a page that kills, hangs or raises costs itself and nothing else."""

import platform
import subprocess
import sys

import pytest

from models.words import PageCode
from scanning.dispatch.executor import Outcome, SerialExecutor
from scanning.dispatch.pool import PoolOptions, ProcessPool
from tests.scanning.dispatch.work import big, double, double_or_trouble, loaded_modules, page_faults, priority


def test_both_executors_keep_the_order_and_take_inputs_as_needed() -> None:
    taken = []

    def inputs():
        for number in range(40):
            taken.append(number)
            yield number

    serial = SerialExecutor().run(double, inputs())
    assert next(serial) == Outcome(0, 0)
    assert taken == [0]
    assert [one.result for one in serial] == [2 * n for n in range(1, 40)]
    with ProcessPool(PoolOptions(workers=2, chunk=3)) as pool:
        taken.clear()
        results = pool.run(double, inputs())
        assert next(results).result == 0
        assert len(taken) <= 2 * 2 * 3 + 1  # a few per worker, however many there are
        assert [one.result for one in results] == [2 * n for n in range(1, 40)]


def test_poison_pages_are_exactly_the_ones_that_fail() -> None:
    options = PoolOptions(workers=2, chunk=4, page_timeout_s=3.0)
    with ProcessPool(options) as pool:
        outcomes = list(pool.run(double_or_trouble, range(30)))
    assert [one.given for one in outcomes] == list(range(30))
    failed = {one.given: one.code for one in outcomes if one.code is not None}
    assert failed == {
        13: PageCode.CRASHED,
        17: PageCode.CRASHED,
        19: PageCode.TIMED_OUT,
        23: PageCode.CRASHED,
    }
    assert all(one.result == 2 * one.given for one in outcomes if one.code is None)
    assert "twenty-three" in next(one.detail for one in outcomes if one.given == 23)


def test_results_larger_than_a_pipe_do_not_lock_both_sides() -> None:
    with ProcessPool(PoolOptions(workers=1, chunk=4)) as pool:
        sizes = [len(one.result) for one in pool.run(big, range(12))]
    assert sizes == [2_000_000] * 12


def test_a_serial_executor_survives_work_that_raises() -> None:
    outcomes = list(SerialExecutor().run(double_or_trouble, [22, 23, 24]))
    assert [one.code for one in outcomes] == [None, PageCode.CRASHED, None]


def test_a_worker_imports_neither_sqlalchemy_nor_flask() -> None:
    script = (
        "import sys, scanning.read_files, scanning.read_page, scanning.dispatch.pool, scanning.reading.ocr\n"
        "import scanning.page.anchoring\n"
        "print([name for name in ('sqlalchemy', 'flask', 'web', 'marking') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert answer.stdout.strip() == "[]"
    with ProcessPool(PoolOptions(workers=1)) as pool:
        (outcome,) = pool.run(loaded_modules, [1])
    assert not {"sqlalchemy", "flask"} & set(outcome.result)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems keep freed memory in their own way")
def test_a_worker_keeps_the_memory_of_one_page_for_the_next() -> None:
    with ProcessPool(PoolOptions(workers=1)) as pool:
        (outcome,) = pool.run(page_faults, [20])
    assert outcome.code is None
    assert outcome.result < 20 * 400  # asked anew each time, two pages of 4 MB are 1,950 pieces


@pytest.mark.parametrize("count", [0, 1])
def test_few_inputs_are_no_trouble(count) -> None:
    with ProcessPool(PoolOptions(workers=2)) as pool:
        assert [one.result for one in pool.run(double, range(count))] == [0] * count


def test_polite_workers_go_behind_everybody_else_and_others_do_not() -> None:
    here = priority(0)
    with ProcessPool(PoolOptions(workers=1)) as pool:
        assert next(pool.run(priority, [0])).result == here
    with ProcessPool(PoolOptions(workers=1, polite=True)) as pool:
        behind = next(pool.run(priority, [0])).result
    assert behind == (0x4000 if sys.platform == "win32" else min(19, here + 10))
    assert priority(0) == here  # whoever serves people keeps its place
