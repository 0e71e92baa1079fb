"""Namespaces come and go 50 times a second while 200 snapshots are taken."""

import json
import os
import subprocess
import threading
import time

import harness
from harness import NSMAP, TestCase, sh

SNAPSHOTS = int(os.environ.get("NSMAP_CHURN_SNAPSHOTS", "200"))
RATE = 50.0
ALIVE = 10


class Churn(threading.Thread):
    """Makes namespaces c0, c1 … each with a veth to the one before, and deletes them again."""

    def __init__(self):
        super().__init__()
        self.born, self.dead, self.stop = {}, {}, threading.Event()
        self.made = 0

    def make(self, number):
        name, previous = f"c{number}", f"c{number - 1}"
        self.born[name] = time.monotonic()
        sh(f"ip netns add {name}")
        if number > 0 and previous not in self.dead:
            sh(f"ip -n {name} link add l{number} type veth peer name r{number} netns {previous}")

    def delete(self, number):
        name = f"c{number}"
        sh(f"ip netns del {name}")
        self.dead[name] = time.monotonic()

    def run(self):
        number, began = 0, time.monotonic()
        while not self.stop.is_set():
            self.make(number)
            if number >= ALIVE:
                self.delete(number - ALIVE)
            number += 1
            self.made = number
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        for last in range(max(0, number - ALIVE), number):
            self.delete(last)


class UnderChurn(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.churn, cls.snapshots, cls.failures = Churn(), [], []
        cls.churn.start()
        began = time.monotonic()
        try:
            for _ in range(SNAPSHOTS):
                cls.take()
        finally:
            cls.churn.stop.set()
            cls.churn.join()
        cls.rate = cls.churn.made / (time.monotonic() - began)

    @classmethod
    def take(cls):
        start = time.monotonic()
        done = subprocess.run([NSMAP, "snapshot"], capture_output=True, text=True, timeout=60)
        end = time.monotonic()
        if done.returncode != 0 or done.stderr:
            cls.failures.append((done.returncode, done.stderr[:500]))
        else:
            cls.snapshots.append((start, end, json.loads(done.stdout)))

    def test_no_snapshot_failed(self):
        self.assertEqual(self.failures, [])
        self.assertEqual(len(self.snapshots), SNAPSHOTS)

    def test_the_host_did_churn(self):
        self.assertGreater(self.rate, RATE / 3, "too slow to test anything")

    def test_every_name_existed_during_its_snapshot(self):
        for start, end, snapshot in self.snapshots:
            for ns in snapshot["namespaces"]:
                for name in (each["name"] for each in ns.get("names", [])):
                    self.assertIn(name, self.churn.born)
                    self.assertLess(self.churn.born[name], end, name)
                    self.assertGreater(self.churn.dead.get(name, end) + 0.5, start, name)

    def test_names_of_the_whole_time_are_there(self):
        for start, end, snapshot in self.snapshots:
            # A namespace made well before and deleted well after must be in it.
            throughout = {name for name, born in self.churn.born.items()
                          if born + 0.1 < start and self.churn.dead[name] > end + 0.1}
            found = {each["name"] for ns in snapshot["namespaces"] for each in ns.get("names", [])}
            self.assertLessEqual(throughout, found)

    def test_every_peer_is_right(self):
        peers = 0
        for _, _, snapshot in self.snapshots:
            interfaces = {(ns["id"]["dev"], ns["id"]["ino"], link["index"]): link["name"]
                          for ns in snapshot["namespaces"] for link in ns["links"]}
            for ns in snapshot["namespaces"]:
                for link in (each for each in ns["links"] if "peer" in each):
                    peer = link["peer"]
                    other = interfaces.get((peer["namespace"]["dev"], peer["namespace"]["ino"],
                                            peer["index"]))
                    if other is not None:
                        # l7 and r7 are the two ends of one wire.
                        what = f"{other} of {link} in {ns['id']} {ns.get('names')}"
                        self.assertEqual({link["name"][0], other[0]}, {"l", "r"}, what)
                        self.assertEqual(link["name"][1:], other[1:], what)
                        peers += 1
        self.assertGreater(peers, len(self.snapshots), "hardly any peer was seen")


if __name__ == "__main__":
    harness.main()
