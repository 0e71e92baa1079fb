"""Every source of namespaces, each with a real holder of its kind and nothing else."""

import os
import pathlib
import time

import harness
from harness import (WORK, TestCase, diagnostics, hold, inode, link, named, namespace, netns,
                     netns_of, nsmap, sh)


def mount_inode():
    return os.stat("/proc/self/ns/mnt").st_ino


class OneHolderEach(TestCase):
    """The namespace has the one holder that was made, whole, and no other."""

    def only_holder(self, mode, *arguments):
        """(holder process, its namespace in a snapshot, the namespace's only holder)."""
        with hold(mode, *arguments) as holder:
            snapshot = nsmap()
        ns = namespace(snapshot, holder.ino)
        self.assertIsNotNone(ns, f"{mode}: not found\n{diagnostics(snapshot)}")
        self.assertEqual(len(ns["holders"]), 1, ns["holders"])
        self.assertEqual(ns["id"]["dev"], netns_of()["dev"])
        return holder, ns, ns["holders"][0]

    def test_process(self):
        holder, _, found = self.only_holder("process")
        self.assertEqual(found, {**found, "kind": "process", "pid": holder.pid})

    def test_thread(self):
        holder, _, found = self.only_holder("thread")
        self.assertEqual(found, {**found, "kind": "thread", "pid": holder.pid, "tid": holder.tid})

    def test_thread_of_a_zombie_leader(self):
        holder, _, found = self.only_holder("zombie-leader")
        self.assertEqual(found, {**found, "kind": "thread", "pid": holder.pid, "tid": holder.tid})

    def test_descriptor(self):
        holder, _, found = self.only_holder("fd")
        self.assertEqual(found, {**found, "kind": "fd", "pid": holder.pid, "fd": holder.fd})
        self.assertNotIn("tid", found)

    def test_descriptor_in_a_threads_own_table(self):
        holder, _, found = self.only_holder("thread-fd")
        self.assertEqual(found, {**found, "kind": "fd", "pid": holder.pid, "tid": holder.tid,
                                 "fd": holder.fd})

    def test_sockets(self):
        for family in "inet", "inet6", "netlink", "packet", "unix":
            with self.subTest(family):
                holder, _, found = self.only_holder("socket", family)
                self.assertEqual(found, {**found, "kind": "socket", "pid": holder.pid,
                                         "fd": holder.fd})

    def test_tap(self):
        holder, ns, found = self.only_holder("tun", "tap7")
        self.assertEqual(found, {**found, "kind": "tun", "pid": holder.pid, "fd": holder.fd})
        tap = link(ns, "tap7")
        self.assertEqual(found["link"], {"namespace": ns["id"], "index": tap["index"]})
        self.assertEqual(tap["served_by"], [{"pid": holder.pid, "fd": holder.fd}])

    def test_mount_in_another_mount_namespace(self):
        holder, _, found = self.only_holder("mount-elsewhere", WORK)
        self.assertEqual(found, {**found, "kind": "bind_mount",
                                 "path": harness.from_root(holder.path), "mnt_ns": holder.mnt})

    def test_mount_in_a_mount_namespace_without_a_process(self):
        holder, _, found = self.only_holder("mount-by-fd", WORK)
        self.assertEqual(found, {**found, "kind": "bind_mount",
                                 "path": harness.from_root(holder.path), "mnt_ns": holder.mnt})

    def test_all_at_once(self):
        modes = [("process",), ("thread",), ("zombie-leader",), ("fd",), ("thread-fd",),
                 ("socket", "inet"), ("tun", "tap7"), ("mount-elsewhere", WORK)]
        holders = [harness.Helper([harness.HOLDERS, *map(str, mode)]) for mode in modes]
        try:
            snapshot = nsmap()
        finally:
            for holder in holders:
                holder.stop()
        expected = {holder.ino for holder in holders} | {netns_of()["ino"]}
        self.assertEqual({ns["id"]["ino"] for ns in snapshot["namespaces"]}, expected)


