"""A server whose every answer is what a test makes of it."""
import http.server
import re


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
