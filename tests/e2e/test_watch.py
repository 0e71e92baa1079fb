"""`nsmap watch`: what is done with iproute2 is what is told, soon after and nothing else."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

import harness
from harness import NSMAP, TestCase, netns, nsmap, run_nsmap, sh, wait_for

SOON = 5.0  # seconds: generous, as these machines are shared; script/bench has the figures


class Watcher:
    """A running `nsmap watch`, and the lines it has told so far, without their times."""

    def __init__(self, *arguments, command=(NSMAP,)):
        self.process = subprocess.Popen([*command, "watch", *arguments], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if not line.startswith("{"):
                line = re.sub(r"^\d\d:\d\d:\d\d\.\d\d\d  ", "", line)
            self.lines.append(line.rstrip("\n"))

    def told(self, line, seconds=SOON):
        self.told_like(re.escape(line), seconds)

    def told_like(self, pattern, seconds=SOON):
        try:
            wait_for(lambda: [line for line in self.lines if re.fullmatch(pattern, line)],
                     f"'{pattern}'", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error} among {self.lines[-30:]}") from None

    def told_new(self, name, seconds=SOON):
        """A namespace may be seen before it is mounted, and is called by its process until then."""
        self.told_like(rf"(\+ namespace {name}.*|{name}: \+ name .*)", seconds)

    def memory(self):
        """Its peak so far, in megabytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()


