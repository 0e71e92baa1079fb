"""Measures nsmap beside the floor and its peers, and prints the tables of docs/performance.md.

usage: bench.py [--sizes 10,100,1000] [--runs 9] [--skip-sweep] [--skip-labs] [--skip-watching]
                [--skip-firewall]

All of it happens in a mount, pid and network namespace of its own (tests/e2e/harness.py), on labs of
N namespaces: each with a veth to one bridge, IPv4 and IPv6 addresses, a default route and one process.
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import harness  # noqa: E402
import rulesets  # noqa: E402

BUILD = ROOT / "build/release"
NSMAP, FLOOR, SLEEPERS = (str(BUILD / program) for program in
                          ("nsmap", "bench/bench_floor", "bench/bench_sleepers"))

# Who is measured, by what command.
PROGRAMS = [
    ("nsmap, to JSON", [NSMAP, "snapshot"]),
    ("nsmap, the tree", [NSMAP]),
    ("floor: its netlink questions, in C", [FLOOR]),
    ("floor, with its /proc files", [FLOOR, "--files"]),
    ("plotnetcfg", ["plotnetcfg", "-f", "json"]),
    ("lsns -t net", ["lsns", "-t", "net"]),
    ("ip -all netns exec ip -j addr", ["ip", "-all", "netns", "exec", "ip", "-j", "addr"]),
]
REFERENCE = PROGRAMS[0][0]


def run_once(command):
    """(seconds, peak resident megabytes, seconds of the processors) of one run, output thrown away."""
    with open(os.devnull, "w") as null:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}")
    return took, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def measure(command, runs):
    """(median seconds, peak megabytes); slow commands run fewer times."""
    first = run_once(command)
    runs = runs if first[0] < 1 else min(runs, 3)
    samples = [run_once(command) for _ in range(runs)]
    return statistics.median(took for took, *_ in samples), max(peak for _, peak, _ in samples)


@contextlib.contextmanager
def sleepers(*arguments):
    helper = harness.Helper([SLEEPERS, *map(str, arguments)])
    try:
        yield
    finally:
        helper.stop()
        # The kernel ends them after their parent, and frees what they held after that.
        harness.wait_for(lambda: not sleeping(), "the sleepers' end", 60)


def sleeping():
    """Whether any sleeper is left; processes may end while we look."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("bench_sleepers"):
                return True
    return False


@contextlib.contextmanager
def lab(size):
    """N namespaces n0…, each wired to one bridge in the namespace we are in."""
    commands = ["link add br0 type bridge", "link set br0 up"]
    for number in range(size):
        commands += [f"netns add n{number}",
                     f"link add p{number} type veth peer name eth0 netns n{number}",
                     f"link set p{number} master br0 up"]
    harness.sh("ip -batch -", input="\n".join(commands), timeout=300)
    inside = ["link set lo up", "link set eth0 up"]
    for number in range(size):
        address = f"10.{number // 250}.{number % 250}"
        # One address in the network of the gateway, so that each has a default route.
        harness.sh(f"ip -n n{number} -batch -", input="\n".join(inside + [
            f"addr add {address}.2/24 dev eth0", f"addr add fd00:{number:x}::2/64 dev eth0 nodad",
            f"route add default via {address}.1", f"route add ::/0 via fd00:{number:x}::1"]))
    try:
        settle()
        yield
    finally:
        harness.sh("ip -batch -", input="\n".join(
            [f"netns del n{number}" for number in range(size)] + ["link del br0"]), timeout=300)
        # The kernel takes a namespace's links away some time after its name (cleanup_net).
        harness.wait_for(lambda: not harness.ip_json("link show type veth"), "the lab's end", 60)


def settle(netns=None):
    """Waits until the lab is at rest: each namespace looks for a router, ever less often, and the
    bridge floods that to every port, which for a minute takes a good part of both processors."""
    for _ in range(60):
        before = bridged(netns)
        time.sleep(2)
        if bridged(netns) - before < 50:
            return
    print("the lab did not come to rest within two minutes", file=sys.stderr)


