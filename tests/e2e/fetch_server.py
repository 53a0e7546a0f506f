"""Servers whose every answer is what a test makes of it: of files, and one that is a hub of model folders."""
import hashlib
import http.server
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import threading
import unittest

import program


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context, behaviour):
        super().__init__(("127.0.0.1", 0), Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.behaviour = behaviour
        self.seen = []      # (path, Range, If-Range) of each request
        self.sent = 0       # body bytes

    def handle_error(self, request, client_address):
        pass                # clients break off, which is the point


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.close_connection = True
        self.server.seen.append((self.path, self.headers.get("Range"), self.headers.get("If-Range")))
        self.server.behaviour(self, len(self.server.seen))

    def reply(self, code, body=b"", headers=(), send=None, length=None):
        """`send` bytes of the body are sent before the line goes dead; `length` is what the header claims."""
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        if length is not False:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        part = body if send is None else body[:send]
        self.server.sent += len(part)
        self.wfile.write(part)
        self.wfile.flush()

    def serve(self, body, etag='"v1"', send=None, ranges=True):
        """As a good server does, but for `send`."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        headers = [("ETag", etag)] if etag else []
        if asked and ranges and self.headers.get("If-Range") == etag:
            start = int(asked[1])
            if start >= len(body):
                return self.reply(416)
            headers.append(("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}"))
            return self.reply(206, body[start:], headers, send)
        return self.reply(200, body, headers, send)


class SecureCase(program.ProgramCase):
    """A program that trusts the certificates of `serve`."""

    @classmethod
    def setUpClass(cls):
        cls.certificates = pathlib.Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
        if not shutil.which("openssl"):
            raise unittest.SkipTest("SKIPPED LOUDLY: no openssl to make a certificate with")

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=cls.certificates, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        (cls.certificates / "san").write_text("subjectAltName=DNS:localhost\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", "server.pem")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.certificates)

    def setUp(self):
        super().setUp()
        self.environment.update(SEQBENCH_CA_FILE=str(self.certificates / "ca.pem"), no_proxy="localhost")
        self.environment.pop("SEQBENCH_OFFLINE", None)

    def serve(self, behaviour, secure=True):
        context = None
        if secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificates / "server.pem", self.certificates / "server.key")
        server = Server(context, behaviour)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        server.url = f"{'https' if secure else 'http'}://localhost:{server.server_address[1]}"
        return server


class Hub:
    """Answers as the Hugging Face hub does for one repository: its commit, the list of a commit, and files, small ones directly
    and large ones by a redirect to another host. `answers` replaces the answer to a path: a function of the handler."""

    def __init__(self, repository, files, commit="c" * 40, large=(".safetensors", ".bin")):
        self.repository, self.files, self.commit, self.large = repository, dict(files), commit, large
        self.storage = None     # the address of the other host
        self.answers = {}

    def list(self):
        entries = [{"type": "directory", "oid": "d" * 40, "size": 0, "path": "onnx"}]
        for name, data in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            entries.append({"type": "file", "oid": blob, "size": len(data), "path": name})
            if name.endswith(self.large):
                entries[-1]["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return entries

    def commit_path(self, revision="main"):
        return f"/api/models/{self.repository}/revision/{revision}"

    def list_path(self):
        return f"/api/models/{self.repository}/tree/{self.commit}?recursive=true"

    def file_path(self, name):
        return f"/{self.repository}/resolve/{self.commit}/{name}"

    def __call__(self, handler, _):
        path = handler.path
        if path in self.answers:
            return self.answers[path](handler)
        if path == self.commit_path():
            return handler.reply(200, json.dumps({"id": self.repository, "sha": self.commit, "siblings": []}).encode())
        if path == self.list_path():
            return handler.reply(200, json.dumps(self.list()).encode())
        name = path.rsplit("/", 1)[1]
        if path != self.file_path(name) or name not in self.files:
            return handler.reply(404, b'{"error":"Entry not found"}')
        if name.endswith(self.large) and self.storage:
            return handler.reply(302, b"", [("Location", f"{self.storage}/{name}?signature=x"), ("ETag", '"of the redirect"')])
        return handler.serve(self.files[name])

    def store(self, handler, _):
        """The other host."""
        name = handler.path.split("?")[0][1:]
        handler.serve(self.files[name]) if name in self.files else handler.reply(403)
