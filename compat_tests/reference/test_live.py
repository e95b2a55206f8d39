"""One sample of every entry of op_db, and all of module_db and optim_db, against the real torch in the same process.

`python -m compat_tests.reference --samples all` is the whole comparison.
"""

import warnings

import pytest

pytestmark = pytest.mark.reference
torch = pytest.importorskip("torch")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch's test databases say which optional packages they miss
    from compat_tests.reference import gaps, modules, operations, optimizers
from compat_tests.reference.test_goldens import compile_fast  # noqa: E402,F401

ASPECTS = "value,stride,gradient,second gradient,method,inplace,out,errors"
DATABASES = {"op_db": operations, "module_db": modules, "optim_db": optimizers}
TASKS = [
    task
    for database, dtypes, samples in (
        (operations, "float32", 1),
        (modules, "float32", 1),
        (optimizers, "float32", None),
    )
    for task in database.tasks("*", dtypes, ASPECTS if database is operations else None, samples)
]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task['part']}-{task['name']}")
def test_entry(task):
    result = {**task, "findings": DATABASES[task["part"]].run_task(task)}
    bad = gaps.unexplained(result)
    assert not bad, "\n".join(f"{aspect}: {text}" for aspect in bad for text in result["findings"][aspect]["messages"])
