"""The process behind a `Side`: reads [method, arguments] lines and answers each with one line of JSON."""

import collections
import json
import os
import sys
import time


class Worker:
    def __init__(self, side: str):
        self.side = side
        if side in ("jtorch", "captured"):
            import jtorch.compat

            jtorch.compat.install()
        if side == "flax":
            from .workloads import flax_models as models
        else:
            from .workloads import models
        self.models = models

    def ready(self):
        """Answers once the libraries are imported."""
        return True

    def prepare(self, workload, size):
        """Build a workload; nothing runs yet."""
        from .workloads import batches

        data = batches.batches(workload, size)
        begun = time.perf_counter()
        make = self.models.WORKLOADS[workload]
        self.step = make(data) if self.side == "flax" else self._step(make(), data)
        self.done = 0
        return time.perf_counter() - begun

    def _step(self, step, data):
        import torch

        if self.side == "captured":
            step = torch.capture(step)
        if self.side == "torch.compile":
            step = torch.compile(step)
        data = [(torch.tensor(x), torch.tensor(y)) for x, y in data]
        return lambda i: step(*data[i % len(data)]).item()

    def prepare_decoder(self, size, depth, length, seconds):
        """Build a decoder and compile its step; how many steps take so many seconds."""
        from .workloads import batches

        self._before = self._programs()
        data = batches.texts(size, length, 256, count=2)
        flax = self.side == "flax"
        self.step = (
            self.models.decoder(data, depth, length) if flax else self._step(self.models.decoder(depth, length), data)
        )
        self.done = 0
        self.steps(4)
        while self.side != "torch" and not self._programs() - self._before and self.done < 100:
            self.steps(4)  # jtorch compiles what has cost enough without
        self.steps(2)
        return max(1, min(50, int(seconds / min(self.steps(2)[0]))))

    def planned(self):
        """MiB of temporary memory of the largest program that was made since the last preparation."""
        return max((self._programs() - self._before).elements()) / 2**20

    def _programs(self):
        """The temporary memory of XLA's programs, and of how many of them."""
        if self.side == "torch":
            return collections.Counter()
        import jax

        programs = jax.devices()[0].client.live_executables()
        return collections.Counter(program.get_compiled_memory_stats().temp_size_in_bytes for program in programs)

    def steps(self, count):
        """Run steps; gives the seconds each took and its loss."""
        times, losses = [], []
        for _ in range(count):
            begun = time.perf_counter()
            loss = self.step(self.done)
            times.append(time.perf_counter() - begun)
            losses.append(loss)
            self.done += 1
        return [times, losses]

    def prepare_inference(self, workload, size):
        """Build a model in evaluation mode, whose steps are forward passes."""
        from .workloads import batches

        data = [x for x, _ in batches.batches(workload, size)]
        self.done = 0
        if self.side == "flax":
            predict = self.models.predictor(workload)
            self.step = lambda i: float(predict(data[i % len(data)]).reshape(-1)[0])
            return
        import torch

        model = self.models.MODELS[workload]().eval()
        call = torch.capture(model) if self.side == "captured" else model
        data = [torch.tensor(x) for x in data]

        def step(i):
            with torch.no_grad():
                return float(call(data[i % len(data)]).numpy().reshape(-1)[0])

        self.step = step

    def kernels(self):
        from .workloads import kernels

        return list(kernels.CASES)

    def prepare_kernel(self, name):
        import torch

        from .workloads import kernels

        self.passes = kernels.prepare(name, torch.capture if self.side == "captured" else lambda function: function)
        for run in self.passes:
            for _ in range(4):
                _wait(run())

    def kernel(self, number, count):
        """Seconds of a call of what was prepared: 0 is forward, 1 forward and backward."""
        run = self.passes[number]
        begun = time.perf_counter()
        for _ in range(count):
            _wait(run())
        return (time.perf_counter() - begun) / count

    def prepare_pictures(self, workload, count):
        """A batch of pictures and a way to augment them."""
        from .workloads import pictures

        self.pictures = pictures.pictures(count)
        made = pictures.WORKLOADS[workload]()
        if self.side == "captured":
            import torch

            made = torch.capture(made)
        self.augmentations = {**getattr(self, "augmentations", {}), workload: made}

    def augment(self, workload, count):
        """Seconds per batch."""
        begun = time.perf_counter()
        for _ in range(count):
            self.augmentations[workload](self.pictures)[0, 0, 0, 0].item()
        return (time.perf_counter() - begun) / count

    def open_folder(self, folder, workers):
        from .workloads import pictures

        self.loader = pictures.loader(folder, workers)

    def load(self):
        """Seconds for all pictures of the folder."""
        begun = time.perf_counter()
        for images, labels in self.loader:
            images[0, 0, 0, 0].item(), labels[0].item()
        return time.perf_counter() - begun

    def programs(self):
        """What jtorch's engine counted so far."""
        import jtorch

        return jtorch.engine.statistics()

    def peak(self):
        """The most memory this process has had, in MiB."""
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    # The cost of a call. CPU time of this thread alone: others on the machine and threads that compute do not count.

    def operations(self):
        from .workloads import operations

        self.cases = {name: make() for name, make in operations.CASES.items()}
        self.backward_graph = operations.backward_graph
        return list(self.cases)

    def operation(self, name, count):
        """Seconds per operation."""
        loop = self.cases[name]
        begun = time.thread_time()
        loop(count)
        taken = time.thread_time() - begun
        self._forget()
        return taken / count

    def backward(self, count):
        """Seconds per node of a backward pass, without the optimizer and without running what was recorded."""
        loss = self.backward_graph(count)
        begun = time.thread_time()
        loss.backward()
        taken = time.thread_time() - begun
        del loss
        self._forget()
        return taken / count

    def flush(self, operations, inputs, results):
        """Seconds of this thread for a flush of a compiled program: `operations` in a chain, with that many inputs and results held."""
        import jtorch

        made = self._flush_inputs(inputs)
        best = float("inf")
        for _ in range(12):
            held = [tensor + 1.0 for tensor in made[: results - 1]]
            total = made[0]
            for i in range(operations - len(held)):
                total = total + made[i % inputs]
            begun = time.thread_time()
            jtorch.engine.cut()
            best = min(best, time.thread_time() - begun)
            del held
        return best

    def _flush_inputs(self, count):
        import torch

        made = [torch.ones(4) + float(i) for i in range(count)]
        [tensor.sum().item() for tensor in made]
        return made

    def _forget(self):
        if self.side == "jtorch":
            import jtorch

            jtorch.engine.cut()


def _wait(tensors):
    for tensor in tensors:
        tensor.detach().numpy()  # without a copy, once it is there


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not look like an answer
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        method, args = json.loads(line)
        answers.write(json.dumps(getattr(worker, method)(*args)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
