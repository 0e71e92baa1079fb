"""The page that nsmap graph -o FILE.html makes, in Chromium: a lab opened from disk, hostile names, three
hundred namespaces, and the same page served, with changes."""

import json
import os
import pathlib
import re
import subprocess

import harness
from harness import ROOT, WORK, TestCase, run_nsmap, sh
from serving import Server

CHROMIUM = "/usr/bin/chromium"
# Where the page was built, with what drives the browser beside it.
WEB = pathlib.Path(os.environ.get("NSMAP_WEB_DIR") or ROOT / "build/release/web")
EVIL = '</script><script>window.pwned=1</script><img src=x onerror="alert(1)">\u202egnp\x07\u2028' + "A" * 10_000
PLACE = '<script type="application/json" id="nsmap-data">'


def prepared():
    if not os.path.exists(CHROMIUM):
        raise harness.Unavailable("not installed: chromium")
    if not (WEB / "node_modules/playwright-core").is_dir():
        raise harness.Unavailable("this nsmap was built without its page (NSMAP_WEB=OFF)")


def save(name):
    """A snapshot and the page of it."""
    snapshot = WORK / f"{name}.json"
    done = run_nsmap("snapshot", "-o", snapshot)
    assert done.returncode == 0, done.stderr
    return snapshot, page_of(snapshot)


def page_of(snapshot):
    page = snapshot.with_suffix(".html")
    done = run_nsmap("graph", "--from", snapshot, "-o", page)
    assert done.returncode == 0, done.stderr
    return page


def hostile(value):
    """A part of a snapshot in which whatever somebody may name has a name that tries something."""
    named = {"name", "comm", "command", "image", "alias", "path", "hostname", "label", "value", "key", "kernel", "what"}
    if isinstance(value, dict):
        return {key: EVIL if key in named and isinstance(each, str) else hostile(each) for key, each in value.items()}
    return [hostile(each) for each in value] if isinstance(value, list) else value


class Page(TestCase):
    @classmethod
    def setUpClass(cls):
        sh(f"{harness.NSMAP} lab up {ROOT}/examples/two-containers.yaml && ip netns add spare")
        cls.snapshot, cls.page = save("lab")

    def browse(self, steps, *arguments):
        done = subprocess.run(["node", WEB / "test/browser.mjs", steps, WEB / "shots", *arguments],
                              cwd=WEB, capture_output=True, text=True, timeout=200, env={**os.environ, "HOME": str(WORK)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(done.stdout, end="")

    def test_a_page_from_disk(self):
        text = self.page.read_text()
        self.assertLess(len(text), 1_500_000)
        data = json.loads(text.split(PLACE)[1].split("</script>")[0])
        self.assertEqual(data["snapshot"], json.loads(self.snapshot.read_text()))
        self.assertEqual({box["namespace"]["ino"] for box in data["graph"]["boxes"]},
                         {ns["id"]["ino"] for ns in data["snapshot"]["namespaces"]})
        # Nothing that would be fetched, nothing that a strict policy would refuse.
        page = text.split(PLACE)[0]
        self.assertIsNone(re.search(r'(src|href)="|\son\w+="|style="', page))
        self.browse("file", self.page)

    def test_groups(self):
        snapshot = json.loads(self.snapshot.read_text())
        projects = {"web": "shop", "db": "shop", "internet": "net"}
        for ns in snapshot["namespaces"]:
            for name in ns["names"]:
                if name["name"] in projects:
                    label = {"key": "com.docker.compose.project", "value": projects[name["name"]]}
                    snapshot["containers"].append({"id": name["name"], "name": name["name"], "runtime": "docker",
                                                   "image": "shop/web:1", "net": ns["id"], "labels": [label]})
        grouped = WORK / "groups.json"
        grouped.write_text(json.dumps(snapshot))
        self.browse("groups", page_of(grouped))

    def test_names_do_nothing(self):
        snapshot = WORK / "hostile.json"
        snapshot.write_text(json.dumps(hostile(json.loads(self.snapshot.read_text()))))
        self.browse("hostile", page_of(snapshot))

    def test_a_page_that_is_served(self):
        sh("ip netns add late && ip link add late0 netns host1 type veth peer name eth0 netns late && "
           "ip -n late link set eth0 up && ip -n host1 link set late0 up")
        after, page = save("after")
        differences = WORK / "differences.json"
        differences.write_text(run_nsmap("diff", self.snapshot, after, "--json").stdout)
        sh("ip netns del late")
        self.browse("live", self.page, page, differences)

    def test_the_real_server(self):
        with Server("--history", WORK / "history.db", "--every", "1s") as server:
            self.browse("served", f"http://127.0.0.1:{server.port}/#token={server.token}")

    def test_three_hundred_namespaces(self):
        lab = (ROOT / "examples/thousand.yaml").read_text()
        lab = lab.replace("count: 1000", "count: 300").replace("lab: thousand", "lab: many")
        (WORK / "many.yaml").write_text(lab)
        sh(f"{harness.NSMAP} lab up {WORK}/many.yaml", timeout=120)
        _, page = save("many")
        sh(f"{harness.NSMAP} lab down many", timeout=120)
        self.assertLess(page.stat().st_size, 5_000_000)
        self.browse("many", page)


if __name__ == "__main__":
    harness.main("node", before=prepared)
