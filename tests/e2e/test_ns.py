"""nsmap ns: each verb against what iproute2 and the kernel say of the same namespaces."""

import json
import os
import pathlib
import pty
import signal
import subprocess
import time

import harness
from harness import NSMAP, WORK, HostTestCase, hold, inode, ip_json, run_nsmap, sh, wait_for

NETNS = pathlib.Path("/run/netns")


def ns(*arguments, **options):
    return run_nsmap("ns", *arguments, **options)


def names():
    """The names that `ip netns` lists."""
    return {row["name"] for row in ip_json("netns list")}


def mounts():
    return [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]


def as_nobody(*arguments):
    return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           "--bounding-set=-all", NSMAP, "ns", *arguments],
                          capture_output=True, text=True, timeout=60)


def in_new_namespace(*command, flags="-n"):
    """A process in a namespace that has no name."""
    process = subprocess.Popen(["unshare", flags, *command], stdout=subprocess.DEVNULL)
    own = os.stat("/proc/self/ns/net").st_ino
    wait_for(lambda: os.stat(f"/proc/{process.pid}/ns/net").st_ino != own, "unshare")
    return process


def has_netem():
    return subprocess.run(["unshare", "-n", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay",
                           "1ms"], capture_output=True).returncode == 0


class NsCase(HostTestCase):
    def setUp(self):
        super().setUp()
        self.assertEqual(names(), set())
        self.mounts = sorted(path for path in mounts() if path != str(NETNS))

    def tearDown(self):
        for name in names():
            sh(f"ip netns del '{name}'", check=False)
        self.assertEqual(sorted(path for path in mounts() if path != str(NETNS)), self.mounts)

    def done(self, *arguments, **options):
        """Does it, without a word; its output."""
        result = ns(*arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        return result.stdout

    def refused(self, status, *arguments):
        """Does not: one line on stderr, which is returned."""
        result = ns(*arguments)
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr


class Names(NsCase):
    def test_added_names_are_those_of_ip(self):
        self.done("add", "red", "blue")
        self.assertEqual(names(), {"red", "blue"})
        for name in "red", "blue":
            [lo] = ip_json("link", netns=name)
            self.assertEqual(lo["ifname"], "lo")
            self.assertIn("UP", lo["flags"])
        self.assertNotEqual(inode("red"), inode("blue"))
        sh("ip netns del red && ip netns del blue")
        self.assertEqual(list(NETNS.iterdir()), [])

    def test_names_of_ip_are_removed(self):
        sh("ip netns add red && ip netns add blue")
        self.done("rm", "red", "blue")
        self.assertEqual(names(), set())
        self.assertEqual(list(NETNS.iterdir()), [])

    def test_the_file_is_as_ip_makes_it(self):
        self.done("add", "ours")
        sh("ip netns add theirs")
        ours, theirs = (os.stat(NETNS / name) for name in ("ours", "theirs"))
        self.assertEqual((ours.st_mode, ours.st_uid, ours.st_dev),
                         (theirs.st_mode, theirs.st_uid, theirs.st_dev))

    def test_loopback_stays_down_on_request(self):
        self.done("add", "red", "--no-lo")
        self.assertNotIn("UP", ip_json("link", netns="red")[0]["flags"])

    def test_other_mount_namespaces_lose_the_name_too(self):
        self.done("add", "red")
        other = subprocess.Popen(["unshare", "--mount", "--propagation=unchanged", "sleep", "1000"])
        try:
            mountinfo = pathlib.Path(f"/proc/{other.pid}/mountinfo")
            wait_for(lambda: os.readlink(f"/proc/{other.pid}/ns/mnt")
                     != os.readlink("/proc/self/ns/mnt"), "unshare")
            self.assertIn("/run/netns/red", mountinfo.read_text())
            self.done("add", "blue")
            self.assertIn("/run/netns/blue", mountinfo.read_text())
            self.done("rm", "red")
            self.assertNotIn("/run/netns/red", mountinfo.read_text())
        finally:
            other.kill()
            other.wait()

    def test_at_another_path(self):
        path = WORK / "pinned"
        self.done("add", "red", "--at", path)
        self.assertEqual(names(), set())
        self.assertIn("lo", sh(f"nsenter --net={path} ip -br link"))
        self.assertIn("lo", self.done("exec", path, "--", "ip", "-br", "link"))
        self.done("rm", path)
        self.assertFalse(path.exists())

    def test_bad_names(self):
        for name in "a/b", "..", ".", "x" * 256, "a\nb", "":
            with self.subTest(name):
                self.refused(2, "add", name)
        self.assertEqual(names(), set())

    def test_a_name_that_is_there(self):
        sh("ip netns add red")
        before = inode("red")
        self.assertIn("/run/netns/red", self.refused(2, "add", "red"))
        self.assertIn("/run/netns/red", self.refused(2, "add", "blue", "red"))
        self.assertEqual((names(), inode("red")), ({"red"}, before))

    def test_all_or_none(self):
        # The second name cannot be made: its directory takes no more files.
        NETNS.mkdir(exist_ok=True)
        sh(f"mount -t tmpfs -o nr_inodes=2 small {NETNS}")
        try:
            self.refused(3, "add", "red", "blue")
            self.assertEqual(list(NETNS.iterdir()), [])
        finally:
            sh(f"umount -R {NETNS}; umount -R {NETNS}", check=False)

    def test_rm_leaves_what_is_no_network_namespace(self):
        self.done("add", "red")
        (NETNS / "full").write_text("text")
        (NETNS / "mounts").touch()
        sh("mount --bind /proc/self/ns/uts /run/netns/mounts")
        try:
            for name in "full", "mounts", "nothing", "../netns", "/proc/self/ns/uts":
                with self.subTest(name):
                    self.refused(2, "rm", "red", name)
        finally:
            sh("umount /run/netns/mounts; rm /run/netns/mounts /run/netns/full")
        self.assertEqual(names(), {"red"})

    def test_rm_of_a_stale_file_says_so(self):
        NETNS.mkdir(exist_ok=True)
        (NETNS / "stale").touch()
        result = ns("rm", "stale")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("stale", result.stderr)
        self.assertFalse((NETNS / "stale").exists())

    def test_adopt(self):
        process = in_new_namespace("sleep", "1000")
        try:
            self.done("adopt", "mine", f"pid:{process.pid}")
            self.done("adopt", "again", "mine")
            own = os.stat(f"/proc/{process.pid}/ns/net").st_ino
            self.assertEqual((inode("mine"), inode("again")), (own, own))
            self.assertEqual(names(), {"mine", "again"})
            self.done("rm", "mine", "again")
            self.assertIsNone(process.poll())
            self.done("adopt", "byinode", f"ino:{own}")
            self.assertEqual(inode("byinode"), own)
        finally:
            process.kill()
            process.wait()
        # The name alone keeps it now.
        self.assertIn("lo", sh("ip -n byinode -br link"))

    def test_adopt_what_no_process_is_in(self):
        for mode in ("fd",), ("socket", "inet"), ("tun", "tap7"), ("mount-elsewhere", WORK):
            with self.subTest(mode), hold(*mode) as holder:
                self.done("adopt", mode[0], f"ino:{holder.ino}")
                self.assertEqual(inode(mode[0]), holder.ino)

    def test_ls_is_the_list(self):
        self.done("add", "red")
        listed = json.loads(self.done("ls", "--json"))
        self.assertIn(inode("red"), [row["id"]["ino"] for row in listed])

    def test_id(self):
        self.done("add", "red")
        with subprocess.Popen(["ip", "netns", "exec", "red", "sleep", "1000"]) as process:
            try:
                wait_for(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n",
                         "sleep")
                text = self.done("id", process.pid)
                row = json.loads(self.done("id", process.pid, "--json"))
            finally:
                process.kill()
        for word in "red", f"sleep ({process.pid})", "/run/netns/red", str(inode("red")):
            self.assertIn(word, text)
        self.assertEqual(row["id"]["ino"], inode("red"))
        self.assertIn(str(os.stat("/proc/self/ns/net").st_ino), self.done("id"))
        self.refused(2, "id", "4000000")
        self.refused(2, "id", "word")


class Exec(NsCase):
    def setUp(self):
        super().setUp()
        self.done("add", "red", "blue")
        sh("ip -n red link add eth7 type veth peer name eth8 netns blue")

    def test_runs_there(self):
        links = json.loads(self.done("exec", "red", "--", "ip", "-j", "link"))
        self.assertEqual(links, ip_json("link", netns="red"))
        self.assertEqual(self.done("exec", "red", "--", "readlink", "/proc/self/ns/net").strip(),
                         f"net:[{inode('red')}]")

    def test_namespaces_by_whatever_they_are_called(self):
        process = in_new_namespace("sleep", "1000")
        try:
            own = os.stat(f"/proc/{process.pid}/ns/net").st_ino
            sh("ip -n red addr add 192.0.2.33/24 dev eth7")
            for name, expected in ((f"pid:{process.pid}", own), (f"ino:{own}", own),
                                   ("192.0.2.33", inode("red")), ("/run/netns/blue", inode("blue")),
                                   (".", os.stat("/proc/self/ns/net").st_ino)):
                with self.subTest(name):
                    seen = self.done("exec", name, "--", "readlink", "/proc/self/ns/net")
                    self.assertEqual(seen.strip(), f"net:[{expected}]")
        finally:
            process.kill()
            process.wait()

    def test_exit_statuses(self):
        self.assertEqual(ns("exec", "red", "--", "sh", "-c", "exit 42").returncode, 42)
        self.assertEqual(ns("exec", "red", "--", "sh", "-c", "kill -KILL $$").returncode,
                         -signal.SIGKILL)
        self.assertIn("no-such-program", self.refused(127, "exec", "red", "--", "no-such-program"))
        self.assertIn("/etc/passwd", self.refused(126, "exec", "red", "--", "/etc/passwd"))
        self.refused(2, "exec", "nowhere", "--", "true")
        self.refused(2, "exec", "red")

    def test_signals_reach_the_program(self):
        with subprocess.Popen([NSMAP, "ns", "exec", "red", "--", "sleep", "1000"]) as process:
            wait_for(lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n",
                     "sleep to be the process itself")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), -signal.SIGTERM)

    def test_streams_and_terminal_are_the_callers(self):
        self.assertEqual(self.done("exec", "red", "--", "cat", input="through\n"), "through\n")
        master, slave = pty.openpty()
        done = subprocess.run([NSMAP, "ns", "exec", "red", "--", "tty"], stdin=slave,
                              capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), os.ttyname(slave))
        os.close(master)
        os.close(slave)

    def test_signals_limits_and_descriptors_are_as_without_nsmap(self):
        command = ["sh", "-c", "grep -E 'Sig(Ign|Blk)' /proc/self/status; ulimit -n; ulimit -Hn; "
                               "ls /proc/self/fd | wc -l"]
        limited = ["prlimit", "--nofile=999:4000"]
        plain = subprocess.run([*limited, *command], capture_output=True, text=True).stdout
        # "." needs no look at the host; an inode does, with threads and many descriptors.
        for name in "red", f"ino:{inode('red')}":
            with self.subTest(name):
                inside = subprocess.run([*limited, NSMAP, "ns", "exec", name, "--", *command],
                                        capture_output=True, text=True).stdout
                self.assertEqual(inside, plain)

    def test_sys_is_the_namespaces_and_has_its_cgroups(self):
        self.assertEqual(set(self.done("exec", "red", "--", "ls", "/sys/class/net").split()),
                         {"lo", "eth7"})
        below = sorted({path for path in mounts()
                        if path.startswith("/sys/") and os.path.ismount(path)})
        self.assertNotEqual(below, [], "the test needs something mounted below /sys")
        types = ["stat", "-f", "-c", "%n %T", *below]
        self.assertEqual(self.done("exec", "red", "--", *types),
                         subprocess.run(types, capture_output=True, text=True).stdout)
        for path in below:
            sh(f"{NSMAP} ns exec red -- mountpoint -q {path}")

    def test_own_mounts_show_nowhere_else(self):
        before = mounts()
        self.done("exec", "red", "--", "mount", "-t", "tmpfs", "t", "/mnt")
        self.assertEqual(mounts(), before)

    def test_files_of_the_name_lie_over_etc(self):
        sh("mkdir -p /etc/netns/red && echo nameserver 192.0.2.53 > /etc/netns/red/resolv.conf && "
           "touch /etc/resolv.conf")
        try:
            self.assertEqual(self.done("exec", "red", "--", "cat", "/etc/resolv.conf"),
                             "nameserver 192.0.2.53\n")
            by_inode = self.done("exec", f"ino:{inode('red')}", "--", "cat", "/etc/resolv.conf")
            self.assertEqual(by_inode, "nameserver 192.0.2.53\n")
            host = pathlib.Path("/etc/resolv.conf").read_text()
            self.assertEqual(self.done("exec", "blue", "--", "cat", "/etc/resolv.conf"), host)
            pathlib.Path("/etc/netns/red/no-such-file").touch()
            warned = ns("exec", "red", "--", "true")
            self.assertEqual(warned.returncode, 0)
            self.assertIn("no-such-file", warned.stderr)
        finally:
            sh("rm -r /etc/netns")

    def test_dns_of_a_container(self):
        root = harness.busybox_tree(WORK / "root")
        (root / "etc/resolv.conf").write_text("nameserver 192.0.2.54\n")
        (root / "etc/hosts").symlink_to("/etc/own-hosts")
        (root / "etc/own-hosts").write_text("192.0.2.1 inside\n")
        container = in_new_namespace("chroot", str(root), "/bin/sleep", "1000", flags="-nm")
        try:
            wait_for(lambda: "busybox" in os.readlink(f"/proc/{container.pid}/exe"), "chroot")
            seen = self.done("exec", f"pid:{container.pid}", "--dns", "--", "cat",
                             "/etc/resolv.conf", "/etc/hosts")
        finally:
            container.kill()
            container.wait()
        self.assertEqual(seen, "nameserver 192.0.2.54\n192.0.2.1 inside\n")

    def test_another_user(self):
        text = self.done("exec", "red", "--user", "nobody", "--", "sh", "-c",
                         "id -u; id -G; grep CapEff /proc/self/status")
        self.assertEqual(text.split()[:2], ["65534", "65534"])
        self.assertEqual(int(text.split()[-1], 16), 0)
        self.assertEqual(self.done("exec", "red", "--user", "4321", "--", "id", "-u"), "4321\n")
        self.refused(2, "exec", "red", "--user", "no-such-user", "--", "true")

    def test_namespaces_of_an_ordinary_user(self):
        harness.need_user_namespaces()
        process = subprocess.Popen(["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups",
                                    "unshare", "-Urn", "sleep", "1000"])
        own = os.stat("/proc/self/ns/net").st_ino
        try:
            path = f"/proc/{process.pid}/ns/net"
            wait_for(lambda: os.stat(path).st_ino != own, "unshare")
            self.assertEqual(self.done("exec", f"pid:{process.pid}", "--", "ls", "/sys/class/net"),
                             "lo\n")
        finally:
            process.kill()
            process.wait()

    def test_several_side_by_side(self):
        result = ns("exec", "red,blue", "--", "sh", "-c", "ls /sys/class/net; printf end; echo e >&2")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(sorted(result.stdout.splitlines()),
                         ["blue: end", "blue: eth8", "blue: lo", "red: end", "red: eth7", "red: lo"])
        self.assertEqual(sorted(result.stderr.splitlines()), ["blue: e", "red: e"])
        begun = time.monotonic()
        self.assertEqual(ns("exec", "red,blue", "--", "sleep", "1").returncode, 0)
        self.assertLess(time.monotonic() - begun, 1.9)

    def test_all(self):
        result = ns("exec", "--all", "--", "readlink", "/proc/self/ns/net")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(set(result.stdout.splitlines()),
                         {f"{name}: net:[{inode(name)}]" for name in ("red", "blue")})
        failed = ns("exec", "--all", "--", "test", "-e", "/sys/class/net/eth7")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("1 of 2 failed: blue (exit 1)", failed.stderr)
        self.assertEqual(ns("exec", "--all", "--", "no-such-program").returncode, 1)

    def test_ends_when_nobody_reads(self):
        line = sh(f"set -o pipefail; {NSMAP} ns exec red,blue -- yes 2>{WORK}/err | head -1", timeout=20)
        self.assertIn(line, ("red: y\n", "blue: y\n"))
        self.assertEqual((WORK / "err").read_text(), "")

    def test_many_at_once(self):
        many = [f"n{i}" for i in range(60)]
        self.done("add", *many)
        result = ns("exec", ",".join(many), "--", "seq", "1000")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 60000)
        for name in many:
            self.assertEqual([line.split(": ")[1] for line in lines if line.startswith(name + ":")],
                             [str(i) for i in range(1, 1001)])
        self.done("rm", *many)

    def test_shell(self):
        result = ns("shell", "red", input="ls /sys/class/net; exit 5\n",
                    env={**os.environ, "SHELL": "/bin/sh"})
        self.assertEqual((result.returncode, set(result.stdout.split())), (5, {"lo", "eth7"}))


