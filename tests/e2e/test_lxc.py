"""LXC containers: no mount, found through their processes, named by their cgroup or monitor."""

import contextlib
import os

import harness
from harness import WORK, TestCase, busybox_tree, link, namespace, nsmap, run_nsmap, sh, wait_for

NETWORKS = {
    "veth": "lxc.net.0.type=veth\nlxc.net.0.link=lxcbr\nlxc.net.0.flags=up\n"
            "lxc.net.0.ipv4.address=10.3.0.2/24\nlxc.net.0.ipv6.address=fd00:3::2/64\n",
    "macvlan": "lxc.net.0.type=macvlan\nlxc.net.0.link=par0\nlxc.net.0.macvlan.mode=bridge\n",
    "phys": "lxc.net.0.type=phys\nlxc.net.0.link=ph1\n",
    "empty": "lxc.net.0.type=empty\n",
    "none": "lxc.net.0.type=none\n",
}


class Lxc(TestCase):
    @classmethod
    def setUpClass(cls):
        sh("ip link add lxcbr type bridge && ip link set lxcbr up && "
           "ip link add par0 type veth peer name par1 && ip link set par0 up && "
           "ip link add ph0 type veth peer name ph1")
        root = busybox_tree(WORK / "root")
        cls.pids = {}
        for kind, network in NETWORKS.items():
            name = f"c-{kind}"
            config = WORK / f"{name}.conf"
            config.write_text(f"lxc.rootfs.path=dir:{root}\nlxc.uts.name={name}\n{network}"
                              "lxc.init.cmd=/bin/sleep 1000\n")
            (WORK / "lxc").mkdir(exist_ok=True)
            sh(f"lxc-start -n {name} -P {WORK}/lxc -f {config} -o {WORK}/{name}.log || "
               f"(cat {WORK}/{name}.log; exit 1)")
            cls.pids[kind] = int(wait_for(
                lambda: sh(f"lxc-info -n {name} -P {WORK}/lxc -pH", check=False).strip(), name))
        cls.snapshot = nsmap()

    @classmethod
    def tearDownClass(cls):
        for kind in NETWORKS:
            with contextlib.suppress(AssertionError):
                sh(f"lxc-stop -k -n c-{kind} -P {WORK}/lxc")

    def own(self, kind):
        found = [c for c in self.snapshot["containers"] if c["name"] == f"c-{kind}"]
        self.assertEqual(len(found), 1, self.snapshot["containers"])
        self.assertEqual(found[0]["runtime"], "lxc")
        self.assertEqual(found[0]["pid"], self.pids[kind])
        ns = namespace(self.snapshot, os.stat(f"/proc/{self.pids[kind]}/ns/net").st_ino)
        self.assertEqual(found[0]["net"], ns["id"])
        return ns

    def test_veth(self):
        ns, host = self.own("veth"), namespace(self.snapshot, harness.netns_of()["ino"])
        eth = next(each for each in ns["links"] if each.get("kind") == "veth")
        port = next(each for each in host["links"] if each["index"] == eth["peer"]["index"])
        self.assertEqual(port["master"], link(host, "lxcbr")["index"])
        self.assertLessEqual({"10.3.0.2", "fd00:3::2"}, {a["address"] for a in ns["addresses"]})

    def test_macvlan(self):
        ns, host = self.own("macvlan"), namespace(self.snapshot, harness.netns_of()["ino"])
        eth = next(each for each in ns["links"] if each.get("kind") == "macvlan")
        self.assertEqual(eth["parent"], {"namespace": host["id"],
                                         "index": link(host, "par0")["index"]})

    def test_phys(self):
        ns, host = self.own("phys"), namespace(self.snapshot, harness.netns_of()["ino"])
        moved = next(each for each in ns["links"] if each.get("kind") == "veth")
        self.assertEqual(link(host, "ph0")["peer"], {"namespace": ns["id"], "index": moved["index"]})

    def test_empty_and_none(self):
        self.assertEqual([each["name"] for each in self.own("empty")["links"]], ["lo"])
        self.assertEqual(self.own("none")["id"], harness.netns_of())

    def test_held_by_processes_alone(self):
        for kind in "veth", "macvlan", "empty":
            with self.subTest(kind):
                ns = self.own(kind)
                self.assertHeld(ns, "process", pid=self.pids[kind])
                self.assertEqual(self.holders(ns, "bind_mount"), [])

    def test_the_map_names_them(self):
        text = run_nsmap("--width", "160").stdout
        for kind in "veth", "macvlan", "phys":
            self.assertIn(f"c-{kind}", text)


if __name__ == "__main__":
    harness.main("lxc-start", "lxc-info", "busybox")
