"""The command line: exit codes, one-line errors, saved snapshots, no privileges, hostile text."""

import json
import os
import pathlib
import subprocess

import harness
from harness import NSMAP, WORK, TestCase, netns, nsmap, run_nsmap, sh


class Errors(TestCase):
    def refuses(self, *arguments, **options):
        """Exit 2, nothing on stdout, one line on stderr, which is returned."""
        done = run_nsmap(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.endswith("\n"))
        return done.stderr

    def test_bad_options(self):
        for arguments in (["--no-such-option"], ["no-such-command"], ["ls", "--no-such-option"],
                          ["show"], ["whois"], ["--from"], ["graph", "-o", "x.unknown"]):
            with self.subTest(arguments):
                self.refuses(*arguments)

    def test_no_such_namespace(self):
        self.assertIn("nowhere", self.refuses("show", "nowhere"))

    def test_ambiguous_name(self):
        # One name in two directories of names is two namespaces.
        with netns("red", "blue"):
            sh("mkdir -p /run/docker/netns && touch /run/docker/netns/red && "
               "mount --bind /run/netns/blue /run/docker/netns/red")
            try:
                error = self.refuses("show", "red")
            finally:
                sh("umount /run/docker/netns/red")
        self.assertIn("red", error)

    def test_unreadable_snapshots(self):
        whole = run_nsmap("snapshot").stdout
        bad = {
            "empty.json": "", "half.json": whole[:len(whole) // 2], "list.json": "[]",
            "foreign.json": '{"format":"other","version":1}', "text.json": "hello\n",
            "newer.json": whole.replace('"version":1', '"version":99', 1),
            "number.json": '{"format":"nsmap.snapshot","version":1,"namespaces":7}',
            "plain.json.zst": whole, "deep.json": "[" * 100000,
        }
        for name, text in bad.items():
            with self.subTest(name):
                path = WORK / name
                path.write_text(text)
                self.assertIn(name, self.refuses("--from", path, "ls"))
        self.assertIn("missing", self.refuses("--from", WORK / "missing", "ls"))
        self.refuses("--from", WORK, "ls")

    def test_truncated_compressed_snapshot(self):
        path = WORK / "whole.json.zst"
        self.assertEqual(run_nsmap("snapshot", "-o", path).returncode, 0)
        cut = WORK / "cut.json.zst"
        cut.write_bytes(path.read_bytes()[:-20])
        self.refuses("--from", cut, "ls")

    def test_nothing_half_written(self):
        done = run_nsmap("snapshot", "-o", "/run/no/such/directory/x.json")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("\n"), 1)
        sh(f"mkdir -p {WORK}/full && mount -t tmpfs -o size=4k full {WORK}/full")
        try:
            done = run_nsmap("snapshot", "-o", WORK / "full/x.json")
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(os.listdir(WORK / "full"), [])
        finally:
            sh(f"umount {WORK}/full")

    def test_closed_output(self):
        done = sh(f"{NSMAP} snapshot | head -c 10; echo ${{PIPESTATUS[0]}}")
        self.assertNotIn("139", done)
        with open("/dev/full", "w") as full:
            done = subprocess.run([NSMAP, "snapshot"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


class Saved(TestCase):
    def test_from_equals_live(self):
        with netns("red", "blue"):
            sh("ip -n red link add x type veth peer name y netns blue && "
               "ip -n red addr add 192.0.2.1/24 dev x && ip -n red link set x up")
            for name in "s.json", "s.json.zst":
                path = WORK / name
                self.assertEqual(run_nsmap("snapshot", "-o", path).returncode, 0)
                for arguments in (["ls"], ["show", "red"], ["whois", "192.0.2.1"], ["graph"]):
                    with self.subTest(name, arguments=arguments):
                        saved = run_nsmap("--from", path, *arguments)
                        live = run_nsmap(*arguments)
                        self.assertEqual(saved.returncode, 0, saved.stderr)
                        self.assertEqual(without_pid(saved.stdout), without_pid(live.stdout))

    def test_snapshot_of_a_snapshot_is_itself(self):
        path = WORK / "s.json"
        run_nsmap("snapshot", "-o", path)
        self.assertEqual(json.loads(run_nsmap("--from", path, "snapshot").stdout),
                         json.loads(path.read_text()))

    def test_whole_file_in_the_stated_form(self):
        snapshot = nsmap()
        self.assertEqual((snapshot["format"], snapshot["version"]), ("nsmap.snapshot", 1))
        self.assertNotIn("null", json.dumps(snapshot))
        self.assertEqual(snapshot["host"]["kernel"], os.uname().release)
        [reader] = [each for each in snapshot["processes"]
                    if each["pid"] == snapshot["host"]["reader"]]
        self.assertEqual((reader["comm"], reader["parent"]), ("nsmap", os.getpid()))


def without_pid(text):
    """Output without the lines that tell of the snapshot's making or of passing processes."""
    return [line for line in text.splitlines() if "nsmap" not in line and " ms" not in line]


class Unprivileged(TestCase):
    def run_as_nobody(self, *arguments):
        return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               "--bounding-set=-all", NSMAP, *arguments], capture_output=True,
                              text=True, timeout=60)

    def setUp(self):
        if self.run_as_nobody("--version").returncode not in (0, 2):
            self.skipTest("the program lies where others may not read")

    def test_shows_what_it_can(self):
        with netns("red"):
            done = self.run_as_nobody("snapshot")
            tree = self.run_as_nobody()
        self.assertEqual(done.returncode, 0, done.stderr)
        snapshot = json.loads(done.stdout)
        self.assertFalse(snapshot["host"]["privileged"])
        own = harness.namespace(snapshot, harness.netns_of()["ino"])
        self.assertIn("lo", [link["name"] for link in own["links"]])
        self.assertGreater(sum(row["refused"] for row in snapshot["coverage"]), 0)
        self.assertEqual(tree.returncode, 0, tree.stderr)
        told = (tree.stdout + tree.stderr).splitlines()
        self.assertEqual(len([line for line in told if "root" in line.lower()]), 1, told)


