"""Podman's containers, root's and a user's, every network mode, held against `podman inspect`."""

import json
import os
import pathlib

import harness
from harness import WORK, TestCase, busybox_tree, inode, link, namespace, nsmap, run_nsmap, sh

CONFIG = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
USER = "nsmap-e2e"
UID = 61234


class Podman(TestCase):
    """What root's and a user's containers have in common."""

    prefix = ""

    @classmethod
    def podman(cls, command, **options):
        return sh(f"{cls.prefix} podman {command}", **options).strip()

    @classmethod
    def inspect(cls, name):
        return json.loads(cls.podman(f"inspect {name}"))[0]

    def own(self, name):
        """(the container in the snapshot, its namespace, what `podman inspect` says)."""
        told = self.inspect(name)
        found = [c for c in self.snapshot["containers"] if c["id"] == told["Id"]]
        self.assertEqual(len(found), 1, f"{name}: {self.snapshot['containers']}")
        ino = os.stat(f"/proc/{told['State']['Pid']}/ns/net").st_ino
        ns = namespace(self.snapshot, ino)
        self.assertIsNotNone(ns, name)
        self.assertEqual(found[0]["net"], ns["id"])
        self.assertEqual(found[0]["pid"], told["State"]["Pid"])
        self.assertEqual(found[0]["name"], told["Name"])
        self.assertEqual(found[0]["runtime"], "podman")
        return found[0], ns, told

    def addresses(self, ns):
        return {a["address"] for a in ns["addresses"]}


class Root(Podman):
    @classmethod
    def setUpClass(cls):
        config = WORK / "containers.conf"
        config.write_text(CONFIG + f'[network]\nnetwork_config_dir = "{WORK}/networks"\n')
        os.environ["CONTAINERS_CONF"] = str(config)
        cls.prefix = f"CONTAINERS_STORAGE_CONF={storage(WORK / 'root-storage')} "
        sh(f"tar -C {busybox_tree(WORK / 'root')} -cf {WORK}/bb.tar .")
        cls.podman(f"import -c 'CMD [\"/bin/httpd\",\"-f\",\"-p\",\"80\",\"-h\",\"/www\"]' {WORK}/bb.tar bb:1")
        cls.podman("network create --disable-dns app")
        for name, options in {"web": "-p 18080:80", "app1": "--network app", "alone": "--network none",
                              "side": "--network container:web", "onhost": "--network host"}.items():
            command = "/bin/sleep 1000" if name in ("side", "onhost") else ""
            cls.podman(f"run -d --name {name} {options} bb:1 {command}")
        cls.podman("pod create --name group -p 18090:80")
        cls.podman("run -d --pod group --name member bb:1")
        cls.snapshot = nsmap()

    @classmethod
    def tearDownClass(cls):
        cls.podman("pod rm -f -t 0 group; podman rm -f -t 0 -a", check=False)

    def test_bridge_networks(self):
        for name in "web", "app1":
            with self.subTest(name):
                _, ns, told = self.own(name)
                for network in told["NetworkSettings"]["Networks"].values():
                    self.assertIn(network["IPAddress"], self.addresses(ns))
                    self.assertIn(network["MacAddress"], {each.get("mac") for each in ns["links"]})

    def test_published_ports_lead_into_their_containers(self):
        ports = {port["port"]: port for port in nsmap("ports", "host", "--json")}
        for number, name in (18080, "web"), (18090, "group"):
            with self.subTest(name):
                answer = next(a for a in ports[number]["answers"] if a["how"] == "dnat")
                self.assertEqual((answer["to"]["port"], answer["to"]["command"]), (80, "httpd"))
                told = self.inspect("web" if name == "web" else "member")
                self.assertEqual(answer["to"]["pid"], told["State"]["Pid"])
                self.assertEqual(ports[number]["reach"]["from"], "anywhere")

    def test_published_ports_are_shown_where_they_lead(self):
        address = self.inspect("web")["NetworkSettings"]["Networks"]["podman"]["IPAddress"]
        shown = run_nsmap("show", "web", "--width", "200").stdout
        self.assertRegex(shown, rf"tcp \*:18080 +host +web {address}:80 httpd\[\d+\] .*dnat ip nat NETAVARK-DN-")
        self.assertRegex(run_nsmap("show", "host", "--width", "200").stdout,
                         r"masquerades +10\.88\.0\.0/16, not to 224\.0\.0\.0/4, not to 10\.88\.0\.0/16 · "
                         r"ip nat NETAVARK-")

    def test_rules_load_again(self):
        self.assertRulesLoadAgain()

    def test_netns_file(self):
        _, ns, told = self.own("web")
        path = told["NetworkSettings"]["SandboxKey"]
        self.assertEqual(inode(os.path.basename(path)), ns["id"]["ino"])
        self.assertHeld(ns, "bind_mount", path=path)

    def test_modes(self):
        self.assertEqual(self.own("onhost")[1]["id"], harness.netns_of())
        self.assertEqual(self.own("side")[1]["id"], self.own("web")[1]["id"])
        self.assertEqual([each["name"] for each in self.own("alone")[1]["links"]], ["lo"])

    def test_pod(self):
        infra = self.podman("pod inspect -f '{{.InfraContainerID}}' group")
        member, ns, _ = self.own("member")
        sandbox = next(c for c in self.snapshot["containers"] if c["id"] == infra)
        self.assertEqual(sandbox["net"], ns["id"])
        self.assertTrue(sandbox["sandbox"])
        self.assertFalse(member.get("sandbox", False))

    def test_image(self):
        self.assertIn("bb:1", self.own("web")[0]["image"])

    def test_the_map_names_them(self):
        text = run_nsmap("--width", "160").stdout
        for word in "web", "app1", "alone", "member":
            self.assertIn(word, text)