class Connect(NsCase):
    def setUp(self):
        super().setUp()
        sh("ip netns add red; ip netns add blue; ip -n blue link add eth0 type bridge")

    def addresses(self, netns, link):
        rows = ip_json(f"addr show {link}", netns)[0]["addr_info"]
        return [f"{row['local']}/{row['prefixlen']}" for row in rows if row.get("scope") == "global"]

    def pings(self, target):
        sh(f"ip netns exec red ping -c1 -W2 {target}")

    def test_free_names_and_addresses_are_chosen(self):
        said = self.done("connect", "red", "blue")
        self.assertEqual(said, "eth0 10.213.0.1/30 fd00:213::1/64 @red ⇄ "
                               "eth1 10.213.0.2/30 fd00:213::2/64 @blue\n")
        self.assertEqual(self.addresses("red", "eth0"), ["10.213.0.1/30", "fd00:213::1/64"])
        self.pings("10.213.0.2")
        self.pings("fd00:213::2")
        self.assertIn("10.213.0.5/30", self.done("connect", "red", "blue"), "the first is in use")

    def test_without_ipv6_where_one_end_has_none(self):
        sh("ip netns exec blue sysctl -w net.ipv6.conf.default.disable_ipv6=1")
        said = self.done("connect", "red", "blue")
        self.assertEqual(said, "eth0 10.213.0.1/30 @red ⇄ eth1 10.213.0.2/30 @blue\n"
                               "IPv6 is disabled in blue: no addresses of it\n")
        self.pings("10.213.0.2")

    def test_what_is_said_is_done(self):
        self.done("connect", "red", "blue", "--addr4", "192.0.2.1/24,192.0.2.2/24", "--addr6",
                  "2001:db8::1/64", "--mtu", "1400", "--name-a", "north", "--name-b", "south")
        self.assertEqual(self.addresses("red", "north"), ["192.0.2.1/24", "2001:db8::1/64"])
        self.assertEqual(self.addresses("blue", "south"), ["192.0.2.2/24"])
        self.assertEqual(ip_json("link show south", "blue")[0]["mtu"], 1400)
        self.pings("192.0.2.2")

    def test_to_a_bridge_here(self):
        sh("ip link add br0 type bridge && ip addr add 192.0.2.1/24 dev br0 && ip link set br0 up")
        self.addCleanup(lambda: sh("ip link del br0"))
        self.done("connect", "red", "--bridge", "br0", "--addr4", "192.0.2.2/24")
        self.assertEqual(ip_json("link show to-red")[0]["master"], "br0")
        self.pings("192.0.2.1")
        sh("ip link del to-red")

    def test_refusals_make_nothing(self):
        for arguments in (["red"], ["red", "red"], ["red", "nobody"], ["red", "blue", "--name-b", "eth0"],
                          ["red", "blue", "--name-a", "x" * 16], ["red", "blue", "--addr4", "here"],
                          ["red", "blue", "--addr4", "::1/64"],
                          ["red", "blue", "--pool", "10.0.0.0/31"], ["red", "--bridge", "none"]):
            self.refused(2, "connect", *arguments)
        self.assertEqual(len(ip_json("link", "red")), 1)


