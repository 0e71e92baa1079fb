"""What every end-to-end test stands on.

A test file ends with `harness.main()`. Run as a program, it runs itself again in a mount, pid and
network namespace of its own, with a private /run and a /proc of that pid
namespace, so that whatever a test makes is gone with it; before and after, it looks at the network
and the mounts of the host, which must not differ. Inside, `nsmap()` gives what the program under
test prints, `sh()` runs iproute2 and its like, `hold()` starts a helper that keeps a namespace alive.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SKIP = 77  # SKIP_RETURN_CODE in CMakeLists.txt
ROOT = pathlib.Path(__file__).resolve().parents[2]
NSMAP = os.environ.get("NSMAP", str(ROOT / "build/release/nsmap"))
HOLDERS = os.environ.get("NSMAP_HOLDERS", str(ROOT / "build/release/tests/e2e/e2e_holders"))
# Files of a test go here: on a tmpfs that only this test sees. Not in /run, which rootless podman
# covers in the mount namespaces that it makes.
WORK = pathlib.Path(os.environ.get("NSMAP_E2E_WORK", "/nonexistent"))

# What changes by itself on a host at rest.
VOLATILE = re.compile(r'"(expires|valid_life_time|preferred_life_time|used|cache)":[^,}\]]*,?')


class Unavailable(unittest.SkipTest):
    """This machine cannot run the test; the message says why."""


# --- programs --------------------------------------------------------------------------------


def sh(command, check=True, input=None, timeout=60, **options):
    """Runs a shell command and returns its stdout; what it says when it fails is in the error."""
    done = subprocess.run(command, shell=True, text=True, capture_output=True, input=input,
                          timeout=timeout, executable="/bin/bash", **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def ip_json(arguments, netns=None):
    """What `ip -j ARGUMENTS` prints in a named namespace or here."""
    where = f"-n {netns} " if netns else ""
    return json.loads(sh(f"ip {where}-j {arguments}") or "[]")


def run_nsmap(*arguments, **options):
    """Runs the program under test: its CompletedProcess, output as text, never an exception."""
    settings = {"capture_output": True, "text": True, "timeout": 60, "errors": "surrogateescape"}
    return subprocess.run([NSMAP, *map(str, arguments)], **{**settings, **options})


def nsmap(*arguments):
    """The JSON that the program prints for the arguments; without any, the snapshot."""
    done = run_nsmap(*(arguments or ("snapshot",)))
    if done.returncode not in (0, 1):
        raise AssertionError(f"nsmap {arguments}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def need(*programs):
    """Gives up on the whole test file where a program is not installed."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise Unavailable(f"not installed: {', '.join(missing)}")


