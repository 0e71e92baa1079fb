"""`nsmap rules`: the firewall as the kernel holds it, against nft itself.

Rulesets of tests/fixtures/firewall hold every expression that this kernel has. Each is loaded by nft
into one namespace, written by `nsmap rules --as nft`, and loaded from that into another: what nft lists
of the two must be the same.
"""

import json
import pathlib
import subprocess

import harness
from harness import NSMAP, netns, nsmap, run_nsmap, sh

RULESETS = sorted((pathlib.Path(__file__).parent.parent / "fixtures/firewall").glob("*.nft"))


def load(name, text):
    """Loads a ruleset into a named namespace."""
    sh(f"ip netns exec {name} nft -f -", input=text)


def listed(name):
    return sh(f"ip netns exec {name} nft list ruleset")


def rules_of(answer):
    """All rules of `nsmap rules --json`, by family, table, chain and handle."""
    return {(chain["family"], chain["table"], chain["name"], rule["handle"]): rule
            for firewall in answer for chain in firewall["chains"] for rule in chain.get("rules", [])}


def as_user(user):
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


class RoundTrip(harness.TestCase):
    def test_what_nft_loads_comes_back(self):
        self.assertTrue(RULESETS)
        for path in RULESETS:
            with self.subTest(path.name), netns("one", "two"):
                load("one", path.read_text())
                written = run_nsmap("rules", "one", "--as", "nft")
                self.assertEqual((written.returncode, written.stderr), (0, ""))
                load("two", written.stdout)
                self.assertEqual(listed("two"), listed("one"), written.stdout)

    def test_tables_of_iptables_are_not_nfts(self):
        with netns("one"):
            load("one", "table ip t { chain c { }; }")
            sh("ip netns exec one iptables-nft -t mangle -A PREROUTING -j ACCEPT")
            done = run_nsmap("rules", "one", "--as", "nft")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("table ip t", done.stdout)
            self.assertNotIn("mangle", done.stdout)


class AsNftHasThem(harness.TestCase):
    def test_handles_counters_and_places(self):
        for path in RULESETS:
            with self.subTest(path.name), netns("one"):
                load("one", path.read_text())
                told = json.loads(sh("ip netns exec one nft -a -j list ruleset"))["nftables"]
                want = {(each["rule"]["family"], each["rule"]["table"], each["rule"]["chain"],
                         each["rule"]["handle"]): each["rule"] for each in told if "rule" in each}
                got = rules_of(nsmap("rules", "one", "--json"))
                self.assertEqual(set(got), set(want))
                for key, rule in want.items():
                    counters = [each["counter"] for each in rule["expr"] if isinstance(each, dict)
                                and "packets" in (each.get("counter") or {})]
                    if counters:
                        self.assertEqual((got[key]["packets"], got[key]["bytes"]),
                                         (counters[0]["packets"], counters[0]["bytes"]), key)
                    self.assertEqual(got[key].get("comment", ""), rule.get("comment", ""), key)

    def test_counters_after_traffic(self):
        with netns("one"):
            load("one", """table inet t {
                chain in { type filter hook input priority 0;
                           ip daddr 127.0.0.1 counter accept
                           ip daddr 127.0.0.2 counter accept; };
            }""")
            sh("ip netns exec one ping -c 3 -i 0.01 127.0.0.1")
            first, second = rules_of(nsmap("rules", "one", "--json")).values()
            self.assertEqual((first["packets"], first["text"]), (6, "ip daddr 127.0.0.1 accept"))
            self.assertEqual(second["packets"], 0)
            unused = list(rules_of(nsmap("rules", "one", "--json", "--unused")).values())
            self.assertEqual(unused, [second])