class Rootless(Podman):
    @classmethod
    def setUpClass(cls):
        harness.need("slirp4netns", "newuidmap")
        harness.need_user_namespaces()
        make_user()
        home, runtime = WORK / "home", pathlib.Path(f"/run/user/{UID}")
        for path in home, runtime:
            path.mkdir(parents=True, exist_ok=True)
            os.chown(path, UID, UID)
        (home / "containers.conf").write_text(CONFIG)
        cls.prefix = (f"cd {home} && setpriv --reuid={UID} --regid={UID} --clear-groups env -i "
                      f"PATH=$PATH HOME={home} USER={USER} XDG_RUNTIME_DIR={runtime} "
                      f"CONTAINERS_CONF={home}/containers.conf ")
        sh(f"tar -C {busybox_tree(WORK / 'root')} -cf {WORK}/bb.tar . && chmod 644 {WORK}/bb.tar")
        cls.podman(f"import -c 'CMD [\"/bin/sleep\",\"1000\"]' {WORK}/bb.tar bb:1")
        cls.podman("run -d --name slirp bb:1")
        cls.podman("network create --disable-dns mine")
        cls.podman("run -d --name bridged --network mine bb:1")
        cls.snapshot = nsmap()

    @classmethod
    def tearDownClass(cls):
        cls.podman("rm -f -t 0 -a", check=False)

    def test_tied_to_its_user(self):
        for name in "slirp", "bridged":
            with self.subTest(name):
                container, ns, _ = self.own(name)
                self.assertEqual(container["user"], UID)
                self.assertEqual(ns["owner_userns"]["uid"], UID)

    def test_tap_tied_to_its_server(self):
        _, ns, _ = self.own("slirp")
        servers = [each["pid"] for each in link(ns, "tap0")["served_by"]]
        told = {process["pid"]: process["comm"] for process in self.snapshot["processes"]}
        self.assertIn("slirp4netns", [told[pid] for pid in servers])

    def test_mounts_in_the_users_mount_namespace(self):
        _, ns, told = self.own("slirp")
        path = told["NetworkSettings"]["SandboxKey"]
        mounts = [m for m in self.holders(ns, "bind_mount") if m["path"] == path]
        self.assertTrue(mounts, ns["holders"])
        self.assertNotEqual(mounts[0]["mnt_ns"], os.stat("/proc/self/ns/mnt").st_ino)

    def test_bridge_in_the_users_own_namespace(self):
        _, ns, _ = self.own("bridged")
        eth0 = link(ns, "eth0")
        middle = namespace(self.snapshot, eth0["peer"]["namespace"]["ino"])
        self.assertIsNotNone(middle)
        self.assertNotEqual(middle["id"], harness.netns_of())
        port = next(each for each in middle["links"] if each["index"] == eth0["peer"]["index"])
        self.assertEqual(port["master_kind"], "bridge")


def storage(path):
    """A storage.conf that keeps everything under a path."""
    path.mkdir(parents=True, exist_ok=True)
    config = path / "storage.conf"
    config.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{path}/graph"\n'
                      f'runroot = "/run/containers/storage"\n')
    return config


def make_user():
    """A user with subordinate ids, in the test's own layer of /etc."""
    for file, line in {"passwd": f"{USER}:x:{UID}:{UID}::{WORK}/home:/bin/sh",
                       "group": f"{USER}:x:{UID}:", "subuid": f"{USER}:700000:65536",
                       "subgid": f"{USER}:700000:65536"}.items():
        with open(f"/etc/{file}", "a") as users:
            users.write(line + "\n")
    # The device node is root's own in the image: a copy of it, open to all, in its place.
    sh(f"mkdir -p {WORK}/dev && mount -t tmpfs -o dev,mode=755 dev {WORK}/dev && "
       f"mknod -m 666 {WORK}/dev/tun c 10 200 && mount --bind {WORK}/dev/tun /dev/net/tun")


if __name__ == "__main__":
    harness.main("podman", "runc", "busybox", "/usr/lib/podman/netavark", "iptables")
