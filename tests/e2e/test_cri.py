"""A Kubernetes node: pods run through containerd's CRI with CNI plugins, named as their pods are."""

import contextlib
import json
import os
import pathlib

import harness
from cri.client import Cri
from harness import WORK, TestCase, busybox_tree, daemon, inode, link, namespace, nsmap, run_nsmap, sh

CONTAINERD = f"""
version = 2
root = "{WORK}/root"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  # The sandbox's oom_score_adj may only go down with CAP_SYS_RESOURCE.
  restrict_oom_score_adj = true
  sandbox_image = "localhost/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{WORK}/net.d"
"""

NETWORK = {
    "cniVersion": "0.4.0", "name": "podnet",
    "plugins": [
        {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": True,
         "ipam": {"type": "host-local", "dataDir": f"{WORK}/ipam",
                  "ranges": [[{"subnet": "10.244.1.0/24"}], [{"subnet": "fd00:244::/64"}]],
                  "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}},
        {"type": "portmap", "capabilities": {"portMappings": True}}],
}


def make_image(name, command):
    """Imports busybox as an image, by way of a Docker archive written by hand."""
    root, archive = busybox_tree(WORK / "tree"), WORK / "archive"
    archive.mkdir(exist_ok=True)
    sh(f"tar -C {root} -cf {archive}/layer.tar .")
    layer = sh(f"sha256sum {archive}/layer.tar").split()[0]
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": command},
              "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]}}
    (archive / "config.json").write_text(json.dumps(config))
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    (archive / "manifest.json").write_text(json.dumps(manifest))
    sh(f"tar -C {archive} -cf {WORK}/image.tar manifest.json config.json layer.tar && "
       f"ctr -n k8s.io images import {WORK}/image.tar")


class Node(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        (WORK / "net.d").mkdir()
        (WORK / "net.d/10-podnet.conflist").write_text(json.dumps(NETWORK))
        (WORK / "containerd.toml").write_text(CONTAINERD)
        cls.stack.enter_context(daemon(
            ["containerd", "-c", str(WORK / "containerd.toml")],
            lambda: os.path.exists("/run/containerd/containerd.sock"), "containerd",
            WORK / "containerd.log"))
        make_image("localhost/pause:1", ["/bin/sleep", "1000"])
        cls.cri = Cri("/run/containerd/containerd.sock", WORK)
        harness.wait_for(cls.cri.ready, "the node's network")
        cls.pods = {
            "web": cls.cri.run_pod("web", "shop", ["nginx", "sidecar"], "localhost/pause:1",
                                   ports=[(30080, 80)]),
            "db": cls.cri.run_pod("db", "shop", ["postgres"], "localhost/pause:1"),
            "agent": cls.cri.run_pod("agent", "kube-system", ["agent"], "localhost/pause:1",
                                     host_network=True),
        }
        cls.snapshot = nsmap()

    @classmethod
    def tearDownClass(cls):
        for pod in cls.pods.values():
            cls.cri.remove_pod(pod["id"])

    def container(self, identity):
        found = [c for c in self.snapshot["containers"] if c["id"] == identity]
        self.assertEqual(len(found), 1, self.snapshot["containers"])
        return found[0]

    def test_pods_are_named(self):
        for name, pod in self.pods.items():
            with self.subTest(name):
                told = self.container(pod["id"])
                space = "kube-system" if name == "agent" else "shop"
                self.assertEqual(told["pod"], {"name": name, "namespace": space, "uid": pod["uid"]})
                self.assertTrue(told["sandbox"])
                self.assertEqual(told["pid"], pod["pid"])
                for each, identity in pod["containers"].items():
                    container = self.container(identity)
                    self.assertEqual(container["name"], each)
                    self.assertEqual(container["pod"], told["pod"])
                    self.assertEqual(container["net"], told["net"])
                    self.assertFalse(container.get("sandbox", False))

    def test_namespaces(self):
        for name in "web", "db":
            with self.subTest(name):
                pod = self.pods[name]
                ns = namespace(self.snapshot, inode(os.path.basename(pod["netns"])))
                path = pod["netns"].replace("/var/run/", "/run/")
                self.assertHeld(ns, "bind_mount", path=path)
                self.assertHeld(ns, "process", pid=pod["pid"])
                self.assertEqual(self.container(pod["id"])["net"], ns["id"])

    def test_host_network_pod(self):
        self.assertEqual(self.container(self.pods["agent"]["id"])["net"], harness.netns_of())

    def test_addresses_are_those_of_cni(self):
        for name in "web", "db":
            with self.subTest(name):
                pod = self.pods[name]
                results = [json.loads(file.read_text())
                           for file in pathlib.Path("/var/lib/cni/results").glob(f"*{pod['id']}*eth0")]
                told = {ip["address"] for ip in results[0]["result"]["ips"]}
                ns = namespace(self.snapshot, inode(os.path.basename(pod["netns"])))
                ours = {f"{a['address']}/{a['prefix']}" for a in ns["addresses"]
                        if a["scope"] == "global"}
                self.assertEqual(ours, told)
                self.assertIn(pod["ip"], {each.split("/")[0] for each in told})

    def test_wires(self):
        host = namespace(self.snapshot, harness.netns_of()["ino"])
        bridge = link(host, "cni0")
        for name in "web", "db":
            ns = namespace(self.snapshot, inode(os.path.basename(self.pods[name]["netns"])))
            peer = link(ns, "eth0")["peer"]
            self.assertEqual(peer["namespace"], host["id"])
            port = next(each for each in host["links"] if each["index"] == peer["index"])
            self.assertEqual(port["master"], bridge["index"])

    def test_rules_load_again(self):
        self.assertRulesLoadAgain()

    def test_pod_name_first(self):
        text = run_nsmap("--width", "160").stdout
        for word in "web", "db", "shop", "cni0":
            self.assertIn(word, text)
        done = run_nsmap("show", "web")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.pods["web"]["ip"], done.stdout)


if __name__ == "__main__":
    harness.main("containerd", "runc", "ctr", "protoc", "/usr/lib/cni/bridge", "busybox", "iptables")
