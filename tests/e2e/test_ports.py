"""`nsmap ports`: what is said to be reached, from where and into which process, against connections
that are really made."""

import json
import shlex
import subprocess
import sys

import harness
from harness import TestCase, nsmap, run_nsmap, sh, wait_for

SERVER = """
import socket, sys, os
held = []
for spec in sys.argv[1:]:
    kind, address, port = spec.split(',')
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, int(port)))
    if kind == 'tcp': s.listen()
    held.append(s)
print('ready', flush=True)
while True:
    c, _ = held[0].accept(); c.sendall(str(os.getpid()).encode()); c.close()
"""

CONNECT = """
import socket, sys
address, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
s.settimeout(1)
try:
    s.connect((address, port)); print(s.recv(100).decode())
except OSError as e:
    print('-')
"""

# edge forwards 8080 to middle, which forwards it to inner; so for IPv6.
EDGE = """
table inet edge {
  chain pre {
    type nat hook prerouting priority dstnat;
    fib daddr type local meta nfproto ipv4 tcp dport 8080 counter dnat ip to 10.2.0.2:8081
    fib daddr type local meta nfproto ipv6 tcp dport 8080 counter dnat ip6 to [fd00:2::2]:8081
    fib daddr type local tcp dport { 9001, 9003 } dnat ip to 10.2.0.2:9000
  }
}
"""
MIDDLE = """
table inet middle {
  set trusted { type ipv4_addr; flags interval; elements = { 10.1.0.0/24, 192.0.2.7 } }
  chain pre {
    type nat hook prerouting priority dstnat;
    meta nfproto ipv4 tcp dport 8081 dnat ip to 10.3.0.2:80
    meta nfproto ipv6 tcp dport 8081 dnat ip6 to [fd00:3::2]:80
  }
  chain in {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    meta l4proto ipv6-icmp accept
    iifname "lo" accept
    tcp dport 22 ip saddr @trusted accept
    tcp dport 23 drop
    tcp dport 24 accept
  }
}
"""


def connect(netns, address, port):
    """The pid of who answers there, as seen from a namespace, or None."""
    told = sh(f"ip netns exec {netns} {sys.executable} -c {shlex.quote(CONNECT)} {address} {port}").strip()
    return int(told) if told != "-" else None


