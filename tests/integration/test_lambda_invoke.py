# SPDX-License-Identifier: Apache-2.0
"""AWS Lambda's API: the AWS SDKs for Python and JavaScript call, and list, the functions of an engine."""

import base64
import concurrent.futures
import json
import re
import shutil
import subprocess

import pytest

from engine import Engine, wait_until
from lambda_api import Lambda, refusal


@pytest.fixture(name="aws", scope="module")
def an_engine(tmp_path_factory):
    with Lambda(tmp_path_factory.mktemp("lambda")) as aws:
        Engine.started.remove(aws.engine)  # it serves all tests of the module
        yield aws


# ---- synchronous calls

def test_functions_of_each_runtime_answer(aws):
    answer, body = aws.invoke("python", {"n": 1})
    assert body == {"got": {"n": 1}, "context": None}
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer and "LogResult" not in answer
    assert aws.invoke("node", {"n": 2})[1] == {"node": {"n": 2}}
    answer, body = aws.invoke("document", {"ü": [1.50, None]})
    assert body["event"] == {"ü": [1.5, None]}
    assert body["id"] == answer["ResponseMetadata"]["RequestId"]


def test_names_and_qualifiers(aws):
    arn = aws.client.get_function(FunctionName="document")["Configuration"]["FunctionArn"]
    assert arn == "arn:aws:lambda:eu-west-1:000000000000:function:document"
    for name in (arn, arn + ":$LATEST", "document:$LATEST", "000000000000:function:document"):
        assert aws.invoke(name, 1)[1]["event"] == 1, name
    assert aws.invoke("document", 1, Qualifier="$LATEST")[1]["event"] == 1
    for name, more in (("document:prod", {}), ("document", {"Qualifier": "7"}), ("nobody", {}), ("functio", {})):
        assert refusal(aws.invoke, name, 1, **more)[:2] == ("ResourceNotFoundException", 404)


def test_no_payload_is_an_empty_object_and_no_answer_is_null(aws):
    assert aws.invoke("document")[1]["event"] == {}
    assert aws.invoke("python", {"nothing": 1})[0]["StatusCode"] == 200
    assert aws.invoke("python", {"nothing": 1})[1] is None
    assert aws.invoke("python", {"text": 1})[1] == "a text"


def test_what_is_not_json_is_refused(aws):
    for payload in (b"{", b"\xff", b"{} x", b"[" * 70_000):
        code, status, response = refusal(aws.invoke, "python", payload)
        assert (code, status) == ("InvalidRequestContentException", 400)
        assert "json" in response["Error"]["Message"]