class Watch(TestCase):
    def setUp(self):
        self.lab = netns("red")
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)

    def watch(self, *arguments, **options):
        """A watcher that is known to watch."""
        watcher = Watcher(*arguments, **options)
        self.addCleanup(watcher.stop)
        def tried():
            for do in "add", "del":
                sh(f"ip -n red addr {do} 10.77.0.1/32 dev lo")
                time.sleep(0.1)
            return any("10.77.0.1" in line for line in watcher.lines)
        wait_for(tried, "the watcher to begin")
        time.sleep(0.3)
        watcher.lines.clear()
        return watcher

    def test_links_addresses_routes_and_rules(self):
        watcher = self.watch()
        sh("ip link add up0 type veth peer name eth0 netns red")
        watcher.told("host: + link up0, veth to eth0 @red")
        watcher.told("red: + link eth0, veth to up0 @host")
        sh("ip link set up0 up && ip addr add 10.0.0.1/24 dev up0")
        watcher.told("host: + address 10.0.0.1/24 on up0")
        sh("ip -n red link set eth0 up && ip -n red addr add 10.0.0.2/24 dev eth0")
        watcher.told("red: + address 10.0.0.2/24 on eth0")
        sh("ip route add 10.2.0.0/16 via 10.0.0.7")
        watcher.told("host: + route 10.2.0.0/16: via 10.0.0.7 dev up0")
        sh("ip route replace 10.2.0.0/16 via 10.0.0.8")
        watcher.told("host: ~ route 10.2.0.0/16: via 10.0.0.7 dev up0 → via 10.0.0.8 dev up0")
        sh("ip -n red rule add pref 100 from 10.5.0.0/24 lookup 7")
        watcher.told("red: + rule 100: from 10.5.0.0/24 lookup 7")
        sh("ip -n red -6 route add blackhole 2001:db8::/32")
        watcher.told_like(r"red: \+ route blackhole 2001:db8::/32.*")
        sh("ip -n red neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent")
        watcher.told_like(r"red: \+ neighbour 10\.0\.0\.9 on eth0.*")
        sh("ip -n red link set eth0 down")
        watcher.told_like(r"red: ~ link eth0: set down.*")
        watcher.told_like(r"host: ~ link up0: lost its carrier.*")
        sh("ip link del up0")
        watcher.told("host: - link up0, veth to eth0 @red")
        watcher.told("red: - link eth0, veth to up0 @host")

    def test_firewalls(self):
        harness.need("nft")
        watcher = self.watch()
        sh("ip netns exec red nft add table inet t")
        watcher.told_like(r"red: \+ .*table inet t.*")
        sh("ip netns exec red nft add chain inet t c && ip netns exec red nft add rule inet t c tcp dport 22 drop")
        watcher.told_like(r"red: \+ .*tcp dport 22 drop.*")
        sh("ip netns exec red nft delete table inet t")
        watcher.told_like(r"red: - .*inet t.*")

    def test_bridges_and_settings(self):
        watcher = self.watch()
        sh("ip link add br0 type bridge && ip link add p0 type veth peer name p1 netns red && "
           "ip link set p0 master br0")
        self.addCleanup(sh, "ip link del br0; ip link del p0", check=False)
        watcher.told_like(r"host: \+ link br0, bridge.*")
        watcher.told_like(r"host: (\+ link p0, veth to p1 @red, port of br0|"
                          r"~ link p0: now a port of br0.*)")
        sh("bridge fdb add 02:00:00:00:00:07 dev p0 master static")
        watcher.told_like(r"host: \+ fdb 02:00:00:00:00:07.*")
        sh("ip netns exec red sysctl -qw net.ipv4.conf.all.forwarding=1")
        watcher.told("red: ~ sysctl net.ipv4.conf.all.forwarding: 0 → 1")

    def test_namespaces_come_and_go(self):
        watcher = self.watch()
        sh("ip netns add blue")
        watcher.told_new("blue")
        sh("ip link add up0 type veth peer name eth0 netns blue")
        watcher.told("host: + link up0, veth to eth0 @blue")
        sh("ip netns del blue")
        # Watching it does not keep it: its wires go with it.
        watcher.told_like(r"- namespace blue.*")
        watcher.told_like(r"host: - link up0, veth.*")
        self.assertEqual(sh("ip link show up0", check=False), "")

    def test_others_do_not_show_where_it_listens(self):
        before = [ns["id"] for ns in nsmap()["namespaces"]]
        self.watch()
        self.assertEqual([ns["id"] for ns in nsmap()["namespaces"]], before)

    def test_namespaces_without_a_name(self):
        watcher = self.watch()
        with subprocess.Popen(["unshare", "--net", "sleep", "60"]) as process:
            watcher.told(f"+ namespace sleep ({process.pid})")
            joined = subprocess.Popen(["nsenter", f"--net=/proc/{process.pid}/ns/net",
                                       "sleep", "61"])
            watcher.told(f"sleep ({process.pid}): + process sleep ({joined.pid})")
            joined.kill()
            joined.wait()
            watcher.told(f"sleep ({process.pid}): - process sleep ({joined.pid})")
            process.kill()
        watcher.told(f"- namespace sleep ({process.pid})")

    def test_listeners(self):
        watcher = self.watch()
        server = subprocess.Popen(["ip", "netns", "exec", "red", "busybox", "nc", "-l", "-p", "808"])
        try:
            watcher.told_like(r"red: \+ listener tcp \S+:808, busybox \(\d+\)", 15)
        finally:
            server.kill()
            server.wait()
        watcher.told_like(r"red: - listener tcp \S+:808, busybox \(\d+\)", 15)

    def test_one_namespace_after_the_other_of_one_name(self):
        watcher = self.watch()
        for number in range(40):
            sh("ip netns add blue && ip -n blue link set lo up && ip netns del blue")
        sh("ip netns add green")
        self.addCleanup(sh, "ip netns del green", check=False)
        watcher.told_new("green")
        time.sleep(1)
        last = [line[0] for line in watcher.lines if re.match(r"[+-] namespace blue", line)][-1:]
        self.assertNotEqual(last, ["+"], watcher.lines[-10:])

    def test_only_some(self):
        watcher = self.watch("red", "blue", "--ignore", "routes")
        sh("ip addr add 10.9.0.1/32 dev lo && ip netns add blue && ip -n blue link set lo up")
        self.addCleanup(sh, "ip addr del 10.9.0.1/32 dev lo; ip netns del blue", check=False)
        sh("ip -n red route add blackhole 10.3.0.0/16 && ip -n red addr add 10.9.0.2/32 dev lo")
        watcher.told("red: + address 10.9.0.2/32 on lo")
        watcher.told_new("blue")
        self.assertFalse([line for line in watcher.lines if "10.9.0.1" in line or "route" in line])

    def test_json(self):
        watcher = self.watch("--json")
        sh("ip -n red addr add 10.9.0.2/32 dev lo")
        wait_for(lambda: watcher.lines, "a line")
        told = json.loads(watcher.lines[0])
        self.assertEqual((told["change"], told["subject"], told["what"], told["title"]),
                         ("added", "address", "10.9.0.2/32 on lo", "red"))
        self.assertLess(abs(told["time_ns"] / 1e9 - time.time()), 10)

    def test_more_happens_than_the_kernel_can_tell(self):
        watcher = self.watch()
        os.kill(watcher.process.pid, signal.SIGSTOP)
        add = "\n".join(f"route add blackhole 10.{i // 256}.{i % 256}.0/24 table 9"
                        for i in range(20000))
        sh("ip -n red -batch -", input=add, timeout=120)
        sh("ip -n red -batch -", input=add.replace("add", "del"), timeout=120)
        sh("ip -n red addr add 10.9.0.2/32 dev lo")
        os.kill(watcher.process.pid, signal.SIGCONT)
        watcher.told("red: + address 10.9.0.2/32 on lo", 30)
        self.assertFalse([line for line in watcher.lines if "blackhole" in line])
        self.assertLess(watcher.memory(), 150)

    def test_a_storm_is_told_to_its_end(self):
        watcher = self.watch("--ignore", "processes")
        routes = "\n".join(f"route replace blackhole 10.1.{i % 256}.0/24 metric {i % 7 + 1}"
                           for i in range(5000))
        sh("ip -n red -batch -", input=routes, timeout=120)
        sh("ip -n red route flush type blackhole && ip -n red addr add 10.9.0.2/32 dev lo")
        watcher.told("red: + address 10.9.0.2/32 on lo", 30)
        time.sleep(1)
        balance = {}
        for line in watcher.lines:
            if match := re.match(r"red: ([+-]) (route blackhole .*)", line):
                balance[match[2]] = balance.get(match[2], 0) + (1 if match[1] == "+" else -1)
        self.assertEqual({text: count for text, count in balance.items() if count}, {})

    def test_nobody_reads(self):
        watcher = self.watch()
        reader = watcher.process.stdout
        os.dup2(os.open(os.devnull, os.O_RDONLY), reader.fileno())
        def ended():
            for do in "add", "del":
                sh(f"ip -n red addr {do} 10.9.0.2/32 dev lo")
                time.sleep(0.1)
            return watcher.process.poll() is not None
        wait_for(ended, "the watcher to end")
        self.assertEqual(watcher.process.returncode, 0)
        self.assertEqual(watcher.process.stderr.read(), "")

    def test_wrong_use(self):
        done = run_nsmap("watch", "--ignore", "colours")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "^nsmap: --ignore colours: no such thing; there are: .*\n$")

    def test_without_root(self):
        watcher = Watcher(command=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                   NSMAP))
        self.addCleanup(watcher.stop)
        self.assertIn("cannot be heard without root", watcher.process.stderr.readline())
        sh("ip addr add 10.9.0.7/32 dev lo")
        self.addCleanup(sh, "ip addr del 10.9.0.7/32 dev lo", check=False)
        watcher.told("host: + address 10.9.0.7/32 on lo", 15)


if __name__ == "__main__":
    harness.main("setpriv", "busybox", "bridge")
