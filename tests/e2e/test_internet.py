"""nsmap ns internet: real packets to an internet that knows no way back, and a host left as it was."""

import fcntl
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import harness
from harness import NSMAP, TestCase, ip_json, run_nsmap, sh, wait_for

BOOK = pathlib.Path("/run/nsmap/internet")
SETTINGS = "ipv4/ip_forward", "ipv4/conf/*/*", "ipv6/conf/*/*"
FORWARD4 = "net.ipv4.ip_forward"
FORWARD6 = "net.ipv6.conf.all.forwarding"

# A router advertisement of a router that is one for half an hour, with 2001:db8:1::/64 to make
# addresses in (RFC 4861 4.2, 4.6.2), sent to all nodes; ARGV: the interface.
ADVERTISE = r"""
import socket, struct, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
index = socket.if_nametoindex(sys.argv[1])
prefix = socket.inet_pton(socket.AF_INET6, "2001:db8:1::")
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) +
         struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 7200, 3600, 0) + prefix, ("ff02::1", 0, 0, index))
"""


def internet(*arguments, **options):
    return run_nsmap("ns", "internet", *arguments, **options)


def setting(name, value=None):
    """Reads a setting of this host, or writes it."""
    path = pathlib.Path("/proc/sys") / name.replace(".", "/")
    if value is not None:
        path.write_text(str(value))
    return path.read_text().strip()


def settings():
    found = {}
    for pattern in SETTINGS:
        for path in pathlib.Path("/proc/sys/net").glob(pattern):
            try:
                found[str(path)] = path.read_text()
            except OSError:  # stable_secret is none until it is set
                found[str(path)] = None
    return found


def at_rest(fields):
    """An object of ip -j without what runs down by itself."""
    return {key: value for key, value in fields.items()
            if key not in ("valid_life_time", "preferred_life_time", "expires")}


def state():
    """The host's links, addresses, routes, rules, nf_tables and settings, and what nsmap notes."""
    questions = ["link", "addr", "-4 route show table all", "-6 route show table all", "-4 rule",
                 "-6 rule"]
    answers = [json.loads(sh(f"ip -j {question}") or "[]", object_hook=at_rest)
               for question in questions]
    ruleset = json.loads(sh("nft -j list ruleset"))
    notes = sorted(str(path) for path in BOOK.rglob("*") if path != BOOK / "lock")
    return {"ip": answers, "nft": ruleset, "settings": settings(), "notes": notes}