class Shown(harness.TestCase):
    def test_order_writers_and_remarks(self):
        with netns("one"):
            load("one", """
                table ip filter {
                    chain FORWARD { type filter hook forward priority 0; continue; };
                    chain DOCKER-FORWARD { counter drop; };
                    chain DOCKER { };
                }
                table inet mine {
                    chain fw { type filter hook forward priority -10; policy drop; tcp dport 22 accept; };
                }
                table inet asleep { flags dormant; }""")
            sh("ip netns exec one nft add rule ip filter FORWARD jump DOCKER-FORWARD")
            text = run_nsmap("rules", "one").stdout
            self.assertLess(text.index("inet mine fw"), text.index("ip filter FORWARD"))
            self.assertIn("ip filter DOCKER-FORWARD", text)
            self.assertIn("tcp dport 22 accept · by hand", text)
            self.assertIn("docker", text)
            self.assertIn("table inet asleep is dormant", text)
            mine = run_nsmap("rules", "one", "--by", "by hand").stdout
            self.assertIn("tcp dport 22", mine)
            self.assertNotIn("0 packets", mine)
            packets = run_nsmap("rules", "one", "--packet-order").stdout
            self.assertLess(packets.index("-j DOCKER-FORWARD"), packets.index("-j DROP"))

    def test_hostile_names_do_not_reach_the_terminal(self):
        with netns("one"):
            load("one", 'table ip t { chain c { tcp dport 1 accept comment "\x1b[31mred"; }; }')
            done = run_nsmap("rules", "one")
            self.assertNotIn("\x1b[31m", done.stdout)
            self.assertIn("\\x1b[31mred", done.stdout)
            written = run_nsmap("rules", "one", "--as", "nft")
            self.assertEqual(written.returncode, 1)
            self.assertIn("table ip t", written.stderr)
            self.assertNotIn("\x1b", written.stdout + written.stderr)

    def test_none(self):
        with netns("one"):
            done = run_nsmap("rules", "one")
            self.assertEqual(done.returncode, 1)
            self.assertIn("there are none", done.stderr)
            wrong = run_nsmap("rules", "one", "--as", "pf")
            self.assertEqual(wrong.returncode, 2)


class OfAnotherUser(harness.TestCase):
    """A namespace of another user namespace, with rules of all three programs."""

    def setUp(self):
        harness.need("nft", "iptables-nft", "iptables-legacy")
        harness.need_user_namespaces()
        made = ("nft 'table inet t { chain c { type filter hook input priority 0; tcp dport 22 accept; }; }' && "
                "iptables-nft -A FORWARD -s 10.0.0.1 -j DROP && "
                "XTABLES_LOCKFILE=/dev/null iptables-legacy -A OUTPUT -d 10.0.0.2 -j DROP && "
                "echo '{}' && exec sleep 1000")
        self.holder = harness.Helper([*as_user(1234), "unshare", "--user", "--map-root-user", "--net",
                                      "sh", "-c", made])
        self.addCleanup(self.holder.stop)
        self.name = f"pid:{self.holder.process.pid}"

    def test_root_sees_its_rules(self):
        done = run_nsmap("rules", self.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for rule in ("tcp dport 22 accept", "-s 10.0.0.1/32 -j DROP", "-d 10.0.0.2/32 -j DROP"):
            self.assertIn(rule, done.stdout)

    def test_others_are_told_why_not(self):
        # Its owner knows that it is there, and may not enter it.
        for user, arguments, why in (
                (1234, ["rules", self.name], "entering 1 of 2 namespaces: Operation not permitted"),
                (65534, ["rules"], "reading nf_tables: Operation not permitted")):
            with self.subTest(user):
                done = subprocess.run([*as_user(user), NSMAP, *arguments], capture_output=True, text=True,
                                      timeout=60)
                self.assertEqual((done.returncode, done.stdout), (3, ""))
                self.assertEqual(done.stderr, f"nsmap: rules: {why}; try as root, sudo nsmap rules\n")


class Compared(harness.TestCase):
    def test_diff_tells_rules_by_what_they_say(self):
        with netns("one"):
            load("one", "table inet t { set s { type inet_service; elements = { 22 }; };\n"
                        "chain c { tcp dport 80 counter accept; tcp dport 81 accept; }; }")
            before = harness.WORK / "before.json"
            before.write_text(run_nsmap("snapshot").stdout)
            sh("ip netns exec one nft flush chain inet t c")
            load("one", "table inet t { set s { type inet_service; elements = { 23 }; };\n"
                        "chain c { tcp dport 80 counter packets 9 bytes 9 accept; udp dport 53 drop; }; }")
            text = run_nsmap("diff", before).stdout
            self.assertIn("+ firewall rule inet t c: udp dport 53 drop", text)
            self.assertIn("- firewall rule inet t c: tcp dport 81 accept", text)
            self.assertIn("+ firewall element inet t s: 23", text)
            self.assertNotIn("dport 80", text)


if __name__ == "__main__":
    harness.main("nft", "ping", "setpriv")