def bridged(netns):
    return harness.ip_json("-s link show br0", netns)[0]["stats64"]["rx"]["packets"]


def milliseconds(seconds):
    return f"{seconds * 1000:.1f}" if seconds < 1 else f"{seconds * 1000:.0f}"


def print_table(title, header, rows):
    print(f"\n### {title}\n\n| {' | '.join(header)} |")
    print("|" + " --- |" + " ---: |" * (len(header) - 1))
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()


def reading(runs, source="visits"):
    """The median time of a source alone, as a snapshot tells it; the visits ask what the floor asks."""
    row = f"{NSMAP} snapshot | grep -o '\"source\":\"{source}\",\"looked_at[^}}]*'"
    rows = [subprocess.check_output(row, shell=True, text=True) for _ in range(runs)]
    return statistics.median(int(row.split('"took_ns":')[1]) / 1e9 for row in rows)


def compare(size, kind, runs):
    """One row for each program: median, ratio, peak."""
    results = []
    with lab(size), sleepers(kind):
        results.append(("nsmap, of which reading the namespaces", reading(runs), 0))
        for name, command in PROGRAMS:
            if shutil.which(command[0]):
                results.append((name, *measure(command, runs)))
    reference = next(took for name, took, _ in results if name == REFERENCE)
    return [[name, milliseconds(took), f"{took / reference:.2f}", f"{took / size * 1e6:.0f}",
             f"{peak:.0f}" if peak else ""] for name, took, peak in results]


def compare_all(options):
    header = ["program", "ms", f"× {REFERENCE}", "µs a namespace", "peak MB"]
    for size in options.sizes:
        rows = compare(size, "namespaces", options.runs)
        print_table(f"{size} namespaces, a process in each", header, rows)
    size = max(options.sizes)
    print_table(f"{size} namespaces, a process in each by `ip netns exec` (a mount namespace each)",
                header, compare(size, "mounts", options.runs))


def sweep(runs):
    """What finding costs where there is much to look at and little to find."""
    rows = []
    for what, arguments in (("10,000 processes in one namespace", (10000,)),
                            ("100,000 descriptors of 10 processes", (10, 10000))):
        with sleepers("processes", *arguments):
            took, peak = measure([NSMAP, "snapshot"], runs)
        rows.append([what, milliseconds(took), f"{peak:.0f}"])
    print_table("The sweep", ["what there is", "nsmap to JSON, ms", "peak MB"], rows)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def listen(stream, heard):
    """Notes when each address of this bench was told first."""
    for line in stream:
        for address in re.findall(r"10\.99\.\d+\.\d+", line):
            heard.setdefault(address, time.perf_counter())


