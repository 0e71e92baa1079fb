"""Links of the kinds that the machine's own kernel may lack, in Debian's stock kernel (qemu.py)."""

import json

import harness
import qemu
from harness import TestCase, named
from linkfacts import compare_links

MODULES = ("dummy veth bridge 8021q bonding team team_mode_roundrobin ipvlan ipvtap macvlan macvtap vrf "
           "vxlan geneve ip_gre ip6_gre ipip sit ip6_tunnel ip_vti ip6_vti xfrm_interface macsec "
           "wireguard ifb nlmon tun inet_diag tcp_diag udp_diag unix_diag netlink_diag "
           "af_packet_diag sch_ingress")

# What each kind is made by: arguments of `ip`. d0…d9 are dummies to stand on.
LINKS = [
    "netns add other",
    *[f"link add d{number} type dummy" for number in range(10)],
    *[f"link set d{number} up" for number in range(10)],
    "link add br0 type bridge vlan_filtering 1 vlan_default_pvid 5",
    "link set d1 master br0",
    "link add link d0 name d0.5 type vlan id 5",
    "link add link d0 name d0.ad type vlan protocol 802.1ad id 6",
    "link add link d0.ad name d0.ad.7 type vlan id 7",
    "link add bond7 type bond mode active-backup miimon 100",
    "link set d2 down", "link set d2 master bond7", "link set bond7 up",
    "link add bond8 type bond mode 802.3ad lacp_rate fast xmit_hash_policy layer3+4",
    "link add team0 type team",
    "link add link d3 name ipvl2 type ipvlan mode l2",
    "link add link d4 name ipvl3 type ipvlan mode l3s private",
    "link add link d5 name mvb type macvlan mode bridge",
    "link add link d5 name mtap type macvtap mode vepa",
    "link add red type vrf table 1010", "link set red up", "link set d6 master red",
    "link add vx type vxlan id 42 dev d0 remote 192.0.2.9 local 192.0.2.1 dstport 4789",
    "link add vx6 type vxlan id 43 remote 2001:db8::9 local 2001:db8::1 dstport 4790",
    "link add gnv type geneve id 7 remote 192.0.2.3 dstport 6081",
    "link add gnv6 type geneve id 8 remote 2001:db8::3 dstport 6082",
    "link add gre7 type gre local 192.0.2.1 remote 192.0.2.2 ttl 64 key 99 dev d0",
    "link add gret type gretap local 192.0.2.1 remote 192.0.2.4 ikey 1 okey 2",
    "link add gre6 type ip6gre local 2001:db8::1 remote 2001:db8::2",
    "link add ipi type ipip local 192.0.2.1 remote 192.0.2.5 dev d0",
    "link add sit7 type sit local 192.0.2.1 remote 192.0.2.6",
    "link add ip6t type ip6tnl mode any local 2001:db8::1 remote 2001:db8::4",
    "link add vti7 type vti local 192.0.2.1 remote 192.0.2.7 key 5",
    "link add vti67 type vti6 local 2001:db8::1 remote 2001:db8::5 key 6",
    "link add xfrm7 type xfrm dev d0 if_id 0x2a",
    "link add link d7 name sec0 type macsec encrypt on",
    "link add wg0 type wireguard",
    "link add nlm type nlmon",
    "link add ifb9 type ifb",
    "tuntap add tun7 mode tun", "tuntap add tap7 mode tap multi_queue",
    "link add v0 type veth peer name v1 netns other",
    "link add e0 index 900 type veth peer name e1 index 900 netns other",
    "link add link d8 name d8.9 netns other type vlan id 9",
    "link add link d9 name mvo netns other type macvlan mode private",
]


