"""Labs of ordinary users: made without a privilege, and gone without a trace."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import random
import shutil
import signal
import subprocess
import time

import harness
from harness import TestCase, host_facts, ip_json, sh, wait_for

SHOP = """\
lab: shop
namespaces:
  host:
    links:
      uplink: {peer: {namespace: router, name: up}, addresses: [192.0.2.1/24]}
  router:
    sysctls: {net.ipv4.ip_forward: 1}
    links:
      br0: {kind: bridge, addresses: [10.0.0.1/24]}
  web${i}:
    count: 2
    links:
      eth0:
        peer: {namespace: router, name: "web${i}", master: br0}
        addresses: ["10.0.0.${i+1}/24"]
    nftables: |
      table inet f { chain c { type filter hook input priority 0; }; }
"""
RUNNING = SHOP + """\
    run:
      server: [sleep, "86400"]
"""


class User:
    """Somebody without any privilege, with a $XDG_RUNTIME_DIR or without one."""

    def __init__(self, runtime=True):
        # No user's, whatever else runs on this machine: /tmp is not the test's own.
        self.uid = random.randrange(2_000_000, 3_000_000)
        self.fallback = pathlib.Path(f"/tmp/nsmap-{self.uid}")
        self.runtime = harness.WORK / f"run-{self.uid}"
        self.runtime.mkdir(mode=0o700)
        os.chown(self.runtime, self.uid, self.uid)
        self.records = self.runtime / "nsmap" if runtime else self.fallback
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8",
                            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.environment.pop("XDG_RUNTIME_DIR", None)
        if runtime:
            self.environment["XDG_RUNTIME_DIR"] = str(self.runtime)

    def command(self, *arguments):
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups",
                "--inh-caps=-all", *map(str, arguments)]

    def run(self, *arguments, check=0, **options):
        """Runs a program; `check`: the exit status it must have, None: any."""
        done = subprocess.run(self.command(*arguments), env=self.environment, text=True,
                              capture_output=True, timeout=60, cwd=harness.WORK, **options)
        if check is not None and done.returncode != check:
            raise AssertionError(f"{arguments}: exit {done.returncode}, not {check}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def nsmap(self, *arguments, **options):
        return self.run(PROGRAM, *arguments, **options)

    def lab(self, verb, *arguments, **options):
        return self.nsmap("lab", verb, "--user-ns", *arguments, **options)

    def processes(self):
        """Those that run: {pid: command line}."""
        found = {}
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                status = (path / "status").read_text()
                if f"\nUid:\t{self.uid}\t" in status and "\nState:\tZ" not in status:
                    found[int(path.name)] = (path / "comm").read_text().strip()
        return found

    def keeper(self, lab="shop"):
        return int((self.records / f"{lab}.keeper").read_text().split()[0])

    def left(self):
        """What there is of them."""
        files = [self.fallback, *self.runtime.iterdir()]
        return self.processes(), [str(file) for file in files if os.path.lexists(file)]


PROGRAM = harness.WORK / "nsmap"


def write(text, name="shop.yaml"):
    path = harness.WORK / name
    path.write_text(text)
    return path


def ns_of(pid, kind):
    return os.stat(f"/proc/{pid}/ns/{kind}").st_ino


class UserLabs(TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need_user_namespaces()
        # Where the program is built need not be open to everybody.
        shutil.copy(harness.NSMAP, PROGRAM)
        PROGRAM.chmod(0o755)

    def setUp(self):
        self.users = []
        self.host = self.state()

    def state(self):
        return {"names": os.path.isdir("/run/netns"), "labs": os.path.isdir("/run/nsmap"),
                **host_facts()}

    def tearDown(self):
        for user in self.users:
            wait_for(lambda: user.left() == ({}, []), f"nothing left of a user: {user.left()}", 5)
        self.assertAgain(self.state, self.host)

    def user(self, **options):
        user = User(**options)
        self.users.append(user)
        self.addCleanup(self.end, user)
        return user

    def end(self, user):
        for pid in user.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(user.fallback, ignore_errors=True)

    def one_line(self, done):
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_a_lab_comes_works_and_goes(self):
        user, path = self.user(), write(RUNNING)
        done = user.lab("up", path.name)  # as seen from the user's directory
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"lab shop is up: \d+ made\n")
        ping = ["ping", "-c1", "-W2"]
        user.nsmap("ns", "exec", "web1", "--", *ping, "10.0.0.3")
        user.nsmap("ns", "exec", "web1", "--", *ping, "10.0.0.1")
        user.nsmap("lab", "exec", "shop", "--", *ping, "192.0.2.1")
        self.assertEqual(user.lab("status", path).stdout, "the lab is as its file says\n")
        self.assertEqual(user.lab("plan", path).stdout, "nothing to do\n")
        self.assertIn("nothing had to change", user.lab("up", path).stdout)
        self.assertIn("graph", user.lab("graph", path).stdout)
        self.assertEqual(sorted(user.processes().values()), ["lab:shop", "sleep", "sleep"])
        now = self.state()
        for untouched in "host", "names", "labs":
            self.assertEqual(now[untouched], self.host[untouched])
        self.assertEqual(len(now["namespaces"]), len(self.host["namespaces"]) + 4)
        path.write_text(RUNNING.replace("count: 2", "count: 1"))
        self.assertIn("not in the file: namespace web2",
                      user.lab("status", path, check=1).stdout)
        self.assertIn("removed", user.lab("up", path).stdout)
        self.assertIn("lab shop is down: ", user.lab("down", path).stdout)

    def test_at_a_terminal_as_well(self):
        # Where nsmap tells how long it takes, with a thread.
        user, path = self.user(), write(SHOP)
        mine, its = pty.openpty()
        self.addCleanup(os.close, mine)
        self.addCleanup(os.close, its)
        for verb in ("plan", "up", "status", "down"):
            done = subprocess.run(user.command(PROGRAM, "lab", verb, "--user-ns", path), stdin=its,
                                  env=user.environment, stdout=subprocess.DEVNULL, stderr=its)
            self.assertEqual(done.returncode, 0, verb)

    def test_a_keeper_holds_nothing_but_its_namespaces(self):
        user, path = self.user(), write(SHOP)
        user.lab("up", path)
        keeper = pathlib.Path(f"/proc/{user.keeper()}")
        self.assertEqual({os.readlink(each) for each in (keeper / "fd").iterdir()}, {"/dev/null"})
        self.assertEqual(os.readlink(keeper / "cwd"), "/")
        stat = (keeper / "stat").read_text().rsplit(")", 1)[1].split()
        self.assertEqual(stat[3], keeper.name, "its session is its own")
        self.assertEqual(stat[4], "0", "it has no terminal")
        for kind in ("user", "mnt", "net"):
            self.assertNotEqual(ns_of(keeper.name, kind), ns_of("self", kind))
        user.lab("down", path)

    def test_where_the_lab_lives(self):
        user, path = self.user(), write(SHOP)
        user.lab("up", path)

        def inside(*command, **options):
            return user.nsmap("lab", "exec", path, "--", *command, **options)
        self.assertEqual(inside("pwd").stdout, f"{harness.WORK}\n")
        self.assertEqual(inside("id", "-u").stdout, "0\n")
        self.assertEqual(set(inside("ls", "/sys/class/net").stdout.split()), {"lo", "uplink"})
        self.assertEqual(set(inside("ls", "/run/netns").stdout.split()), {"router", "web1", "web2"})
        shown = inside(PROGRAM).stdout
        for text in ("br0  bridge 10.0.0.1/24", "10.0.0.2/24 ⇄ web1 @router", "@host 192.0.2.1"):
            self.assertIn(text, shown)
        listed = {each["title"]: each for each in json.loads(inside(PROGRAM, "ls", "--json").stdout)}
        self.assertEqual(set(listed), {"host", "router", "web1", "web2"})
        # As for root, from in there.
        self.assertIn("as its file says", inside(PROGRAM, "lab", "status", path).stdout)
        inside("no-such-program", check=127)
        inside("sh", "-c", "exit 9", check=9)
        user.lab("down", "shop")

    def test_planning_makes_nothing(self):
        user, path = self.user(), write(SHOP)
        self.assertIn("+ namespace web1\n", user.lab("plan", path).stdout)
        self.assertIn("missing: namespace web1\n", user.lab("status", path, check=1).stdout)
        self.assertEqual(user.left(), ({}, []))
        self.assertIn("lab up --user-ns", self.one_line(
            user.nsmap("lab", "exec", "shop", "--", "true", check=2)))
        self.one_line(user.lab("down", "shop", check=2))

    def test_a_failure_leaves_nothing(self):
        user = self.user()
        for wrong, why in (("nftables: table no such", "nftables"),
                           ("sysctls: {net.core.no_such: 1}", "net.core.no_such"),
                           ("run: {it: [no-such-program]}", "more:it")):
            path = write(RUNNING + f"  more:\n    {wrong}\n")
            self.assertIn(why, self.one_line(user.lab("up", path, check=3)))
            self.assertEqual(user.left(), ({}, []))

    def test_a_failed_change_leaves_the_lab(self):
        user, path = self.user(), write(SHOP)
        user.lab("up", path)
        keeper = user.keeper()
        path.write_text(SHOP + "  more:\n    nftables: table no such\n")
        user.lab("up", path, check=3)
        path.write_text(SHOP)
        self.assertIn("as its file says", user.lab("status", path).stdout)
        self.assertEqual(user.keeper(), keeper)
        user.lab("down", path)

    def test_a_keeper_that_is_killed(self):
        user, path = self.user(), write(SHOP)
        user.lab("up", path)
        os.kill(user.keeper(), signal.SIGKILL)
        wait_for(lambda: not user.processes(), "its end")
        self.assertIn("missing: namespace web1\n", user.lab("status", path, check=1).stdout)
        self.assertIn("was gone", user.lab("down", "shop").stdout)
        self.assertEqual(user.left(), ({}, []))
        user.lab("up", path)
        os.kill(user.keeper(), signal.SIGKILL)
        wait_for(lambda: not user.processes(), "its end")
        self.assertIn("made", user.lab("up", path).stdout)
        user.lab("down", path)

    def test_what_outlives_a_keeper_is_taken_down(self):
        user, path = self.user(), write(RUNNING)
        user.lab("up", path)
        os.kill(user.keeper(), signal.SIGKILL)
        wait_for(lambda: set(user.processes().values()) == {"sleep"}, "its end")
        for verb in ("up", "status", "plan"):
            self.assertIn("nsmap lab down --user-ns shop",
                          self.one_line(user.lab(verb, path, check=2)))
        user.lab("down", path)

    def test_another_process_with_its_pid_is_left_alone(self):
        user, path = self.user(), write(SHOP)
        user.lab("up", path)
        record = user.records / "shop.keeper"
        pid, start, *rest = record.read_text().split()
        os.kill(int(pid), signal.SIGKILL)
        wait_for(lambda: not user.processes(), "its end")
        bystander = subprocess.Popen(user.command("sleep", "1000"))
        self.addCleanup(bystander.wait)
        self.addCleanup(bystander.kill)
        record.write_text(f"{bystander.pid} {start} {' '.join(rest)}\n")
        self.assertIn("was gone", user.lab("down", path).stdout)
        self.assertIsNone(bystander.poll())
        bystander.kill()
        bystander.wait()

    def test_killed_at_any_moment_down_cleans_up(self):
        user, path = self.user(), write(RUNNING)
        dice = random.Random(7)
        took = time.monotonic()
        user.lab("up", path)
        took = time.monotonic() - took
        user.lab("down", path)
        for _ in range(int(os.environ.get("NSMAP_KILLS", "20"))):
            process = subprocess.Popen(user.command(PROGRAM, "lab", "up", "--user-ns", path),
                                       env=user.environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(dice.random() * took)
            process.kill()
            process.wait()
            self.assertNotIn("is changing it", user.lab("down", path, check=None).stderr)
            wait_for(lambda: user.left() == ({}, []), f"nothing left: {user.left()}")

    def test_one_at_a_time(self):
        user, path = self.user(), write(SHOP)
        user.lab("up", path)
        with open(user.records / "shop.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for verb in ("up", "down"):
                self.assertRegex(self.one_line(user.lab(verb, path, check=2)), r"process \d+ is ch")
        user.lab("down", path)

    def test_two_at_once(self):
        user, path = self.user(runtime=False), write(SHOP)
        both = [subprocess.Popen(user.command(PROGRAM, "lab", "up", "--user-ns", path),
                                 env=user.environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL) for _ in range(2)]
        self.assertIn(sorted(each.wait() for each in both), ([0, 0], [0, 2]))
        self.assertEqual(list(user.processes().values()), ["lab:shop"])
        user.lab("down", path)

    def test_labs_of_one_name_do_not_meet(self):
        path, others = write(SHOP), [self.user(), self.user(runtime=False)]
        for user in others:
            user.lab("up", path)
        done = harness.run_nsmap("lab", "up", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(lambda: harness.run_nsmap("lab", "down", path))
        self.assertEqual(harness.run_nsmap("lab", "plan", path).stdout, "nothing to do\n")
        for user in others:
            self.assertEqual(user.lab("plan", path).stdout, "nothing to do\n")
        others[0].lab("down", path)
        self.assertEqual(others[1].lab("plan", path).stdout, "nothing to do\n")
        self.assertEqual(harness.run_nsmap("lab", "plan", path).stdout, "nothing to do\n")
        self.assertEqual(harness.run_nsmap("lab", "down", path).returncode, 0)
        self.assertEqual(others[1].lab("plan", path).stdout, "nothing to do\n")
        others[1].lab("down", path)
        sh("rmdir /run/nsmap/labs /run/nsmap; umount /run/netns; rmdir /run/netns")

    def test_two_labs_of_one_user(self):
        user, one = self.user(), write(SHOP)
        two = write(SHOP.replace("lab: shop", "lab: two"), "two.yaml")
        user.lab("up", one)
        user.lab("up", two)
        self.assertIn("2 namespaces answer to it",
                      self.one_line(user.nsmap("ns", "exec", "web1", "--", "true", check=2)))
        seen = {user.nsmap("lab", "exec", lab, "--", PROGRAM, "ns", "exec", "web1", "--",
                           "readlink", "/proc/self/ns/net").stdout for lab in ("shop", "two")}
        self.assertEqual(len(seen), 2)
        user.lab("down", one)
        self.assertIn("as its file says", user.lab("status", two).stdout)
        user.lab("down", two)

    def test_a_directory_of_somebody_else_is_refused(self):
        user, path = self.user(runtime=False), write(SHOP)

        def refused():
            for verb in ("up", "status", "down"):
                done = user.lab(verb, path, check=3)
                self.assertIn(f"{user.fallback}, where keepers", self.one_line(done))
        elsewhere = harness.WORK / "elsewhere"
        elsewhere.mkdir()
        os.chown(elsewhere, user.uid, user.uid)
        elsewhere.chmod(0o700)
        user.fallback.symlink_to(elsewhere)
        refused()
        self.assertEqual(list(elsewhere.iterdir()), [])
        user.fallback.unlink()
        user.fallback.touch()
        refused()
        user.fallback.unlink()
        for owner, mode in ((0, 0o700), (0, 0o777), (user.uid, 0o770), (user.uid, 0o701)):
            user.fallback.mkdir()
            os.chown(user.fallback, owner, owner)
            user.fallback.chmod(mode)
            refused()
            user.fallback.rmdir()
        elsewhere.rmdir()
        # A runtime directory that is not the user's own is not theirs to be led to.
        user.environment["XDG_RUNTIME_DIR"] = str(harness.WORK)
        user.lab("up", path)
        self.assertTrue((user.fallback / "shop.keeper").is_file())
        user.lab("down", path)

    def test_where_user_namespaces_are_forbidden(self):
        user, path = self.user(), write(SHOP)
        inside = f"echo 0 >/proc/sys/user/max_user_namespaces; {PROGRAM} lab up --user-ns {path}"
        done = user.run("unshare", "-Ur", "sh", "-c", inside, check=3)
        self.assertIn("user.max_user_namespaces is 0; try sysctl", self.one_line(done))
        root = harness.WORK / "root"
        root.mkdir()
        # The mounts go with the mount namespace.
        chroot = ["unshare", "--mount", "sh", "-c", f'mount --rbind / {root} && chroot {root} "$@"',
                  "sh", *user.command(PROGRAM, "lab", "up", "--user-ns", path)]
        done = subprocess.run(chroot, env=user.environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 3)
        self.assertIn("chroot", self.one_line(done))
        root.rmdir()

    def test_without_it_the_way_is_told(self):
        self.assertIn("--user-ns", self.one_line(
            self.user().nsmap("lab", "up", write(SHOP), check=3)))

    def test_root_may_have_one_too(self):
        path = write(SHOP)
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(harness.WORK / "run-root")}
        (harness.WORK / "run-root").mkdir(mode=0o700)

        def lab(verb):
            done = harness.run_nsmap("lab", verb, "--user-ns", path, env=environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout
        lab("up")
        self.assertFalse(os.path.exists("/run/netns"))
        self.assertEqual(lab("plan"), "nothing to do\n")
        lab("down")
        self.assertEqual(os.listdir(harness.WORK / "run-root"), [])

    def test_exec_in_any_user_namespace_of_ones_own(self):
        user, other = self.user(), self.user()
        process = subprocess.Popen(user.command("unshare", "-Urn", "sleep", "1000"))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_for(lambda: ns_of(process.pid, "net") != ns_of("self", "net"), "unshare")
        place = f"pid:{process.pid}"
        told = user.nsmap("ns", "exec", place, "--", "sh", "-c",
                          "readlink /proc/self/ns/net; id -u; ls /sys/class/net").stdout
        self.assertEqual(told, f"net:[{ns_of(process.pid, 'net')}]\n0\nlo\n")
        # By what only a look at the host tells: its threads are gone when it is entered.
        for _ in range(10):
            user.nsmap("ns", "exec", f"ino:{ns_of(process.pid, 'net')}", "--", "true")
        self.one_line(other.nsmap("ns", "exec", place, "--", "true", check=None))
        self.one_line(user.nsmap("ns", "exec", "pid:1", "--", "true", check=None))
        process.kill()
        process.wait()


if __name__ == "__main__":
    harness.main("setpriv", "unshare", "ping")
