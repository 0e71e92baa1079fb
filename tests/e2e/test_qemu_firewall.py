"""What of a firewall the machine's own kernel may lack, in Debian's kernels (qemu.py): IPVS, flowtables
and queues in the stock one; in a newer one, which tells what it calls at a hook, the order of chains."""

import json
import re

import harness
import qemu

MODULES = ("dummy veth nf_tables nft_chain_nat nft_compat nft_ct nft_queue nft_flow_offload "
           "nf_flow_table nf_flow_table_inet nfnetlink_queue nfnetlink_hook ip_tables iptable_filter "
           "x_tables ip_vs ip_vs_rr ip_vs_wrr nf_conntrack_netlink inet_diag tcp_diag udp_diag "
           "unix_diag netlink_diag af_packet_diag sch_ingress cls_u32 cls_bpf")
PROGRAMS = ("/sbin/ip", "/sbin/tc", "/usr/sbin/nft", "/usr/sbin/ipvsadm", "/usr/sbin/xtables-legacy-multi",
            "/usr/lib/x86_64-linux-gnu/xtables/libxt_standard.so")

# The host has a service as kube-proxy makes them, on an address of a dummy, whose servers are in s1
# and s2, its client in s3; the chain of `old` is made last, after legacy iptables has put its own there.
MAKE = """\
set -ex
/sbin/ip link add kube-ipvs0 type dummy
/sbin/ip addr add 10.96.0.10/32 dev kube-ipvs0
/sbin/ip addr add 2001:db8::10/128 dev kube-ipvs0
for n in 1 2 3; do
  /sbin/ip netns add s$n
  /sbin/ip link add v$n type veth peer name eth0 netns s$n
  /sbin/ip addr add 10.1.$n.1/24 dev v$n
  /sbin/ip link set v$n up
  /sbin/ip -n s$n addr add 10.1.$n.2/24 dev eth0
  /sbin/ip -n s$n link set eth0 up
  /sbin/ip -n s$n route add default via 10.1.$n.1
  /sbin/ip netns exec s$n busybox nc -ll -p 8080 -e sh -c 'echo served' </dev/null >/dev/null 2>&1 &
done
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv4/vs/conntrack
/usr/sbin/ipvsadm -A -t 10.96.0.10:80 -s wrr -p 300
/usr/sbin/ipvsadm -a -t 10.96.0.10:80 -r 10.1.1.2:8080 -m -w 3
/usr/sbin/ipvsadm -a -t 10.96.0.10:80 -r 10.1.2.2:8080 -m -w 1
/usr/sbin/ipvsadm -A -u [2001:db8::10]:53 -s rr
/usr/sbin/ipvsadm -a -u [2001:db8::10]:53 -r [2001:db8::20]:53 -g
/usr/sbin/ipvsadm -A -f 7 -s rr
/usr/sbin/nft -f rules.nft
/usr/sbin/xtables-legacy-multi iptables -A INPUT -s 192.0.2.99 -j DROP
/usr/sbin/nft -f late.nft
/sbin/tc qdisc add dev v1 clsact
/sbin/tc filter add dev v1 ingress protocol ip u32 match ip src 192.0.2.99/32 flowid 1:1
/sbin/tc filter add dev v1 egress bpf direct-action bytecode '1,6 0 0 4294967295,'
"""
RULES = """\
table ip old {
}
table ip a {
  chain in {
    type filter hook input priority 0; policy accept;
    ip saddr 192.0.2.1 drop
  }
}
table inet b {
  chain in {
    type filter hook input priority 0; policy accept;
    ip saddr 192.0.2.2 drop
  }
}
table ip6 c {
  chain in {
    type filter hook input priority 0; policy accept;
    ip6 saddr 2001:db8::99 drop
  }
}
table inet fast {
  flowtable ft {
    hook ingress priority 0
    devices = { v1, v2 }
  }
  chain through {
    type filter hook forward priority 0; policy accept;
    meta l4proto tcp flow add @ft
  }
}
table ip q {
  chain in {
    type filter hook input priority 10; policy accept;
    tcp dport 9999 queue flags bypass to 3
    tcp dport 80 ip saddr 10.1.0.0/16 accept
    tcp dport 80 drop
  }
}
"""
LATE = """\
table ip old {
  chain in {
    type filter hook input priority 0; policy accept;
    ip saddr 192.0.2.3 drop
  }
}
"""
STEPS = """\
make sh make.sh
served sleep 3 | /sbin/ip netns exec s3 busybox nc -w 10 10.96.0.10 80
ipvs cat /proc/net/ip_vs
hooks /usr/sbin/nft list hooks
snapshot ./nsmap snapshot
ports ./nsmap ports --json
words ./nsmap ports
rules ./nsmap rules host --json
text ./nsmap rules host
show ./nsmap show host
nft ./nsmap rules host --as nft
modules cat /proc/modules
"""


class Guest(qemu.Stepped):
    kernel = None

    @classmethod
    def setUpClass(cls):
        if cls.kernel is None:
            raise harness.Unavailable("what the tests of a kernel have in common")
        cls.share = qemu.boot("steps.sh", MODULES, *PROGRAMS, kernel=cls.kernel, files={
            "make.sh": MAKE, "rules.nft": RULES, "late.nft": LATE, "steps.txt": STEPS})

    def firewall(self):
        host = next(ns for ns in self.facts("snapshot")["namespaces"] if ns.get("host"))
        return host["firewall"]

    def chains_at_input(self, family):
        """Those of priority 0 in nsmap's order: "FAMILY TABLE CHAIN", with the back end if it is x_tables."""
        return [f"{chain['family']} {chain['table']} {chain['name']}"
                + (" x_tables" if chain["backend"] == "x_tables" else "")
                for chain in self.facts("rules")[0]["chains"]
                if chain.get("hook") == "input" and chain.get("priority", 0) == 0
                and chain["family"] in (family, "inet")]


