"""Programs: how a trace is run. Op by op at first sight, in numpy as long as that is cheaper; as one compiled program once it has repeated so often that compiling pays.

The choice is a function of what was recorded before (sightings, estimated costs, programs already compiled), never of time.
"""

import threading
from collections import OrderedDict
from operator import is_
from sys import getrefcount

import jax
import jax.numpy as jnp
import numpy as np

from .. import errors
from . import log
from .overlap import overlapping, write_apart
from .prim import unpack
from .settings import XLA_OPTIONS, Settings, persist_programs

# Rough compile costs in milliseconds, measured on 2 CPU cores: an operation alone and each equation of its jaxpr; a program and each equation in it.
COST_ONE, COST_ONE_EQUATION, COST_PROGRAM, COST_EQUATION = 40, 1.6, 80, 1.6
# A trace that came again will probably come often: it is compiled once interpreting it has cost this share of compiling it.
SHARE = 0.25
# Whole compiles at first sight that have not been seen again: past this many, unknown traces run op by op.
MAX_UNCONFIRMED = 8

_plans: OrderedDict = OrderedDict()
_unconfirmed: set = set()
_single: OrderedDict = OrderedDict()  # primitives with a program of their own, by the time it was compiled
statistics = {
    "flushes": 0,
    "ops_recorded": 0,
    "ops_run": 0,
    "ops_interpreted": 0,
    "rules_failed": 0,
    "ops_compiled": 0,
    "programs_compiled": 0,
    "programs_run": 0,
    "buffers_donated": 0,
}
_persisted = False
_tables = threading.Lock()  # several threads flush traces of their own


class Plan:
    """What is known of one trace signature: how often it was seen, what interpreting it has cost (None if a part of it was compiled), the programs
    compiled for it, and (for the log) what it consists of.
    """

    __slots__ = ("sightings", "spent", "programs", "description")

    def __init__(self):
        self.sightings = 0
        self.spent = 0.0
        self.programs = []
        self.description = None


class Program:
    """A trace compiled whole, for a set of wanted slots.

    `produced` are the slots of its results in their order; `donated` and `kept` the numbers of its inputs, of which it overwrites the donated ones.
    The first donated inputs were written over by the results in `replacing`, which take their buffers; `holders` counts what refers to each
    donated value when nobody else can see it.
    """

    __slots__ = ("wanted", "produced", "donated", "kept", "replacing", "holders", "call", "checked")

    def buffers(self, inputs, values, place) -> list:
        """Arrays to overwrite: those of the donated inputs, or copies of the ones that somebody can still see."""
        old = [inputs[i] for i in self.donated]
        arrays = [value.array for value in old]
        replaced = [None if (new := values[slot]) is None else new.replaces for slot in self.replacing]
        if (
            all(map(is_, old, replaced))
            and list(map(getrefcount, old)) == self.holders
            and ARRAY_HOLDERS.issuperset(map(getrefcount, arrays))
            and not any([value.escaped for value in old])
            and np.ndarray not in set(map(type, arrays))
        ):
            return arrays
        for k in range(len(old)):
            value, array, arrays[k] = old[k], arrays[k], None
            others = self.holders[k] - LIST_HOLDER + 2  # the local name and the list `old`
            if k < len(replaced) and value is not replaced[k]:
                others -= 2
            if array.__class__ is np.ndarray:
                array = jax.device_put(array, place.jax_device, may_alias=False)
            elif value.escaped or _references(value) > others or _references(array) > 2:
                array = array.copy()
            arrays[k] = array
        return arrays


def _references(thing) -> int:
    """How many references there are to something, those that this call makes left out."""
    return next(map(getrefcount, [thing])) - LIST_HOLDER - 1


# What `getrefcount` counts for an object that only a list holds, and for one that an attribute holds besides.
LIST_HOLDER = next(map(getrefcount, [object()]))
ARRAY_HOLDERS = {LIST_HOLDER + 1}


