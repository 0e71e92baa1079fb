"""`nsmap history` and `--at`: what was saved is what is answered from, whatever else happens."""

import json
import os
import pathlib
import random
import sqlite3
import subprocess
import threading
import time

import harness
from harness import NSMAP, WORK, TestCase, netns, run_nsmap, sh


class History(TestCase):
    def setUp(self):
        self.directory = WORK / self.id()
        self.path = self.directory / "history.db"
        self.addCleanup(sh, f"rm -rf {self.directory}")

    def nsmap(self, *arguments, status=0, **options):
        done = run_nsmap(*arguments, "--history", self.path, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def save(self, *arguments):
        return json.loads(self.nsmap("history", "save", "--json", *arguments).stdout)

    def listed(self):
        return json.loads(self.nsmap("history", "ls", "--json").stdout)

    def at(self, when):
        return json.loads(self.nsmap("snapshot", "--at", when).stdout)

    def assertWhole(self):
        """That the file is sound, and every snapshot in it loads."""
        with sqlite3.connect(self.path) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        database.close()
        entries = self.listed()
        for entry in entries:
            snapshot = self.at(f"#{entry['id']}")
            self.assertEqual(snapshot["host"]["time_ns"], entry["time_ns"])
            self.assertEqual(len(snapshot["namespaces"]), entry["namespaces"])
        return entries


class Saving(History):
    def test_what_was_is_told_again(self):
        first = self.save()
        with netns("red"):
            sh("ip link add up0 type veth peer name eth0 netns red && "
               "ip -n red addr add 10.0.0.2/24 dev eth0")
            second = self.save()
            live = self.nsmap("show", "red", "--json", "--at", "now").stdout
        self.assertEqual((first["id"], second["id"], second["since"]), (1, 2, 1))
        self.assertIn("namespaces +1", second["changes"])
        self.assertEqual(json.loads(live)[0]["title"], "red")
        # It is gone, but not from the history.
        done = self.nsmap("history", "show", "#2")
        self.assertIn("10.0.0.2/24", done.stdout)
        self.assertTrue(done.stderr.startswith("nsmap: #2: answering from #2, "), done.stderr)
        self.assertNotIn("10.0.0.2/24", self.nsmap("--at", "#1").stdout)
        told = self.nsmap("diff", "#1", "#2", status=1).stdout
        self.assertIn("+ namespace red: eth0 10.0.0.2/24", told)
        self.assertIn("- namespace red", self.nsmap("diff", "#2", "now", status=1).stdout)
        self.assertEqual([each["id"] for each in self.listed()], [1, 2])

    def test_times(self):
        snapshot = harness.nsmap()
        for day, mtu in (("20", 1), ("21", 2), ("22", 3)):
            clock = time.mktime(time.strptime(f"2026-11-{day} 12:00:30", "%Y-%m-%d %H:%M:%S"))
            snapshot["host"]["time_ns"] = int(clock) * 10**9 + 5
            snapshot["namespaces"][0]["links"][0]["mtu"] = mtu
            file = WORK / "day.json"
            file.write_text(json.dumps(snapshot))
            self.save("--from", file)
        for when, mtu in (("2026-11-20", 1), ("2026-11-21 11:59", 1), ("2026-11-21 12:00", 2),
                          ("2026-11-21T12:00:29", 1), ("2026-11-21T12:00:30", 2),
                          (f"@{int(clock)}", 3), (f"@{int(clock) - 1}", 2), ("2100-01-01", 3)):
            with self.subTest(when):
                self.assertEqual(self.at(when)["namespaces"][0]["links"][0]["mtu"], mtu)
        self.assertIn("the nearest is #1, 2026-11-20 12:00:30",
                      self.nsmap("--at", "2026-11-19", status=2).stderr)
        told = self.nsmap("diff", "2026-11-20", "2026-11-22", status=1).stdout
        self.assertIn("mtu 1 → 3", told)

    def test_its_place(self):
        self.assertEqual(run_nsmap("history", "save").returncode, 0)
        place = pathlib.Path("/var/lib/nsmap")
        self.addCleanup(sh, f"rm -rf {place}")
        self.assertEqual((place / "history.db").exists(), True)
        self.assertEqual(place.stat().st_mode & 0o777, 0o700)
        home = WORK / "home"
        home.mkdir()
        os.chown(home, 65534, 65534)
        for variables, expected in (({"HOME": home}, ".local/state/nsmap/history.db"),
                                    ({"HOME": home, "XDG_STATE_HOME": home / "x"},
                                     "x/nsmap/history.db")):
            done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                   NSMAP, "history", "save"], capture_output=True, text=True,
                                  env={**variables, "PATH": os.environ["PATH"]})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((home / expected).exists())

    def test_prune_gives_space_back(self):
        file = WORK / "bulk.json"
        snapshot = harness.nsmap()
        for number in range(30):
            snapshot["host"]["time_ns"] = number * 10**9
            snapshot["containers"] = [{"id": f"{random.getrandbits(4000):x}"} for _ in range(20)]
            file.write_text(json.dumps(snapshot))
            self.save("--from", file)
        before = self.path.stat().st_size
        self.assertIn("would remove 25", self.nsmap("history", "prune", "--keep", 5,
                                                    "--dry-run").stdout)
        self.assertEqual(len(self.listed()), 30)
        self.assertIn("removed 25", self.nsmap("history", "prune", "--keep", 5).stdout)
        self.assertLess(self.path.stat().st_size, before / 2)
        self.assertEqual(len(self.assertWhole()), 5)
        told = json.loads(self.nsmap("history", "prune", "--older-than", "1d", "--json").stdout)
        self.assertEqual((told["removed"], told["left"]), (5, 0))


