"""The state that is followed is the host's: after whatever was done, what `nsmap serve` tells is what a
fresh look at everything finds."""

import json
import os
import random
import subprocess
import time

import harness
from harness import WORK, TestCase, hold, netns, nsmap, run_nsmap, sh, wait_for
from serving import Server

SEED = int(os.environ.get("NSMAP_SEED", random.randrange(1 << 30)))
SECONDS = float(os.environ.get("NSMAP_CHURN_SECONDS", 12))


class Churn:
    """Things done to a host at random, with iproute2; most of them work."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = [f"n{i}" for i in range(5)]
        self.counter = 0

    def place(self):
        """A namespace, as an option of ip; the host's own, at times."""
        name = self.random.choice(self.names + [None])
        return f"-n {name} " if name else ""

    def link(self):
        return f"v{self.random.randrange(12)}"

    def step(self):
        do = self.random.choice([
            self.namespace, self.veth, self.veth, self.move, self.updown, self.updown, self.address,
            self.address, self.route, self.rule, self.bridge, self.delete, self.rename, self.setting,
            self.neighbour, self.resident])
        return do()

    def namespace(self):
        name = self.random.choice(self.names)
        return self.random.choice([f"ip netns add {name} && ip -n {name} link set lo up",
                                   f"ip netns del {name}"])

    def veth(self):
        a, b = self.place(), self.random.choice(self.names)
        return f"ip {a}link add {self.link()} type veth peer name {self.link()} netns {b}"

    def move(self):
        return f"ip {self.place()}link set {self.link()} netns {self.random.choice(self.names)}"

    def updown(self):
        return f"ip {self.place()}link set {self.link()} {self.random.choice(['up', 'up', 'down'])}"

    def address(self):
        n, do = self.random.randrange(200), self.random.choice(["add", "add", "del"])
        one = self.random.choice([f"10.3.{n % 7}.{n + 1}/24", f"2001:db8:{n % 7}::{n + 1}/64"])
        return f"ip {self.place()}addr {do} {one} dev {self.link()}"

    def route(self):
        n = self.random.randrange(50)
        return self.random.choice([
            f"ip {self.place()}route replace 10.4.{n}.0/24 dev {self.link()}",
            f"ip {self.place()}route replace blackhole 10.5.{n}.0/24",
            f"ip {self.place()}-6 route replace unreachable 2001:db8:{n}::/48",
            f"ip {self.place()}route flush type blackhole"])

    def rule(self):
        n = self.random.randrange(20) + 100
        return f"ip {self.place()}rule {self.random.choice(['add', 'del'])} pref {n} lookup {n}"

    def bridge(self):
        where = self.place()
        return self.random.choice([
            f"ip {where}link add br{self.random.randrange(2)} type bridge",
            f"ip {where}link set {self.link()} master br{self.random.randrange(2)}",
            f"ip {where}link set {self.link()} nomaster",
            f"ip {where}link del br{self.random.randrange(2)}"])

    def delete(self):
        return f"ip {self.place()}link del {self.link()}"

    def rename(self):
        return f"ip {self.place()}link set {self.link()} name {self.link()}"

    def setting(self):
        return (f"ip netns exec {self.random.choice(self.names)} sysctl -qw "
                f"net.ipv4.conf.all.forwarding={self.random.randrange(2)}")

    def neighbour(self):
        n = self.random.randrange(20) + 1
        return (f"ip {self.place()}neigh replace 10.3.0.{n} lladdr 02:00:00:00:00:{n:02x} "
                f"dev {self.link()} nud permanent")

    def resident(self):
        """A namespace that a process holds, and which goes with it."""
        return f"unshare --net timeout {self.random.choice(['0.2', '1', '3'])} sleep 9 & disown"


class Live(TestCase):
    def setUp(self):
        self.addCleanup(sh, "ip -all netns del; for i in {0..11}; do ip link del v$i; done; "
                            "ip link del br0; ip link del br1; for i in {100..119}; do "
                            "ip rule del pref $i; done; ip route flush type blackhole; "
                            "ip -6 route flush type unreachable", check=False)

    def saved(self, server, name):
        path = WORK / f"{name}.json"
        path.write_bytes(server.get("/api/v1/snapshot").body)
        return path

    def assertTheHost(self, server):
        """That it is in the state that a look at everything finds, once the host is at rest."""
        def told():
            served = self.saved(server, "served")
            done = run_nsmap("diff", served, "--ignore", "processes,listeners")
            self.assertIn(done.returncode, (0, 1), done.stderr)
            self.told = done.stdout
            return done.returncode == 0
        # The next look at everything comes after ten seconds or later: this is before.
        try:
            wait_for(told, "the state of the host", 6)
        except AssertionError:
            self.fail(f"seed {SEED}: from what is served to the host:\n{self.told}")

    def test_the_state_is_the_hosts(self):
        print(f"seed {SEED}", flush=True)
        churn = Churn(SEED)
        with Server() as server:
            for _ in range(3):
                end = time.monotonic() + SECONDS / 3
                while time.monotonic() < end:
                    script = "; ".join(churn.step() for _ in range(churn.random.randrange(1, 12)))
                    sh(script, check=False)
                sh("pkill sleep", check=False)
                self.assertTheHost(server)

    def test_a_hidden_namespace_keeps_its_proof(self):
        def hidden(snapshot):
            return [ns for ns in snapshot["namespaces"] if ns["id"]["dev"] == 0]
        with netns("red"), Server() as server, hold("in-flight", "inner0", "outer0"):
            sh("ip link set outer0 up")
            wait_for(lambda: hidden(server.get("/api/v1/snapshot").json()), "the hidden namespace")
            for number in range(6):
                # A look at part, and one around.
                sh(f"ip -n red addr add 10.9.0.{number}/32 dev lo")
                with netns(f"blue{number}"):
                    wait_for(lambda: f"blue{number}".encode() in
                             server.get("/api/v1/namespaces").body, "the namespace")
                    (ns,) = hidden(server.get("/api/v1/snapshot").json())
                    self.assertEqual([each["kind"] for each in ns["holders"]], ["link"])


if __name__ == "__main__":
    harness.main("sysctl", "pkill")
