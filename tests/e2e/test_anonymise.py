"""`nsmap snapshot --anonymise`: nothing that a lab was called is left, and the map is the same."""

import json
import re

import harness
from harness import WORK, TestCase, netns, run_nsmap, sh

ORIGINALS = ["acmeshop", "acmedb", "upstream7x", "acme-bridge", "10.83.7.", "fd83:7::", "acmealias",
             "02:83:aa:bb:cc:01", "acmeuser"]


class Anonymise(TestCase):
    def setUp(self):
        lab = netns("acmeshop", "acmedb")
        lab.__enter__()
        self.addCleanup(lab.__exit__, None, None, None)
        sh("ip -n acmeshop link add acme-bridge address 02:83:aa:bb:cc:01 type bridge && "
           "ip -n acmeshop link set acme-bridge alias acmealias && "
           "ip -n acmeshop link add upstream7x type veth peer name eth0 netns acmedb && "
           "ip -n acmeshop link set upstream7x master acme-bridge up && "
           "ip -n acmeshop link set acme-bridge up && ip -n acmedb link set eth0 up && "
           "ip -n acmeshop addr add 10.83.7.1/24 dev acme-bridge && "
           "ip -n acmedb addr add 10.83.7.2/24 dev eth0 && "
           "ip -n acmedb addr add fd83:7::2/64 dev eth0 nodad && "
           "ip -n acmedb route add default via 10.83.7.1 && "
           "ip -n acmedb rule add iif upstream7x lookup 100 && "
           "ip -n acmedb neigh add 10.83.7.9 lladdr 02:83:aa:bb:cc:09 dev eth0 nud permanent")
        holder = sh("ip netns exec acmedb sh -c 'exec -a acmeuser sleep 100 >/dev/null 2>&1 & echo $!'")
        self.addCleanup(sh, f"kill {holder}", check=False)
        self.plain = WORK / "plain.json"
        self.assertEqual(run_nsmap("snapshot", "-o", self.plain).returncode, 0)

    def anonymised(self, *options):
        done = run_nsmap("snapshot", "--anonymise", "--from", self.plain, *options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_nothing_is_left(self):
        before, after = self.plain.read_text(), self.anonymised()
        for original in ORIGINALS[:-1]:
            self.assertIn(original, before)
        for original in ORIGINALS:
            self.assertNotIn(original, after)
        # Nor any of the names and addresses that a real host has beside those of the lab.
        snapshot = json.loads(before)
        names = {each["name"] for ns in snapshot["namespaces"] for each in ns["names"]}
        names |= {each["comm"] for each in snapshot["processes"] if len(each["comm"]) > 5}
        for name in names:
            self.assertNotRegex(after, rf'"{re.escape(name)}"')

    def test_the_shape_is_the_same(self):
        file = WORK / "anonymised.json"
        file.write_text(self.anonymised())
        for command in ([], ["ls"], ["graph"]):
            before = run_nsmap(*command, "--from", self.plain).stdout
            after = run_nsmap(*command, "--from", file).stdout
            self.assertEqual(before.count("\n"), after.count("\n"), before + after)
            for sign in "⇄→@·":
                self.assertEqual(before.count(sign), after.count(sign), before + after)

    def test_with_a_key_the_differences_are_the_same(self):
        key = WORK / "key"
        key.write_bytes(b"k" * 32)
        before, after, later = (WORK / name for name in ("a.json", "b.json", "later.json"))
        before.write_text(self.anonymised("--key-file", key))
        sh("ip -n acmedb link set eth0 mtu 1400 && ip -n acmedb addr add 10.83.7.3/24 dev eth0")
        run_nsmap("snapshot", "-o", later)
        self.plain, plain = later, self.plain
        after.write_text(self.anonymised("--key-file", key))
        told = run_nsmap("diff", before, after).stdout
        self.assertIn("link eth0: mtu 1500 → 1400", told)
        self.assertRegex(told, r"\+ address 10\.\d+\.\d+\.3/24 on eth0")
        self.assertEqual(len(told.splitlines()),
                         len(run_nsmap("diff", plain, later).stdout.splitlines()))


if __name__ == "__main__":
    harness.main()