def execute(trace, entries, inputs, values, needed, repeats, pause):
    """Run a trace. Returns slots, their arrays (all the needed ones among them) and, by slot, the errors of operations that failed.

    `values` has by slot the pending value, None where nobody holds it. `pause` is called between operations that run one by one, where the run may be
    given up: nothing has been overwritten yet.
    """
    statistics["flushes"] += 1
    statistics["ops_recorded"] += len(entries)
    signature = [trace.place]
    for prim, operands, _, _ in entries:
        signature.append(prim.id)
        signature += operands
    signature = tuple(signature)
    with _tables:
        plan = _plans.get(signature)
        if plan is None:
            plan = _plans[signature] = Plan()
            if len(_plans) > Settings.max_programs:
                _plans.popitem(last=False)
        else:
            _plans.move_to_end(signature)
    plan.sightings += 1
    if plan.sightings == 2:
        _unconfirmed.discard(signature)
    if not _compile_whole(plan, entries, signature, trace, repeats):
        try:
            return op_by_op(trace, entries, inputs, needed, pause, plan)
        except BaseException:
            plan.sightings -= 1  # an interrupt: it will be run again, which is no second sighting
            raise

    program = _find(plan, needed) or _compile(plan, entries, inputs, values, needed, trace)
    statistics["programs_run"] += 1
    statistics["buffers_donated"] += len(program.donated)
    donated = ()
    try:
        with jax.enable_x64(True):
            if program.donated:
                donated = program.buffers(inputs, values, trace.place)
            kept = [inputs[i] for i in program.kept]
            kept = [v.array if v.array.__class__ is not np.ndarray else on_device(v, trace.place) for v in kept]
            if Settings.observer is None:
                outputs, bad = program.call(donated, kept, _words(entries))
            else:
                outputs, bad = log.observed(
                    f"program of {len(entries)} operations", program.call, donated, kept, _words(entries)
                )
    except Exception as error:
        if any(array.is_deleted() for array in donated):
            raise
        # One operation that cannot run must not take the others of the trace with it: find it, and let only what depends on it fail.
        if program in plan.programs:
            plan.programs.remove(program)
        produced, results, failures = op_by_op(trace, entries, inputs, needed, pause)
        if not failures:
            errors.raise_for_device(error, [v.array for v in inputs])
            raise
        return produced, results, failures
    if program.checked and bool(np.asarray(bad)):
        return op_by_op(trace, entries, inputs, needed, pause)  # finds the operation and words its error
    return program.produced, outputs, None


def _compile_whole(plan, entries, signature, trace, repeats) -> bool:
    demanded = trace.whole or Settings.execution == "compile"
    if plan.programs or demanded:
        return len(entries) > 1 or bool(plan.programs) or demanded
    if plan.sightings >= 2:
        return len(entries) > 1 and (plan.spent is None or plan.spent >= SHARE * _cost_whole(entries))
    if len(_unconfirmed) >= MAX_UNCONFIRMED:
        return False
    alone, costs_alone = {}, 0.0
    for prim, *_ in entries:
        if prim.compiled or prim.host is not None:
            continue
        interpreted = prim.interpretation() if _may_interpret(trace) else None
        if interpreted is None:
            alone[id(prim)] = prim
        else:  # once it has run so often that a program would have paid, others will have that program
            costs_alone += interpreted.cost
    if not repeats or not alone:
        costs_alone += sum(map(_cost_alone, alone.values()))
        if costs_alone <= _cost_whole(entries):
            return False
    _unconfirmed.add(signature)
    return True


def _cost_alone(prim) -> float:
    return COST_ONE + COST_ONE_EQUATION * prim.equations()


def _cost_whole(entries) -> float:
    return COST_PROGRAM + COST_EQUATION * sum(prim.equations() for prim, *_ in entries)


def _may_interpret(trace) -> bool:
    return trace.place.is_host and Settings.execution == "deferred"


def _interpretation(prim, trace):
    """How a primitive runs in numpy, as long as that has cost less than its program would; None otherwise."""
    if prim.compiled or prim.host is not None or not _may_interpret(trace):
        return None
    found = prim.interpretation()
    return found if found is not None and prim.spent + found.cost <= _cost_alone(prim) else None


def _find(plan, needed):
    """A program that produces at least the needed slots."""
    for program in plan.programs:
        if program.wanted == needed:
            return program
    for program in plan.programs:
        if program.wanted != needed and set(needed).issubset(program.produced):
            return program
    return None


def _overwritable(inputs, values, needed) -> dict:
    """Inputs whose buffers nobody will see any more, with the slot of the value that was written over them, if there is one."""
    replacing = {id(values[slot].replaces): slot for slot in needed if values[slot].replaces is not None}
    free = {}
    for i, holders in enumerate(map(getrefcount, inputs)):
        value = inputs[i]
        slot = replacing.get(id(value))
        if slot is not None:
            free[i] = slot
        elif holders == LIST_HOLDER and not value.escaped and value.array.__class__ is not np.ndarray:
            array = value.array
            if _references(array) == 2:  # its value and the local name
                free[i] = None
    return free