class RunNetns(TestCase):
    def test_named(self):
        with netns("red"):
            snapshot = nsmap()
            ino = inode("red")
        ns = namespace(snapshot, ino)
        self.assertEqual(ns["names"], [{"name": "red", "source": "netns",
                                        "path": "/run/netns/red"}])
        self.assertEqual(self.holders(ns, "bind_mount")[0]["path"], "/run/netns/red")
        self.assertEqual(self.holders(ns, "bind_mount")[0]["mnt_ns"], mount_inode())
        self.assertEqual(len(ns["holders"]), 1, ns["holders"])

    def test_two_names_of_one(self):
        with netns("red"), hold("process") as holder:
            sh(f"ip netns attach also {holder.pid} && ip netns attach too {holder.pid}")
            try:
                ns = namespace(nsmap(), holder.ino)
            finally:
                sh("ip netns del also; ip netns del too")
        self.assertEqual({name["name"] for name in ns["names"]}, {"also", "too"})
        self.assertEqual({each["path"] for each in self.holders(ns, "bind_mount")},
                         {"/run/netns/also", "/run/netns/too"})

    def test_stale_file(self):
        with netns("red"):
            pathlib.Path("/run/netns/stale").touch()
            snapshot = nsmap()
            os.unlink("/run/netns/stale")
        self.assertIsNone(named(snapshot, "stale"))
        self.assertIn("/run/netns/stale", diagnostics(snapshot))

    def test_shadowed_entry(self):
        with netns("red"):
            ino = inode("red")
            cover = WORK / "cover"
            cover.touch()
            sh(f"mount --bind {cover} /run/netns/red")
            snapshot = nsmap()
            sh("umount /run/netns/red")
        self.assertIsNone(named(snapshot, "red"), "the name leads elsewhere")
        self.assertIn("/run/netns/red", diagnostics(snapshot))
        self.assertHeld(namespace(snapshot, ino), "bind_mount", path="/run/netns/red")

    def test_one_namespace_over_another(self):
        with netns("red", "blue"):
            red, blue = inode("red"), inode("blue")
            sh("mount --bind /run/netns/blue /run/netns/red")
            snapshot = nsmap()
            sh("umount /run/netns/red")
        called_red = [ns["id"]["ino"] for ns in snapshot["namespaces"]
                      if any(each["name"] == "red" for each in ns["names"])]
        self.assertEqual(called_red, [blue], f"{red} is covered")

    def test_process_in_a_named_namespace(self):
        with netns("red"):
            sleeper = harness.Helper(["nsenter", "--net=/run/netns/red", "sh", "-c",
                                      "echo '{}'; exec sleep 100"])
            ns = named(nsmap(), "red")
            sleeper.stop()
        self.assertHeld(ns, "process", pid=sleeper.process.pid)
        self.assertEqual(len(ns["holders"]), 2, ns["holders"])


class Hidden(TestCase):
    def test_peer_in_a_namespace_nobody_shows(self):
        with hold("in-flight", "inner0", "outer0") as holder:
            sh("ip link set outer0 up")
            snapshot = nsmap()
            own = named_own(snapshot)
        outer = link(own, "outer0")
        hidden = [ns for ns in snapshot["namespaces"] if ns["id"]["dev"] == 0]
        self.assertIsNone(namespace(snapshot, holder.ino), "nothing shows its inode")
        self.assertEqual([ns["id"] for ns in hidden], [{"dev": 0, "ino": 1}])
        proof = hidden[0]["holders"][0]
        self.assertEqual(proof["kind"], "link")
        self.assertEqual(proof["link"], {"namespace": own["id"], "index": outer["index"]})
        self.assertEqual(proof["nsid"], outer["link_nsid"])
        self.assertEqual(outer["peer"], {"namespace": hidden[0]["id"], "index": outer["link"]})
        # The kernel takes a namespace down some time after its last holder is gone.
        harness.wait_for(lambda: "outer0" not in sh("ip -o link"), "outer0 to go with its peer")


class NothingInvented(TestCase):
    def test_at_rest(self):
        snapshot = nsmap()
        self.assertEqual([ns["id"] for ns in snapshot["namespaces"]], [netns_of()])
        self.assertTrue(snapshot["namespaces"][0]["host"])
        self.assertEqual(snapshot.get("diagnostics", []), [])

    def test_gone_is_gone(self):
        with netns("red"), hold("fd") as holder:
            nsmap()
        time.sleep(0.2)
        self.assertIsNone(namespace(nsmap(), holder.ino))

    def test_leaves_nothing(self):
        with netns("red"), hold("mount-by-fd", WORK):
            before = pathlib.Path("/proc/self/mountinfo").read_text()
            nsmap()
            self.assertEqual(pathlib.Path("/proc/self/mountinfo").read_text(), before)
            children = sh("ps -e -o comm=")
        self.assertNotIn("nsmap", children)


class Owner(TestCase):
    def test_user_namespace(self):
        harness.need_user_namespaces()
        with netns("red"):
            sleeper = harness.Helper(["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups",
                                      "unshare", "--user", "--net", "sh", "-c",
                                      "echo '{}'; exec sleep 100"])
            ino = os.stat(f"/proc/{sleeper.process.pid}/ns/net").st_ino
            user = os.stat(f"/proc/{sleeper.process.pid}/ns/user").st_ino
            ns = namespace(nsmap(), ino)
            sleeper.stop()
        self.assertEqual(ns["owner_userns"], {"ino": user, "uid": 1234})


def named_own(snapshot):
    """The namespace the test itself lives in."""
    return namespace(snapshot, netns_of()["ino"])


if __name__ == "__main__":
    harness.main()