class StockKernel(TestCase):
    @classmethod
    def setUpClass(cls):
        share = qemu.boot("links.sh", MODULES, "/sbin/ip", "/sbin/bridge",
                          files={"links.txt": "\n".join(LINKS) + "\n"})
        cls.told = {name: json.loads((share / f"{name}.json").read_text())
                    for name in ("host", "other", "vlan")}
        cls.refused = (share / "refused.txt").read_text().splitlines()
        cls.errors = (share / "nsmap.err").read_text()
        cls.exit = (share / "nsmap.exit").read_text().strip()
        text = (share / "snapshot.json").read_text()
        cls.snapshot = json.loads(text) if text else {"namespaces": []}
        cls.other = named(cls.snapshot, "other")
        cls.own = next((ns for ns in cls.snapshot["namespaces"] if ns.get("host")), None)

    def link(self, name, ns=None):
        return harness.link(ns or self.own, name)

    def test_the_kernel_made_them_all(self):
        self.assertEqual(self.refused, [])

    def test_nsmap_answered(self):
        self.assertEqual((self.exit, self.errors), ("0", ""))

    def test_every_link_as_ip_tells_it(self):
        self.assertEqual(compare_links(self.own["links"], self.told["host"]), [])
        self.assertEqual(compare_links(self.other["links"], self.told["other"]), [])

    def test_peers(self):
        for here, there in (("v0", "v1"), ("e0", "e1")):
            with self.subTest(here):
                self.assertEqual(self.link(here)["peer"], {
                    "namespace": self.other["id"], "index": self.link(there, self.other)["index"]})
                self.assertEqual(self.link(there, self.other)["peer"], {
                    "namespace": self.own["id"], "index": self.link(here)["index"]})

    def test_parents(self):
        for upper, lower in {"d0.5": "d0", "d0.ad": "d0", "d0.ad.7": "d0.ad", "ipvl2": "d3",
                             "ipvl3": "d4", "mvb": "d5", "mtap": "d5", "vx": "d0", "gre7": "d0",
                             "ipi": "d0", "xfrm7": "d0", "sec0": "d7"}.items():
            with self.subTest(upper):
                self.assertEqual(self.link(upper)["parent"], {
                    "namespace": self.own["id"], "index": self.link(lower)["index"]})

    def test_parents_in_another_namespace(self):
        for upper, lower in {"d8.9": "d8", "mvo": "d9"}.items():
            with self.subTest(upper):
                self.assertEqual(self.link(upper, self.other)["parent"], {
                    "namespace": self.own["id"], "index": self.link(lower)["index"]})

    def test_tunnels(self):
        for name, (local, remote) in {
                "gre7": ("192.0.2.1", "192.0.2.2"), "gret": ("192.0.2.1", "192.0.2.4"),
                "gre6": ("2001:db8::1", "2001:db8::2"), "ipi": ("192.0.2.1", "192.0.2.5"),
                "sit7": ("192.0.2.1", "192.0.2.6"), "ip6t": ("2001:db8::1", "2001:db8::4"),
                "vti7": ("192.0.2.1", "192.0.2.7"),
                "vti67": ("2001:db8::1", "2001:db8::5")}.items():
            with self.subTest(name):
                data = self.link(name)["data"]
                self.assertEqual((data["local"], data["remote"]), (local, remote))

    def test_vlan_table(self):
        names = {each["index"]: each["name"] for each in self.own["links"]}
        ours = {(names[v["index"]], vlan, v.get("pvid", False), v.get("untagged", False))
                for v in self.own["vlans"] for vlan in range(v["first"], v["last"] + 1)}
        told = {(port["ifname"], vlan, "PVID" in v.get("flags", []),
                 "Egress Untagged" in v.get("flags", []))
                for port in self.told["vlan"] for v in port["vlans"]
                for vlan in range(v["vlan"], v.get("vlanEnd", v["vlan"]) + 1)}
        self.assertEqual(ours, told)

    def test_bonding(self):
        bond = self.link("bond7")
        self.assertEqual(bond["data"]["mode"], "active-backup")
        self.assertEqual(self.link("d2")["master"], bond["index"])
        self.assertIn(self.link("d2")["bond_port"]["state"], ("active", "backup"))
        self.assertEqual(self.link("bond8")["data"]["lacp_rate"], "fast")


if __name__ == "__main__":
    harness.main(*qemu.PROGRAMS, "bridge", before=qemu.fetch_kernel)