def _compile(plan, entries, inputs, values, needed, trace) -> Program:
    free = _overwritable(inputs, values, needed) if not trace.checks else {}
    prepare()
    if len(plan.programs) >= 2:  # what is held keeps changing: settle on everything anybody has wanted
        needed = tuple(sorted(set(needed).union(*(p.produced for p in plan.programs))))
    program = Program()
    program.wanted = needed
    steps = [(prim, operands, first) for prim, operands, _, first in entries]
    taken = _matching(steps, inputs, needed, free)
    program.donated = tuple(taken)
    program.kept = tuple(i for i in range(len(inputs)) if i not in taken)
    # The first result of a shape takes the first donated buffer of that shape: hence this order.
    program.produced = (*taken.values(), *(slot for slot in needed if slot not in set(taken.values())))
    program.replacing = tuple(free[i] for i in taken if free[i] is not None)
    # Lists hold it here and in `buffers`, and what was written over it refers to it.
    program.holders = [LIST_HOLDER + 1 if free[i] is None else LIST_HOLDER + 3 for i in taken]
    program.checked = trace.checks
    formats = "".join(prim.number_format for prim, *_ in entries)
    apart = overlapping(steps, inputs) if trace.place.is_cpu else ()

    def run(donated, kept, words):
        arrays = [None] * len(inputs_order)
        for i, a in zip(inputs_order, (*donated, *kept), strict=True):
            arrays[i] = a
        env, bad = run_steps(steps, arrays, unpack(words, formats), apart)
        return [env[slot] for slot in program.produced], bad

    inputs_order = (*program.donated, *program.kept)
    program.call = jax.jit(run, donate_argnums=(0,), compiler_options=XLA_OPTIONS)
    statistics["programs_compiled"] += 1
    if "recompiles" in log.wanted() or Settings.reporter is not None:
        text = log.recompile(_plans.values(), plan, entries, len(inputs), needed)
        if Settings.reporter is not None:
            program.call = _reporting(program, text)
    plan.programs.append(program)
    return program


def _reporting(program, text):
    """The call of a program that tells the reporter of the first one, which compiles."""
    call = program.call

    def first(*args):
        program.call = call
        with log.reported("compile", text):
            return call(*args)

    return first


def run_steps(steps, arrays, numbers, apart, given=()):
    """What a program computes: the arrays by slot, and whether a value check failed (None without checks).

    `apart` is of `overlapping`, `given` are arrays by slot that were computed before.
    """
    numbers = iter(numbers)
    env, bad = dict(given), []
    for position, (prim, operands, first) in enumerate(steps):
        operand_arrays = [env[o] if o >= 0 else arrays[-1 - o] for o in operands]
        own_numbers = [next(numbers) for _ in prim.number_format]
        if prim.check is not None:
            bad.append(prim.check(jnp, operand_arrays, own_numbers)[0])
        outs = (
            write_apart(prim, operand_arrays, own_numbers) if position in apart else prim(operand_arrays, own_numbers)
        )
        for k, out in enumerate(outs):
            env[first + k] = out
    return env, (jnp.any(jnp.stack(bad)) if bad else None)


def _matching(steps, inputs, needed, free) -> dict:
    """Inputs to give away and the result that takes the buffer of each: the value written over it, else any of its shape and dtype."""
    avals = {}
    for prim, _, first in steps:
        for k, a in enumerate(prim.out_avals):
            avals[first + k] = a
    free = {i: slot for i, slot in free.items() if inputs[i].aval.size > 1}
    taken = {i: slot for i, slot in free.items() if slot is not None and avals[slot] is inputs[i].aval}
    room = {}
    for slot in sorted(set(needed).difference(taken.values()), reverse=True):
        room.setdefault(avals[slot], []).append(slot)
    for i in free:
        if i not in taken and free[i] is None and room.get(inputs[i].aval):
            taken[i] = room[inputs[i].aval].pop()
    return taken


def _words(entries):
    chunks = [prim._pack(*numbers) for prim, _, numbers, _ in entries if numbers]
    return np.frombuffer(b"".join(chunks), np.int64) if chunks else None


