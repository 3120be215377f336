"""A loopback server with faults."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dropout_lab.data import download


class Handler(BaseHTTPRequestHandler):
    """Serves ``server.files`` by path, with the fault that the path's first part names."""

    def do_GET(self):
        self.server.asked.append(self.path)
        _, fault, name = self.path.split("/", 2)
        body = self.server.files.get(name)
        if fault == "missing" or body is None:
            self.send_error(404)
            return
        if fault == "busy" or (fault == "moody" and len(self.server.asked) == 1):
            self.send_error(503)
            return
        self.send_response(200)
        if fault != "unmeasured":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut" or fault == "unmeasured":
            self.wfile.write(body[: len(body) // 2])
        elif fault == "silent":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(1.5)
        elif fault == "wrong":
            self.wfile.write(body[:-1] + bytes([body[-1] ^ 1]))
        elif fault == "slow":
            for start in range(0, len(body), 64_000):
                self.wfile.write(body[start : start + 64_000])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, *words):
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch):
    """A server on the loopback; its address for a fault is ``server.at(fault)``."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.files, httpd.asked = {}, []
    httpd.at = lambda fault: f"http://127.0.0.1:{httpd.server_address[1]}/{fault}/"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()
