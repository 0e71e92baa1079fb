"""Mininet: hosts without a mount, known by the argument of the shell that lives in each."""

import re
import subprocess

import harness
from harness import WORK, TestCase, link, namespace, nsmap, run_nsmap

SCRIPT = """
import sys
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topolib import TreeTopo
net = Mininet(TreeTopo(depth=2, fanout=2), switch=LinuxBridge, controller=None)
net.start()
print('ready', {h.name: (h.pid, h.IP()) for h in net.hosts}, flush=True)
sys.stdin.readline()
net.stop()
"""


class Mininet(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.log = open(WORK / "mininet.log", "w")
        cls.process = subprocess.Popen(["/usr/bin/python3", "-c", SCRIPT], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=cls.log, text=True)
        cls.addClassCleanup(cls.stop)
        line = cls.process.stdout.readline()
        if not line.startswith("ready "):
            raise AssertionError((WORK / "mininet.log").read_text()[-2000:])
        cls.hosts = {name: (int(pid), ip) for name, pid, ip in
                     re.findall(r"'(\w+)': \((\d+), '([\d.]+)'\)", line)}
        cls.snapshot = nsmap()

    @classmethod
    def stop(cls):
        cls.process.communicate("\n", timeout=30)
        cls.log.close()

    def own(self, name):
        pid, _ = self.hosts[name]
        return next(ns for ns in self.snapshot["namespaces"]
                    if {"kind": "process", "pid": pid}.items() <=
                    next((h for h in ns["holders"] if h.get("pid") == pid), {}).items())

    def test_hosts_are_named(self):
        self.assertEqual(len(self.hosts), 4)
        for name, (pid, _) in self.hosts.items():
            with self.subTest(name):
                found = [c for c in self.snapshot["containers"] if c["name"] == name]
                self.assertEqual(len(found), 1, self.snapshot["containers"])
                self.assertEqual(found[0]["runtime"], "mininet")
                self.assertEqual(found[0]["pid"], pid)
                self.assertEqual(found[0]["net"], self.own(name)["id"])

    def test_addresses_and_wires(self):
        host = namespace(self.snapshot, harness.netns_of()["ino"])
        for name, (_, ip) in self.hosts.items():
            with self.subTest(name):
                ns = self.own(name)
                self.assertIn(ip, [a["address"] for a in ns["addresses"]])
                eth = link(ns, f"{name}-eth0")
                self.assertEqual(eth["peer"]["namespace"], host["id"])
                port = next(each for each in host["links"] if each["index"] == eth["peer"]["index"])
                self.assertEqual(port["master_kind"], "bridge")

    def test_the_map_names_them(self):
        text = run_nsmap("--width", "160").stdout
        for name in self.hosts:
            self.assertIn(name, text)


if __name__ == "__main__":
    harness.main("mn", "brctl", "ifconfig")
