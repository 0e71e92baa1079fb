"""A running `nsmap serve`, and a client that says exactly what it is told to."""

import http.client
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile

from harness import NSMAP, WORK, sh, wait_for


class Answer:
    """What came back: status, headers (lower case), body as sent."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """`nsmap serve` with these arguments, on a port of its own unless they say otherwise, until the
    block ends. `token` is what it printed, `port` where it listens."""

    def __init__(self, *arguments, environment=None, wait=True, **options):
        self.arguments = [str(each) for each in arguments]
        if not {"--listen", "--socket"} & set(self.arguments) and not options.get("pass_fds"):
            self.arguments += ["--listen", "127.0.0.1:0"]
        self.errors = tempfile.TemporaryFile("w+", dir=WORK)
        self.process = subprocess.Popen([NSMAP, "serve", *self.arguments], text=True,
                                        stdout=subprocess.PIPE, stderr=self.errors,
                                        env={**os.environ, **(environment or {})}, **options)
        self.told = self.process.stdout.readline()
        if not self.told:
            self.process.wait()
            raise AssertionError(f"serve {arguments}: {self.said()}")
        port = re.search(r":(\d+)/", self.told)
        self.port = int(port[1]) if port else None
        token = re.search(r"token[= ](\S+)", self.told)
        self.token = token[1] if token else None
        self.path = None if port else self.told.split(",")[0].strip()
        self.tls = None
        if self.told.startswith("https:"):
            self.tls = ssl.create_default_context(cafile=self.arguments[
                self.arguments.index("--tls-cert") + 1])
        if wait:
            wait_for(lambda: self.get("/healthz").status == 200, "the first state")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def wait_for_history(self, count):
        """Waits until so many states are saved; the list of them."""
        def listed():
            entries = self.get("/api/v1/history").json()
            return entries if len(entries) >= count else None
        return wait_for(listed, f"{count} saved states")

    def end(self):
        """Ends it in order; its exit status."""
        self.process.terminate()
        return self.process.wait(20)

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def status(self, field):
        """A number of /proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.MULTILINE)[1])

    def cpu_seconds(self):
        """What it has used of a processor."""
        status = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = status.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self):
        if self.path:
            return UnixConnection(self.path)
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=20)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, target, method="GET", token=True, body=None, **headers):
        """The Answer; header names with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {self.token if token is True else token}"
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, data, seconds=20):
        """All that comes back for these bytes until the server ends the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as client:
            client.sendall(data)
            answer = b""
            try:
                while piece := client.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
            return answer

    def events(self, **headers):
        return Events(self, headers)


class Events:
    """An event stream; `next()` gives (event, id, data), or None for a comment."""

    def __init__(self, server, headers):
        self.connection = server.connect()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", "/api/v1/events",
                                headers={"Authorization": f"Bearer {server.token}", **sent})
        self.response = self.connection.getresponse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()

    def next(self):
        fields = {}
        while line := self.response.readline().decode().rstrip("\n"):
            if line.startswith(":"):
                fields["comment"] = True
                continue
            name, _, value = line.partition(": ")
            fields[name] = value
        if "comment" in fields:
            return None
        data = json.loads(fields["data"]) if "data" in fields else None
        return fields.get("event"), fields.get("id"), data


def certificate(directory):
    """A certificate for localhost, signed by itself, and its key."""
    cert, key = directory / "cert.pem", directory / "key.pem"
    sh(f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {key} "
       f"-out {cert} -days 2 -subj /CN=localhost "
       "-addext subjectAltName=DNS:localhost,IP:127.0.0.1")
    return cert, key
