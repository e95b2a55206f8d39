"""The scoreboard: jtorch against torch's own test databases (op_db, module_db, optim_db), live, in one process.

    python -m compat_tests.reference                                  everything, two processes, a few samples an entry
    python -m compat_tests.reference --entries 'linalg.*' --samples all
    python -m compat_tests.reference --parts modules,optimizers

`translate.py` turns torch's samples and callables into jtorch's, `closeness.py` compares, `operations.py`, `modules.py`
and `optimizers.py` each run one entry of a database, `scoreboard.py` shares entries out to processes and counts.
"""
