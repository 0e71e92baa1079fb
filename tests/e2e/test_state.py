"""Addresses, routes, rules, neighbours, FDB and sockets, against iproute2's own reading."""

import ipaddress
import json
import time

import harness
from harness import TestCase, ip_json, link, named, netns, nsmap, sh


def keyed(rows, *keys):
    """Rows as a sorted list of tuples of the named fields, absent ones None."""
    return sorted((tuple(row.get(key) for key in keys) for row in rows), key=repr)


def network(text, family):
    """A destination as iproute2 spells it, as a prefix in full."""
    if text == "default":
        return "0.0.0.0/0" if family == "inet" else "::/0"
    return str(ipaddress.ip_network(text, strict=False))


def told_routes(netns_name, family):
    """Every route of `ip route show table all`, in our spelling."""
    flag, tables = "-4" if family == "inet" else "-6", {"main": 254, "local": 255, "default": 253}
    rows = []
    for route in ip_json(f"{flag} -d -N route show table all", netns_name):
        table = route.get("table", 254)
        hops = route.get("nexthops") or ([route] if "dev" in route or "gateway" in route else [])
        rows.append({"dst": network(route["dst"], family), "family": family,
                     "table": int(tables.get(table, table)), "metric": route.get("metric", 0),
                     "hops": [(hop.get("gateway") or hop.get("via", {}).get("host"), hop.get("dev"),
                               hop.get("weight", 1)) for hop in hops],
                     "prefsrc": route.get("prefsrc"), "nexthop_id": route.get("nhid")})
    return rows


def our_routes(ns, family):
    names = {each["index"]: each["name"] for each in ns["links"]}
    rows = []
    for route in ns["routes"]:
        if route["family"] != family:
            continue
        hops = [(hop.get("gateway"), names.get(hop.get("oif")), hop.get("weight", 1))
                for hop in route.get("hops", [])]
        rows.append({**route, "dst": str(ipaddress.ip_network(route["dst"])),
                     "metric": route.get("metric", 0), "hops": hops})
    return rows