class InternetCase(TestCase):
    """A host with an uplink to the internet, which knows 203.0.113.0/24 and 2001:db8::/64 only."""

    def setUp(self):
        sh("""
            ip netns add internet && ip netns add red && ip netns add blue
            ip link add up0 type veth peer name eth0 netns internet
            ip link add spare0 type bridge && ip link set spare0 up
            ip addr add 203.0.113.2/24 dev up0 && ip addr add 2001:db8::2/64 dev up0 nodad
            ip -n internet addr add 203.0.113.1/24 dev eth0
            ip -n internet addr add 2001:db8::1/64 dev eth0 nodad
            ip link set up0 up && ip -n internet link set eth0 up
        """)
        self.look()

    def look(self):
        """Takes the state as it is now for the one to come back to."""
        # Link-local addresses stay tentative for a while.
        wait_for(lambda: "tentative" not in sh("ip -6 addr"), "addresses")
        self.before = state()

    def tearDown(self):
        for name in "red", "blue":
            internet(name, "--off")
        sh("for n in $(ip -j netns | grep -o '\"name\":\"[a-z]*' | cut -d'\"' -f4); do "
           "ip netns del $n; done; ip link del up0; ip link del spare0", check=False)
        wait_for(lambda: {link["ifname"] for link in ip_json("link")} == {"lo"}, "links to go")
        for name in FORWARD4, FORWARD6:
            setting(name, 0)
        sh("nft flush ruleset; rm -rf /run/nsmap")

    def done(self, *arguments):
        result = internet(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        return result.stdout

    def refused(self, status, *arguments):
        result = internet(*arguments)
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr

    def reaches(self, name, *targets):
        # A link of now passes nothing until the kernel's link watch has seen it, which may take 1 s.
        for target in targets or ("203.0.113.1", "2001:db8::1"):
            sh(f"ip netns exec {name} ping -c1 -w5 {target}")

    def assertAsBefore(self):
        now = state()
        for part in "ip", "nft", "notes":
            self.assertEqual(now[part], self.before[part], part)
        self.assertSameSettings(now["settings"], self.before["settings"])

    def assertSameSettings(self, now, before):
        self.assertEqual([], [(name, before.get(name), now.get(name))
                              for name in sorted({*before, *now})
                              if before.get(name) != now.get(name)])


class Out(InternetCase):
    def test_out_and_back(self):
        said = self.done("red")
        self.assertIn("eth0 10.213.0.2/30 fd00:213::2/64 @red ⇄ to-red 10.213.0.1/30 fd00:213::1/64",
                      said)
        self.assertIn(f"{FORWARD4} was 0, is 1\n{FORWARD6} was 0, is 1\n", said)
        self.reaches("red")
        rules = sh("nft list ruleset")
        self.assertEqual(rules.count("masquerade comment"), 2, rules)
        said = self.done("red", "--off")
        self.assertIn(f"{FORWARD4} is 0 again\n{FORWARD6} is 0 again\n", said)
        self.assertAsBefore()
        self.assertEqual([link["ifname"] for link in ip_json("link", "red")], ["lo"])

    def test_again_changes_nothing(self):
        self.done("red")
        between = state()
        self.assertIn("there already: eth0 10.213.0.2/30", self.done("red"))
        self.assertEqual(state(), between)
        self.assertIn("off first", self.refused(2, "red", "--via", "up0"))
        self.assertEqual(state(), between)
        self.done("red", "--off")
        self.assertIn("has no internet", self.done("red", "--off"))
        self.assertAsBefore()

    def test_again_mends_what_others_took(self):
        self.done("red")
        sh("nft flush ruleset")
        setting(FORWARD4, 0)
        said = self.done("red")
        self.assertIn("10.213.0.0/30 was not masqueraded, is", said)
        self.assertIn(f"{FORWARD4} was 0, is 1", said)
        self.reaches("red")
        self.done("red", "--off")
        self.assertAsBefore()

    def test_by_one_way_only(self):
        said = self.done("red", "--via", "up0")
        self.assertIn("where it leaves by up0", said)
        self.reaches("red")
        self.assertEqual(setting(FORWARD4), "0")
        self.assertEqual(setting("net.ipv4.conf.spare0.forwarding"), "0")
        self.assertEqual(sh("nft list ruleset").count('oifname "up0" masquerade'), 2)
        self.done("red", "--off")
        self.assertAsBefore()
        self.done("red", "--via", "spare0")
        self.assertNotEqual(subprocess.run("ip netns exec red ping -c1 -W1 203.0.113.1", shell=True,
                                           capture_output=True).returncode, 0)
        self.done("red", "--off")
        self.assertAsBefore()

    def test_other_pools(self):
        said = self.done("red", "--pool", "192.168.7.0/24,fd11::/48")
        self.assertIn("192.168.7.2/30 fd11::2/64 @red", said)
        self.reaches("red")

    def test_two_share_in_any_order(self):
        for first, then in (("red", "blue"), ("blue", "red")):
            for way in ([], ["--via", "up0"]):
                with self.subTest(first=first, way=way):
                    self.done("red")
                    self.done("blue", *way)
                    self.reaches("red")
                    self.reaches("blue")
                    self.done(first, "--off")
                    self.reaches(then)
                    self.done(then, "--off")
                    self.assertAsBefore()
                    self.done("blue", *way)
                    self.done("red")
                    self.done(first, "--off")
                    self.reaches(then)
                    self.done(then, "--off")
                    self.assertAsBefore()

    def test_firewalls_are_named_and_left_alone(self):
        sh("nft 'table ip filter { chain FORWARD "
           "{ type filter hook forward priority 0; policy drop; }; }'")
        self.look()
        self.assertIn("chain ip filter FORWARD drops what no rule accepts", self.done("red"))
        self.reaches("red", "2001:db8::1")
        self.done("red", "--off")
        self.assertAsBefore()

    def test_by_whatever_it_is_called(self):
        ino = harness.inode("red")
        self.assertIn("@red", self.done(f"ino:{ino}"))
        self.assertIn("there already", self.done("/run/netns/red"))
        self.done("red", "--off")
        self.assertAsBefore()


class Settings(InternetCase):
    def test_what_was_on_stays_on(self):
        for name in FORWARD4, FORWARD6:
            setting(name, 1)
        self.before = state()
        self.assertNotIn("was 0", self.done("red"))
        self.reaches("red")
        self.done("red", "--off")
        self.assertAsBefore()

    def test_what_goes_along_with_forwarding_comes_back(self):
        setting("net.ipv4.conf.spare0.forwarding", 1)
        setting("net.ipv6.conf.spare0.forwarding", 1)
        setting("net.ipv4.conf.all.accept_redirects", 0)
        self.before = state()
        self.addCleanup(setting, "net.ipv4.conf.all.accept_redirects", 1)
        self.done("red")
        self.done("blue", "--via", "spare0")
        self.done("red", "--off")
        self.assertEqual(setting("net.ipv4.conf.spare0.forwarding"), "1")
        self.done("blue", "--off")
        self.assertAsBefore()

    def test_what_somebody_changed_stays(self):
        self.done("red")
        setting(FORWARD4, 2)
        setting(FORWARD6, 2)
        between = settings()
        said = self.done("red", "--off")
        self.assertIn(f"{FORWARD4} stays 2: that is not what nsmap left it at", said)
        gone = {name: value for name, value in between.items() if "/to-red/" not in name}
        self.assertSameSettings(settings(), gone)

    def test_an_interface_that_others_need_meanwhile(self):
        self.done("red", "--via", "up0")
        setting(FORWARD4, 1)  # as a container engine does when it starts
        said = self.done("red", "--off")
        self.assertIn("net.ipv4.conf.up0.forwarding stays 1: others have switched", said)
        self.assertEqual(setting("net.ipv4.conf.up0.forwarding"), "1")

    def test_what_the_host_learned_from_routers_is_kept(self):
        advertise = ["ip", "netns", "exec", "internet", "python3", "-c", ADVERTISE, "eth0"]

        def learned():
            return [route for route in ip_json("-6 route") if route.get("protocol") == "ra"
                    and route["dst"] == "default"]

        wait_for(lambda: subprocess.run(advertise, check=True) and learned(), "a route")
        self.look()
        said = self.done("red")
        self.assertIn("net.ipv6.conf.up0.accept_ra was 1, is 2", said)
        self.assertEqual(len(learned()), 1)
        sh("ip -6 route flush proto ra")
        wait_for(lambda: subprocess.run(advertise, check=True) and learned(), "a route again")
        self.reaches("red")
        said = self.done("red", "--off")
        self.assertIn("net.ipv6.conf.up0.accept_ra is 1 again", said)
        self.assertEqual(len(learned()), 1)
        self.assertAsBefore()

    def test_without_ipv6(self):
        setting("net.ipv6.conf.default.disable_ipv6", 1)
        self.addCleanup(setting, "net.ipv6.conf.default.disable_ipv6", 0)
        self.before = state()
        self.assertIn("IPv6 is disabled in host: left as it is", self.done("red"))
        self.reaches("red", "203.0.113.1")
        self.assertEqual(setting(FORWARD6), "0")
        self.done("red", "--off")
        self.assertAsBefore()
        setting("net.ipv6.conf.default.disable_ipv6", 0)
        sh("ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
        self.assertIn("IPv6 is disabled in red: left as it is", self.done("red"))
        self.reaches("red", "203.0.113.1")


class Refusals(InternetCase):
    def test_a_default_route_that_is_there(self):
        sh("ip -n red link add d0 type bridge && ip -n red link set d0 up && "
           "ip -n red route add default dev d0")
        said = self.done("red")
        self.assertIn("red has a default route for IPv4 already: left as it is", said)
        self.assertNotIn("10.213", said)
        self.reaches("red", "2001:db8::1")
        self.done("red", "--off")
        sh("ip -n red -6 route add default dev d0")
        self.assertIn("IPv6 already", self.refused(2, "red"))
        self.assertAsBefore()

    def test_wrong_use(self):
        for arguments in ([], ["."], ["nobody"], ["nobody", "--off"], ["red", "--via", "none0"],
                          ["red", "--pool", "10.0.0.0/31"], ["red", "--pool", "here"],
                          ["red", "--off", "--via", "up0"], ["red", "blue"]):
            with self.subTest(arguments):
                self.refused(2, *arguments)
        self.assertAsBefore()

    def test_one_at_a_time(self):
        BOOK.mkdir(parents=True)
        with open(BOOK / "lock", "w") as lock:
            lock.write("4321\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("process 4321 is changing it", self.refused(2, "red"))
        self.assertAsBefore()

    def test_nothing_stays_when_a_part_fails(self):
        # The last thing done is what a read-only /proc/sys refuses.
        for path in "/proc/sys/net/ipv4", "/proc/sys/net/ipv6":
            failed = sh(f"unshare -m sh -c 'mount --bind {path} {path} && "
                        f"mount -o remount,bind,ro {path} && {NSMAP} ns internet red' 2>&1; "
                        "echo exit $?", check=False)
            self.assertIn("Read-only file system", failed)
            self.assertIn("exit 3", failed)
            self.assertAsBefore()
            self.assertEqual([link["ifname"] for link in ip_json("link", "red")], ["lo"])

    def test_not_root(self):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                  "--bounding-set=-all", NSMAP, "ns", "internet"]
        if subprocess.run([*nobody, "--help"], capture_output=True).returncode != 0:
            self.skipTest("the program lies where others may not read")
        result = subprocess.run([*nobody, "red"], capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout), (3, ""), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn("root", result.stderr)


class Remains(InternetCase):
    def test_a_namespace_that_is_gone(self):
        self.done("red")
        sh("ip netns del red")
        wait_for(lambda: "to-red" not in sh("ip link"), "the wire to go")
        self.assertIn("to-red is gone", self.done("red", "--off"))
        self.assertAsBefore()

    def test_a_name_given_anew(self):
        self.done("red")
        sh("ip netns del red")
        wait_for(lambda: "to-red" not in sh("ip link"), "the wire to go")
        sh("ip netns add red")
        result = internet("red")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("red: what was left of its internet is gone", result.stderr)
        self.reaches("red")
        self.assertEqual(sh("nft list ruleset").count("masquerade comment"), 2)
        self.done("red", "--off")
        self.assertAsBefore()

    def test_a_name_that_another_has_now(self):
        with subprocess.Popen(["ip", "netns", "exec", "red", "sleep", "1000"]) as process:
            try:
                self.done("red")
                sh("ip netns del red && ip netns add red")
                self.assertIn("has no internet", self.done("red", "--off"))
                sh(f"nsenter --net=/proc/{process.pid}/ns/net ping -c1 -w5 203.0.113.1")
                sh("ip netns del red")
                self.assertIn("to-red is gone", self.done("red", "--off"))
            finally:
                process.kill()
        self.assertAsBefore()

    def test_a_wire_that_somebody_took(self):
        self.done("red")
        sh("ip link del to-red")
        result = internet("blue")
        self.assertIn("red: what was left", result.stderr)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.done("blue", "--off")
        self.assertAsBefore()

    def kill_at_any_moment(self, times, dice):
        """Kills runs that give red its internet, and runs that take it away."""
        for turn in range(times):
            taking = turn % 2 == 1
            begun = time.monotonic()
            self.done("red")
            took = time.monotonic() - begun
            if not taking:
                self.done("red", "--off")
            process = subprocess.Popen([NSMAP, "ns", "internet", "red", *["--off"] * taking],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.random() * took)
            process.send_signal(signal.SIGKILL)
            process.wait()
            if dice.random() < 0.5:
                again = internet("red")
                self.assertEqual(again.returncode, 0, again.stderr)
                self.reaches("red")
            gone = internet("red", "--off")
            self.assertEqual(gone.returncode, 0, gone.stderr)
            self.assertAsBefore()

    def test_killed_at_any_moment(self):
        self.kill_at_any_moment(int(os.environ.get("NSMAP_KILLS", "20")), random.Random(7))

    def test_killed_at_any_moment_beside_another(self):
        self.done("blue", "--via", "up0")
        setting("net.ipv4.conf.spare0.forwarding", 1)
        self.look()
        self.kill_at_any_moment(int(os.environ.get("NSMAP_KILLS", "20")) // 2, random.Random(8))
        self.reaches("blue")


if __name__ == "__main__":
    harness.main("nft", "ping", "setpriv", "nsenter")