class Routes(NsCase):
    def setUp(self):
        super().setUp()
        self.done("add", "red", "blue")
        self.done("connect", "red", "blue")

    def routes(self, selection):
        rows = ip_json(f"{selection} route show table all proto static", "red")
        keys = ("type", "dst", "gateway", "dev", "table", "metric", "prefsrc")
        return [{key: row[key] for key in keys if key in row} for row in rows]

    def test_a_route_is_the_one_that_ip_shows(self):
        for words, version, row in (
                ("10.2.0.0/16 via 10.213.0.2", "-4",
                 {"dst": "10.2.0.0/16", "gateway": "10.213.0.2", "dev": "eth0"}),
                ("default via 10.213.0.2 table 7 metric 5 src 10.213.0.1", "-4",
                 {"dst": "default", "gateway": "10.213.0.2", "dev": "eth0", "table": "7",
                  "metric": 5, "prefsrc": "10.213.0.1"}),
                ("default dev eth0 family inet", "-4", {"dst": "default", "dev": "eth0"}),
                ("10.9.0.0/16 type blackhole", "-4", {"type": "blackhole", "dst": "10.9.0.0/16"}),
                ("2001:db8::/32 via fd00:213::2", "-6",
                 {"dst": "2001:db8::/32", "gateway": "fd00:213::2", "dev": "eth0",
                  "metric": 1024})):
            with self.subTest(words):
                self.done("route", "red", "add", *words.split())
                self.assertEqual(self.routes(version), [row])
                self.done("route", "red", "del", *words.split())
                self.assertEqual(self.routes(version), [])

    def test_a_route_of_another_is_removed_by_its_prefix_alone(self):
        sh("ip -n red route add 10.2.0.0/16 via 10.213.0.2 proto 99")
        self.done("route", "red", "del", "10.2.0.0/16")
        self.assertEqual(ip_json("route show proto 99", "red"), [])

    def test_refusals_change_nothing(self):
        before = ip_json("route show table all", "red")
        for status, words, says in ((2, "add 10.2.0.0/16 viaa 10.213.0.2", "did you mean 'via'"),
                                    (2, "add 10.2.0.0/16 via", "of what"),
                                    (2, "add 10.2.0.0/16 dev eth0 dev eth0", "twice"),
                                    (2, "add default dev eth0", "family"),
                                    (2, "add 10.2.0.0/16 dev nothing", "no link"),
                                    (2, "add 10.2.0.300/16 dev eth0", "no prefix"),
                                    (2, "change 10.2.0.0/16 dev eth0", "neither add nor del"),
                                    (2, "add", "is wanted"),
                                    (3, "del 10.2.0.0/16", "no such route")):
            with self.subTest(words):
                self.assertIn(says, self.refused(status, "route", "red", *words.split()))
        self.assertEqual(ip_json("route show table all", "red"), before)

    def test_twice_is_once_too_often(self):
        self.done("route", "red", "add", "10.2.0.0/16", "via", "10.213.0.2")
        self.assertIn("there is one already",
                      self.refused(3, "route", "red", "add", "10.2.0.0/16", "via", "10.213.0.2"))


