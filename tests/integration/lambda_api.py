# SPDX-License-Identifier: Apache-2.0
"""An engine that serves AWS Lambda's API, and the AWS SDK for Python as its client."""

import json
import sys

import pytest

from engine import PYTHON, Engine
from http_api import Served, listening
from s3_servers import installed
from test_lambda import bootstrap

NATIVE = """import os, time
import pelton
def handle(event, context):
    what = event.json() if event.data else {}
    print("native sees", event.text())
    if not isinstance(what, dict):
        return what
    if what.get("bad"):
        raise ValueError("no " + "x" * what["bad"])
    if what.get("exit"):
        os._exit(3)
    if what.get("wait"):
        open(what["begun"], "w").close()
        while not os.path.exists(what["wait"]):
            time.sleep(.01)
    if what.get("hang"):
        time.sleep(60)
    if what.get("text"):
        return "a text"
    if what.get("big"):
        return {"x": "x" * (7 << 20)}
    if what.get("nothing"):
        return None
    context = event.header(":client-context")
    return {"got": what, "context": context and (context.decode() if isinstance(context, bytes) else context)}
"""
NODE = "exports.handle = (event) => { console.log('node sees it'); return { node: JSON.parse(event.text()) }; };\n"
LAMBDA = """
def handler(event, headers):
    print("called", flush=True)
    if isinstance(event, dict) and event.get("bad"):
        raise ValueError("no")
    return {"id": headers["Lambda-Runtime-Aws-Request-Id"], "event": event,
            "context": json.loads(headers["Lambda-Runtime-Client-Context"])}
serve(handler)
"""
CONFIG = """version: 1
engine: {{ data: ./data, free_space: 1MiB }}
listeners: {{ api: {{ address: "127.0.0.1:0", lambda: true }} }}
streams: {{ {streams} }}
functions:
  python: {{ runtime: python, code: ./native, handler: "f:handle", interpreter: {python}, timeout: 2s, memory: 512MiB, start_timeout: 15s, {function} }}
  node: {{ runtime: node, code: ./node, handler: "f:handle" }}
  document: {{ runtime: lambda/provided, code: {code}, environment: {{ AWS_REGION: eu-west-1 }} }}
{more}
"""


def sdk(address, **config):
    """The AWS SDK for Python, without its own retries."""
    packages = str(installed("moto"))
    if packages not in sys.path:
        sys.path.append(packages)
    import boto3
    from botocore.config import Config
    return boto3.client("lambda", endpoint_url=f"http://{address}", aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}, read_timeout=60, max_pool_connections=64, **config))


def refusal(call, *args, **kwargs):
    """Its code, status and the rest of an error that the SDK raises."""
    with pytest.raises(Exception) as caught:
        call(*args, **kwargs)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response


class Lambda(Served):
    """An engine and its client."""

    def __init__(self, folder, streams="", function="", more=""):
        (folder / "native").mkdir()
        (folder / "native/f.py").write_text(NATIVE)
        (folder / "node").mkdir()
        (folder / "node/f.js").write_text(NODE)
        self.folder = folder
        code = bootstrap(folder, LAMBDA)
        self.engine = Engine(folder, CONFIG.format(python=PYTHON, code=code, streams=streams, function=function, more=more))

    def find(self):
        self.address = "{}:{}".format(*listening(self.engine))
        self.client = sdk(self.address)

    def invoke(self, function, payload=None, **more):
        if payload is not None:
            more["Payload"] = payload if isinstance(payload, bytes) else json.dumps(payload)
        answer = self.client.invoke(FunctionName=function, **more)
        body = answer["Payload"].read()
        return answer, json.loads(body) if body else None
