"""`nsmap flows`: connections of real sockets through a router that translates, against what the
sockets themselves and conntrack say."""

import json
import subprocess
import sys

import harness
from harness import TestCase, inode, nsmap, run_nsmap, sh, wait_for

RULES = """
table inet nat {
  chain pre {
    type nat hook prerouting priority -100;
    meta nfproto ipv4 tcp dport 8080 dnat ip to 10.2.0.2:80
    meta nfproto ipv6 tcp dport 8080 dnat ip6 to [fd00:2::2]:80
  }
  chain post { type nat hook postrouting priority 100; oifname "r1" masquerade; }
}
"""

SERVER = """
import socket, sys
kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ':' in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((address, port))
kept = []
if kind == 'tcp': s.listen()
print('ready', flush=True)
while True:
    if kind == 'tcp':
        c, _ = s.accept(); c.sendall(c.recv(100)); kept.append(c)
    else:
        data, peer = s.recvfrom(100); s.sendto(data, peer)
"""

CLIENT = """
import socket, sys, time
kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ':' in address else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
s.settimeout(10)
s.connect((address, port)); s.send(b'hello'); s.recv(100)
print(s.getsockname()[1], flush=True)
time.sleep(1000)
"""


class Program:
    """A Python program in a namespace; `said` is the line it said when it was ready."""

    def __init__(self, netns, text, *arguments):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", netns, sys.executable, "-c", text, *map(str, arguments)],
            text=True, stdout=subprocess.PIPE)
        self.said = self.process.stdout.readline().strip()
        self.pid = self.process.pid

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Flows(TestCase):
    """client - router - server, where the router forwards port 8080 and masquerades."""

    @classmethod
    def setUpClass(cls):
        harness.need("nft", "busybox")
        for name in ("client", "router", "server"):
            sh(f"ip netns add {name}; ip -n {name} link set lo up")
        for at, (name, link, other) in enumerate([("client", "c0", "r0"), ("server", "s0", "r1")], 1):
            sh(f"ip link add {link} netns {name} type veth peer name {other} netns router")
            sh(f"ip -n {name} addr add 10.{at}.0.2/24 dev {link}")
            sh(f"ip -n {name} addr add fd00:{at}::2/64 dev {link} nodad")
            sh(f"ip -n router addr add 10.{at}.0.1/24 dev {other}")
            sh(f"ip -n router addr add fd00:{at}::1/64 dev {other} nodad")
            sh(f"ip -n {name} link set {link} up; ip -n router link set {other} up")
            sh(f"ip -n {name} route add default via 10.{at}.0.1")
            sh(f"ip -n {name} -6 route add default via fd00:{at}::1")
        for setting in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding",
                        "net.netfilter.nf_conntrack_acct", "net.netfilter.nf_conntrack_timestamp"):
            sh(f"ip netns exec router sysctl -qw {setting}=1")
        sh("ip netns exec router nft -f -", input=RULES)
        cls.programs = []
        cls.servers = {}
        for kind, address, port in (("tcp", "10.2.0.2", 80), ("tcp", "fd00:2::2", 80),
                                    ("udp", "0.0.0.0", 53)):
            cls.servers[kind, address] = cls.run_in("server", SERVER, kind, address, port)

    @classmethod
    def tearDownClass(cls):
        for program in cls.programs:
            program.stop()
        for name in ("client", "router", "server"):
            sh(f"ip netns del {name}")

    @classmethod
    def run_in(cls, netns, text, *arguments):
        program = Program(netns, text, *arguments)
        cls.programs.append(program)
        return program

    def only(self, *things):
        flows = nsmap("flows", *things, "--json")
        self.assertEqual(len(flows), 1, json.dumps(flows, indent=1))
        return flows[0]

    def check_translated(self, version, asked, server, seen_as):
        client = self.run_in("client", CLIENT, "tcp", asked, 8080)
        port = int(client.said)
        flow = self.only(f":{port}", "tcp")
        self.assertEqual((flow["client"]["title"], flow["client"]["pid"], flow["client"]["port"]),
                         ("client", client.pid, port))
        self.assertEqual((flow["server"]["title"], flow["server"]["pid"], flow["server"]["port"]),
                         ("server", self.servers["tcp", server].pid, 80))
        self.assertEqual((flow["to"], flow["to_port"]), (asked, 8080))
        (nat,) = flow["nat"]
        self.assertEqual(nat["namespace"]["ino"], inode("router"))
        self.assertEqual(nat["after"]["destination"], server)
        self.assertEqual(nat["after"]["source"], seen_as)
        self.assertEqual(flow["state"], "established")
        self.assertGreater(flow["sent"]["bytes"], 100)
        self.assertGreater(flow["received"]["packets"], 1)
        self.assertLess(flow["age_s"], 60)
        # From any side it is the same one.
        for thing in (f"pid:{client.pid}", f"{asked}"):
            self.assertIn(flow["client"], [each["client"] for each in nsmap("flows", thing, "--json")])
        client.stop()

    def test_a_forwarded_port_is_one_line_from_process_to_process(self):
        self.check_translated(4, "10.1.0.1", "10.2.0.2", "10.2.0.1")

    def test_the_same_over_ipv6(self):
        self.check_translated(6, "fd00:1::1", "fd00:2::2", "fd00:2::1")

    def test_datagrams_find_the_process_that_is_bound(self):
        client = self.run_in("client", CLIENT, "udp", "10.2.0.2", 53)
        flow = self.only(f"pid:{client.pid}")
        self.assertEqual(flow["server"]["pid"], self.servers["udp", "0.0.0.0"].pid)
        self.assertEqual(flow["protocol"], "udp")
        client.stop()

    def test_a_ping_is_a_flow(self):
        ping = subprocess.Popen(["ip", "netns", "exec", "client", "busybox", "ping", "-q", "-i", "0.2",
                                 "10.2.0.2"],
                                stdout=subprocess.DEVNULL)
        flow = wait_for(lambda: nsmap("flows", "icmp", "--json"), "the ping's flow")[0]
        self.assertEqual((flow["client"]["title"], flow["server"]["title"]), ("client", "server"))
        self.assertEqual(flow["to"], "10.2.0.2")
        ping.kill()
        ping.wait()

    def test_what_is_not_tracked_is_found_by_its_sockets(self):
        client = self.run_in("server", CLIENT, "tcp", "10.2.0.2", 80)
        flow = self.only(f":{client.said}")
        self.assertEqual((flow["client"]["pid"], flow["server"]["pid"]),
                         (client.pid, self.servers["tcp", "10.2.0.2"].pid))
        self.assertEqual(flow["nat"], [])
        client.stop()

    def test_a_saved_snapshot_answers_the_same(self):
        client = self.run_in("client", CLIENT, "tcp", "10.1.0.1", 8080)
        live = self.only(f"pid:{client.pid}")
        path = harness.WORK / "flows.json"
        run_nsmap("snapshot", "-o", path)
        (saved,) = nsmap("flows", f"pid:{client.pid}", "--json", "--from", path)
        for passing in ("age_s", "sent", "received"):
            live.pop(passing), saved.pop(passing)
        self.assertEqual(saved, live)
        client.stop()

    def test_nothing_found_is_said(self):
        done = run_nsmap("flows", "203.0.113.7")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no connection is of it", done.stderr)


if __name__ == "__main__":
    harness.main()
