"""`python -m benchmarks.gpu`: training steps in bfloat16 of GPT-2 124M, ResNet-50 and a U-Net, side by side on one device.

Sides: jtorch as it is, the same step under `jtorch.capture`, hand-written flax, torch eager and `torch.compile`; those that the machine lacks are left out and
named. Each has a process of its own, which holds its memory only while it is measured: sides take turns by rounds within a workload, so the device must
have room for all of them. MFU is model FLOPs per second (forward and backward, 6 per parameter and token, or counted by XLA) over the device's peak.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from .. import machine
from ..ratios import paired

ROOT = Path(__file__).resolve().parents[2]
FULL = {
    "gpt2": {"words": 50304, "length": 1024, "width": 768, "heads": 12, "layers": 12, "batch": 16},
    "resnet50": {"width": 64, "blocks": [3, 4, 6, 3], "classes": 1000, "pixels": 224, "batch": 128},
    "unet": {"width": 64, "depth": 5, "classes": 2, "pixels": 256, "batch": 16},
}
TINY = {
    "gpt2": {"words": 64, "length": 16, "width": 32, "heads": 2, "layers": 2, "batch": 2},
    "resnet50": {"width": 4, "blocks": [1, 1, 1, 1], "classes": 10, "pixels": 32, "batch": 2},
    "unet": {"width": 4, "depth": 3, "classes": 2, "pixels": 16, "batch": 2},
}
# Model FLOPs of one example, forward and backward: Kaplan et al. (2020), table 1, for the transformer; 4.09 GFLOP forward for ResNet-50 at 224 pixels.
FLOPS = {
    "gpt2": lambda s: (
        s["length"]
        * (
            6 * (12 * s["layers"] * s["width"] ** 2 + s["words"] * s["width"])
            + 12 * s["layers"] * s["length"] * s["width"]
        )
    ),
    "resnet50": lambda s: 3 * 2 * 4.09e9 * (s["pixels"] / 224) ** 2 * (s["width"] / 64) ** 2,
}
PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12}  # dense bfloat16, vendor's sheets
SIDES = ("jtorch", "captured", "flax", "torch", "torch.compile")


class Side:
    def __init__(self, name, workload, device, sizes):
        environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        command = [sys.executable, "-m", "benchmarks.gpu.worker", name, workload, device, json.dumps(sizes)]
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        )
        self.start = self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the side {self.name} ended with exit status {self._process.wait()}")
        return json.loads(line)

    def time(self, count):
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def available(side):
    wanted = {"flax": "flax", "torch": "torch", "torch.compile": "torch"}.get(side)
    return wanted is None or importlib.util.find_spec(wanted) is not None


def measure(workload, device, sizes, rounds, count, names):
    sides, failed = [], {}
    for name in names:
        try:
            sides.append(Side(name, workload, device, sizes))
        except RuntimeError as error:
            failed[name] = str(error)
    times = {side.name: [] for side in sides}
    for i in range(rounds):
        for side in sides[i % len(sides) :] + sides[: i % len(sides)]:
            times[side.name].append(side.time(count))
    for side in sides:
        side.close()
    peak = next((flops for name, flops in PEAK.items() if name in accelerator()), None)
    rows = {}
    for side in sides:
        seconds = statistics.median(times[side.name])
        row = {"milliseconds": 1e3 * seconds, "first steps": side.start["ready"], "losses": side.start["losses"]}
        row["examples per second"] = sizes["batch"] / seconds
        if workload == "gpt2":
            row["tokens per second"] = sizes["batch"] * sizes["length"] / seconds
        if peak and workload in FLOPS:
            row["MFU"] = sizes["batch"] * FLOPS[workload](sizes) / seconds / peak
        for other in times:
            if other != side.name:
                row[f"over {other}"] = paired(times[side.name], times[other])
        rows[side.name] = row
    return {"sizes": sizes, "sides": rows, "failed": failed}


def accelerator() -> str:
    found = (
        subprocess.run(
            ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True, text=True
        )
        if os.path.exists("/usr/bin/nvidia-smi")
        else None
    )
    return found.stdout.strip() if found and found.returncode == 0 else "no GPU"


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to see on any machine that it runs")
    parser.add_argument("--only", default=",".join(FULL), help="workloads, separated by commas")
    parser.add_argument("--sides", default=",".join(SIDES), help="sides, separated by commas")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=10, help="steps in a round")
    parser.add_argument("--out", type=Path, help="file for the results in JSON")
    args = parser.parse_args()
    sizes = TINY if args.tiny else FULL
    names = [side for side in args.sides.split(",") if available(side)]
    results = {"machine": machine.describe(), "accelerator": accelerator(), "command": " ".join(sys.argv)}
    print(results["accelerator"], results["machine"]["versions"])
    for workload in args.only.split(","):
        results[workload] = found = measure(workload, args.device, sizes[workload], args.rounds, args.steps, names)
        print(f"\n{workload}, batch {sizes[workload]['batch']}")
        for name, row in found["sides"].items():
            ratios = ", ".join(f"{row[key]['ratio']:.2f} {key}" for key in row if key.startswith("over "))
            rate = (
                f"{row['tokens per second']:.0f} tokens/s"
                if workload == "gpt2"
                else f"{row['examples per second']:.0f} images/s"
            )
            mfu = f", MFU {100 * row['MFU']:.1f} %" if "MFU" in row else ""
            print(
                f"  {name:14}{row['milliseconds']:9.2f} ms  {rate}{mfu}, first steps {row['first steps']:.1f} s; {ratios}"
            )
        for name, why in found["failed"].items():
            print(f"  {name:14} failed: {why}")
        if args.out:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