class State(TestCase):
    """One namespace with something of everything; read once by nsmap, piecemeal by the others."""

    @classmethod
    def setUpClass(cls):
        cls.lab = netns("k", "far")
        cls.lab.__enter__()
        sh("for ns in k far; do ip netns exec $ns sysctl -qw net.ipv6.conf.{all,default}.accept_dad=0; "
           "done")
        sh("ip -n k link add a0 type veth peer name b0 netns far && "
           "ip -n k link add c0 type veth peer name d0 netns far && "
           "ip -n far link set b0 up && ip -n far link set d0 up && "
           "ip -n k link set a0 up && ip -n k link set c0 up && "
           "ip -n k link add br0 type bridge && ip -n k link set br0 up && "
           "ip -n k link set c0 master br0 && "
           "ip -n k link add vx type vxlan id 9 dstport 4789 && ip -n k link set vx master br0 up")
        cls.addresses()
        cls.routes()
        cls.rest()
        cls.servers = cls.sockets()
        cls.settle()
        cls.ns = named(nsmap(), "k")

    @staticmethod
    def settle():
        """Waits until addresses, routes and learned entries stop coming by themselves."""
        def quiet():
            reads = []
            for _ in range(2):
                reads.append(sh("ip -n k route show table all; bridge -n k fdb"))
                time.sleep(0.5)
            return reads[0] == reads[1]
        harness.wait_for(quiet, "the lab to settle")

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.stop()
        cls.lab.__exit__(None, None, None)

    @staticmethod
    def addresses():
        sh("ip -n k -batch -", input="""
            addr add 192.0.2.1/24 brd + dev a0 label a0:one
            addr add 192.0.2.2/24 dev a0
            addr add 198.51.100.1 peer 198.51.100.2/32 dev a0
            addr add 2001:db8::1/64 dev a0 nodad
            addr add 2001:db8::2/64 dev a0 nodad preferred_lft 0 valid_lft 1000
            addr add 169.254.3.3/16 scope link dev br0 noprefixroute
            """)

    @staticmethod
    def routes():
        sh("ip -n k -batch -", input="""
            route add default via 192.0.2.254 dev a0 src 192.0.2.2 proto static
            route add 203.0.113.0/24 metric 5 nexthop via 192.0.2.253 weight 3 nexthop via 192.0.2.252
            route add 203.0.113.0/25 via 192.0.2.253 table 1000 metric 7
            route add blackhole 10.9.0.0/16
            route add unreachable 10.10.0.0/16 table 1000
            route add prohibit 10.11.0.0/16
            route add 10.12.0.0/16 via inet6 fe80::1 dev a0
            nexthop add id 11 via 192.0.2.253 dev a0
            nexthop add id 12 via 192.0.2.252 dev a0
            nexthop add id 20 group 11,3/12
            nexthop add id 21 blackhole
            nexthop add id 13 via 2001:db8::9 dev a0
            route add 10.13.0.0/16 nhid 11
            route add 10.14.0.0/16 nhid 20
            route add ::/0 via 2001:db8::ff dev a0 metric 300
            route add 2001:db8:5::/48 nhid 13
            route add 2001:db8:6::/48 nexthop via 2001:db8::fe weight 2 nexthop via 2001:db8::fd
            route add blackhole 2001:db8:7::/48
            """)

    @staticmethod
    def rest():
        sh("ip -n k -batch -", input="""
            rule add pref 100 from 10.0.0.0/8 to 10.1.0.0/16 iif a0 fwmark 0x10/0xf0 lookup 1000
            rule add pref 101 not ipproto tcp dport 80-90 sport 5 lookup 1000
            rule add pref 102 uidrange 1000-2000 blackhole
            rule add pref 103 oif a0 suppress_prefixlength 0 lookup main
            rule add pref 104 goto 32766
            neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev a0 nud permanent
            neigh add 2001:db8::77 lladdr 02:00:00:00:00:78 dev a0 nud stale router
            neigh add proxy 192.0.2.99 dev a0
            neigh add proxy 2001:db8::99 dev a0
            """)
        sh("ip -n k -6 rule add pref 100 from 2001:db8::/32 tos 0x10 prohibit")
        sh("bridge -n k fdb add 02:00:00:00:00:01 dev c0 master static && "
           "bridge -n k fdb append 00:00:00:00:00:00 dev vx dst 192.0.2.200 && "
           "bridge -n k fdb append 02:00:00:00:00:02 dev vx dst 192.0.2.201 vni 77 port 8472")

    @staticmethod
    def sockets():
        """Servers and clients, each a process in the namespace that says when it is ready."""
        program = """
import json, socket
def bound(family, kind, address):
    s = socket.socket(family, kind); s.bind(address); return s
t4 = bound(socket.AF_INET, socket.SOCK_STREAM, ('192.0.2.1', 8080)); t4.listen()
t6 = bound(socket.AF_INET6, socket.SOCK_STREAM, ('::', 8086)); t6.listen()
u4 = bound(socket.AF_INET, socket.SOCK_DGRAM, ('0.0.0.0', 5353))
u6 = bound(socket.AF_INET6, socket.SOCK_DGRAM, ('2001:db8::1', 5356))
un = bound(socket.AF_UNIX, socket.SOCK_STREAM, '\\0nsmap-e2e'); un.listen()
pk = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
client = socket.create_connection(('192.0.2.1', 8080)); server, _ = t4.accept()
print(json.dumps({'fds': {n: s.fileno() for n, s in
    dict(t4=t4, t6=t6, u4=u4, u6=u6, un=un, pk=pk, client=client, server=server).items()},
    'port': client.getsockname()[1]}), flush=True)
import signal; signal.pause()
"""
        return [harness.Helper(["nsenter", "--net=/run/netns/k", "/usr/bin/python3", "-c", program])]

    def name(self, index):
        return next((each["name"] for each in self.ns["links"] if each["index"] == index), None)

    def test_addresses(self):
        told = [{"address": a["local"], "prefix": a["prefixlen"], "scope": a["scope"],
                 "peer": a.get("address"), "broadcast": a.get("broadcast"), "link": each["ifname"],
                 "label": a.get("label"), "deprecated": a.get("deprecated", False)}
                for each in ip_json("-d addr", "k") for a in each["addr_info"]]
        ours = [{**a, "link": self.name(a["index"]), "deprecated": a.get("deprecated", False),
                 "label": a.get("label") or None} for a in self.ns["addresses"]]
        fields = ("address", "prefix", "scope", "peer", "broadcast", "link", "label", "deprecated")
        self.assertEqual(keyed(ours, *fields), keyed(told, *fields))

    def test_routes(self):
        fields = "dst", "table", "metric", "hops", "prefsrc", "nexthop_id"
        for family in "inet", "inet6":
            with self.subTest(family):
                # A route through a nexthop object shows the object's hops too in `ip`; ours may
                # leave them to the object.
                told = [{**row, "hops": [] if row["nexthop_id"] else row["hops"]}
                        for row in told_routes("k", family)]
                ours = [{**row, "hops": [] if row.get("nexthop_id") else row["hops"]}
                        for row in our_routes(self.ns, family)]
                for row in ours + told:
                    if row["dst"].startswith(("10.9.", "10.10.", "10.11.", "2001:db8:7:")):
                        row["hops"] = []  # IPv6 gives a blackhole the device lo
                self.assertEqual(keyed(ours, *fields), keyed(told, *fields))

    def test_route_types(self):
        types = {route["dst"]: route["type"] for route in self.ns["routes"]}
        self.assertEqual({dst: types[dst] for dst in types if dst in
                          ("10.9.0.0/16", "10.10.0.0/16", "10.11.0.0/16", "2001:db8:7::/48",
                           "192.0.2.1/32", "192.0.2.255/32", "0.0.0.0/0")},
                         {"10.9.0.0/16": "blackhole", "10.10.0.0/16": "unreachable",
                          "10.11.0.0/16": "prohibit", "2001:db8:7::/48": "blackhole",
                          "192.0.2.1/32": "local", "192.0.2.255/32": "broadcast",
                          "0.0.0.0/0": "unicast"})

    def test_nexthop_objects(self):
        ours = {nexthop["id"]: nexthop for nexthop in self.ns["nexthops"]}
        self.assertEqual(set(ours), {11, 12, 13, 20, 21})
        self.assertEqual(ours[11]["gateway"], "192.0.2.253")
        self.assertEqual(sorted((m["id"], m["weight"]) for m in ours[20]["group"]), [(11, 3), (12, 1)])
        self.assertTrue(ours[21]["blackhole"])
        self.assertEqual(ours[13]["family"], "inet6")

    def test_rules(self):
        ours = {(rule["family"], rule["priority"]): rule for rule in self.ns["rules"]}
        told = [(family, rule["priority"]) for family, flag in (("inet", "-4"), ("inet6", "-6"))
                for rule in ip_json(f"{flag} rule", "k")]
        self.assertEqual(sorted(ours), sorted(told))
        expected = {
            ("inet", 100): {"src": "10.0.0.0/8", "dst": "10.1.0.0/16", "iif": "a0", "fwmark": 16,
                            "fwmask": 240, "table": 1000, "action": "table"},
            ("inet", 101): {"invert": True, "ip_protocol": 6, "dports": {"first": 80, "last": 90},
                            "sports": {"first": 5, "last": 5}},
            ("inet", 102): {"uids": {"first": 1000, "last": 2000}, "action": "blackhole"},
            ("inet", 103): {"oif": "a0", "suppress_prefix_length": 0, "table": 254},
            ("inet", 104): {"action": "goto", "goto_priority": 32766},
            ("inet6", 100): {"src": "2001:db8::/32", "tos": 16, "action": "prohibit"},
        }
        for key, fields in expected.items():
            with self.subTest(key):
                self.assertEqual({field: ours[key].get(field) for field in fields}, fields)

    def test_neighbours(self):
        ours = {n["address"]: n for n in self.ns["neighbours"]}
        self.assertEqual(ours["192.0.2.77"]["mac"], "02:00:00:00:00:77")
        self.assertEqual(ours["192.0.2.77"]["state"], "permanent")
        self.assertEqual(self.name(ours["192.0.2.77"]["index"]), "a0")
        self.assertTrue(ours["2001:db8::77"]["router"])
        self.assertTrue(ours["192.0.2.99"]["proxy"] and ours["2001:db8::99"]["proxy"])
        told = {n["dst"] for flag in ("-4", "-6") for n in ip_json(f"{flag} neigh show nud all", "k")}
        self.assertLessEqual(told, set(ours))

    def test_fdb(self):
        ours = self.ns["fdb"]
        # A device's receive filters (multicast groups it listens to) forward nothing.
        told = [f for f in json.loads(sh("bridge -n k -j fdb"))
                if not (int(f["mac"][:2], 16) & 1 and "self" in f["flags"])]
        self.assertEqual(sorted((f["mac"], self.name(f["index"])) for f in ours),
                         sorted((f["mac"], f["ifname"]) for f in told))
        flood = [f for f in ours if f.get("remote") == "192.0.2.200"]
        self.assertEqual([self.name(f["index"]) for f in flood], ["vx"])
        far = next(f for f in ours if f["mac"] == "02:00:00:00:00:02")
        self.assertEqual((far["remote"], far["vni"], far["port"], far["self"]),
                         ("192.0.2.201", 77, 8472, True))
        static = next(f for f in ours if f["mac"] == "02:00:00:00:00:01")
        self.assertEqual((self.name(static["index"]), self.name(static["master"])), ("c0", "br0"))

    def socket(self, **facts):
        return [s for s in self.ns["sockets"] if all(s.get(k) == v for k, v in facts.items())]

    def test_sockets(self):
        server = self.servers[0]
        expected = {
            "t4": {"family": "inet", "protocol": "tcp", "state": "listen", "local": "192.0.2.1",
                   "local_port": 8080},
            "t6": {"family": "inet6", "protocol": "tcp", "state": "listen", "local_port": 8086},
            "u4": {"family": "inet", "protocol": "udp", "local_port": 5353},
            "u6": {"family": "inet6", "protocol": "udp", "local": "2001:db8::1", "local_port": 5356},
            "un": {"family": "unix", "state": "listen", "name": "@nsmap-e2e"},
            "pk": {"family": "packet"},
            "client": {"family": "inet", "state": "established", "local_port": server.port,
                       "remote": "192.0.2.1", "remote_port": 8080},
            "server": {"family": "inet", "state": "established", "local_port": 8080,
                       "remote_port": server.port},
        }
        for name, facts in expected.items():
            with self.subTest(name):
                found = self.socket(**facts)
                self.assertEqual(len(found), 1, f"{facts}: {found}")
                self.assertEqual(found[0]["owners"],
                                 [{"pid": server.process.pid, "fd": server.fds[name]}])

    def test_sockets_are_those_ss_tells(self):
        told = sh("ip netns exec k ss -H -tuan").splitlines()
        ours = [s for s in self.ns["sockets"] if s["family"] in ("inet", "inet6")
                and s["protocol"] in ("tcp", "udp")]
        self.assertEqual(len(ours), len(told), told)

    def test_sysctls(self):
        sh("ip netns exec k sysctl -q -w net.ipv4.conf.a0.rp_filter=2 net.ipv4.ip_forward=1 "
           "net.ipv6.conf.a0.forwarding=1 net.ipv4.conf.a0.route_localnet=1")
        ns = named(nsmap(), "k")
        ipv4, ipv6 = link(ns, "a0")["ipv4"], link(ns, "a0")["ipv6"]
        self.assertEqual((ipv4["rp_filter"], ipv4["forwarding"], ipv4["route_localnet"],
                          ipv6["forwarding"]), (2, True, True, True))
        told = {each["name"]: each["value"] for each in ns["sysctls"]}
        self.assertEqual(told["net.ipv4.conf.all.forwarding"], 1)


if __name__ == "__main__":
    harness.main("bridge", "ss")