class HostileText(TestCase):
    def test_command_line_of_two_megabytes(self):
        # One argument may have at most 128 KiB (execve(2)); many make up two megabytes.
        long = subprocess.Popen(["/usr/bin/python3", "-c", "import time; time.sleep(1000)",
                                 *["\x1b[31m" + "x" * 100000] * 18], stdout=subprocess.DEVNULL)
        try:
            outputs = [run_nsmap(), run_nsmap("snapshot"), run_nsmap("ls"), run_nsmap("graph")]
        finally:
            long.kill()
            long.wait()
        for output in outputs:
            self.assertEqual(output.returncode, 0, output.stderr)
            self.assertNotIn("\x1b[31m", output.stdout)
            self.assertLess(len(output.stdout), 1 << 20)

    def test_names_in_pictures(self):
        hostile = '"><b>'
        with netns("red"):
            sh(f"ip -n red link add '{hostile}' type ifb && ip -n red link set '{hostile}' up && "
               f"ip -n red addr add 192.0.2.1/24 dev '{hostile}'")
            dot, mermaid = run_nsmap("graph").stdout, WORK / "g.mmd"
            svg = WORK / "g.svg"
            self.assertEqual(run_nsmap("graph", "-o", svg).returncode, 0)
            self.assertEqual(run_nsmap("graph", "-o", mermaid).returncode, 0)
        self.assertNotIn("<b>", svg.read_text())
        self.assertNotIn("<b>", mermaid.read_text())
        self.assertNotIn('"><b>', dot)

    def test_names_of_namespaces(self):
        with netns("red"):
            evil = "e\x1b]0;owned\x07"
            pathlib.Path(f"/run/netns/{evil}").touch()
            subprocess.run(["mount", "--bind", "/run/netns/red", f"/run/netns/{evil}"], check=True)
            outputs = [run_nsmap(), run_nsmap("ls"), run_nsmap("snapshot"), run_nsmap("show", "red")]
            subprocess.run(["umount", f"/run/netns/{evil}"], check=True)
            os.unlink(f"/run/netns/{evil}")
        for output in outputs:
            self.assertEqual(output.returncode, 0, output.stderr)
            self.assertNotIn("\x1b", output.stdout)
            self.assertNotIn("\x07", output.stdout)


class Looks(TestCase):
    def test_width(self):
        with netns("red", "blue"):
            sh("ip -n red link add averylonginame type veth peer name another-long-1 netns blue && "
               "ip -n red addr add 2001:db8:1111:2222:3333:4444:5555:6666/64 dev averylonginame")
            for width in 60, 80, 200:
                with self.subTest(width):
                    done = run_nsmap("--width", width)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertLessEqual(max(map(len, done.stdout.splitlines())), width)

    def test_no_colour_into_a_pipe(self):
        with netns("red"):
            self.assertNotIn("\x1b", run_nsmap().stdout)

    def test_the_map_names_both_ends(self):
        with netns("red"):
            sh("ip link add up0 type veth peer name eth0 netns red && ip -n red link set eth0 up && "
               "ip -n red addr add 192.0.2.7/24 dev eth0")
            text = run_nsmap().stdout
            sh("ip link del up0")
        for word in "red", "eth0", "up0", "192.0.2.7/24":
            self.assertIn(word, text)

    def test_help_and_version(self):
        self.assertEqual(run_nsmap("--help").returncode, 0)
        self.assertRegex(run_nsmap("--version").stdout, r"\d+\.\d+\.\d+")

    def test_answered_with_no(self):
        self.assertEqual(run_nsmap("whois", "203.0.113.250").returncode, 1)


if __name__ == "__main__":
    harness.main("setpriv")
