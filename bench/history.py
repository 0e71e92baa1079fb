"""Measures how large a history grows, and prints the table of docs/history.md.

usage: history.py [--namespaces 100] [--snapshots 10000]

The first snapshot is a real one, of a lab as bench.py makes it; the others follow from it
(history.cc).
"""

import argparse
import json
import subprocess

import bench
import harness

HISTORY = str(bench.BUILD / "bench/bench_history")
CASES = [("at rest but for that", []),
         ("traffic on every link", ["--traffic"])]


def first_snapshot(size):
    path = harness.WORK / "first.json"
    with bench.lab(size), bench.sleepers("namespaces"):
        subprocess.run([bench.NSMAP, "snapshot", "-o", path], check=True)
    return path


def measure(path, count, options):
    database = harness.WORK / "history.db"
    told = subprocess.check_output([HISTORY, path, database, str(count), *options])
    database.unlink()
    return json.loads(told)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--namespaces", type=int, default=100)
    parser.add_argument("--snapshots", type=int, default=10000)
    options = parser.parse_args()
    bench.describe_machine()
    path = first_snapshot(options.namespaces)
    rows = []
    for name, arguments in CASES:
        told = measure(path, options.snapshots, arguments)
        size = told["file_bytes"]
        rows.append([name, f"{size / 1e6:.0f}", f"{size / options.snapshots / 1000:.1f}",
                     f"{told['json_bytes'] * options.snapshots / size:.0f}",
                     f"{told['save_ms']:.1f}", f"{told['load_ms']:.1f}"])
    title = (f"{options.snapshots:,} snapshots of {options.namespaces} namespaces, "
             "one in a hundred changed each time")
    bench.print_table(title, ["", "MB", "KB a snapshot", "× smaller than JSON", "ms to save",
                              "ms to load"], rows)
    return 0


if __name__ == "__main__":
    harness.main(work=main)
