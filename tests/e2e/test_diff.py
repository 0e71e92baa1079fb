"""`nsmap diff`: what was done with iproute2 between two snapshots is what is told, and nothing else."""

import json
import pathlib
import subprocess
import sys
import time

import harness
from harness import NSMAP, WORK, TestCase, netns, run_nsmap, sh, wait_for


class Diff(TestCase):
    """A host of our own: namespaces red and blue, a wire and a bridge."""

    def setUp(self):
        self.lab = netns("red", "blue")
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.addCleanup(sh, "ip link del up0; ip link del br0; ip link del w1; ip rule del pref 100",
                        check=False)
        sh("ip link add up0 type veth peer name eth0 netns red && ip link set up0 up && "
           "ip -n red link set eth0 up && ip addr add 10.0.0.1/24 dev up0 && "
           "ip -n red addr add 10.0.0.2/24 dev eth0 && ip route add 10.2.0.0/16 via 10.0.0.7 && "
           "ip link add br0 type bridge && ip link set br0 up")
        self.settle()
        self.before = self.snapshot("before.json")

    @staticmethod
    def settle():
        """Waits until no address is on trial and no carrier is on its way."""
        def state():
            return sh("ip -o addr; ip -n red -o addr; ip -o link; ip -n red -o link; "
                      "ip -6 route show table all")
        def quiet():
            seen = state()
            time.sleep(0.5)
            return "tentative" not in seen and state() == seen
        wait_for(quiet, "the lab to settle", 30)

    def snapshot(self, name):
        path = WORK / name
        done = run_nsmap("snapshot", "-o", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def diff(self, *arguments, **options):
        """What is told, by lines, after checking that the exit status says whether there is any."""
        done = run_nsmap("diff", *arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (1 if done.stdout else 0, ""), done.stdout)
        return done.stdout.splitlines()

    def assertTold(self, *lines):
        """That these lines are told, of the live host and between two files; reversed, as many."""
        self.settle()
        after = self.snapshot("after.json.zst")
        self.assertEqual(self.diff(self.before, after), list(lines))
        self.assertEqual(self.diff(self.before), list(lines))
        self.assertEqual(len(self.diff(after, self.before)), len(lines))

    def test_nothing_changed(self):
        self.assertTold()
        text = pathlib.Path(self.before).read_text()
        self.assertEqual(self.diff("-", "now", input=text), [])
        done = run_nsmap("diff", self.before, "--json")
        self.assertEqual((done.returncode, done.stdout), (0, "[]\n"))

    def test_traffic_is_no_change(self):
        sh("ping -c 3 -i 0.2 10.0.0.2")
        self.assertTold()

    def test_links(self):
        sh("ip link add w1 type veth peer name w2 netns blue && ip link set w1 master br0 && "
           "ip link set w1 up && ip -n blue link set w2 up && ip -n red link set eth0 mtu 1400")
        told = self.diff(self.before)
        self.assertIn("  + link w1, veth to w2 @blue, port of br0", told)
        self.assertIn("  + link w2, veth to w1 @host", told)
        self.assertIn("  ~ link eth0: mtu 1500 → 1400", told)

    def test_a_link_without_its_other_end_up(self):
        sh("ip -n red link set eth0 down")
        self.assertTold("host", "  ~ link up0: lost its carrier", "red", "  ~ link eth0: set down")

    def test_a_renamed_link_keeps_its_addresses(self):
        sh("ip -n red link set eth0 down && ip -n red link set eth0 name wan0 && "
           "ip -n red link set wan0 up")
        self.assertTold("red", "  ~ link eth0: now called wan0")

    def test_addresses_routes_and_rules(self):
        sh("ip addr add 10.0.0.9/24 dev up0 && ip addr add 2001:db8::1/64 dev up0 && "
           "ip -n red addr del 10.0.0.2/24 dev eth0 && "
           "ip route replace 10.2.0.0/16 via 10.0.0.8 && ip route add blackhole 10.3.0.0/16 && "
           "ip rule add pref 100 from 10.5.0.0/24 lookup 7")
        self.addCleanup(sh, "ip route del blackhole 10.3.0.0/16")
        self.assertTold("host",
                        "  + address 10.0.0.9/24 on up0",
                        "  + address 2001:db8::1/64 on up0",
                        "  + route blackhole 10.3.0.0/16",
                        "  ~ route 10.2.0.0/16: via 10.0.0.7 dev up0 → via 10.0.0.8 dev up0",
                        "  + rule 100: from 10.5.0.0/24 lookup 7",
                        "red",
                        "  - address 10.0.0.2/24 on eth0")

    def test_a_connected_route_that_was_deleted(self):
        sh("ip -n red route del 10.0.0.0/24")
        self.assertTold("red", "  - route 10.0.0.0/24: dev eth0")

    def test_forwarding_is_one_line(self):
        sh("ip netns exec red sysctl -qw net.ipv4.conf.all.forwarding=1")
        self.assertTold("red", "  ~ sysctl net.ipv4.conf.all.forwarding: 0 → 1")

    def test_namespaces(self):
        with netns("green"):
            sh("ip netns del blue")
            self.assertTold("+ namespace green", "- namespace blue")
        sh("ip netns add blue && ip -n blue link set lo up")
        self.assertTold("~ namespace blue: replaced (another of the same name)")

    def test_a_second_name(self):
        sh("touch /run/netns/alias && mount --bind /run/netns/blue /run/netns/alias")
        try:
            self.assertIn("  + name /run/netns/alias", self.diff(self.before))
        finally:
            sh("umount /run/netns/alias && rm /run/netns/alias")

    def test_listeners_and_processes(self):
        server = subprocess.Popen(
            ["ip", "netns", "exec", "red", sys.executable, "-c",
             "import socket, time; s = socket.socket(); s.bind(('10.0.0.2', 8080)); s.listen();"
             "print('ready', flush=True); time.sleep(600)"], stdout=subprocess.PIPE, text=True)
        try:
            server.stdout.readline()
            comm = pathlib.Path(f"/proc/{server.pid}/comm").read_text().strip()
            self.assertTold("red",
                            f"  + listener tcp 10.0.0.2:8080, {comm} ({server.pid})",
                            f"  + process {comm} ({server.pid})")
            self.assertEqual(self.diff(self.before, "--ignore", "listeners,processes"), [])
        finally:
            server.kill()
            server.wait()
            server.stdout.close()

    def test_json(self):
        sh("ip -n red link set eth0 mtu 1400")
        done = run_nsmap("diff", self.before, "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        [told] = json.loads(done.stdout)
        self.assertEqual((told["change"], told["subject"], told["what"], told["title"]),
                         ("changed", "link", "eth0", "red"))
        self.assertEqual(told["fields"], [{"field": "mtu", "before": "1500", "after": "1400"}])
        self.assertEqual(told["after"]["ino"], harness.inode("red"))

    def test_without_root_what_is_not_seen_is_not_gone(self):
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", NSMAP, "diff",
                               self.before], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("? namespace red: not ", done.stdout)
        self.assertNotIn("- ", done.stdout)

    def test_wrong_use(self):
        for arguments in ([], ["missing.json"], [self.before, "--ignore", "everything"],
                          ["-", "-"]):
            with self.subTest(arguments):
                done = run_nsmap("diff", *arguments, input="")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    harness.main("ping")
