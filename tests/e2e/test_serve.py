"""`nsmap serve`: what it answers, held against its own description, and to whom it does not."""

import gzip
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time

import jsonschema

import harness
from harness import WORK, TestCase, hold, netns, nsmap, run_nsmap, sh, wait_for
from serving import Server, certificate

# What stands for {id}, and the query of those who want one.
IDS = ["host", "red", "/run/netns/red", "10.0.0.2"]
QUERIES = {"/api/v1/whois": "?q=10.0.0.2", "/api/v1/diff": "?before=1"}


def resolved(api, part):
    """Where a "$ref" leads."""
    while "$ref" in part:
        path = part["$ref"].removeprefix("#/").split("/")
        part = api
        for each in path:
            part = part[each]
    return part


def validate(api, value, schema):
    """Holds a value against a schema of the description."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema",
             "components": api["components"], **schema}
    jsonschema.validate(value, whole, jsonschema.Draft202012Validator)


class Contract(TestCase):
    """Every answer is as openapi.json says. Of a saved snapshot: it is one state for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.lab = netns("red", "blue")
        cls.lab.__enter__()
        sh("ip link add up0 type veth peer name eth0 netns red && ip link set up0 up && "
           "ip -n red link set eth0 up && ip -n red addr add 10.0.0.2/24 dev eth0 nodad")
        cls.saved = WORK / "saved.json"
        run_nsmap("snapshot", "-o", cls.saved)
        history = WORK / "contract.db"
        sh(f"{harness.NSMAP} history save --from {cls.saved} --history {history}")
        cls.server = Server("--from", cls.saved, "--history", history)
        cls.api = cls.server.get("/api/v1/openapi.json").json()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.lab.__exit__(None, None, None)
        sh("ip link del up0", check=False)

    def assertDescribed(self, path, answer):
        responses = self.api["paths"][path]["get"]["responses"]
        response = resolved(self.api, responses.get(str(answer.status), responses["default"]))
        content = response.get("content", {})
        if not content:
            self.assertEqual(answer.body, b"")
            return
        kind = answer.headers["content-type"].split(";")[0]
        self.assertIn(kind, content)
        if kind == "application/json":
            validate(self.api, answer.json(), content[kind]["schema"])
        for header in response.get("headers", {}):
            if header != "Retry-After" or answer.status == 503:
                self.assertIn(header.lower(), answer.headers)

    def targets(self, path):
        if "{id}" in path:
            inode = str(harness.inode("red"))
            return [path.replace("{id}", each) for each in [*IDS, inode, f"ino:{inode}"]]
        return [path + QUERIES.get(path, "")]

    def test_the_description_is_one(self):
        self.assertEqual(self.api["openapi"], "3.1.0")
        for schema in self.api["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_every_path_answers_as_described(self):
        for path in self.api["paths"]:
            for target in self.targets(path):
                with self.subTest(target):
                    if path.endswith("/events"):
                        answer = self.server.get(target, method="HEAD")
                    else:
                        answer = self.server.get(target)
                    self.assertEqual(answer.status, 200, answer.body)
                    self.assertDescribed(path, answer)

    def test_without_a_token_as_described(self):
        for path, item in self.api["paths"].items():
            target = self.targets(path)[0]
            for token in False, "wrong", self.server.token + "x":
                with self.subTest(target, token=token):
                    answer = self.server.get(target, token=token)
                    self.assertEqual(answer.status, 200 if "security" in item["get"] else 401)
                    self.assertDescribed(path, answer)

    def test_errors_as_described(self):
        for path, target, status in [("/api/v1/namespaces/{id}", "/api/v1/namespaces/none", 404),
                                     ("/api/v1/whois", "/api/v1/whois", 400),
                                     ("/api/v1/whois", "/api/v1/whois?q=%zz", 400),
                                     ("/api/v1/diff", "/api/v1/diff", 400),
                                     ("/api/v1/diff", "/api/v1/diff?before=77", 404),
                                     ("/api/v1/snapshot", "/api/v1/snapshot?at=77", 404),
                                     ("/api/v1/graph", "/api/v1/graph?at=red", 404)]:
            answer = self.server.get(target)
            self.assertEqual(answer.status, status)
            self.assertDescribed(path, answer)

    def test_several_of_a_name(self):
        sh("mkdir -p /run/other && touch /run/other/red && "
           "mount --bind /run/netns/blue /run/other/red")
        try:
            with Server() as server:
                answer = server.get("/api/v1/namespaces/red")
        finally:
            sh("umount /run/other/red")
        self.assertEqual(answer.status, 409, answer.body)
        self.assertDescribed("/api/v1/namespaces/{id}", answer)
        self.assertEqual({each["id"]["ino"] for each in answer.json()["candidates"]},
                         {harness.inode("red"), harness.inode("blue")})

    def test_the_same_as_the_commands_give(self):
        self.assertEqual(self.server.get("/api/v1/snapshot").body, self.saved.read_bytes())
        self.assertEqual(self.server.get("/api/v1/namespaces").json(),
                         nsmap("ls", "--json", "--from", self.saved))
        self.assertEqual([self.server.get("/api/v1/namespaces/red").json()],
                         nsmap("show", "red", "--json", "--from", self.saved))
        self.assertEqual(self.server.get("/api/v1/whois?q=red:eth0").json(),
                         nsmap("whois", "red:eth0", "--json", "--from", self.saved))

    def test_the_same_in_every_encoding(self):
        plain = self.server.get("/api/v1/snapshot")
        self.assertNotIn("content-encoding", plain.headers)
        packed = self.server.get("/api/v1/snapshot", Accept_Encoding="gzip")
        self.assertEqual(packed.headers["content-encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        packed = self.server.get("/api/v1/snapshot", Accept_Encoding="gzip, zstd")
        self.assertEqual(packed.headers["content-encoding"], "zstd")
        unpacked = subprocess.run(["zstd", "-dc"], input=packed.body, capture_output=True)
        self.assertEqual(unpacked.stdout, plain.body)

    def test_head_gives_the_headers_alone(self):
        for path in "/", "/api/v1/snapshot", "/metrics", "/nothing":
            whole, head = self.server.get(path), self.server.get(path, method="HEAD")
            self.assertEqual((head.status, head.body), (whole.status, b""))
            if path != "/metrics":
                self.assertEqual(head.headers["content-length"], str(len(whole.body)))

    def test_etag(self):
        tag = self.server.get("/api/v1/graph").headers["etag"]
        answer = self.server.get("/api/v1/graph", If_None_Match=tag)
        self.assertEqual((answer.status, answer.body), (304, b""))

    def test_metrics(self):
        text = self.server.get("/metrics").body.decode()
        line = re.compile(r'[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)*\})? [0-9.e+-]+')
        for each in text.splitlines():
            self.assertTrue(each.startswith("# ") or line.fullmatch(each), each)
        self.assertIn('nsmap_namespaces{kind="named"} 2\n', text)
        self.assertIn('{namespace="red",container="",interface="eth0"} 0\n', text)

    def test_what_the_page_may(self):
        headers = self.server.get("/", token=False).headers
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertEqual(headers["referrer-policy"], "no-referrer")
        policy = headers["content-security-policy"]
        for part in ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'",
                     "base-uri 'none'", "form-action 'none'"):
            self.assertIn(part, policy)
        self.assertNotIn("unsafe", policy)


class Events(TestCase):
    def test_begin_at_the_newest_state(self):
        with Server() as server, server.events() as events:
            self.assertEqual(events.response.status, 200)
            self.assertEqual(events.response.headers["content-type"], "text/event-stream")
            event, known, data = events.next()
            self.assertEqual((event, data), (None, None))
            state = server.get("/api/v1/namespaces").headers["nsmap-state"]
            self.assertEqual(known.split("-")[1], state.split("-")[1])

    def test_changes_as_they_happen(self):
        """Who follows from a state that was fetched learns all that leads to the newest."""
        with netns("red"), Server() as server:
            api = server.get("/api/v1/openapi.json").json()
            schemas = api["components"]["schemas"]
            before = server.get("/api/v1/snapshot").headers["nsmap-state"]
            red = harness.netns_of("/run/netns/red")
            sh("ip -n red link add br7 type bridge && ip -n red link set br7 up")

            def until_told(events):
                """The ids up to the change that brings the link."""
                ids = []
                while True:
                    event, known, data = events.next() or (None, None, None)
                    if event:
                        self.assertEqual(event, "change")
                        validate(api, data, schemas["Change"])
                        self.assertEqual(known.split("-")[0], str(data["number"]))
                        ids.append(known)
                        if any(each.get("what") == "br7" for each in data["differences"]):
                            self.assertIn(red, data["touched"])
                            return ids

            with server.events(Last_Event_ID=before) as events:
                ids = until_told(events)
            numbers = [int(each.split("-")[0]) for each in [before, *ids]]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            now = server.get(f"/api/v1/namespaces/{red['ino']}")
            self.assertGreaterEqual(int(now.headers["nsmap-state"].split("-")[0]), numbers[-1])
            self.assertIsNotNone(harness.link(now.json()["namespace"], "br7"))
            # Whoever comes back is told the same once more.
            with server.events(Last_Event_ID=before) as events:
                self.assertEqual(until_told(events), ids)

    def test_an_unknown_id_is_told_to_begin_anew(self):
        with Server() as server:
            reset = server.get("/api/v1/openapi.json").json()["components"]["schemas"]["Reset"]
            for last in "9999", "1-other", "nonsense", "0":
                with server.events(Last_Event_ID=last) as events:
                    told = events.next()
                    while not told or told[0] != "reset":
                        told = events.next()
                    jsonschema.validate(told[2], reset)
                    self.assertGreaterEqual(told[2]["number"], 1)

    def test_silence_is_kept_alive(self):
        snapshot = WORK / "silent.json"
        self.assertEqual(run_nsmap("snapshot", "-o", snapshot).returncode, 0)
        with Server("--from", snapshot) as server, server.events() as events:
            events.next()
            begun = time.monotonic()
            self.assertIsNone(events.next())
            self.assertLess(time.monotonic() - begun, 18)

    def test_are_counted_until_their_client_goes(self):
        with Server() as server:
            def streams():
                text = server.get("/metrics").body.decode()
                return int(re.search(r"^nsmap_event_streams (\d+)", text, re.MULTILINE)[1])
            with server.events() as events:
                events.next()
                self.assertEqual(streams(), 1)
            harness.wait_for(lambda: streams() == 0, "the stream to be gone", 5)


class Strangers(TestCase):
    """Who is not to be answered, and who says what is no request."""

    @classmethod
    def setUpClass(cls):
        snapshot = WORK / "strangers.json"
        run_nsmap("snapshot", "-o", snapshot)
        cls.server = Server("--from", snapshot)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def request(self, *lines, line="GET /api/v1/namespaces HTTP/1.1", token=True):
        """The status line's number for a request of these headers."""
        headers = [f"Authorization: Bearer {self.server.token}"] if token else []
        text = "\r\n".join([line, *lines, *headers, "Connection: close", "", ""])
        answer = self.server.raw(text.encode("latin-1"))
        return int(answer.split()[1]) if answer else None

    def test_host(self):
        port = self.server.port
        for host in f"127.0.0.1:{port}", f"localhost:{port}", "localhost", f"[::1]:{port}":
            self.assertEqual(self.request(f"Host: {host}"), 200, host)
        for host in "evil.example", f"evil.example:{port}", "10.0.0.1", "", "localhost.", "a b":
            self.assertEqual(self.request(f"Host: {host}"), 421, host)
            self.assertEqual(self.request(f"Host: {host}", line="GET / HTTP/1.1"), 421, host)
        self.assertEqual(self.request(), 400)
        self.assertEqual(self.request("Host: localhost", "Host: evil.example"), 400)

    def test_origin(self):
        self.assertEqual(self.request("Host: localhost:1", "Origin: http://localhost:1"), 200)
        for origin in "http://evil.example", "null", "http://localhost:2", "http://localhost":
            self.assertEqual(self.request("Host: localhost:1", f"Origin: {origin}"), 403, origin)

    def test_methods(self):
        for method in "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW":
            answer = self.server.get("/api/v1/snapshot", method=method)
            self.assertEqual(answer.status, 405, method)
            self.assertEqual(answer.headers["allow"], "GET, HEAD")
            self.assertIn("error", answer.json())
        self.assertEqual(self.server.get("/api/v1/snapshot", method="POST", body=b"x").status, 405)
        self.assertEqual(self.server.get("/api/v1/snapshot", body=b"x").status, 413)

    def test_targets(self):
        for target, status in [("/nothing", 404), ("/api/v1", 404), ("/API/V1/SNAPSHOT", 404),
                               ("/api/v1/snapshot/", 404), ("/../../etc/passwd", 404),
                               ("/%2e%2e/etc/passwd", 404), ("/%00", 400), ("*", 400),
                               ("http://localhost/", 400), ("/" + "x" * 3000, 414)]:
            self.assertEqual(self.request("Host: localhost", line=f"GET {target} HTTP/1.1"), status,
                             target)

    def test_what_is_no_request(self):
        for line, status in [("nonsense", 400), ("GET", 400), ("GET / HTTP/2.0", 505),
                             ("GET / FTP/1.1", 505), ("\x16\x03\x01\x02\x00", 400),
                             ("GET / HTTP/1.1\r\nno colon", 400),
                             ("GET / HTTP/1.1\r\n: empty", 400)]:
            self.assertEqual(self.request("Host: localhost", line=line), status, line)
        self.assertEqual(self.request("Host: localhost", "X: " + "x" * 9000), 431)
        self.assertEqual(self.request("Host: localhost", *[f"X{i}: x" for i in range(2000)]), 431)
        self.assertEqual(self.request("Host: localhost", "Content-Length: -1"), 400)
        self.assertEqual(self.request("Host: localhost", "Content-Length: 1", "Content-Length: 2"),
                         400)
        self.assertEqual(self.request("Host: localhost", "Content-Length: 99999999999"), 413)
        self.assertEqual(self.request("Host: localhost", "Transfer-Encoding: chunked"), 413)

    def test_who_takes_their_time(self):
        """Headers must be there within ten seconds, whatever trickles in."""
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port)) as slow, \
                socket.create_connection(("127.0.0.1", self.server.port)) as silent:
            slow.sendall(b"GET / HTTP/1.1\r\n")
            slow.settimeout(0.5)
            ended = False
            while not ended and time.monotonic() - begun < 20:
                try:
                    slow.sendall(b"X")
                    ended = slow.recv(1) == b""
                except TimeoutError:
                    pass
                except OSError:
                    ended = True
            self.assertTrue(8 < time.monotonic() - begun < 15, time.monotonic() - begun)
            silent.settimeout(5)
            self.assertEqual(silent.recv(1), b"")

    def test_from_a_snapshot_nothing_is_permitted(self):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        for line in ("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1",
                     "Seccomp:\t2"):
            self.assertIn(line, status)


