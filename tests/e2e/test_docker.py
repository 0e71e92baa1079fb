"""A Docker host: every network mode, held against `docker inspect`; swarm's namespaces without a process."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import time

import harness
from harness import (WORK, TestCase, busybox_tree, daemon, diagnostics, link, namespace, nsmap, run_nsmap,
                     sh, wait_for)

SOCKET = "/run/docker.sock"


def docker(command, **options):
    return sh(f"/usr/bin/docker {command}", **options).strip()


def inspect(name):
    return json.loads(docker(f"inspect {name}"))[0]


@contextlib.contextmanager
def dockerd(*options):
    """A daemon of this test alone: its files on the test's tmpfs, its mounts in a mount namespace of
    its own, so that what it mounts is a plain file to everybody else."""
    with daemon(["unshare", "-m", "dockerd", "--data-root", f"{WORK}/data", "--exec-root",
                 "/run/docker", "-H", f"unix://{SOCKET}", "-p", f"{WORK}/docker.pid",
                 "--experimental", "--ipv6", "--fixed-cidr-v6", "fd00:d0c::/64", *options],
                lambda: os.path.exists(SOCKET) and subprocess.run(
                    ["/usr/bin/docker", "info"], capture_output=True).returncode == 0,
                "dockerd", WORK / "dockerd.log"):
        yield


class Docker(TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["DOCKER_HOST"] = f"unix://{SOCKET}"
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.stack.enter_context(dockerd())
        root = busybox_tree(WORK / "root")
        sh(f"tar -C {root} -c . | /usr/bin/docker import "
           "-c 'CMD [\"/bin/httpd\",\"-f\",\"-p\",\"80\",\"-h\",\"/www\"]' - bb:1")
        cls.start()
        cls.snapshot = nsmap()

    @classmethod
    def start(cls):
        sh("ip link add par0 type veth peer name par1 && ip link set par0 up && ip link set par1 up")
        docker("network create app")
        docker("network create --internal inner")
        docker("network create -d macvlan -o parent=par0 --subnet 192.0.2.0/24 mac")
        for name, options in {
                "web": "-p 127.0.0.1:18080:80 --label 'com.example=\"><script>'",
                "both": "--network app -p 18081:80/tcp -p 18082:53/udp",
                "closed": "--network inner", "mac": "--network mac", "alone": "--network none",
                "onhost": "--network host", "sidecar": "--network container:web"}.items():
            # On the host and beside web, port 80 is taken or not ours to take.
            command = "/bin/sleep 1000" if name in ("onhost", "sidecar") else ""
            docker(f"run -d --name {name} {options} bb:1 {command}")
        docker("network connect inner both")

    def own(self, name):
        """(the container in the snapshot, its namespace, what `docker inspect` says)."""
        told = inspect(name)
        found = [c for c in self.snapshot["containers"] if c["id"] == told["Id"]]
        self.assertEqual(len(found), 1, f"{name}: {self.snapshot['containers']}")
        ino = os.stat(f"/proc/{told['State']['Pid']}/ns/net").st_ino
        ns = namespace(self.snapshot, ino)
        self.assertIsNotNone(ns, name)
        self.assertEqual(found[0]["net"], ns["id"])
        return found[0], ns, told

    def test_names_images_and_pids(self):
        for name in "web", "both", "closed", "mac", "alone", "onhost", "sidecar":
            with self.subTest(name):
                container, _, told = self.own(name)
                self.assertEqual(container["name"], told["Name"].lstrip("/"))
                self.assertEqual(container["runtime"], "docker")
                self.assertEqual(container["image"], told["Config"]["Image"])
                self.assertEqual(container["pid"], told["State"]["Pid"])

    def test_no_container_invented(self):
        told = set(docker("ps -q --no-trunc").split())
        self.assertEqual({c["id"] for c in self.snapshot["containers"] if c["runtime"] == "docker"},
                         told)

    def test_addresses(self):
        for name in "web", "both", "closed", "mac":
            with self.subTest(name):
                _, ns, told = self.own(name)
                ours = {(a["address"], a["prefix"]) for a in ns["addresses"]}
                for network in told["NetworkSettings"]["Networks"].values():
                    self.assertIn((network["IPAddress"], network["IPPrefixLen"]), ours)
                    if network["GlobalIPv6Address"]:
                        self.assertIn((network["GlobalIPv6Address"], network["GlobalIPv6PrefixLen"]),
                                      ours)
                macs = {each.get("mac") for each in ns["links"]}
                for network in told["NetworkSettings"]["Networks"].values():
                    self.assertIn(network["MacAddress"], macs)

    def test_wires(self):
        host = namespace(self.snapshot, harness.netns_of()["ino"])
        bridges = {"web": ["docker0"], "both": ["app", "inner"], "closed": ["inner"]}
        for name, networks in bridges.items():
            _, ns, _ = self.own(name)
            masters = set()
            for each in ns["links"]:
                if each.get("kind") == "veth":
                    self.assertEqual(each["peer"]["namespace"], host["id"])
                    port = next(p for p in host["links"] if p["index"] == each["peer"]["index"])
                    self.assertEqual(port["peer"], {"namespace": ns["id"], "index": each["index"]})
                    masters.add(next(b["name"] for b in host["links"] if b["index"] == port["master"]))
            wanted = {n if n == "docker0" else "br-" + docker(f"network inspect -f '{{{{.Id}}}}' {n}")[:12]
                      for n in networks}
            self.assertEqual(masters, wanted, name)

    def test_macvlan(self):
        _, ns, _ = self.own("mac")
        host = namespace(self.snapshot, harness.netns_of()["ino"])
        self.assertEqual(link(ns, "eth0")["parent"],
                         {"namespace": host["id"], "index": link(host, "par0")["index"]})

    def test_network_modes(self):
        host = harness.netns_of()
        self.assertEqual(self.own("onhost")[1]["id"], host)
        self.assertEqual(self.own("sidecar")[1]["id"], self.own("web")[1]["id"])
        self.assertEqual([each["name"] for each in self.own("alone")[1]["links"]], ["lo"])

    def test_labels_and_ports(self):
        container, _, _ = self.own("web")
        self.assertIn({"key": "com.example", "value": '"><script>'}, container["labels"])
        self.assertIn(("tcp", "127.0.0.1", 18080, 80),
                      [(p["protocol"], p["host_address"], p["host_port"], p["container_port"])
                       for p in container["ports"]])

    def test_published_ports_lead_into_their_containers(self):
        ports = {(port["protocol"], port["port"]): port for port in nsmap("ports", "host", "--json")}
        for name, key, inner in (("web", ("tcp", 18080), 80), ("both", ("tcp", 18081), 80),
                                 ("both", ("udp", 18082), 53)):
            with self.subTest(key):
                answers = {answer["how"]: answer for answer in ports[key]["answers"]}
                self.assertEqual(set(answers), {"dnat", "proxy"})
                for answer in answers.values():
                    self.assertEqual((answer["to"]["title"], answer["to"]["port"]), (name, inner))
                rule = answers["dnat"]["rules"][0]
                self.assertEqual((rule["table"], rule["chain"]), ("nat", "DOCKER"))
                self.assertIn(f"handle {rule['handle']}", re.search(
                    rf"^.*{key[1]} .*$", sh("nft -a list chain ip nat DOCKER"), re.M)[0])
        web = ports["tcp", 18080]
        self.assertEqual((web["address"], web["reach"]["from"]), ("127.0.0.1", "this_host"))
        self.assertEqual(web["answers"][0]["to"]["container"], "web")
        self.assertEqual(web["answers"][0]["to"]["command"], "httpd")
        self.assertEqual(ports["tcp", 18081]["reach"]["from"], "anywhere")

    def test_published_ports_are_shown_where_they_lead(self):
        address = inspect("both")["NetworkSettings"]["Networks"]["app"]["IPAddress"]
        for where in "host", "both":
            row = re.search(r"^ +tcp \*:18081 .*$", run_nsmap("show", where, "--width", "250").stdout, re.M)[0]
            for part in f"both {address}:80 httpd[", "dnat ip nat DOCKER #", "(docker) in host", "docker-proxy[":
                self.assertIn(part, row)
        self.assertRegex(run_nsmap("show", "host", "--width", "250").stdout,
                         r"masquerades +172\.17\.0\.0/16, not out docker0 · ip nat POSTROUTING #\d+")
        for form in "dot", "mermaid":
            self.assertRegex(run_nsmap("graph", "--format", form).stdout, rf"host:18081 → {address}:80 httpd")
        page = WORK / "published.html"
        self.assertEqual(run_nsmap("graph", "-o", page).returncode, 0)
        self.assertIn(f'"what":"both {address}:80 httpd[', page.read_text())

    def test_anonymised_firewall_means_the_same(self):
        original, other = WORK / "original.json", WORK / "other.json"
        self.assertEqual(run_nsmap("snapshot", "-o", original).returncode, 0)
        self.assertEqual(run_nsmap("snapshot", "--anonymise", "--from", original, "-o", other).returncode, 0)

        def ports(file):
            return [(port["protocol"], port["port"], port["reach"]["from"],
                     [(answer["how"], answer["to"]["port"],
                       [(rule["table"], rule["chain"], rule["handle"], rule["writer"]["name"])
                        for rule in answer.get("rules", [])])
                      for answer in port["answers"] if "to" in answer])
                    for port in nsmap("ports", "host", "--from", file, "--json")]

        def rules(file):
            return [[(rule["handle"], rule.get("nat"), rule["writer"]["name"]) for rule in chain["rules"]]
                    for ns in nsmap("rules", "--from", file, "--json") for chain in ns["chains"]]

        self.assertEqual(ports(original), ports(other))
        self.assertEqual(rules(original), rules(other))
        text = other.read_text()
        for name in "web", "both", "closed":
            self.assertNotIn(f'"{name}"', text)
            for network in inspect(name)["NetworkSettings"]["Networks"].values():
                self.assertNotIn(network["IPAddress"], text)
                self.assertNotIn("".join(f"{int(part):02x}" for part in network["IPAddress"].split(".")), text)

    def test_rules_load_again(self):
        self.assertRulesLoadAgain()

    def test_who_talks_to_a_published_port(self):
        sh("""
            ip netns add caller
            ip link add up0 type veth peer name eth0 netns caller
            ip addr add 203.0.113.2/24 dev up0 && ip link set up0 up
            ip -n caller addr add 203.0.113.1/24 dev eth0 && ip -n caller link set eth0 up
        """)
        self.addCleanup(lambda: sh("ip netns del caller; ip link del up0", check=False))
        client = subprocess.Popen(["ip", "netns", "exec", "caller", "busybox", "nc", "203.0.113.2", "18081"],
                                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.stdin.close)
        # Until the server accepts it, the connection is nobody's there.
        (flow,) = wait_for(lambda: [each for each in nsmap("flows", "both", "--json")
                                    if each["client"].get("pid") == client.pid and "pid" in each["server"]],
                           "the flow")
        self.assertEqual((flow["client"]["title"], flow["to"], flow["to_port"]),
                         ("caller", "203.0.113.2", 18081))
        self.assertEqual((flow["server"]["title"], flow["server"]["container"], flow["server"]["port"]),
                         ("both", "both", 80))
        self.assertEqual(len(flow["nat"]), 1)

    def test_mounts_in_dockers_mount_namespace(self):
        told = inspect("web")["NetworkSettings"]["SandboxKey"]
        mount_ns = os.stat(f"/proc/{dockerd_pid()}/ns/mnt").st_ino
        self.assertNotEqual(mount_ns, os.stat("/proc/self/ns/mnt").st_ino)
        _, ns, _ = self.own("web")
        path = harness.from_root(told.replace("/var/run", "/run"))
        self.assertHeld(ns, "bind_mount", path=path, mnt_ns=mount_ns)

    def test_the_map_names_them(self):
        text = run_nsmap("--width", "160").stdout
        for word in "web", "both", "closed", "alone", "bb:1", "docker0":
            self.assertIn(word, text)

    def test_hostile_label_in_pictures(self):
        svg = WORK / "docker.svg"
        self.assertEqual(run_nsmap("graph", "-o", svg).returncode, 0)
        self.assertNotIn("<script>", svg.read_text())

    def test_is_rebuilt_as_a_lab(self):
        exported = harness.run_nsmap("lab", "export", "--name", "again").stdout
        self.assertIn("docker0: {kind: bridge", exported)
        self.assertEqual(harness.exported_again(exported), exported)

    def test_shown_by_name(self):
        done = run_nsmap("show", "web")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(inspect("web")["NetworkSettings"]["IPAddress"], done.stdout)


    def test_a_container_without_a_network_is_let_out(self):
        sh("""
            ip netns add internet
            ip link add up0 type veth peer name eth0 netns internet
            ip addr add 203.0.113.2/24 dev up0 && ip link set up0 up
            ip -n internet addr add 203.0.113.1/24 dev eth0 && ip -n internet link set eth0 up
        """)
        self.addCleanup(lambda: sh("ip netns del internet; ip link del up0", check=False))
        rules = sh("iptables-save; ip6tables-save")
        docker("run -d --name outbound --network none bb:1")
        self.addCleanup(lambda: docker("rm -f outbound"))
        said = run_nsmap("ns", "internet", "outbound")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.assertIn("@outbound ⇄ to-outbound", said.stdout)
        self.assertIn("chain ip filter FORWARD drops what no rule accepts: outbound may need one",
                      said.stdout)
        ping = "exec outbound ping -c1 -w3 203.0.113.1"
        self.assertNotIn("1 packets received", docker(ping, check=False), "Docker's policy holds")
        for direction in "-i", "-o":
            sh(f"iptables -I DOCKER-USER {direction} to-outbound -j ACCEPT")
        self.assertIn("1 packets received", docker(ping))
        for direction in "-i", "-o":
            sh(f"iptables -D DOCKER-USER {direction} to-outbound -j ACCEPT")
        done = run_nsmap("ns", "internet", "outbound", "--off")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("to-outbound", sh("ip -o link"))
        self.assertEqual(counted_out(sh("iptables-save; ip6tables-save")), counted_out(rules))

    def test_two_containers_that_docker_keeps_apart_are_joined(self):
        docker("run -d --name lonely --network none bb:1")
        self.addCleanup(lambda: docker("rm -f lonely"))
        done = run_nsmap("ns", "connect", "alone", "lonely", "--addr4", "192.0.2.1/30,192.0.2.2/30")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("1 packets received", docker("exec alone ping -c1 -w3 192.0.2.2"))
        done = run_nsmap("ns", "exec", "lonely", "--", "ip", "-j", "link", "del", "eth0")
        self.assertEqual((done.returncode, done.stderr), (0, ""))


def counted_out(rules):
    """Rules without their counters and the times of iptables-save."""
    return [re.sub(r"\[\d+:\d+\]", "", line) for line in rules.splitlines()
            if not line.startswith("#")]


class Swarm(TestCase):
    """Swarm keeps namespaces that no process is in."""

    @classmethod
    def setUpClass(cls):
        os.environ["DOCKER_HOST"] = f"unix://{SOCKET}"

    def test_namespaces_without_a_process(self):
        # The fixed IPv6 prefix and swarm do not go together: a daemon of its own.
        with daemon(["unshare", "-m", "dockerd", "--data-root", f"{WORK}/swarm", "--exec-root",
                     "/run/swarm", "-H", f"unix://{SOCKET}", "-p", f"{WORK}/swarm.pid"],
                    lambda: subprocess.run(["/usr/bin/docker", "info"],
                                           capture_output=True).returncode == 0,
                    "dockerd", WORK / "swarm.log"):
            sh(f"tar -C {busybox_tree(WORK / 'root')} -c . | /usr/bin/docker import "
               "-c 'CMD [\"/bin/sleep\",\"1000\"]' - bb:1")
            docker("swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1")
            docker("network create -d overlay over")
            docker("service create -d --name svc --network over --replicas 1 bb:1", timeout=60)
            wait_for(lambda: docker("ps -q"), "the service's container", 30)
            time.sleep(1)
            pid = dockerd_pid("swarm.pid")
            lines = pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
            mounts = {line.split()[3]: line.split()[4] for line in lines if " - nsfs " in line}
            snapshot = nsmap()
            docker("swarm leave --force")
        self.assertGreaterEqual(len(mounts), 4, mounts)
        found = {f"net:[{ns['id']['ino']}]": ns for ns in snapshot["namespaces"]}
        for root, path in mounts.items():
            with self.subTest(path):
                self.assertIn(root, found, diagnostics(snapshot))
                self.assertIn(os.path.basename(path),
                              [name["name"] for name in found[root]["names"]])
        empty = [ns for ns in found.values()
                 if not any(each["kind"] == "process" for each in ns["holders"])]
        self.assertGreaterEqual(len(empty), 3)
        self.assertTrue(any(each["kind"] == "vxlan" for ns in empty for each in ns["links"]))


def dockerd_pid(file="docker.pid"):
    return int((WORK / file).read_text())


if __name__ == "__main__":
    harness.main("dockerd", "/usr/bin/docker", "containerd", "busybox", "iptables")