class StockKernel(Guest):
    kernel = qemu.KERNEL

    def test_it_was_all_made(self):
        self.said("make")
        self.assertEqual(self.said("served"), "served\n")
        self.assertEqual(self.facts("snapshot").get("diagnostics", []), [])

    def test_services(self):
        servers = [
            {"address": "10.1.1.2", "port": 8080, "method": "masquerade", "weight": 3},
            {"address": "10.1.2.2", "port": 8080, "method": "masquerade", "weight": 1}]
        services = self.firewall()["services"]
        for service in services:
            for server in service["destinations"]:
                for count in ("active", "inactive"):
                    server.pop(count, None)
            service["destinations"].sort(key=lambda server: server["address"])
        self.assertEqual(services, [
            {"family": "ip", "protocol": 6, "address": "10.96.0.10", "port": 80, "scheduler": "wrr",
             "persistent_s": 300, "destinations": servers},
            {"family": "ip6", "protocol": 17, "address": "2001:db8::10", "port": 53,
             "scheduler": "rr", "destinations": [
                 {"address": "2001:db8::20", "port": 53, "method": "route", "weight": 1}]},
            {"family": "ip", "port": 0, "mark": 7, "scheduler": "rr", "destinations": []}])

    def test_ports_lead_to_the_servers(self):
        ports = {(port["protocol"], port["port"], port.get("address")): port for port in self.facts("ports")}
        port = ports["tcp", 80, "10.96.0.10"]
        self.assertEqual({(answer["how"], answer["to"]["title"], answer["to"]["command"],
                           answer["to"]["port"]) for answer in port["answers"]},
                         {("virtual", "s1", "busybox", 8080), ("virtual", "s2", "busybox", 8080)})
        self.assertEqual((port["reach"]["from"], port["reach"]["sources"]), ("some", ["10.1.0.0/16"]))
        self.assertIn(("udp", 53, "2001:db8::10"), ports)
        self.assertRegex(self.said("words"), r"tcp 80 +10\.96\.0\.10 +s\d 10\.1\.\d\.2:8080 busybox\[\d+\], "
                                             r"s\d .* 10\.1\.0\.0/16 +.*IPVS")

    def test_rules_and_show_tell_services(self):
        for step in ("text", "show"):
            self.assertRegex(self.said(step), r"tcp 10\.96\.0\.10:80 +wrr, persistent 300 s +10\.1\.\d\.2:8080 "
                                              r"+masquerade +\d")
        self.assertEqual(len(self.facts("rules")[0]["services"]), 3)

    def test_flowtables_and_queues(self):
        fast = next(table for table in self.firewall()["tables"] if table["name"] == "fast")
        self.assertEqual(fast["flowtables"][0]["name"], "ft")
        self.assertEqual(set(fast["flowtables"][0]["devices"]), {"v1", "v2"})
        text = self.said("text")
        self.assertIn("flow add @ft", text)
        self.assertIn("queue flags bypass to 3", text)
        self.assertIn("flowtable ft", self.said("nft"))

    def test_what_rules_do_not_judge_is_said(self):
        found = [finding["what"] for finding in self.facts("rules")[0]["findings"]
                 if finding["check"] == "not judged"]
        self.assertEqual(found, ["v1: a BPF program of tc at egress, filters of tc at ingress (u32): "
                                 "what becomes of packets there is not told here"])
        self.assertIn(found[0], re.sub(r"\s+", " ", self.said("text")))

    def test_without_the_kernels_order_the_rest_is_read(self):
        self.assertNotIn("nfnetlink_hook", self.said("modules"))
        self.assertEqual(self.firewall().get("hooks", []), [])
        self.assertEqual(set(self.chains_at_input("ip")),
                         {"ip old in", "ip filter INPUT x_tables", "inet b in", "ip a in"})


class NewerKernel(Guest):
    kernel = qemu.NEWER_KERNEL

    def told_by_nft(self, family):
        """What nft says that the kernel calls at input, of priority 0. Of more than two, nft 1.0.6 turns
        all but the first around: it puts each behind the first of its priority."""
        told = re.search(rf"family {family} {{.*?hook input {{(.*?)}}", self.said("hooks"), re.DOTALL)
        names = []
        for line in told.group(1).splitlines():
            chain = re.match(r"\s*0+ chain (\S+ \S+ \S+) \[", line)
            if chain:
                names.append(chain.group(1))
            elif re.match(r"\s*0+ ipt_do_table ", line):
                names.append("ip filter INPUT x_tables")
        return names[:1] + names[:0:-1]

    def test_chains_of_one_priority_are_in_the_kernels_order(self):
        self.said("make")
        self.assertEqual(self.chains_at_input("ip"),
                         ["ip old in", "ip filter INPUT x_tables", "inet b in", "ip a in"])
        for family in ("ip", "ip6"):
            with self.subTest(family):
                self.assertEqual(self.chains_at_input(family), self.told_by_nft(family))

    def test_the_remark_names_the_first(self):
        found = [finding["what"] for finding in self.facts("rules")[0]["findings"]
                 if finding["check"] == "same priority"]
        self.assertRegex("\n".join(found), r"table ip old in and .* have one priority \(0\) at input: the later "
                                           r"made comes first, which is table ip old in")

    def test_services_and_ports_of_this_kernel_too(self):
        self.assertEqual(len(self.firewall()["services"]), 3)
        self.assertIn("IPVS", self.said("words"))


if __name__ == "__main__":
    harness.main(*qemu.PROGRAMS, "nft", "ipvsadm", "xtables-legacy-multi", before=qemu.fetch_kernels)
