"""Labs: made from a file, changed, killed half way, taken away; against iproute2 and real packets."""

import json
import os
import pathlib
import random
import signal
import subprocess
import textwrap
import time
import unittest

import harness
from harness import TestCase, host_facts, ip_json, sh

EXAMPLES = harness.ROOT / "examples"
STATE = pathlib.Path("/run/nsmap/labs")

SHOP = """\
lab: shop
namespaces:
  router:
    sysctls: {net.ipv4.conf.all.forwarding: 1}
    links:
      br0: {kind: bridge, addresses: [10.0.0.1/24, "fd00:5::1/64"]}
      far: {kind: bridge, addresses: [192.0.2.1/24]}
  web${i}:
    count: 3
    links:
      eth0:
        peer: {namespace: router, name: "web${i}", master: br0}
        mtu: 1400
        addresses: ["10.0.0.${i+1}/24", "fd00:5::${i+1}/64"]
    routes:
      - {to: default, via: 10.0.0.1}
      - {to: "::/0", via: "fd00:5::1"}
    rules:
      - {priority: 100, from: 10.0.0.0/24, table: 7}
    run:
      server: [sleep, "86400"]
"""


def write(text, name="lab.yaml"):
    path = harness.WORK / name
    path.write_text(textwrap.dedent(text))
    return path


