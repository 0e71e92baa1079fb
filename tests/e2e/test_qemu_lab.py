"""Labs of the kinds of links and impairments that the machine's own kernel may lack, in Debian's stock
kernel (qemu.py), and the requests of src/lab against that kernel."""

import os
import pathlib
import re

import harness
import qemu
from harness import NSMAP

LAB_TEST = os.environ.get("NSMAP_LAB_TEST", str(pathlib.Path(NSMAP).with_name("lab_test")))

MODULES = ("dummy veth bridge 8021q bonding ipvlan ipvtap macvlan macvtap vrf vxlan geneve ip_gre "
           "ip6_gre ipip sit ip6_tunnel ip_vti ip6_vti xfrm_interface macsec wireguard ifb "
           "fou sch_tbf sch_netem")

LAB = """\
lab: kinds
namespaces:
  one:
    sysctls: {net.ipv4.conf.all.forwarding: 1}
    links:
      d0: {kind: dummy, addresses: [192.0.2.1/24, "2001:db8::1/64"]}
      d1: {kind: dummy}
      d2: {kind: dummy, master: bond0}
      d3: {kind: dummy, master: red, addresses: [10.7.0.1/24]}
      bond0: {kind: bond, mode: active-backup, miimon_ms: 100, addresses: [10.5.0.1/24]}
      red: {kind: vrf, table: 1010}
      br0: {kind: bridge, vlan_filtering: true}
      d0.5: {kind: vlan, id: 5, parent: d0, addresses: [10.6.0.1/24]}
      mv: {kind: macvlan, mode: bridge, parent: d1}
      vx: {kind: vxlan, vni: 42, remote: 192.0.2.9, port: 4789, parent: d0, master: br0}
      gnv: {kind: geneve, vni: 7, remote: 192.0.2.3}
      gre7: {kind: gre, local: 192.0.2.1, remote: 192.0.2.2, ttl: 64, parent: d0}
      sit7: {kind: sit, local: 192.0.2.1, remote: 192.0.2.6}
      vti7: {kind: vti, local: 192.0.2.1, remote: 192.0.2.7}
      wg0: {kind: wireguard}
      eth0:
        peer: {namespace: two, name: eth0, addresses: [10.8.0.2/24]}
        addresses: [10.8.0.1/24]
        impair: {rate: 100mbit, delay: 60ms}
    routes:
      - {to: 10.9.0.0/16, via: 10.7.0.2, table: 1010}
      - {to: 10.10.0.0/16, hops: [{via: 10.5.0.2, weight: 2}, {via: 10.6.0.2}]}
    rules:
      - {priority: 100, from: 10.5.0.0/24, iif: bond0, table: 1010}
  two:
    links:
      mv2: {kind: macvlan, mode: private, parent: {namespace: one, name: d1}}
      ipv: {kind: ipvlan, mode: l2, parent: eth0}
"""
EDITED = (LAB.replace("delay: 60ms", "delay: 200ms, loss: 100%").replace("id: 5", "id: 6")
          .replace("miimon_ms: 100", "miimon_ms: 200").replace("      wg0: {kind: wireguard}\n", ""))

STEPS = """\
bare for link in dummy0 bond0 ifb0 ifb1; do /sbin/ip link del $link; done
unit ./lab_test --gtest_color=no --gtest_filter=Kinds.*:Addresses.*:Impairments.*:LinkState.*:Pairs.*:Parents.*:Routes.*:Rules.*
before ./nsmap snapshot
up ./nsmap lab up lab.yaml
again ./nsmap lab plan lab.yaml
links /sbin/ip -n one -j -d link
links2 /sbin/ip -n two -j -d link
routes /sbin/ip -n one -j route show table all proto static
rules /sbin/ip -n one -j rule
qdiscs /sbin/tc -n one -j qdisc show dev eth0
ping ./nsmap ns exec one -- ping -c 3 10.8.0.2
edit ./nsmap lab up edited.yaml
edited ./nsmap lab plan edited.yaml
lost ./nsmap ns exec one -- ping -c 2 -W 1 10.8.0.2
clear ./nsmap ns impair one eth0 off
delay ./nsmap ns impair one eth0 rate 10mbit delay 90ms jitter 1ms
delayed ./nsmap ns exec one -- ping -c 3 10.8.0.2
bad ./nsmap ns impair one d1 loss 50%
exported ./nsmap lab export --name again
down ./nsmap lab down kinds
after ./nsmap snapshot
remade ./nsmap lab up exported.out
fixed ./nsmap lab export --name again
gone ./nsmap lab down again
"""


