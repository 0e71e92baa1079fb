"""systemd-nspawn machines, and units with namespaces of their own in a systemd booted in one."""

import contextlib
import os
import pathlib
import signal
import subprocess

import harness
from harness import WORK, TestCase, busybox_tree, link, namespace, nsmap, run_nsmap, sh, wait_for


def child_of(pid):
    """The first child of a process, 0 while it has none."""
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text() if alive(pid) else ""
    return int(text.split()[0]) if text.split() else 0


def alive(pid):
    return os.path.exists(f"/proc/{pid}")


@contextlib.contextmanager
def machine(name, root, *options):
    """A running machine; gives the pid of its first process."""
    # A fresh /run lacks what tells nspawn that it may make scopes; it is told not to try.
    spawned = subprocess.Popen(
        ["systemd-nspawn", "-q", "-D", str(root), "--register=no", "--keep-unit", "-M", name, *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def inner():
        if spawned.poll() is not None:
            raise AssertionError(f"systemd-nspawn: {spawned.stderr.read()}")
        return leader_of(spawned.pid)
    try:
        yield wait_for(inner, f"machine {name}")
    finally:
        spawned.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            spawned.wait(5)
        spawned.kill()
        spawned.wait()
        spawned.stderr.close()


def leader_of(spawned):
    """The process of the machine that is pid 1 in its own pid namespace."""
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines()
                          if ":\t" in line)
            if fields["NSpid"].split()[-1] == "1" and descends(int(fields["Pid"]), spawned):
                return int(fields["Pid"])
    return 0


def descends(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            pid = int(stat.read().rsplit(")", 1)[1].split()[1])
    return False


class Machines(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        sh("ip link add nsbr type bridge && ip link set nsbr up && "
           "ip link add par0 type veth peer name par1 && ip link set par0 up")
        # nspawn takes only what udev has seen to; without udev, its note of that is written by hand.
        sh("mkdir -p /run/udev/data && echo I:1 > /run/udev/data/n$(cat /sys/class/net/par0/ifindex)")
        cls.pids = {}
        for name, options in {"m-veth": ["--network-veth"], "m-bridge": ["--network-bridge=nsbr"],
                              "m-macvlan": ["--network-macvlan=par0"],
                              "m-private": ["--private-network"], "m-host": []}.items():
            root = busybox_tree(WORK / name)
            cls.pids[name] = cls.stack.enter_context(
                machine(name, root, *options, "/bin/sleep", "1000"))
        wait_for(lambda: cls.settled(), "the machines' links")
        cls.snapshot = nsmap()

    @classmethod
    def settled(cls):
        """nspawn moves interfaces into a machine after its first process has begun."""
        return all("sleep" in pathlib.Path(f"/proc/{pid}/comm").read_text()
                   for pid in cls.pids.values())

    def own(self, name):
        ns = namespace(self.snapshot, os.stat(f"/proc/{self.pids[name]}/ns/net").st_ino)
        found = [c for c in self.snapshot["containers"] if c["name"] == name]
        self.assertEqual(len(found), 1, self.snapshot["containers"])
        self.assertEqual((found[0]["runtime"], found[0]["pid"], found[0]["net"]),
                         ("nspawn", self.pids[name], ns["id"]))
        return ns

    def host(self):
        return namespace(self.snapshot, harness.netns_of()["ino"])

    def test_veth(self):
        ns = self.own("m-veth")
        self.assertEqual(link(self.host(), "ve-m-veth")["peer"],
                         {"namespace": ns["id"], "index": link(ns, "host0")["index"]})

    def test_bridge(self):
        ns, host = self.own("m-bridge"), self.host()
        port = link(host, "vb-m-bridge")
        self.assertEqual(port["peer"], {"namespace": ns["id"], "index": link(ns, "host0")["index"]})
        self.assertEqual(port["master"], link(host, "nsbr")["index"])

    def test_macvlan(self):
        self.assertEqual(link(self.own("m-macvlan"), "mv-par0")["parent"],
                         {"namespace": self.host()["id"],
                          "index": link(self.host(), "par0")["index"]})

    def test_private_and_host(self):
        self.assertEqual([each["name"] for each in self.own("m-private")["links"]], ["lo"])
        self.assertEqual(self.own("m-host")["id"], harness.netns_of())

    def test_the_map_names_them(self):
        text = run_nsmap("--width", "160").stdout
        for name in "m-veth", "m-bridge", "m-macvlan":
            self.assertIn(name, text)


class Units(TestCase):
    """PrivateNetwork= and JoinsNamespaceOf= of a real systemd, booted from an overlay of this system."""

    @classmethod
    def setUpClass(cls):
        for directory in "upper", "work", "merged":
            (WORK / directory).mkdir()
        # Everything under / but the tree itself is left out of an overlay's lower layer.
        sh(f"mount -t overlay o -o lowerdir=/,upperdir={WORK}/upper,workdir={WORK}/work {WORK}/merged")
        units = WORK / "merged/etc/systemd/system"
        service = "[Service]\nType=exec\nPrivateNetwork=yes\nExecStart=/bin/sleep 1000\n"
        (units / "first.service").write_text(service)
        (units / "second.service").write_text(
            "[Unit]\nJoinsNamespaceOf=first.service\nAfter=first.service\n" + service)
        (units / "e2e.target").write_text("[Unit]\nWants=first.service second.service\n")
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.pid = cls.stack.enter_context(
            machine("booted", WORK / "merged", "--network-veth", "--kill-signal=SIGRTMIN+3",
                    "/lib/systemd/systemd", "--unit=e2e.target"))
        cls.services = wait_for(cls.both_services, "the units", 30)
        cls.snapshot = nsmap()

    @classmethod
    def both_services(cls):
        found = {}
        for cgroup in pathlib.Path("/proc").glob("[0-9]*/cgroup"):
            with contextlib.suppress(OSError):
                text = cgroup.read_text()
                for unit in "first", "second":
                    if f"/{unit}.service" in text and \
                            (cgroup.parent / "comm").read_text().strip() == "sleep":
                        found[unit] = int(cgroup.parent.name)
        return found if len(found) == 2 else None

    def test_units_share_one_namespace(self):
        inodes = {os.stat(f"/proc/{pid}/ns/net").st_ino for pid in self.services.values()}
        self.assertEqual(len(inodes), 1)
        ns = namespace(self.snapshot, inodes.pop())
        for pid in self.services.values():
            self.assertHeld(ns, "process", pid=pid)
        self.assertEqual([each["name"] for each in ns["links"]], ["lo"])

    def test_units_are_named(self):
        names = {c["name"] for c in self.snapshot["containers"] if c["runtime"] == "systemd"}
        self.assertLessEqual({"first.service", "second.service"}, names)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    harness.main("systemd-nspawn", "busybox")
