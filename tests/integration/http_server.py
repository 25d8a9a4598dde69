# SPDX-License-Identifier: Apache-2.0
"""A server of functions with the runtime `http`, for tests: a module sets `handle` to what answers (method, path, headers,
body) with (status, headers, body), None for a connection that is closed without an answer, or bytes that are sent as they
are."""

import http.server
import json
import os
import sys
import threading
import time


def reply(status=200, body=b"", **headers):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("content_type", "application/json")
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    handle_request = None
    disable_nagle_algorithm = True

    def any_method(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = type(self).handle_request(self.command, self.path, self.headers, body)
        if answer is None or isinstance(answer, bytes):
            self.wfile.write(answer or b"")
            self.close_connection = True
            return
        status, headers, body = answer
        self.send_response_only(status)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, one)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = any_method

    def log_message(self, *_):
        pass


def serve(handle, port=None, host="127.0.0.1"):
    Handler.handle_request = staticmethod(handle)
    http.server.ThreadingHTTPServer.request_queue_size = 128
    http.server.ThreadingHTTPServer((host, port or int(os.environ["PORT"])), Handler).serve_forever()