def op_by_op(trace, entries, inputs, needed, pause, plan=None):
    """Run the entries that matter one at a time, dropping each array after its last use. What that costs is noted in the plan."""
    wanted, last_use, live = set(needed), {}, []
    for position in range(len(entries) - 1, -1, -1):
        prim, operands, _, first = entries[position]
        outs = range(first, first + len(prim.out_avals))
        if prim.check is None and not any(slot in wanted for slot in outs):
            continue
        live.append(position)
        for o in operands:
            if o >= 0:
                wanted.add(o)
                last_use.setdefault(o, position)
    keep = set(needed)
    env, failures = {}, {}
    for position in reversed(live):
        pause()
        prim, operands, numbers, first = entries[position]
        outs = range(first, first + len(prim.out_avals))
        failed = next((failures[o] for o in operands if o in failures), None)
        if failed is None:
            interpreted = _interpretation(prim, trace)
            on_host = prim.host is not None or interpreted is not None
            arrays = [env[o] if o >= 0 else _input(inputs[-1 - o], trace.place, on_host) for o in operands]
            base = prim.inplace
            dying = (
                base is not None
                and operands[base] >= 0
                and last_use.get(operands[base]) == position
                and operands[base] not in keep
                and operands.count(operands[base]) == 1
            )
            try:
                run_check(prim, arrays, numbers)
                made = None if interpreted is None else interpret(prim, interpreted, arrays, numbers)
                if made is None:
                    made = run_one(prim, arrays, numbers, dying and arrays[base].__class__ is not np.ndarray)
                    if plan is not None and prim.host is None:
                        plan.spent = None
                elif plan is not None and plan.spent is not None:
                    plan.spent += interpreted.cost
            except Exception as error:  # it belongs to the values the operation would have made, and is raised for them
                failed = error
        if failed is not None:
            failures.update(dict.fromkeys(outs, failed))
            continue
        env.update(zip(outs, made, strict=True))
        for o in operands:
            if o >= 0 and last_use.get(o) == position and o not in keep:
                env.pop(o, None)
    return needed, [env.get(slot) for slot in needed], failures or None


def run_one(prim, arrays, numbers, donate):
    """Run one primitive as a program of its own; of too many of those, the ones compiled longest ago are dropped."""
    if not prim.compiled and prim.host is None:
        prepare()
        statistics["ops_compiled"] += 1
        with _tables:
            _single[prim.id] = prim
            if len(_single) > Settings.max_prims:
                _single.popitem(last=False)[1].compiled.clear()
    statistics["ops_run"] += 1
    if Settings.reporter is not None and not prim.compiled and prim.host is None:
        with log.reported("compile", f"an operation by itself, {prim}"):
            return _run_single(prim, arrays, numbers, donate)
    return _run_single(prim, arrays, numbers, donate)


def _run_single(prim, arrays, numbers, donate):
    try:
        with jax.enable_x64(True):
            if Settings.observer is not None:
                return log.observed(prim.name, prim.run, arrays, numbers, donate)
            return prim.run(arrays, numbers, donate)
    except jax.errors.JaxRuntimeError as error:
        errors.raise_for_device(error, arrays)
        raise


def interpret(prim, interpreted, arrays, numbers):
    """Run one primitive in numpy; None where that turns out not to be possible, which is counted: no rule should let it come to this."""
    statistics["ops_interpreted"] += 1
    prim.spent += interpreted.cost
    try:
        if Settings.observer is not None:
            return log.observed(prim.name, interpreted.run, arrays, numbers)
        return interpreted.run(arrays, numbers)
    except Exception:
        statistics["rules_failed"] += 1
        prim.leave_to_xla()
        return None


def run_check(prim, arrays, numbers):
    """Raise the value error of a primitive, if its operands are bad; operands that the check does not look at may be mere shapes."""
    if prim.check is not None:
        host = [np.asarray(a) if i in prim.check.operands else a for i, a in enumerate(arrays)]
        bad, error, message = prim.check(np, host, numbers)
        if bad:
            raise error(message() if callable(message) else message)


def _input(value, place, on_host):
    return value.concrete() if on_host else on_device(value, place)


def on_device(value, place):
    """The value's array on its device; a host array is moved there once."""
    array = value.concrete()
    if isinstance(array, np.ndarray):
        # The buffer may now be shared with numpy: it must not be overwritten.
        with jax.enable_x64(True):
            array = value.array = place.put(array)
        value.escaped = True
    return array


def prepare():
    global _persisted
    if not _persisted:
        persist_programs()
        _persisted = True


def clear_caches() -> None:
    """Forget every compiled program (those on disk stay)."""
    _plans.clear()
    _unconfirmed.clear()
    while _single:
        _single.popitem()[1].compiled.clear()