class Impairments(NsCase):
    def setUp(self):
        super().setUp()
        self.done("add", "red", "blue")
        self.done("connect", "red", "blue")

    def qdisc(self, link="eth0"):
        rows = json.loads(sh(f"tc -n red -j qdisc show dev {link}"))
        return [(row["kind"], row["options"].get("rate")) for row in rows if row["handle"] != "0:"]

    def test_a_rate_is_replaced_and_taken_away(self):
        self.done("impair", "red", "eth0", "rate", "10mbit")
        self.assertEqual(self.qdisc(), [("tbf", 1250000)])
        for rate in ("5mbit", "7mbit", "9mbit"):
            self.done("impair", "red", "eth0", "rate", rate)
        self.assertEqual(self.qdisc(), [("tbf", 1125000)])
        self.done("impair", "red", "eth0", "off")
        self.done("impair", "red", "eth0", "off")
        self.assertEqual(self.qdisc(), [])

    def test_what_is_refused_leaves_what_was_there(self):
        self.done("impair", "red", "eth0", "rate", "10mbit")
        for status, words in ((2, "delay soon"), (2, "jitter 2ms"), (2, "loss 101%"),
                              (2, "rate 1bit"), (2, "speed 1mbit"), (2, "rate")):
            self.refused(status, "impair", "red", "eth0", *words.split())
        self.refused(2, "impair", "red", "nothing", "off")
        if not has_netem():
            self.assertIn("netem", self.refused(3, "impair", "red", "eth0", "delay", "20ms"))
        self.assertEqual(self.qdisc(), [("tbf", 1250000)])

    def test_a_delay_is_felt(self):
        if not has_netem():
            self.skipTest("this kernel has no netem")
        self.done("impair", "red", "eth0", "delay", "50ms", "rate", "100mbit")
        self.assertEqual([kind for kind, _ in self.qdisc()], ["netem", "tbf"])
        answer = sh("ip netns exec red ping -c1 10.213.0.2")
        self.assertGreater(float(answer.split("time=")[1].split()[0]), 50)

    def test_the_queueing_discipline_of_another_stays(self):
        sh("tc -n red qdisc add dev eth0 root handle 5: pfifo")
        self.assertIn("pfifo", self.refused(2, "impair", "red", "eth0", "rate", "10mbit"))
        self.assertIn("pfifo", self.refused(2, "impair", "red", "eth0", "off"))
        self.assertEqual(self.qdisc(), [("pfifo", None)])


class Unprivileged(NsCase):
    def setUp(self):
        super().setUp()
        if as_nobody("--help").returncode != 0:
            self.skipTest("the program lies where others may not read")

    def test_one_line_that_says_who_may(self):
        sh("ip netns add red")
        for arguments in (["add", "blue"], ["rm", "red"], ["adopt", "blue", "."],
                          ["exec", "red", "--", "true"], ["exec", ".", "--", "true"],
                          ["shell", "red"]):
            with self.subTest(arguments):
                result = as_nobody(*arguments)
                self.assertEqual((result.returncode, result.stdout), (3, ""), result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
                self.assertIn("root", result.stderr)
        self.assertEqual(names(), {"red"})
        self.assertEqual([path.name for path in NETNS.iterdir()], ["red"])


if __name__ == "__main__":
    harness.main("setpriv", "nsenter", "prlimit")