def latencies(command, changes):
    """(seconds from each change in a namespace to its line, the program's part of a processor while
    changes come, the same while none come, resident megabytes)."""
    heard, sent = {}, {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as watch:
        threading.Thread(target=listen, args=(watch.stdout, heard), daemon=True).start()
        time.sleep(3)
        idle = cpu_seconds(watch.pid)
        time.sleep(30)
        idle = (cpu_seconds(watch.pid) - idle) / 30
        busy, begin = cpu_seconds(watch.pid), time.perf_counter()
        # One process for all changes: its start is not measured.
        with subprocess.Popen(["ip", "-n", "n0", "-batch", "-"], stdin=subprocess.PIPE, text=True) as ip:
            for number in range(changes):
                address = f"10.99.{number // 250}.{number % 250 + 1}"
                sent[address] = time.perf_counter()
                ip.stdin.write(f"addr add {address}/32 dev lo\n")
                ip.stdin.flush()
                time.sleep(0.1)
            ip.stdin.write("".join(f"addr del {address}/32 dev lo\n" for address in sent))
        time.sleep(1)
        busy = (cpu_seconds(watch.pid) - busy) / (time.perf_counter() - begin)
        status = pathlib.Path(f"/proc/{watch.pid}/status").read_text()
        watch.kill()
    took = [heard[address] - sent[address] for address in sent if address in heard]
    return took, busy, idle, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def watching(sizes):
    """How soon a change in one namespace of many is told, and what watching them all takes."""
    rows = []
    for size in sizes:
        with lab(size):
            for name, command in (("nsmap watch", [NSMAP, "watch", "--json"]),
                                  ("ip monitor all-nsid", ["ip", "monitor", "all-nsid", "address"])):
                took, busy, idle, peak = latencies(command, 100)
                tenth = statistics.quantiles(took, n=10) if len(took) > 1 else [0] * 9
                rows.append([f"{name}, {size} namespaces", str(len(took)), milliseconds(tenth[4]),
                             milliseconds(tenth[8]), milliseconds(max(took, default=0)),
                             f"{busy * 100:.1f}", f"{idle * 100:.2f}", f"{peak:.0f}"])
    print_table("Watching: an address a tenth of a second in one namespace",
                ["program", "told of 100", "median, ms", "90 %, ms", "most, ms",
                 "% of a core", "% at rest", "peak MB"], rows)


def timed(*commands):
    """Seconds that commands take, each (arguments, what it reads), one after the other."""
    begin = time.perf_counter()
    for arguments, text in commands:
        subprocess.run(arguments, input=text, text=True, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def at_rest():
    """Waits until the kernel has taken away what was removed (cleanup_net)."""
    harness.wait_for(lambda: len(harness.ip_json("link")) == 1, "the lab's end", 60)
    time.sleep(1)


def make_by_ip(size):
    """The same lab as LAB, by `ip -batch`: one for the names, one for each namespace."""
    names = [f"netns add node{i}" for i in range(1, size + 1)] + ["netns add switch"]
    switch = ["link set lo up", "link add br0 type bridge", "addr add 10.0.0.1/16 dev br0",
              "link set br0 up"]
    for i in range(1, size + 1):
        switch += [f"link add node{i} type veth peer name eth0 netns node{i}",
                   f"link set node{i} master br0 up"]
    commands = [(["ip", "-batch", "-"], "\n".join(names)),
                (["ip", "-n", "switch", "-batch", "-"], "\n".join(switch))]
    for i in range(1, size + 1):
        node = ["link set lo up", f"addr add 10.0.{i // 250 + 1}.{i % 250 + 1}/16 dev eth0",
                "link set eth0 up", "route add default via 10.0.0.1"]
        commands.append((["ip", "-n", f"node{i}", "-batch", "-"], "\n".join(node)))
    return commands


def compare_labs(runs):
    """Making and taking away examples/thousand.yaml, and the same by iproute2."""
    size = 1000
    file = str(ROOT / "examples/thousand.yaml")
    gone = "\n".join([f"netns del node{i}" for i in range(1, size + 1)] + ["netns del switch"])
    programs = {"nsmap lab": ([([NSMAP, "lab", "up", file], None)],
                              [([NSMAP, "lab", "down", file], None)]),
                "ip -batch": (make_by_ip(size), [(["ip", "-batch", "-"], gone)])}
    times = {name: ([], []) for name in programs}
    for _ in range(min(runs, 3)):
        for name, (up, down) in programs.items():
            times[name][0].append(timed(*up))
            settle("switch")
            times[name][1].append(timed(*down))
            at_rest()
    medians = {name: [statistics.median(each) for each in both] for name, both in times.items()}
    ours = medians["nsmap lab"]
    print_table("A lab of 1,000 namespaces", ["program", "up, ms", "× nsmap", "down, ms", "× nsmap"],
                [[name, milliseconds(up), f"{up / ours[0]:.2f}", milliseconds(down),
                  f"{down / ours[1]:.2f}"] for name, (up, down) in medians.items()])


def firewalls(runs):
    """What rules and sets cost to read, in the namespace we are in, beside those that print them."""
    listing = [("nft list ruleset", ["nft", "list", "ruleset"]),
               ("nft -j list ruleset", ["nft", "-j", "list", "ruleset"])]
    def saving(kind):
        return [(f"iptables-{kind}-save", [f"iptables-{kind}-save"])]

    rows = []
    nft, legacy = "nft flush ruleset", "iptables-legacy -t nat -F && iptables-legacy -t nat -X"
    for what, source, load, text, peers, clear in (
            ("80,000 rules of nft", "nf_tables", "nft -f -", rulesets.services(10000), listing, nft),
            ("80,000 rules of iptables-nft", "nf_tables", "iptables-nft-restore",
             rulesets.iptables(10000), saving("nft"), nft),
            ("80,000 rules of iptables-legacy (140,000 entries)", "x_tables",
             "iptables-legacy-restore", rulesets.iptables(10000), saving("legacy"), legacy),
            ("150,000 elements", "nf_tables", "nft -f -", rulesets.sets(100000), listing, nft)):
        harness.sh(load, input="\n".join(text) + "\n", timeout=300)
        rows.append([f"{what}: nsmap, reading them", milliseconds(reading(runs, source)), ""])
        for name, command in (("nsmap, to JSON", [NSMAP, "snapshot"]), *peers):
            took, peak = measure(command, runs)
            rows.append([f"{what}: {name}", milliseconds(took), f"{peak:.0f}"])
        harness.sh(clear)
    print_table("Firewalls", ["what there is, and who reads it", "ms", "peak MB"], rows)


def twenty_rules(size, runs):
    """What twenty rules in each of many namespaces add to the same namespaces without."""
    file = harness.WORK / "rules"
    command = [NSMAP, "snapshot"]

    def costs():
        samples = [run_once(command) for _ in range(runs)]
        return [statistics.median(sample[at] for sample in samples) for at in (0, 2)]

    rows = []
    with lab(size), sleepers("namespaces"):
        bare = costs()
        for what, load, text in (("nft", "nft -f", rulesets.TWENTY),
                                 ("iptables-nft", "iptables-nft-restore", rulesets.TWENTY_IPTABLES)):
            file.write_text(text)
            harness.sh(f"ip -all netns exec {load} {file}", timeout=300)
            ruled, collector = costs(), reading(runs, "nf_tables")
            harness.sh("ip -all netns exec nft flush ruleset", timeout=300)
            added = [(with_rules - without) / size * 1e6 for with_rules, without in zip(ruled, bare)]
            rows.append([what, milliseconds(bare[0]), milliseconds(ruled[0]), f"{added[0]:.0f}",
                         f"{added[1]:.0f}", f"{collector / size * 1e6:.0f}"])
    print_table(f"{size} namespaces of 20 rules each, nsmap to JSON",
                ["rules of", "without, ms", "with, ms", "µs a namespace added", "of the processors",
                 "of which reading them"], rows)


def describe_machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), "unknown")
    print(f"Linux {os.uname().release}, {os.cpu_count()} × {model}; medians, whole processes; the "
          "peak of a small program is that of the Python that starts it.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="10,100,1000",
                        type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--skip-sweep", action="store_true")
    parser.add_argument("--skip-labs", action="store_true")
    parser.add_argument("--skip-watching", action="store_true")
    parser.add_argument("--skip-firewall", action="store_true")
    options = parser.parse_args()
    describe_machine()
    compare_all(options)
    if not options.skip_labs:
        compare_labs(options.runs)
    if not options.skip_watching:
        watching(options.sizes)
    if not options.skip_firewall:
        firewalls(options.runs)
        twenty_rules(max(options.sizes), options.runs)
    if not options.skip_sweep:
        sweep(options.runs)
    return 0


if __name__ == "__main__":
    harness.main(work=main)