def test_errors_of_functions(aws):
    answer, body = aws.invoke("python", {"bad": 3})
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert (body["errorType"], body["errorMessage"]) == ("ValueError", "no xxx")
    assert any("raise ValueError" in line for line in body["stackTrace"])
    answer, body = aws.invoke("document", {"bad": 1})
    assert answer["FunctionError"] == "Unhandled" and (body["errorType"], body["errorMessage"]) == ("ValueError", "no")
    answer, body = aws.invoke("python", {"exit": 1})
    assert answer["FunctionError"] == "Unhandled" and body["errorType"] == "Runtime.ExitError" and "exit 3" in body["errorMessage"]
    answer, body = aws.invoke("python", {"hang": 1})
    assert answer["FunctionError"] == "Unhandled" and body["errorType"] == "Sandbox.Timedout"
    assert body["errorMessage"].endswith(" Task timed out after 2.00 seconds") and body["requestId"] in body["errorMessage"]
    answer, body = aws.invoke("python", {"big": 1})
    assert answer["FunctionError"] == "Unhandled" and body["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize("function,line", [("python", 'native sees {"n": 1}'), ("document", "called"), ("node", "node sees it")])
def test_the_tail_of_the_log(aws, function, line):
    answer, _ = aws.invoke(function, {"n": 1}, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    name = answer["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {name} Version: $LATEST" in lines
    assert line in lines and f"END RequestId: {name}" in lines
    assert re.fullmatch(rf"REPORT RequestId: {name}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t.*", lines[-1])


def test_the_tail_is_of_4_kib_and_of_failures_too(aws):
    answer, _ = aws.invoke("python", {"n": "y" * 9000}, LogType="Tail")
    text = base64.b64decode(answer["LogResult"]).decode()
    assert len(text) == 4096 and "START" not in text and "REPORT RequestId" in text
    answer, _ = aws.invoke("python", {"bad": 1}, LogType="Tail")
    assert "Status: error" in base64.b64decode(answer["LogResult"]).decode()


def test_the_client_context(aws):
    context = {"custom": {"who": "Jürgen \U0001f600"}, "client": {}}
    encoded = base64.b64encode(json.dumps(context, ensure_ascii=False, indent=1).encode()).decode()
    assert aws.invoke("document", 1, ClientContext=encoded)[1]["context"] == context
    assert json.loads(aws.invoke("python", {}, ClientContext=encoded)[1]["context"]) == context
    for wrong in ("!", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{").decode(), "e30=" + "A" * 4000):
        assert refusal(aws.invoke, "document", 1, ClientContext=wrong)[:2] == ("InvalidRequestContentException", 400)


def test_dry_runs_run_nothing(aws):
    before = aws.engine.status()
    answer, body = aws.invoke("python", {"n": 1}, InvocationType="DryRun")
    assert answer["StatusCode"] == 204 and body is None
    assert refusal(aws.invoke, "nobody", {}, InvocationType="DryRun")[:2] == ("ResourceNotFoundException", 404)
    assert [f["name"] for f in before["functions"]] == ["python", "node", "document"]


def test_payloads_that_are_too_large(aws):
    most = b'{"nothing": 1, "x": ""}'
    most = most.replace(b'""', b'"' + b"x" * ((6 << 20) - len(most)) + b'"')
    answer, body = aws.invoke("python", most)
    assert "FunctionError" not in answer and body is None
    assert refusal(aws.invoke, "python", most + b" ")[:2] == ("RequestEntityTooLargeException", 413)
    assert refusal(aws.invoke, "python", b'"' + b"x" * (1 << 20) + b'"', InvocationType="Event")[:2] == ("RequestEntityTooLargeException", 413)


def test_many_at_once(aws):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: aws.invoke("document", n)[1]["event"], range(200)))
    assert answers == list(range(200))


# ---- lists

def test_lists(aws):
    assert [f["FunctionName"] for f in aws.client.list_functions()["Functions"]] == ["document", "node", "python"]
    pages = aws.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    assert [[f["FunctionName"] for f in page["Functions"]] for page in pages] == [["document", "node"], ["python"]]
    assert refusal(aws.client.get_function, FunctionName="nobody")[0] == "ResourceNotFoundException"
    found = aws.client.get_function(FunctionName="python")
    assert found["Configuration"]["Timeout"] == 2 and found["Configuration"]["MemorySize"] == 512
    assert found["Concurrency"]["ReservedConcurrentExecutions"] == 1
    assert aws.client.get_function_configuration(FunctionName="python", Qualifier="$LATEST")["Runtime"] == "python"
    aws.client.get_waiter("function_active_v2").wait(FunctionName="python")
    code, status, _ = refusal(aws.client.delete_function, FunctionName="python")
    assert (code, status) == ("NotImplementedException", 501)


# ---- JavaScript

SDK_V3 = """
const { LambdaClient, InvokeCommand, ListFunctionsCommand, GetFunctionCommand } = require("@aws-sdk/client-lambda");
(async () => {
  const client = new LambdaClient({ endpoint: process.argv[2], region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" }, maxAttempts: 1 });
  const seen = [];
  const answer = await client.send(new InvokeCommand({ FunctionName: "python", Payload: '{"n":1}', LogType: "Tail" }));
  seen.push(answer.StatusCode, answer.ExecutedVersion, JSON.parse(Buffer.from(answer.Payload).toString()).got.n);
  seen.push(Buffer.from(answer.LogResult, "base64").toString().includes("REPORT RequestId: "));
  seen.push((await client.send(new InvokeCommand({ FunctionName: "python", Payload: '{"bad":1}' }))).FunctionError);
  seen.push((await client.send(new InvokeCommand({ FunctionName: "python", InvocationType: "Event" }))).StatusCode);
  seen.push((await client.send(new ListFunctionsCommand({}))).Functions.length);
  await client.send(new GetFunctionCommand({ FunctionName: "nobody" })).catch((error) => seen.push(error.name, error.message));
  await client.send(new InvokeCommand({ FunctionName: "python", Payload: "{" })).catch((error) => seen.push(error.name));
  console.log(JSON.stringify(seen));
})();
"""
SDK_V2 = """
const AWS = require("aws-sdk");
(async () => {
  const client = new AWS.Lambda({ endpoint: process.argv[2], region: "us-east-1", credentials: { accessKeyId: "a", secretAccessKey: "b" }, maxRetries: 0 });
  const seen = [];
  const answer = await client.invoke({ FunctionName: "python", Payload: '{"n":1}' }).promise();
  seen.push(answer.StatusCode, JSON.parse(answer.Payload).got.n);
  seen.push((await client.invoke({ FunctionName: "python", InvocationType: "Event" }).promise()).StatusCode);
  await client.invoke({ FunctionName: "nobody" }).promise().catch((error) => seen.push(error.code, error.statusCode));
  console.log(JSON.stringify(seen));
})();
"""


def node(folder, package, program, address):
    """What a program prints that uses a package of npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    installs = subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), package],
                              capture_output=True, text=True, check=False)
    if installs.returncode != 0:
        pytest.skip(f"{package} cannot be installed here: {installs.stderr.strip()[-300:]}")
    (folder / "program.js").write_text(program)
    ran = subprocess.run(["node", folder / "program.js", f"http://{address}"], capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def test_the_sdk_for_javascript(aws, tmp_path):
    assert node(tmp_path, "@aws-sdk/client-lambda@3", SDK_V3, aws.address) == [
        200, "$LATEST", 1, True, "Unhandled", 202, 3, "ResourceNotFoundException", "Function not found: nobody", "InvalidRequestContentException"]


def test_the_sdk_for_javascript_of_version_2(aws, tmp_path):
    assert node(tmp_path, "aws-sdk@2", SDK_V2, aws.address) == [200, 1, 202, "ResourceNotFoundException", 404]


# ---- throttles

def test_a_call_that_no_worker_takes_is_throttled(tmp_path):
    with Lambda(tmp_path, more='  slow: { runtime: python, code: ./native, handler: "f:handle", timeout: 60s, start_timeout: 4s }') as aws:
        begun, go = tmp_path / "begun", tmp_path / "go"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            first = pool.submit(aws.invoke, "slow", {"wait": str(go), "begun": str(begun)})
            wait_until(begun.exists, "the worker is busy")
            code, status, response = refusal(aws.invoke, "slow", {})
            assert (code, status) == ("TooManyRequestsException", 429)
            assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
            assert response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
            go.touch()
            assert first.result()[0]["StatusCode"] == 200
        assert aws.invoke("slow", {})[0]["StatusCode"] == 200