def lab(verb, *arguments, check=0, **options):
    """Runs `nsmap lab VERB`; `check`: the exit status it must have."""
    done = harness.run_nsmap("lab", verb, *arguments, **options)
    if check is not None and done.returncode != check:
        raise AssertionError(f"lab {verb} {arguments}: exit {done.returncode}, not {check}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def pings(source, target):
    return subprocess.run(["ip", "netns", "exec", source, "ping", "-c1", "-W2", target],
                          capture_output=True).returncode == 0


def state():
    """All that a lab can leave behind outside its own namespaces."""
    return {"files": sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else [],
            "labs": sorted(os.listdir(STATE)) if STATE.is_dir() else [], **host_facts()}


class Labs(TestCase):
    def setUp(self):
        self.before = state()

    def tearDown(self):
        self.assertAgain(state, self.before)

    def make(self, text, **options):
        path = write(text, **options)
        lab("up", path)
        self.addCleanup(lambda: lab("down", path, check=None))
        return path

    def test_is_what_the_file_says(self):
        path = self.make(SHOP)
        self.assertEqual(set(sh("ip netns list").split()) & {"router", "web1", "web2", "web3"},
                         {"router", "web1", "web2", "web3"})
        for number in (1, 2, 3):
            link = ip_json("-d link show eth0", f"web{number}")[0]
            self.assertEqual((link["mtu"], link["linkinfo"]["info_kind"]), (1400, "veth"))
            addresses = {(each["local"], each["prefixlen"]) for each in
                         ip_json("addr show eth0", f"web{number}")[0]["addr_info"]
                         if each["scope"] == "global"}
            self.assertEqual(addresses, {(f"10.0.0.{number + 1}", 24), (f"fd00:5::{number + 1:x}", 64)})
            route = ip_json("route show default", f"web{number}")[0]
            self.assertEqual((route["gateway"], route["dev"]), ("10.0.0.1", "eth0"))
            self.assertEqual([rule["priority"] for rule in ip_json("rule", f"web{number}")],
                             [0, 100, 32766, 32767])
            port = ip_json(f"-d link show web{number}", "router")[0]
            self.assertEqual((port["master"], port["operstate"]), ("br0", "UP"))
        self.assertTrue(pings("web1", "10.0.0.3"))
        self.assertTrue(pings("web1", "192.0.2.1"), "through the router")
        self.assertTrue(pings("web3", "fd00:5::2"))
        lab("down", path)

    def test_a_second_up_changes_nothing(self):
        path = self.make(SHOP)
        before = ip_json("-d link", "router")
        self.assertIn("nothing had to change", lab("up", path).stdout)
        self.assertEqual([each["ifindex"] for each in ip_json("-d link", "router")],
                         [each["ifindex"] for each in before])
        self.assertEqual(lab("plan", path).stdout, "nothing to do\n")
        self.assertIn("as its file says", lab("status", path).stdout)
        lab("down", path)

    def test_an_edited_file_changes_just_the_difference(self):
        path = self.make(SHOP)
        index = ip_json("link show eth0", "web1")[0]["ifindex"]
        path.write_text(SHOP.replace("mtu: 1400", "mtu: 1450").replace("count: 3", "count: 2"))
        planned = lab("plan", path).stdout
        self.assertIn("~ link web1:eth0: mtu 1450", planned)
        self.assertIn("- namespace web3", planned)
        self.assertEqual(ip_json("link show eth0", "web1")[0]["mtu"], 1400, "planning changes nothing")
        lab("status", path, check=1)
        lab("up", path)
        link = ip_json("link show eth0", "web1")[0]
        self.assertEqual((link["mtu"], link["ifindex"]), (1450, index))
        self.assertNotIn("web3", sh("ip netns list"))
        self.assertTrue(pings("web1", "10.0.0.3"))
        lab("down", path)

    def test_a_link_goes_with_what_stands_on_it(self):
        text = """\
            lab: stack
            namespaces:
              a:
                links:
                  eth0: {peer: {namespace: b, name: eth0}, addresses: [10.0.0.1/24]}
                  upper: {kind: macvlan, mode: bridge, parent: eth0, addresses: [10.1.0.1/24]}
                  over: {kind: macvlan, mode: bridge, parent: {namespace: b, name: eth0}}
              b:
                links:
                  last: {kind: macvlan, mode: bridge, parent: eth0}
            """
        path = self.make(text)
        self.assertEqual({each["ifname"] for each in ip_json("link", "a")},
                         {"lo", "eth0", "upper", "over"})
        path.write_text("lab: stack\nnamespaces: {a: {}, b: {}}\n")
        lab("up", path)
        self.assertEqual([each["ifname"] for each in ip_json("link", "a")], ["lo"])
        self.assertEqual([each["ifname"] for each in ip_json("link", "b")], ["lo"])
        path.write_text(textwrap.dedent(text))
        lab("up", path)
        lab("down", path)

    def test_a_failure_half_way_leaves_nothing(self):
        path = write(SHOP)
        text = SHOP + ("  broken:\n    links:\n      eth0: {kind: bridge, addresses: [10.9.0.1/24]}\n"
                       "    nftables: |\n      table inet t { no such thing }\n")
        path.write_text(text)
        done = lab("up", path, check=None)
        self.assertIn(done.returncode, (2, 3))
        line = text[:text.index("nftables")].count("\n") + 1
        self.assertTrue(done.stderr.startswith(f"nsmap: {path}:{line}:"), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_failed_change_goes_back_to_what_was(self):
        path = self.make(SHOP)
        path.write_text(SHOP.replace("mtu: 1400", "mtu: 1450") +
                        "  broken:\n    nftables: table no such\n")
        lab("up", path, check=None)
        self.assertEqual(ip_json("link show eth0", "web1")[0]["mtu"], 1400)
        self.assertNotIn("broken", sh("ip netns list"))
        path.write_text(SHOP)
        self.assertEqual(lab("plan", path).stdout, "nothing to do\n")
        lab("down", path)

    def test_what_others_added_is_told(self):
        path = self.make(SHOP)
        sh("ip -n web1 link add mine type bridge; ip -n web1 addr add 10.7.7.7/32 dev eth0")
        told = lab("status", path).stdout
        self.assertIn("link web1:mine", told)
        self.assertIn("10.7.7.7/32", told)
        self.assertIn("mine", lab("down", path).stdout)

    def test_a_namespace_of_somebody_else_is_left_alone(self):
        with harness.netns("web2"):
            done = lab("up", write(SHOP), check=2)
            self.assertIn("web2 is there already", done.stderr)
            self.assertEqual(len(ip_json("link", "web2")), 1)

    def test_of_the_host_only_what_it_made_goes(self):
        sh("ip link add own address 02:00:00:00:00:01 type bridge && ip link set own up && "
           "ip addr add 10.99.0.1/24 dev own")
        time.sleep(1)  # its link-local address is being looked for elsewhere
        before = state()
        forwarding = pathlib.Path("/proc/sys/net/ipv4/conf/all/forwarding")
        was = forwarding.read_text()
        path = self.make("""\
            lab: home
            namespaces:
              host:
                sysctls: {net.ipv4.conf.all.forwarding: 1}
                links:
                  to-guest: {peer: {namespace: guest, name: eth0}, addresses: [10.97.0.1/24]}
                routes:
                  - {to: 10.98.0.0/24, via: 10.99.0.2}
                rules:
                  - {priority: 77, from: 10.98.0.0/24, table: 7}
              guest:
                routes: []
            """)
        self.assertEqual(ip_json("addr show to-guest")[0]["addr_info"][0]["local"], "10.97.0.1")
        self.assertEqual(ip_json("route show 10.98.0.0/24")[0]["gateway"], "10.99.0.2")
        self.assertEqual(forwarding.read_text(), "1\n")
        self.assertIn("nothing had to change", lab("up", path).stdout)
        lab("down", path)
        self.assertAgain(state, before)
        self.assertEqual(forwarding.read_text(), was)
        sh("ip link del own")

    def test_the_hosts_firewall_is_not_a_labs(self):
        done = lab("up", write("lab: x\nnamespaces: {host: {nftables: flush ruleset}}\n"), check=2)
        self.assertIn("not a lab's", done.stderr)

    def test_bad_files_are_refused_in_one_line(self):
        for text in ("lab: x\nnamespaces: {a: {links: {eth0: {kind: nonsense}}}}\n",
                     "lab: x\nnamespaces: {a: {link: {}}}\n", "lab: [", "", "namespaces: {}\n",
                     "lab: x\nnamespaces: {a: {links: {far-too-long-a-name: {kind: dummy}}}}\n"):
            done = lab("up", write(text), check=2)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_one_at_a_time(self):
        path = self.make(SHOP)
        with open(STATE / "shop/lock") as lock:
            import fcntl
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("process", lab("down", path, check=2).stderr)
        lab("down", path)

    def test_plan_and_status_for_programs(self):
        path = write(SHOP)
        plan = json.loads(lab("plan", path, "--json").stdout)
        self.assertEqual((plan["lab"], plan.get("extra", [])), ("shop", []))
        self.assertIn({"change": "add", "namespace": "web1", "what": "namespace web1", "line": 8},
                      plan["steps"])
        lab("up", path)
        self.addCleanup(lambda: lab("down", path, check=None))
        sh("ip -n web1 addr del 10.0.0.2/24 dev eth0; ip -n web2 addr add 10.9.9.9/24 dev eth0")
        status = json.loads(lab("status", path, "--json", check=1).stdout)
        self.assertIn(("add", "web1"), [(step["change"], step["namespace"]) for step in status["steps"]])
        self.assertIn("10.9.9.9/24", " ".join(status["extra"]))
        lab("down", path)

    def test_a_picture_of_what_is_not_up(self):
        path = write(SHOP)
        for name, text in (("x.svg", "<svg"), ("x.mmd", "flowchart"), ("x.dot", "graph nsmap")):
            picture = harness.WORK / name
            lab("graph", path, "-o", picture)
            told = picture.read_text()
            self.assertIn(text, told)
            for ns in "router", "web1", "web2", "web3", "10.0.0.1/24":
                self.assertIn(ns, told, name)

    def test_a_name_may_have_dots(self):
        path = write("lab: one.two\nnamespaces:\n  a: {}\n")
        lab("up", path)
        self.addCleanup(lambda: lab("down", path, check=None))
        self.assertEqual(lab("down", "one.two").stdout, "lab one.two is down: 1 removed\n")

    def test_processes_are_kept_with_their_logs(self):
        path = self.make("""\
            lab: logs
            namespaces:
              one:
                run:
                  talker: [sh, -c, "echo hello; exec sleep 86400"]
            """)
        log = STATE / "logs/one.talker.log"
        harness.wait_for(lambda: log.exists() and log.read_text() == "hello\n", "the log")
        lab("down", path)

    def test_killed_at_any_moment_down_cleans_up(self):
        path = write(SHOP)
        times = int(os.environ.get("NSMAP_KILLS", "20"))
        dice = random.Random(7)
        took = time.monotonic()
        lab("up", path)
        took = time.monotonic() - took
        lab("down", path)
        for _ in range(times):
            process = subprocess.Popen([harness.NSMAP, "lab", "up", path],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.random() * took)
            process.send_signal(signal.SIGKILL)
            process.wait()
            down = lab("down", path, check=None)
            self.assertTrue(down.returncode == 0 or "there is none" in down.stderr, down.stderr)
            self.assertAgain(state, self.before)


class Examples(TestCase):
    """Each example comes up, is as its file says, and goes."""

    def test_each(self):
        for path in sorted(EXAMPLES.glob("*.yaml")):
            with self.subTest(path.name):
                before = state()
                try:
                    lab("up", path)
                    self.assertEqual(lab("plan", path).stdout, "nothing to do\n")
                    exported = lab("export", "--name", "again").stdout
                finally:
                    lab("down", path, check=None)
                self.assertAgain(state, before)
                self.assertEqual(harness.exported_again(exported), exported)


if __name__ == "__main__":
    harness.main()
