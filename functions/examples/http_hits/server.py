# SPDX-License-Identifier: Apache-2.0
"""Counts visits by page: a plain HTTP server, which gets events as requests."""

import http.server
import json
import os


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps its connection
    hits = {}

    def do_POST(self):
        visit = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "page" not in visit:
            return self.answer(400, {"error": "a visit has a page"})
        self.hits[visit["page"]] = self.hits.get(visit["page"], 0) + 1
        self.answer(200, {"page": visit["page"], "hits": self.hits[visit["page"]]})

    def do_GET(self):
        self.answer(200, self.hits)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
