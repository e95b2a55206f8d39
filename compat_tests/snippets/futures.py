"""torch.futures, and what torch.jit.fork gives."""
import torch

# --- then
f = torch.futures.Future()
g = f.then(lambda done: done.value() + 1)
before = f.done()
f.set_result(2)
[before, f.done(), f.value(), f.wait(), g.wait()]
# --- set twice
f = torch.futures.Future()
f.set_result(1)
f.set_result(2)
# --- an error
f = torch.futures.Future()
f.set_exception(ValueError("no"))
f.wait()
# --- not an error
torch.futures.Future().set_exception(3)
# --- callbacks
f = torch.futures.Future()
f.add_done_callback(lambda done: print("called with", done.value()))
f.set_result(5)
# --- collect_all and wait_all
futures = [torch.futures.Future() for _ in range(2)]
both = torch.futures.collect_all(futures)
states = [both.done()]
for i, f in enumerate(futures):
    f.set_result(i)
    states.append(both.done())
[states, [f.value() for f in both.wait()], torch.futures.wait_all(futures)]
# --- a device without a number
torch.futures.Future(devices=["cpu"])
# --- fork and wait
[torch.jit.wait(torch.jit.fork(lambda x: x + 1, torch.ones(2))), torch.fork(lambda: 3).wait()]
