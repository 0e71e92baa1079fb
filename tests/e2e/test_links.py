"""Links of every kind this kernel has, against `ip -j -d link`; and peers, against how they were made."""

import contextlib
import os

import harness
from harness import TestCase, hold, ip_json, link, named, namespace, netns, netns_of, nsmap, sh
from labs import Lab, wires_of
from linkfacts import compare_links


class Kinds(TestCase):
    """Each kind in a namespace of its own, which `ip` and nsmap both read."""

    def both(self, *commands, netns_name="k"):
        with netns(netns_name):
            for command in commands:
                sh(f"ip -n {netns_name} {command}")
            snapshot = nsmap()
            told = ip_json("-d -s link", netns_name)
            # Reading must not have been a change: as told twice, so told once.
            ns = named(snapshot, netns_name)
        self.assertEqual(compare_links(ns["links"], told), [])
        return ns

    def test_veth(self):
        ns = self.both("link add a0 type veth peer name b0", "link set a0 up", "link set b0 up mtu 1400",
                       "link set a0 alias 'to the west'", "link property add dev a0 altname west",
                       "link set a0 promisc on", "link set b0 address 02:00:00:00:00:07")
        self.assertEqual(link(ns, "a0")["peer"], {"namespace": ns["id"],
                                                 "index": link(ns, "b0")["index"]})
        self.assertEqual(link(ns, "a0")["altnames"], ["west"])
        self.assertTrue(link(ns, "a0")["promiscuous"])

    def test_bridge_and_ports(self):
        self.both("link add br0 type bridge stp_state 1 ageing_time 7000",
                  "link set br0 up", "link add a0 type veth peer name b0", "link set a0 master br0 up",
                  "link set b0 up", "link set a0 type bridge_slave hairpin on isolated on learning off "
                  "flood off cost 7 priority 9 guard on root_block on neigh_suppress on")

    def test_vxlan(self):
        ns = self.both("link add a0 type veth peer name b0", "link set a0 up",
                       "link add vx type vxlan id 42 dev a0 remote 192.0.2.9 local 192.0.2.1 "
                       "dstport 4789 ttl 9 nolearning ageing 77",
                       "link add vx6 type vxlan id 43 dev a0 group ff02::9 dstport 4790",
                       "link add vxe type vxlan external dstport 4791")
        vxlan = link(ns, "vx")
        self.assertEqual(vxlan["data"]["vni"], 42)
        self.assertEqual(vxlan["parent"], {"namespace": ns["id"], "index": link(ns, "a0")["index"]})
        self.assertNotIn("vni", link(ns, "vxe")["data"])

    def test_macvlan_and_macvtap(self):
        ns = self.both("link add a0 type veth peer name b0",
                       *[f"link add link a0 name m{mode[:4]} type macvlan mode {mode}"
                         for mode in ("private", "vepa", "bridge")],
                       "link add link b0 name tap type macvtap mode bridge")
        self.assertEqual(link(ns, "mbrid")["parent"]["index"], link(ns, "a0")["index"])

    def test_macvlan_source_and_passthru(self):
        ns = self.both("link add a0 type veth peer name b0",
                       "link add link a0 name pass type macvlan mode passthru",
                       "link add link b0 name src type macvlan mode source",
                       "link set link b0 name src type macvlan macaddr add 02:00:00:00:00:01")
        self.assertEqual(link(ns, "src")["data"]["sources"], ["02:00:00:00:00:01"])

    def test_ifb_tun_tap(self):
        self.both("link add ifb7 type ifb", "tuntap add tun7 mode tun user 1234",
                  "tuntap add tap7 mode tap group 99 multi_queue vnet_hdr")

    def test_served_tap(self):
        with hold("tun", "tap0") as holder:
            ns = namespace(nsmap(), holder.ino)
        self.assertEqual(link(ns, "tap0")["served_by"], [{"pid": holder.pid, "fd": holder.fd}])