def need_user_namespaces():
    """Gives up where an ordinary user gets none: in a chroot, or where an administrator said so."""
    tried = subprocess.run(["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups",
                            "unshare", "--user", "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise Unavailable(f"no user namespaces: {tried.stderr.strip()}")


def wait_for(condition, what, seconds=15.0):
    """Waits until `condition()` is true, and returns its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


# --- namespaces and what keeps them ----------------------------------------------------------


def netns_of(path="/proc/self/ns/net"):
    """A namespace as the snapshot writes it: {"dev", "ino"} of its file."""
    status = os.stat(path)
    return {"dev": status.st_dev, "ino": status.st_ino}


def inode(netns):
    """The inode of a namespace in /run/netns."""
    return os.stat(f"/run/netns/{netns}").st_ino


def from_root(path):
    """A path as the root of this mount namespace has it: in a chroot, the chroot's own comes first."""
    root = sh("nsenter --mount=/proc/self/ns/mnt readlink /proc/self/fd/9 9</").strip()
    return root.rstrip("/") + path


def namespace(snapshot, ino):
    """The namespace with that inode, or None."""
    return next((ns for ns in snapshot["namespaces"] if ns["id"]["ino"] == ino), None)


def named(snapshot, name):
    """The namespace that carries a name, or None."""
    return next((ns for ns in snapshot["namespaces"]
                 if any(each["name"] == name for each in ns.get("names", []))), None)


def link(ns, name):
    """The link of that name in a namespace, or None."""
    return next((each for each in ns["links"] if each["name"] == name), None)


def diagnostics(snapshot):
    return "\n".join(each["what"] for each in snapshot.get("diagnostics", []))


class Helper:
    """A running process of ours; `facts` is the JSON line that it said when it was ready."""

    def __init__(self, arguments, **options):
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, **options)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{arguments}: died before it was ready")
        self.facts = json.loads(line)

    def __getattr__(self, name):
        return self.__dict__["facts"][name]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def hold(mode, *arguments):
    """A namespace held the way `mode` of holders.c says, until the block ends."""
    helper = Helper([HOLDERS, mode, *map(str, arguments)])
    try:
        yield helper
    finally:
        helper.stop()


@contextlib.contextmanager
def netns(*names):
    """Named namespaces, lo up, until the block ends."""
    for name in names:
        sh(f"ip netns add {name} && ip -n {name} link set lo up")
    try:
        yield
    finally:
        for name in names:
            sh(f"ip netns del {name}", check=False)


@contextlib.contextmanager
def daemon(arguments, ready, what, log, **options):
    """A program in the background, waited for until `ready()`; ended, politely first, with the block."""
    with open(log, "w") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=output, **options)
    try:
        wait_for(lambda: ready() or process.poll() is not None, what)
        if process.poll() is not None:
            raise AssertionError(f"{what} ended: {pathlib.Path(log).read_text()[-2000:]}")
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def busybox_tree(path):
    """A root directory for a container, of busybox alone, with a web server's page."""
    root = pathlib.Path(path)
    for directory in "bin sbin usr www etc tmp proc sys dev run root var".split():
        (root / directory).mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for applet in "sh ip httpd sleep wget ping nc cat init".split():
        if not (root / "bin" / applet).exists():
            (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/os-release").write_text("ID=busybox\n")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (root / "www/index.html").write_text("ok\n")
    return root


def exported_again(text):
    """What `lab export` says of a lab made from an exported file, on a host with nothing else."""
    file = WORK / "exported.yaml"
    file.write_text(text)
    commands = (f"mount -t tmpfs tmpfs /run && {NSMAP} lab up {file} >&2 && "
                f"{NSMAP} lab export --name again && {NSMAP} lab down {file} >&2")
    done = subprocess.run([*UNSHARE, "sh", "-c", commands], capture_output=True, text=True,
                          timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"lab up of an exported file: {done.stderr}\n{text}")
    return done.stdout


# Facts that change by themselves while nothing is done.
PASSING = {"counters", "tentative", "flags", "valid_s", "preferred_s", "holders", "sockets"}


def saved_rules(text):
    """What iptables-save prints: of each table its chains, of each chain its rules, without counters and
    times. Chains come in any order; where in a rule its comment stands changes nothing, nor a built-in
    chain that does nothing, which iptables-nft-save prints even where there is none."""
    tables, chains = {}, {}
    for line in text.splitlines():
        line = re.sub(r"\[\d+:\d+\]", "", line).strip()
        if line.startswith("*"):
            chains = tables.setdefault(line, {})
        elif line.startswith(":"):
            chains.setdefault(line.split()[0][1:], []).append(line)
        elif line.startswith("-A"):
            comment = re.search(r' -m comment --comment ("(\\.|[^"\\])*"|\S+)', line)
            rest = line.replace(comment[0], "") if comment else line
            chains[line.split()[1]].append((rest, comment and comment[1]))
    return {table: {name: lines for name, lines in chains.items() if lines != [f":{name} ACCEPT"]}
            for table, chains in tables.items()}


def _lasting(value):
    """A part of a snapshot without what passes."""
    if isinstance(value, dict):
        return {key: _lasting(each) for key, each in value.items() if key not in PASSING}
    if isinstance(value, list):
        return [_lasting(each) for each in value]
    return value


def host_facts():
    """All that a snapshot says of the host (within a test file: of the namespaces it runs in), every
    field, but for what passes: its own namespace, which others there are, their names, who runs."""
    snapshot = nsmap()
    namespaces = snapshot["namespaces"]
    host = _lasting(next(ns for ns in namespaces if ns.get("host")))
    host["neighbours"] = [each for each in host.get("neighbours", []) if each["state"] == "permanent"]
    # An address that is on trial (RFC 4862) has no route yet.
    host["routes"] = [each for each in host["routes"] if each.get("protocol") != "kernel"]
    return {"host": host,
            "namespaces": sorted((ns["id"]["ino"], str(ns.get("names"))) for ns in namespaces),
            "processes": sorted((each["pid"], each["comm"]) for each in snapshot["processes"]
                                if each["comm"] != "nsmap")}


# --- running a test file ---------------------------------------------------------------------


class TestCase(unittest.TestCase):
    """Says more when it fails, and stops what a test started and left running."""

    maxDiff = None

    def assertAgain(self, look, before):
        """That what `look()` gives, a dict, is as it was, soon: processes and namespaces end some
        time after the call that ends them, on a busy machine a long time."""
        deadline = time.monotonic() + 60
        while (now := look()) != before and time.monotonic() < deadline:
            time.sleep(0.05)
        for key, value in before.items():
            self.assertEqual(now[key], value, key)

    def assertRulesLoadAgain(self):
        """The tables of iptables that this namespace has, as nsmap writes them, make the same in an
        empty one."""
        for family in "iptables", "ip6tables":
            written = run_nsmap("rules", f"ino:{netns_of()['ino']}", "--as", f"{family}-save")
            self.assertEqual((written.returncode, written.stderr), (0, ""))
            before = saved_rules(sh(f"{family}-save"))
            self.assertEqual(saved_rules(written.stdout), before)
            again = sh(f"unshare -n sh -c '{family}-restore && {family}-save'", input=written.stdout)
            self.assertEqual(saved_rules(again), before)

    def holders(self, ns, kind):
        """The holders of a kind, as sets of their (key, value) pairs."""
        return [{key: value for key, value in each.items() if key != "kind"}
                for each in ns["holders"] if each["kind"] == kind]

    def assertHeld(self, ns, kind, **facts):
        """That some holder of the kind has exactly these facts."""
        self.assertIsNotNone(ns, "the namespace is not in the snapshot")
        found = self.holders(ns, kind)
        self.assertIn(facts, [{key: each.get(key) for key in facts} for each in found],
                      f"holders: {ns['holders']}")


class HostTestCase(TestCase):
    """A test after which the host must be as it was."""

    def setUp(self):
        self._host = host_facts()
        self.addCleanup(self._assert_host)

    def _assert_host(self):
        self.assertAgain(host_facts, self._host)


def _host_state():
    """The host's links, addresses, routes, rules and nsfs mounts, as text to compare."""
    questions = ["link", "addr", "-4 route show table all", "-6 route show table all",
                 "-4 rule", "-6 rule"]
    answers = [VOLATILE.sub("", sh(f"ip -j {question}")) for question in questions]
    mounts = [line for line in open("/proc/self/mountinfo") if " - nsfs " in line]
    return answers + mounts


UNSHARE = ["unshare", "--mount", "--uts", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]


def _need_namespaces():
    """Gives up where none can be made: without root, or in a chroot whose / is no mount point, for
    there mounts cannot be kept from showing outside."""
    if os.geteuid() != 0:
        raise Unavailable("needs root, to make namespaces")
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        raise Unavailable(f"no namespaces can be made here: {tried.stderr.strip()}")


def _outside():
    """Runs this file again inside; returns its exit status."""
    before = _host_state()
    with tempfile.TemporaryDirectory(prefix="nsmap-e2e-") as work:
        os.chmod(work, 0o755)
        # The shell is the first process, and as such reaps the orphans of what the tests start.
        inside = subprocess.run(
            [*UNSHARE, "sh", "-c", '"$@"; exit $?', "sh", sys.executable, *sys.argv],
            env={**os.environ, "NSMAP_E2E_WORK": work, "TMPDIR": work, "LC_ALL": "C.UTF-8"})
    after = _host_state()
    if before != after:
        changed = [pair for pair in zip(before, after) if pair[0] != pair[1]]
        print(f"the host's own state changed: {changed or (before, after)}")
        return 1
    return inside.returncode


def _nsfs_mounts():
    """Mount points of namespaces, last mounted first."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in reversed(lines) if " - nsfs " in line]


def _prepare():
    """Makes the new namespaces a place of the test's own."""
    # The copies that a new mount namespace has of the host's own mounts would hold its namespaces.
    for path in _nsfs_mounts():
        sh(f"umount --lazy '{path}'", check=False)
    sh(f"mount -t tmpfs -o mode=755 run /run && mount -t tmpfs -o mode=755 work {WORK} && "
       "mkdir /run/lock && ip link set lo up")
    # /sys/class/net is of the namespace in which sysfs was mounted; the cgroups stay as they are.
    sh(f"mkdir {WORK}/cgroup && mount --rbind /sys/fs/cgroup {WORK}/cgroup && "
       f"mount -t sysfs sysfs /sys && mount --rbind {WORK}/cgroup /sys/fs/cgroup && "
       f"umount -R --lazy {WORK}/cgroup")
    for tree in "/etc", "/var":
        # What runtimes write there goes to the test's own layer.
        layer = f"{WORK}/layer{tree}"
        sh(f"mkdir -p {layer}/upper {layer}/work && mount -t overlay layer "
           f"-o lowerdir={tree},upperdir={layer}/upper,workdir={layer}/work {tree}")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def run_tests():
    """Runs the tests of the program's file; gives its exit status."""
    result = unittest.main(module="__main__", exit=False).result
    if not result.wasSuccessful():
        return 1
    return SKIP if len(result.skipped) >= max(result.testsRun, 1) else 0


def main(*programs, work=run_tests, before=lambda: None):
    """Does `work`, which gives an exit status, in namespaces of its own, and exits with that.

    `before` is done first, outside of them, where there is a network to fetch things from. Where it
    finds this machine Unavailable, or one of `programs` is not installed, the file is skipped.
    """
    if "NSMAP_E2E_WORK" in os.environ:
        _prepare()
        sys.exit(work())
    try:
        need("ip", "unshare", *programs)
        _need_namespaces()
        before()
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(SKIP)
    sys.exit(_outside())