class StockKernel(qemu.Stepped):
    @classmethod
    def setUpClass(cls):
        cls.share = qemu.boot("steps.sh", MODULES, "/sbin/ip", "/sbin/tc", LAB_TEST, files={
            "lab.yaml": LAB, "edited.yaml": EDITED, "steps.txt": STEPS})

    def round_trips(self, step, status=0):
        return [float(each) for each in re.findall(r"time=([\d.]+)", self.said(step, status))]

    def test_the_requests_make_what_the_collectors_read(self):
        told = self.said("unit")
        skipped = set(re.findall(r"\[  SKIPPED \] (\w+\.\w+)$", told, re.MULTILINE))
        self.assertLessEqual(skipped, {"Pairs.NetkitHasItsPolicies"}, "netkit came with Linux 6.7")

    def test_every_kind_comes_up(self):
        self.assertRegex(self.said("up"), "lab kinds is up")
        self.assertEqual(self.said("again"), "nothing to do\n")
        links = {each["ifname"]: each for each in self.facts("links")}
        kinds = {name: each.get("linkinfo", {}).get("info_kind") for name, each in links.items()}
        for name, kind in {"d0": "dummy", "bond0": "bond", "red": "vrf", "br0": "bridge",
                           "d0.5": "vlan", "mv": "macvlan", "vx": "vxlan", "gnv": "geneve",
                           "gre7": "gre", "sit7": "sit", "vti7": "vti", "wg0": "wireguard",
                           "eth0": "veth"}.items():
            with self.subTest(name):
                self.assertEqual(kinds[name], kind)
        self.assertEqual((links["d2"]["master"], links["d3"]["master"], links["vx"]["master"]),
                         ("bond0", "red", "br0"))
        self.assertEqual(links["bond0"]["linkinfo"]["info_data"]["miimon"], 100)
        there = {each["ifname"]: each for each in self.facts("links2")}
        self.assertEqual(there["mv2"]["linkinfo"]["info_data"]["mode"], "private")
        self.assertEqual(there["ipv"]["linkinfo"]["info_kind"], "ipvlan")

    def test_routes_and_rules(self):
        routes = {each["dst"]: each for each in self.facts("routes")}
        self.assertEqual((routes["10.9.0.0/16"]["gateway"], routes["10.9.0.0/16"]["table"]),
                         ("10.7.0.2", "1010"))
        self.assertEqual([each["weight"] for each in routes["10.10.0.0/16"]["nexthops"]], [2, 1])
        self.assertIn((100, "bond0", "1010"), [(each["priority"], each.get("iif"), each.get("table"))
                                               for each in self.facts("rules")])

    def test_a_delay_is_felt(self):
        kinds = [each["kind"] for each in self.facts("qdiscs")]
        self.assertEqual(kinds, ["netem", "tbf"])
        self.assertGreaterEqual(min(self.round_trips("ping")), 60)

    def test_an_edited_file_changes_the_difference(self):
        self.said("edit")
        self.assertEqual(self.said("edited"), "nothing to do\n")
        self.assertEqual(self.round_trips("lost", 1), [])

    def test_an_impairment_is_replaced(self):
        self.assertEqual(self.said("clear") + self.said("delay"), "")
        self.assertGreaterEqual(min(self.round_trips("delayed")), 88)
        self.assertEqual(self.said("bad"), "")

    def test_an_exported_lab_is_a_fixed_point(self):
        self.said("remade")
        self.assertEqual(self.said("fixed"), self.said("exported"))

    def test_down_leaves_nothing(self):
        self.said("down")
        self.said("gone")
        for step in "before", "after":
            self.assertEqual(len(self.facts(step)["namespaces"]), 1, step)
        names = [[each["name"] for each in self.facts(step)["namespaces"][0]["links"]]
                 for step in ("before", "after")]
        self.assertEqual(names[1], names[0])


if __name__ == "__main__":
    harness.main(*qemu.PROGRAMS, "tc", before=qemu.fetch_kernel)
