"""`python -m benchmarks`: measure, print one table of ratios, write JSON."""

import argparse
import json
from pathlib import Path

from . import growth, importing, machine, operations, recording, training, transforms

PARTS = ("record", "import", *training.WORKLOADS, "first", "inference", "operations", "transforms", "loading")
ON_REQUEST = ("growth",)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        help=f"parts to run, separated by commas: {', '.join(PARTS)}; cnn means both sizes; {', '.join(ON_REQUEST)} only if named",
    )
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs")
    parser.add_argument("--rounds", type=int, help="rounds that the sides take turns in")
    parser.add_argument(
        "--largest", type=int, default=8, help="growth: how many times the first size the largest one is"
    )
    parser.add_argument(
        "--plot", type=Path, help="growth: file for a picture of it, such as growth.png; needs matplotlib"
    )
    parser.add_argument("--out", type=Path, help="file for the results in JSON")
    args = parser.parse_args()
    args.parts = list(PARTS)
    if args.only:
        args.parts = [
            part for name in args.only.split(",") for part in (("cnn-64", "cnn-256") if name == "cnn" else (name,))
        ]
        unknown = set(args.parts) - {*PARTS, *ON_REQUEST}
        if unknown:
            parser.error(f"unknown part {', '.join(sorted(unknown))}; known are {', '.join((*PARTS, *ON_REQUEST))}")
    return args


def main():
    args = parse_arguments()
    results = {"machine": machine.describe()}
    workloads = [name for name in training.WORKLOADS if name in args.parts]
    if "record" in args.parts:
        results["record"] = recording.costs(args.rounds or (5 if args.quick else 40))
    if "import" in args.parts:
        results["import"] = importing.times(args.rounds or (3 if args.quick else 15))
    if workloads:
        results["steps"] = training.steps(workloads, args.rounds or (4 if args.quick else 24), args.quick)
    if "first" in args.parts:
        results["first"] = training.first_steps(workloads or ["mlp", "deep", "cnn-64"], 1 if args.quick else 3)
    if "inference" in args.parts:
        results["inference"] = operations.inference(args.rounds or (4 if args.quick else 12), args.quick)
    if "operations" in args.parts:
        results["operations"] = operations.costs(args.rounds or (3 if args.quick else 12), args.quick)
    if "transforms" in args.parts:
        results["transforms"] = transforms.augmentation(args.rounds or (4 if args.quick else 12), args.quick)
    if "loading" in args.parts:
        results["loading"] = transforms.loading(args.rounds or (4 if args.quick else 12), args.quick)
    if "growth" in args.parts:
        results["growth"] = growth.measure(args.largest, args.rounds or (1 if args.quick else 4))
        if args.plot:
            growth.plot(results["growth"], args.plot)
    print_tables(results)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, indent=1) + "\n")
        print(f"\nwritten to {args.out}")


def print_tables(results):
    about = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if version)
    print(
        f"{about['processor']}, {about['cores']} cores, load {about['load'][0] if about['load'] else '?'}; Python {about['python']}, {versions}"
    )
    rows = []
    for name, row in results.get("steps", {}).items():
        times = row["milliseconds"]
        for ours, label in (("jtorch", "step"), ("captured", "captured")):
            for other in ("torch", "flax"):
                shown = f"{times[ours]:.2f} / {times[other]:.2f} ms, {row['peak MiB'][ours]:.0f} / {row['peak MiB'][other]:.0f} MiB"
                rows.append((f"{label} {name}", other, row[f"{ours}/{other}"], shown))
    for name, row in results.get("inference", {}).items():
        times = row["milliseconds"]
        for ours, label in (("jtorch", "inference"), ("captured", "captured inference")):
            for other in ("torch", "flax"):
                shown = f"{times[ours]:.2f} / {times[other]:.2f} ms"
                rows.append((f"{label} {name}", other, row[f"{ours}/{other}"], shown))
    for name, row in results.get("operations", {}).items():
        times = row["milliseconds"]
        rows.append((name, "torch", row["captured/torch"], f"{times['captured']:.2f} / {times['torch']:.2f} ms"))
    for name, row in results.get("record", {}).items():
        if name != "flush":
            best = row["best microseconds"]
            rows.append(
                (
                    f"record {name}",
                    "torch",
                    row["jtorch/torch"],
                    f"{best['jtorch']:.2f} / {best['torch']:.2f} µs at best",
                )
            )
    if "import" in results:
        times = results["import"]["user"]
        rows.append(
            (
                "import, user CPU",
                "jax",
                results["import"]["jtorch/jax, user"],
                f"{times['jtorch']:.2f} / {times['jax']:.2f} s",
            )
        )
        times = results["import"]["wall"]
        rows.append(
            (
                "import, wall",
                "jax",
                results["import"]["jtorch/jax, wall"],
                f"{times['jtorch']:.2f} / {times['jax']:.2f} s",
            )
        )
    for name, row in results.get("first", {}).items():
        rows.append(
            (
                f"first steps {name}",
                "flax",
                row["jtorch/flax"],
                f"{row['jtorch']['all']:.2f} / {row['flax']['all']:.2f} s",
            )
        )
        rows.append(
            (
                f"the same, second process {name}",
                "first",
                row["again/first"],
                f"{row['jtorch again']['all']:.2f} / {row['jtorch']['all']:.2f} s",
            )
        )
    rows += growth.rows(results.get("growth", {}))
    rows += rows_of_pictures(results)
    if rows:
        width = max(len(row[0]) for row in rows)
        print(f"\n{'jtorch':{width}}  over    ratio  95% interval   best   times")
        for name, other, ratio, times in rows:
            print(
                f"{name:{width}}  {other:6} {ratio['ratio']:6.2f}  {ratio['low']:5.2f} to {ratio['high']:5.2f}  {ratio['best']:5.2f}   {times}"
            )
    if "flush" in results.get("record", {}):
        print(
            "\nflush of a compiled program, µs of CPU time: "
            + ", ".join(f"{name} {cost:.2f}" for name, cost in results["record"]["flush"].items())
        )


def rows_of_pictures(results):
    rows = []
    augmentation = results.get("transforms", {})
    for ours, workload, theirs, other in transforms.PAIRS if augmentation else ():
        times = augmentation["milliseconds"]
        shown = f"{times[f'{ours} {workload}']:.1f} / {times[f'{theirs} {other}']:.1f} ms, torchvision's {other}"
        ratio = augmentation[f"{ours} {workload}/{theirs} {other}"]
        rows.append((f"{augmentation['pictures']} pictures, {ours} {workload}", theirs, ratio, shown))
    for name, row in results.get("loading", {}).items():
        if name != "pictures":
            speed = row["pictures a second"]
            shown = f"{speed['jtorch']:.0f} / {speed['torch']:.0f} pictures a second"
            rows.append((f"loading JPEG files, {name}", "torch", row["jtorch/torch"], shown))
    return rows


if __name__ == "__main__":
    main()
