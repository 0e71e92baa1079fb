"""`nsmap serve` with many clients, some badly behaved: it answers all along, in bounded memory."""

import contextlib
import http.client
import itertools
import re
import resource
import socket
import statistics
import threading
import time

import harness
from harness import TestCase, netns, sh, wait_for
from serving import Server

STREAMS = 1000
RATE = 200  # requests a second
SECONDS = 10
WORKERS = 10
NAMESPACES = [f"ns{number}" for number in range(50)]
TARGETS = ["/api/v1/namespaces", "/api/v1/namespaces/ns7", "/api/v1/whois?q=up0", "/metrics",
           "/api/v1/snapshot", "/api/v1/graph", "/healthz", "/"]
GARBAGE = [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 5000,
           b"GET /" + b"x" * 20000, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
           b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000, b"", b"\0" * 100]


class Requests(threading.Thread):
    """Asks at a steady rate over one connection, and notes how long each answer took."""

    def __init__(self, server, until, number):
        super().__init__()
        self.server, self.until, self.number = server, until, number
        self.took, self.failures = [], []

    def run(self):
        connection = self.server.connect()
        headers = {"Authorization": f"Bearer {self.server.token}", "Accept-Encoding": "zstd"}
        due, turn = time.monotonic(), self.number
        while (now := time.monotonic()) < self.until:
            time.sleep(max(0, due - now))
            due += WORKERS / RATE
            turn += 1
            begun = time.monotonic()
            try:
                connection.request("GET", TARGETS[turn % len(TARGETS)], headers=headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(answer.status)
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(repr(failure))
                connection.close()
            self.took.append(time.monotonic() - begun)
        connection.close()


class Load(TestCase):
    def setUp(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(netns(*NAMESPACES))
        for number, name in enumerate(NAMESPACES):
            sh(f"ip link add up{number} type veth peer name eth0 netns {name}")
        self.stack = stack
        self.server = stack.enter_context(Server())
        self.request = (f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.server.token}"
                        "\r\n").encode()

    def tearDown(self):
        for number in range(len(NAMESPACES)):
            sh(f"ip link del up{number}", check=False)

    def client(self, data, room=None):
        client = self.stack.enter_context(socket.socket())
        if room:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(20)
        client.connect(("127.0.0.1", self.server.port))
        client.sendall(data)
        return client

    def follow(self):
        return self.client(b"GET /api/v1/events " + self.request + b"\r\n")

    def churn(self, until):
        """Changes something all the time."""
        for turn in itertools.count():
            if time.monotonic() >= until:
                return
            sh(f"ip link set up{turn % len(NAMESPACES)} mtu {1300 + turn % 97}")
            time.sleep(0.05)

    def pester(self, until):
        """Clients that talk nonsense, that send half a request, and that read nothing."""
        turn = 0
        while time.monotonic() < until:
            turn += 1
            with contextlib.suppress(OSError), socket.socket() as client:
                client.settimeout(2)
                client.connect(("127.0.0.1", self.server.port))
                client.sendall(GARBAGE[turn % len(GARBAGE)])
                if turn % 2:
                    client.recv(100)
            time.sleep(0.01)

    def assertAlive(self, streams):
        """That these streams are open: nothing ended them."""
        for stream in streams:
            stream.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while stream.recv(65536):
                    pass
                self.fail("a stream was ended")

    def test_a_thousand_streams_and_two_hundred_requests_a_second(self):
        rss = {"at first": self.server.status("VmRSS")}
        streams = [self.follow() for _ in range(STREAMS)]
        wait_for(lambda: b"nsmap_event_streams 1000" in self.server.get("/metrics").body,
                 "the streams to be counted")
        rss["with streams"] = self.server.status("VmRSS")
        self.assertEqual(self.server.get("/api/v1/events").status, 503)
        slow = [self.client(b"GET /api/v1/snapshot " + self.request + b"\r\n", room=4096)
                for _ in range(20)]
        half = [self.client(b"GET / HTTP/1.1\r\nHost: loc") for _ in range(20)]

        until = time.monotonic() + SECONDS
        workers = [Requests(self.server, until, number) for number in range(WORKERS)]
        others = [threading.Thread(target=each, args=(until,)) for each in (self.churn, self.pester)]
        for thread in workers + others:
            thread.start()
        for thread in workers + others:
            thread.join()
        rss["with load"] = self.server.status("VmRSS")
        metrics = self.server.get("/metrics").body.decode()
        states = int(re.search(r"^nsmap_state_number (\d+)", metrics, re.MULTILINE)[1])

        took = sorted(each for worker in workers for each in worker.took)
        failures = [each for worker in workers for each in worker.failures]
        figures = (f"{len(took)} requests in {SECONDS} s, {states} states: median "
                   f"{statistics.median(took) * 1e3:.1f} ms, 99 % "
                   f"{took[len(took) * 99 // 100] * 1e3:.1f} ms, longest {took[-1] * 1e3:.1f} ms; "
                   "memory " + ", ".join(f"{what} {size >> 10} MB" for what, size in rss.items()))
        print(figures)
        self.assertEqual(failures, [])
        self.assertGreater(states, SECONDS, figures)
        self.assertGreater(len(took), RATE * SECONDS * 0.8, figures)
        self.assertLess(rss["with load"], 200 << 10, figures)
        self.assertLess((rss["with streams"] - rss["at first"]) / STREAMS, 32, figures)
        self.assertAlive(streams)
        # Those who sent half a request were cut off, and those who did not read are soon.
        for client in half:
            client.settimeout(5)
            self.assertEqual(client.recv(1), b"")
        for client in slow + streams:
            client.close()
        wait_for(lambda: b"nsmap_event_streams 0" in self.server.get("/metrics").body,
                 "the streams to end")
        self.assertEqual(self.server.said(), "")
        self.assertEqual(self.server.end(), 0)

    def test_without_descriptors(self):
        """Clients wait until there are some again."""
        saved = harness.WORK / "saved.json"
        self.assertEqual(harness.run_nsmap("snapshot", "-o", saved).returncode, 0)
        few = 64
        with Server("--from", saved, preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (few, few))) as self.server:
            many = [self.client(b"") for _ in range(3 * few)]
            time.sleep(0.5)
            before = self.server.cpu_seconds()
            time.sleep(1)
            self.assertLess(self.server.cpu_seconds() - before, 0.3)
            for client in many:
                client.close()
            wait_for(lambda: self.server.get("/healthz").status == 200, "room for one")

    def test_too_many_connections(self):
        """Those beyond the limit are told so; when some go, there is room again."""
        many = [self.client(b"") for _ in range(1150)]
        self.assertIn(b"503 Service Unavailable", many[-1].recv(1000))
        text = b""
        with contextlib.suppress(TimeoutError):
            many[0].settimeout(0.2)
            text = many[0].recv(1000)
        self.assertEqual(text, b"")
        for client in many:
            client.close()
        wait_for(lambda: self.server.get("/healthz").status == 200, "room for one")


if __name__ == "__main__":
    harness.main()
