#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A Runtime API client for tests, which can do everything wrong. Functions import it: `from lambda_bootstrap import *`."""

import http.client
import json
import os

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime"


class Api:
    """One connection, kept open."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(HOST)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, path if path.startswith("/2") else BASE + path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def next(self):
        status, headers, body = self.call("GET", "/invocation/next")
        assert status == 200, (status, body)
        return headers["Lambda-Runtime-Aws-Request-Id"], json.loads(body), headers

    def respond(self, request, value):
        return self.call("POST", f"/invocation/{request}/response", value if isinstance(value, bytes) else json.dumps(value))

    def fail(self, request, kind="Oops", message="no", stack=()):
        return self.call("POST", f"/invocation/{request}/error",
                         json.dumps({"errorType": kind, "errorMessage": message, "stackTrace": list(stack)}),
                         {"Lambda-Runtime-Function-Error-Type": "Function.Header"})


def serve(handler):
    """Answers with what the handler returns, or its error."""
    api = Api()
    while True:
        request, event, headers = api.next()
        try:
            answer = handler(event, headers)
        except Exception as error:  # noqa: BLE001 as the clients do
            api.fail(request, type(error).__name__, str(error), ["in the handler"])
        else:
            api.respond(request, answer)