class Ports(TestCase):
    """outside - edge - middle - inner, a network between each two."""

    CHAIN = ("outside", "edge", "middle", "inner")

    @classmethod
    def setUpClass(cls):
        harness.need("nft")
        for name in cls.CHAIN:
            sh(f"ip netns add {name}; ip -n {name} link set lo up")
            sh(f"ip netns exec {name} sysctl -qw net.ipv4.ip_forward=1 "
               "net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0")
        for at, (left, right) in enumerate(zip(cls.CHAIN, cls.CHAIN[1:]), 1):
            sh(f"ip link add r{at} netns {left} type veth peer name l{at} netns {right}")
            for netns, link, host in ((left, f"r{at}", 1), (right, f"l{at}", 2)):
                sh(f"ip -n {netns} addr add 10.{at}.0.{host}/24 dev {link}")
                sh(f"ip -n {netns} addr add fd00:{at}::{host}/64 dev {link} nodad")
                sh(f"ip -n {netns} link set {link} up")
            if at > 1:
                sh(f"ip -n {right} route add default via 10.{at}.0.1")
                sh(f"ip -n {right} -6 route add default via fd00:{at}::1")
        sh("ip -n outside route add default via 10.1.0.2")
        sh("ip -n outside -6 route add default via fd00:1::2")
        sh("ip netns exec edge nft -f -", input=EDGE)
        sh("ip netns exec middle nft -f -", input=MIDDLE)
        cls.servers = [
            cls.serve("inner", "tcp,10.3.0.2,80"), cls.serve("inner", "tcp,fd00:3::2,80"),
            *(cls.serve("middle", f"tcp,0.0.0.0,{port}", *more)
              for port, more in ((22, ()), (23, ()), (24, ("udp,0.0.0.0,53",)))),
            cls.serve("middle", "tcp,127.0.0.1,25"),
        ]
        cls.inner4, cls.inner6, cls.ssh, cls.shut, cls.open, _ = (s.pid for s in cls.servers)

    @classmethod
    def serve(cls, netns, *specs):
        server = subprocess.Popen(["ip", "netns", "exec", netns, sys.executable, "-c", SERVER, *specs],
                                  text=True, stdout=subprocess.PIPE)
        server.stdout.readline()
        return server

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.kill()
            server.wait()
            server.stdout.close()
        for name in cls.CHAIN:
            sh(f"ip netns del {name}")

    def port(self, netns, number, protocol="tcp"):
        found = [port for port in nsmap("ports", netns, "--json")
                 if (port["port"], port["protocol"]) == (number, protocol)]
        self.assertEqual(len(found), 1, json.dumps(found, indent=1))
        return found[0]

    def test_a_port_that_two_namespaces_send_on(self):
        port = self.port("edge", 8080)
        answers = {answer["to"]["address"]: answer for answer in port["answers"]}
        self.assertEqual(set(answers), {"10.3.0.2", "fd00:3::2"})
        for address, edge, pid in (("10.3.0.2", "10.1.0.2", self.inner4),
                                   ("fd00:3::2", "fd00:1::2", self.inner6)):
            answer = answers[address]
            self.assertEqual((answer["how"], answer["to"]["title"], answer["to"]["port"]),
                             ("dnat", "inner", 80))
            self.assertEqual([(rule["title"], rule["table"], rule["chain"]) for rule in answer["rules"]],
                             [("edge", "edge", "pre"), ("middle", "middle", "pre")])
            self.assertEqual(answer["to"]["pid"], pid)
            # Neighbours may have to be found first.
            wait_for(lambda: connect("outside", edge, 8080) == pid, f"{pid} to answer on {edge}")
        self.assertEqual(port["reach"]["from"], "anywhere")

    def test_handles_are_the_kernels(self):
        rules = json.loads(sh("ip netns exec edge nft -j -a list chain inet edge pre"))["nftables"]
        handles = [each["rule"]["handle"] for each in rules if "rule" in each]
        told = [answer["rules"][0]["handle"] for answer in self.port("edge", 8080)["answers"]]
        self.assertEqual(sorted(told), sorted(handles[:2]))

    def test_ports_of_a_set(self):
        for number in 9001, 9003:
            answer = self.port("edge", number)["answers"][0]
            self.assertEqual((answer["to"]["address"], answer["to"]["port"]), ("10.2.0.2", 9000))
            self.assertNotIn("pid", answer["to"])
        self.assertNotIn(9002, [port["port"] for port in nsmap("ports", "edge", "--json")])

    def test_what_a_filter_lets_through(self):
        ssh = self.port("middle", 22)
        self.assertEqual(ssh["reach"]["from"], "some")
        self.assertEqual(ssh["reach"]["sources"], ["10.1.0.0/24", "192.0.2.7"])
        self.assertEqual(ssh["answers"][0]["by"]["pid"], self.ssh)
        self.assertEqual(connect("outside", "10.2.0.2", 22), self.ssh)
        self.assertIsNone(connect("inner", "10.2.0.2", 22))

        shut = self.port("middle", 23)
        self.assertEqual(shut["reach"]["from"], "nowhere")
        self.assertEqual(shut["reach"]["rule"]["chain"], "in")
        self.assertIsNone(connect("outside", "10.2.0.2", 23))

        self.assertEqual(self.port("middle", 24)["reach"]["from"], "anywhere")
        self.assertEqual(connect("outside", "10.2.0.2", 24), self.open)

        self.assertEqual(self.port("middle", 25)["reach"]["from"], "this_host")
        udp = self.port("middle", 53, "udp")["reach"]
        self.assertEqual((udp["from"], "handle" in udp["rule"]), ("nowhere", False))

    def test_what_a_person_sees(self):
        told = run_nsmap("ports", "edge", "--width", "240").stdout
        self.assertRegex(told, r"tcp 8080 +\* +inner 10\.3\.0\.2:80 python3\S*\[\d+\], inner "
                               r"\[fd00:3::2\]:80 python3\S*\[\d+\] +anywhere")
        self.assertIn("handle", told)
        self.assertIn("nobody listens", told)

    def test_flows_follow_the_same_way(self):
        client = subprocess.Popen(
            ["ip", "netns", "exec", "outside", sys.executable, "-c",
             "import socket; s = socket.create_connection(('10.1.0.2', 8080)); print('up', flush=True);"
             "input()"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        client.stdout.readline()
        (flow,) = nsmap("flows", f"pid:{client.pid}", "--json")
        self.assertEqual([nat["title"] for nat in flow["nat"]], ["edge", "middle"])
        self.assertEqual((flow["server"]["title"], flow["server"]["address"]), ("inner", "10.3.0.2"))
        client.communicate("\n")


if __name__ == "__main__":
    harness.main()