class HostileNames(TestCase):
    def test_taken_whole_and_harmless(self):
        names = ["a\\x1b[31mred", 'q"uo\'te', "\\xff\\xfe", "\\x07bell", "{}$(id)", "naïve", "<b>&amp;"]
        with netns("k"):
            for name in names:
                sh(f"ip -n k link add name $'{name.replace(chr(39), chr(92) + chr(39))}' type ifb")
            done = harness.run_nsmap("snapshot", text=False, errors=None)
            tree = harness.run_nsmap(text=False, errors=None)
            count = len(ip_raw_names("k"))
            ns = named(nsmap(), "k")
        self.assertEqual(len(ns["links"]), count)
        for output in done.stdout, tree.stdout:
            self.assertNotIn(b"\x1b[31m", output)
            self.assertNotIn(b"\x07", output)
            output.decode("utf-8")
        self.assertIn('q"uo\'te', [each["name"] for each in ns["links"]])
        self.assertIn("naïve", [each["name"] for each in ns["links"]])


def ip_raw_names(netns_name):
    return sh(f"nsenter --net=/run/netns/{netns_name} cat /proc/net/dev",
              errors="surrogateescape").splitlines()[2:]


class Peers(TestCase):
    def test_across_namespaces(self):
        with netns("red", "blue"):
            sh("ip link add up0 type veth peer name eth0 netns red")
            sh("ip -n red link add x type veth peer name y netns blue")
            found = wires_of(nsmap(), netns_of()["ino"])
        self.assertEqual(found, {frozenset([(None, "up0"), ("red", "eth0")]),
                                 frozenset([("red", "x"), ("blue", "y")])})

    def test_equal_ifindex(self):
        # With the same ifindex at both ends the kernel leaves IFLA_LINK out (net/core/rtnetlink.c
        # rtnl_fill_ifinfo: the link is given only where it differs from the ifindex).
        with netns("red", "blue", "green"):
            sh("ip -n red link add x index 77 type veth peer name y index 77 netns blue")
            sh("ip -n red link add p index 78 type veth peer name q index 78 netns green")
            sh("ip -n blue link add r index 79 type veth peer name s index 79 netns green")
            found = wires_of(nsmap(), netns_of()["ino"])
        self.assertEqual(found, {frozenset([("red", "x"), ("blue", "y")]),
                                 frozenset([("red", "p"), ("green", "q")]),
                                 frozenset([("blue", "r"), ("green", "s")])})

    def test_equal_ifindex_everywhere(self):
        # The same number in many namespaces: only the wire tells the pairs apart.
        names = [f"e{number}" for number in range(8)]
        with netns(*names):
            truth = set()
            for first, second in zip(names[::2], names[1::2]):
                sh(f"ip -n {first} link add x index 50 type veth peer name y index 50 netns {second}")
                truth.add(frozenset([(first, "x"), (second, "y")]))
            self.assertEqual(wires_of(nsmap(), netns_of()["ino"]), truth)

    def test_parent_in_another_namespace(self):
        with netns("red"):
            sh("ip link add low type veth peer name low2 && "
               "ip link add link low name mv netns red type macvlan mode bridge")
            snapshot = nsmap()
            sh("ip link del low")
        own = namespace(snapshot, netns_of()["ino"])
        self.assertEqual(link(named(snapshot, "red"), "mv")["parent"],
                         {"namespace": own["id"], "index": link(own, "low")["index"]})

    def test_vxlan_underlay_in_another_namespace(self):
        with netns("red"):
            sh("ip link add low type veth peer name low2 && ip link set low up && "
               "ip link add vx type vxlan id 5 dev low dstport 4789 remote 192.0.2.1 && "
               "ip link set vx netns red")
            snapshot = nsmap()
            sh("ip link del low")
        own = namespace(snapshot, netns_of()["ino"])
        self.assertEqual(link(named(snapshot, "red"), "vx")["parent"],
                         {"namespace": own["id"], "index": link(own, "low")["index"]})

    def test_random_labs(self):
        for seed in range(3):
            with self.subTest(seed=seed), contextlib.closing(Lab(50, 120, seed)) as lab:
                found = wires_of(nsmap(), netns_of()["ino"])
                self.assertEqual(found ^ lab.truth, set())


if __name__ == "__main__":
    harness.main()