class Hardship(History):
    def test_kill_loses_nothing_that_was_saved(self):
        saved = []
        self.save()
        for number in range(80):
            process = subprocess.Popen([NSMAP, "history", "save", "--json", "--history", self.path],
                                       stdout=subprocess.PIPE, text=True)
            time.sleep(random.uniform(0, 0.05))
            process.kill()
            told = process.communicate()[0]
            if told:
                saved.append(json.loads(told)["id"])
            if number % 20 == 10:
                prune = subprocess.Popen([NSMAP, "history", "prune", "--keep", "1000", "--history",
                                          self.path], stdout=subprocess.DEVNULL)
                time.sleep(random.uniform(0, 0.02))
                prune.kill()
                prune.wait()
        self.assertGreater(len(saved), 0, "none came to its end: the test tests nothing")
        self.assertLess(len(saved), 80, "none was killed in time: the test tests nothing")
        ids = {entry["id"] for entry in self.assertWhole()}
        self.assertLessEqual(set(saved), ids)

    def test_kill_of_the_first_leaves_a_file_to_go_on_with(self):
        for _ in range(40):
            process = subprocess.Popen([NSMAP, "history", "save", "--history", self.path],
                                       stdout=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 0.03))
            process.kill()
            process.wait()
            self.save()
            self.assertWhole()
            sh(f"rm -rf {self.directory}")

    def test_many_at_a_time(self):
        failures = []

        def repeat(times, *arguments):
            for _ in range(times):
                done = run_nsmap(*arguments, "--history", self.path)
                if done.returncode != 0:
                    failures.append(done.stderr)

        threads = [threading.Thread(target=repeat, args=(10, "history", "save"))
                   for _ in range(6)]
        for thread in threads[:2]:
            thread.start()
        harness.wait_for(lambda: run_nsmap("history", "ls", "--json", "--history",
                                           self.path).stdout.count('"id"'), "the first", 30)
        threads.append(threading.Thread(target=repeat, args=(20, "snapshot", "--at", "now")))
        threads.append(threading.Thread(target=repeat, args=(20, "history", "ls")))
        threads.append(threading.Thread(target=repeat, args=(10, "history", "prune", "--keep",
                                                             "1000")))
        for thread in threads[2:]:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(len(self.assertWhole()), 60)

    def test_what_is_no_history(self):
        self.save()
        good = self.path.read_bytes()
        newer = sqlite3.connect(self.path)
        newer.execute("PRAGMA user_version = 7")
        newer.close()
        cases = {"newer": (self.path.read_bytes(), "a newer nsmap"),
                 "text": (b"hello " * 1000, "not an nsmap history"),
                 "cut": (good[:len(good) // 2], "damaged"),
                 "zeros": (good[:4096] + bytes(len(good) - 4096), "damaged")}
        for name, (content, reason) in cases.items():
            file = self.directory / name
            file.write_bytes(content)
            for arguments in (("history", "ls"), ("--at", "now"), ("history", "save")):
                with self.subTest(name, arguments=arguments):
                    done = run_nsmap(*arguments, "--history", file)
                    self.assertIn(done.returncode, (2, 3), done.stdout)
                    self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), done.stderr)
                    self.assertIn(reason, done.stderr)
            self.assertEqual(file.read_bytes(), content)
        done = run_nsmap("history", "save", "--history", "/dev/null")
        self.assertIn(done.returncode, (2, 3))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    harness.main("setpriv")