class Places(TestCase):
    """Where it listens, and how it ends."""

    def test_a_unix_socket(self):
        path = WORK / "nsmap.sock"
        with Server("--socket", path) as server:
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            self.assertEqual(server.get("/api/v1/namespaces").status, 200)
            self.assertEqual(server.get("/api/v1/namespaces", token=False).status, 401)
            second = run_nsmap("serve", "--socket", path)
            self.assertEqual(second.returncode, 2)
            self.assertIn("Address already in use", second.stderr)
            server.process.kill()
            server.process.wait()
        self.assertTrue(path.exists())
        with Server("--socket", path) as server:
            self.assertEqual(server.end(), 0)
        self.assertFalse(path.exists())

    def test_tls(self):
        cert, key = certificate(WORK)
        with Server("--tls-cert", cert, "--tls-key", key) as server:
            self.assertEqual(server.get("/api/v1/snapshot").status, 200)
            with server.events() as events:
                self.assertIsNone(events.next()[0])
            self.assertEqual(server.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")[:5], b"")
            for version, works in ("1_1", False), ("1_2", True), ("1_3", True):
                done = subprocess.run(["openssl", "s_client", f"-tls{version}", "-cipher",
                                       "ALL:@SECLEVEL=0", "-connect", f"localhost:{server.port}"],
                                      stdin=subprocess.DEVNULL, capture_output=True)
                self.assertEqual(done.returncode == 0, works, version)
            self.assertEqual(server.get("/healthz").status, 200)
            self.assertEqual(server.end(), 0)

    def test_a_token_that_lasts(self):
        file = WORK / "token"
        with Server("--token-file", file) as server:
            self.assertNotIn("token", server.told)
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            server.token = file.read_text().strip()
            self.assertEqual(server.get("/api/v1/namespaces").status, 200)
        file.chmod(0o644)
        refused = run_nsmap("serve", "--token-file", file)
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("others may read it; try chmod 600", refused.stderr)

    def test_beyond_this_machine(self):
        refused = run_nsmap("serve", "--listen", "0.0.0.0:0")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("--token-file", refused.stderr)
        with Server("--listen", "0.0.0.0:0", "--token-file", WORK / "far", "--host",
                    "node1.example") as server:
            self.assertIn("no TLS", server.said())
            server.token = (WORK / "far").read_text().strip()
            for host, status in [("10.0.0.1", 200), ("node1.example", 200), ("evil.example", 421)]:
                self.assertEqual(server.get("/api/v1/namespaces", Host=host).status, status, host)

    def test_wrong_use(self):
        for arguments in (["--listen", "localhost:1"], ["--listen", "127.0.0.1"],
                          ["--listen", "::1:80"], ["--listen", "192.0.2.99:80"],
                          ["--tls-cert", "/dev/null"], ["--from", "/dev/null"],
                          ["--socket", "/nonexistent/socket"], ["surplus"]):
            done = run_nsmap("serve", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_signals_end_it(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with Server() as server, server.events():
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(20), 0)
                self.assertEqual(server.said(), "")

    def test_the_service_manager(self):
        """Its socket is used, and it is told when there is something to serve, and of the end."""
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(str(WORK / "notify"))
        manager.settimeout(20)
        listener = socket.create_server(("127.0.0.1", 0))

        # The shell keeps its process id for the program, which LISTEN_PID must be.
        command = ["sh", "-c", 'exec 3<&%d; export LISTEN_PID=$$; exec "$@"' % listener.fileno(),
                   "sh", harness.NSMAP, "serve"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                   pass_fds=[listener.fileno()],
                                   env={**os.environ, "LISTEN_FDS": "1",
                                        "NOTIFY_SOCKET": str(WORK / "notify")})
        try:
            self.assertIn(f":{listener.getsockname()[1]}/", process.stdout.readline())
            self.assertEqual(manager.recv(100), b"READY=1")
            process.terminate()
            self.assertEqual(manager.recv(100), b"STOPPING=1")
            self.assertEqual(process.wait(20), 0)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            manager.close()
            listener.close()


class Confined(TestCase):
    """Giving up capabilities and system calls costs no fact."""

    def test_all_is_seen_as_by_root(self):
        with netns("red"), hold("thread"), hold("fd"), hold("socket", "unix"), hold("tun", "tap0"):
            # Before: whoever follows has a namespace of its own, which others see.
            plain = nsmap()
            with Server() as server:
                served = server.get("/api/v1/snapshot").json()
            self.assertEqual([ns["id"] for ns in served["namespaces"]],
                             [ns["id"] for ns in plain["namespaces"]])
            kinds = [sorted({each["kind"] for ns in snapshot["namespaces"]
                             for each in ns["holders"]}) for snapshot in (served, plain)]
            self.assertEqual(*kinds)
            self.assertEqual(served["diagnostics"], plain["diagnostics"])
            # Connections are in a snapshot that is asked for alone.
            self.assertEqual(*[{each["source"]: each["refused"] for each in snapshot["coverage"]
                                if each["source"] != "conntrack"} for snapshot in (served, plain)])
            self.assertTrue(served["host"]["privileged"])


class History(TestCase):
    """The states that were saved, over HTTP."""

    def setUp(self):
        self.path = WORK / "history.db"
        self.addCleanup(lambda: [each.unlink() for each in WORK.glob("history.db*")])

    def test_the_host_as_it_was(self):
        with netns("red"), Server("--history", self.path, "--every", "1s") as server:
            server.wait_for_history(1)
            before = server.get("/api/v1/history").json()[-1]
            sh("ip -n red addr add 10.9.0.9/32 dev lo")
            entries = server.wait_for_history(len(server.get("/api/v1/history").json()) + 1)
            changed = next(each for each in entries if "addresses +1" in each.get("changes", ""))
            was, now = f"at={before['id']}", f"at={changed['id']}"
            self.assertNotIn(b"10.9.0.9", server.get(f"/api/v1/snapshot?{was}").body)
            for target in (f"/api/v1/snapshot?{now}", f"/api/v1/namespaces/red?{now}",
                           f"/api/v1/whois?q=10.9.0.9&{now}",
                           f"/api/v1/diff?before={before['id']}&{now}",
                           f"/api/v1/diff?before={before['id']}"):
                answer = server.get(target)
                self.assertEqual(answer.status, 200, target)
                self.assertIn(b"10.9.0.9", answer.body, target)
            self.assertEqual(server.get(f"/api/v1/snapshot?{now}").headers["nsmap-state"],
                             f"at-{changed['id']}")
        # What was saved is what the command line answers from.
        done = run_nsmap("history", "ls", "--json", "--history", self.path)
        self.assertLessEqual(len(entries), len(json.loads(done.stdout)))
        done = run_nsmap("whois", "10.9.0.9", "--at", f"#{changed['id']}", "--history", self.path)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nothing_is_saved_twice(self):
        with Server("--history", self.path, "--every", "1s") as server:
            server.wait_for_history(1)
            time.sleep(4)
            self.assertLess(len(server.get("/api/v1/history").json()), 4)

    def test_the_last_state_is_saved_at_the_end(self):
        with netns("red"), Server("--history", self.path, "--every", "1h") as server:
            server.wait_for_history(1)
            sh("ip -n red addr add 10.9.0.9/32 dev lo")
            wait_for(lambda: b"10.9.0.9" in server.get("/api/v1/snapshot").body, "the address")
            self.assertEqual(server.end(), 0)
        done = run_nsmap("whois", "10.9.0.9", "--at", "now", "--history", self.path)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_without_a_history(self):
        with Server() as server:
            for target in "/api/v1/history", "/api/v1/snapshot?at=1", "/api/v1/diff?before=1":
                answer = server.get(target)
                self.assertEqual(answer.status, 404, target)
                self.assertIn("--history", answer.json()["error"])

    def test_wrong_use(self):
        for arguments in (["--every", "often"], ["--every", "0s"],
                          ["--every", "1m", "--from", "/dev/null"],
                          ["--every", "1m", "--history", "/proc/none/history.db"]):
            done = run_nsmap("serve", "--listen", "127.0.0.1:0", *arguments)
            self.assertIn(done.returncode, (2, 3), arguments)
            self.assertRegex(done.stderr, r"^nsmap: [^\n]*\n$")


if __name__ == "__main__":
    harness.main("openssl", "zstd")
