"""A hub on this machine: the few answers ``huggingface_hub`` needs to fetch a checkpoint."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves ``files`` (name -> content) of one repository; ``gated`` asks for a token.

    ``beside`` has the files of further repositories by their name. ``bodies`` are sent in place
    of a file's content, under its digest and its length; with ``portal`` every answer is a page,
    as by a network that wants a login first.
    """

    def __init__(
        self, files, *, gated=False, beside=None, revision=REVISION, bodies=None, portal=False
    ):
        self.repositories = {"somebody/model": files, **(beside or {})}
        self.gated = gated
        self.revision = revision
        self.bodies = bodies or {}
        self.portal = portal
        self.requests = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                """Keep the test's output clean."""

            def do_HEAD(self):
                hub.answer(self, body=False)

            def do_GET(self):
                hub.answer(self, body=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler, *, body):
        path = handler.path.partition("?")[0]
        self.requests.append((handler.command, path))
        named = [one for one in self.repositories if f"/{one}/" in f"{path}/"]
        (repository,) = named or ["somebody/model"]  # the client asks of the hub itself, too
        files = self.repositories[repository]
        if self.portal:
            self._send(handler, 200, b"<!DOCTYPE html>please log in", {}, body=body)
        elif self.gated and handler.headers.get("Authorization") != "Bearer good-token":
            refusal = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"}
            self._send(handler, 401, b"", refusal, body=body)
        elif "/resolve/" in path:
            file = path.partition(f"/resolve/{self.revision}/")[2]
            self._file(handler, files[file], self.bodies.get(file) if body else None, body=body)
        elif "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in files.items()
            ]
            self._send(handler, 200, json.dumps(tree).encode(), {}, body=body)
        else:
            siblings = [{"rfilename": file} for file in files]
            facts = {"id": repository, "sha": self.revision, "siblings": siblings}
            self._send(handler, 200, json.dumps(facts).encode(), {}, body=body)

    def _file(self, handler, content, instead, *, body):
        digest = hashlib.sha256(content).hexdigest()
        facts = {
            "ETag": f'"{digest}"', "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(content)), "X-Repo-Commit": self.revision,
        }  # fmt: skip
        self._send(handler, 200, instead or content, facts, body=body)

    @staticmethod
    def _send(handler, code, content, headers, *, body):
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if body:
            handler.wfile.write(content)
