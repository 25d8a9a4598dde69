# SPDX-License-Identifier: Apache-2.0
"""Asynchronous calls through AWS Lambda's API: accepted once they are durable, tried again, reported to destinations."""

import json

from engine import wait_until
from lambda_api import Lambda, refusal
from s3_servers import installed

ASYNC = "async: { retries: 2, retry_after: 50ms, on_success: good, on_failure: bad }"
DESTINATIONS = "good: { retention: 1d }, bad: { retention: 1d }"


def event(aws, function, payload):
    answer = aws.client.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(payload))
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    return answer["ResponseMetadata"]["RequestId"]


def test_destinations_of_asynchronous_calls(tmp_path):
    with Lambda(tmp_path, streams=DESTINATIONS, function=ASYNC) as aws:
        good = event(aws, "python", {"n": 1})
        bad = event(aws, "python", {"bad": 3})
        aws.engine.wait_settled("python.async")
        [record] = aws.engine.consume("good")
        assert record["id"] == good and record["source"].endswith(":function:python")
        made = record["data"]
        assert made["version"] == "1.0" and made["timestamp"].endswith("Z")
        assert made["requestContext"] == {"requestId": good, "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:python:$LATEST",
                                          "condition": "Success", "approximateInvokeCount": 1}
        assert made["requestPayload"] == {"n": 1} and made["responsePayload"] == {"got": {"n": 1}, "context": None}
        assert made["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
        [record] = aws.engine.consume("bad")
        made = record["data"]
        assert made["requestContext"]["requestId"] == bad and made["requestContext"]["condition"] == "RetriesExhausted"
        assert made["requestContext"]["approximateInvokeCount"] == 3 and made["requestPayload"] == {"bad": 3}
        assert made["responseContext"]["functionError"] == "Unhandled"
        assert made["responsePayload"] == {"errorMessage": "no xxx", "errorType": "ValueError"}
        [letter] = aws.engine.letters()
        assert letter["binding"] == "python.async"
        aws.engine.run("dead-letters", "replay", letter["id"])
        wait_until(lambda: [l for l in aws.engine.letters() if l["replays"] == 1], "its replay has failed")
        assert len(aws.engine.consume("bad")) == 1, "it has its record"


def test_attempts_of_an_asynchronous_call_have_the_id_of_its_request(tmp_path):
    more = "    async: { retries: 1, retry_after: 10ms, on_success: good }"
    with Lambda(tmp_path, streams=DESTINATIONS) as aws:
        config = aws.engine.config.read_text().replace("environment: { AWS_REGION: eu-west-1 }", more.strip())
        (tmp_path / "code/bootstrap").write_text((tmp_path / "code/bootstrap").read_text().replace("def handler(event, headers):", """
def handler(event, headers):
    with open("/proc/self/cwd/../ids", "a") as ids:
        print(headers["Lambda-Runtime-Aws-Request-Id"], file=ids, flush=True)
    if not os.path.exists("/proc/self/cwd/../tried"):
        open("/proc/self/cwd/../tried", "w").close()
        raise ValueError("the first time")"""))
        aws.engine.stop()
        aws.engine.config.write_text(config)
        aws.engine.start()
        wait_until(aws.engine.ready, "it is ready")
        aws.find()
        name = event(aws, "document", {"n": 1})
        aws.engine.wait_settled("document.async")
        assert (tmp_path / "ids").read_text().split() == [name, name]
        [record] = aws.engine.consume("good")
        assert record["data"]["requestContext"]["approximateInvokeCount"] == 2
        assert record["data"]["responsePayload"]["id"] == name and "attempt" in record["data"]["responsePayload"]["context"]["custom"]


def test_an_accepted_call_survives_the_engines_end(tmp_path):
    with Lambda(tmp_path, streams=DESTINATIONS, function=ASYNC.replace("}", ", max_age: 1h }")) as aws:
        names = [event(aws, "python", {"n": n}) for n in range(20)]
        aws.engine.kill()
        aws.engine.start()
        wait_until(aws.engine.ready, "it is ready")
        aws.engine.wait_settled("python.async")
        assert sorted(record["id"] for record in aws.engine.consume("good")) == sorted(names)
        assert aws.engine.consume("bad") == []


LOOP = """
import sys
sys.path.append({packages!r})
import boto3

def handler(event, headers):
    with open("/proc/self/cwd/../rounds", "a") as rounds:
        print(headers["Lambda-Runtime-Trace-Id"], file=rounds)
    # As every runtime of AWS sets it: from there the SDK sends the trace on.
    os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
    client = boto3.client("lambda", endpoint_url=event["api"], region_name="eu-west-1", aws_access_key_id="k", aws_secret_access_key="s")
    client.invoke(FunctionName="document", InvocationType="Event", Payload=json.dumps(event))
"""


def test_a_function_that_calls_itself_is_stopped(tmp_path):
    with Lambda(tmp_path) as aws:
        code = tmp_path / "code/bootstrap"
        begin = code.read_text().index("\ndef handler")
        code.write_text(code.read_text()[:begin] + LOOP.format(packages=str(installed("moto"))) + "\nserve(handler)\n")
        event(aws, "document", {"api": f"http://{aws.address}"})
        [letter] = wait_until(aws.engine.letters, "the loop has ended")
        shown = aws.engine.run("dead-letters", "show", letter["id"], "-o", "json").stdout
        assert '"loop"' in shown and "16 times by way of itself" in shown, shown
        traces = (tmp_path / "rounds").read_text().splitlines()
        assert len(traces) == 16 and len({trace.split(";")[0] for trace in traces}) == 1, traces
        # A call that comes from elsewhere is a new one.
        event(aws, "document", {"api": "http://127.0.0.1:1"})
        wait_until(lambda: len((tmp_path / "rounds").read_text().splitlines()) == 17, "it is called again")


def test_asynchronous_calls_wait_a_minute_by_default(tmp_path):
    with Lambda(tmp_path) as aws:
        event(aws, "python", {"bad": 1})
        status = wait_until(lambda: (b := aws.engine.binding("python.async"))["parked"] and b, "it waits for its retry")
        assert status["dead_letters"] == 0 and aws.engine.letters() == []
        assert refusal(aws.invoke, "python", b"{", InvocationType="Event")[0] == "InvalidRequestContentException"
        assert refusal(aws.invoke, "nobody", {}, InvocationType="Event")[0] == "ResourceNotFoundException"


def test_a_reload_adds_functions(tmp_path):
    with Lambda(tmp_path) as aws:
        config = aws.engine.config.read_text()
        aws.engine.config.write_text(config + '  added: { runtime: python, code: ./native, handler: "f:handle" }\n')
        aws.engine.run("reload")
        assert aws.invoke("added", {"n": 1})[1]["got"] == {"n": 1}
        event(aws, "added", {"n": 2})
        aws.engine.wait_settled("added.async")
        aws.engine.config.write_text(config)
        aws.engine.run("reload")
        assert refusal(aws.invoke, "added", {})[0] == "ResourceNotFoundException"


def test_calls_outlive_a_listener_that_is_away(tmp_path):
    with Lambda(tmp_path, streams=DESTINATIONS, function="scale: 1") as aws:
        name = event(aws, "python", {"bad": 1})
        wait_until(lambda: aws.engine.binding("python.async")["failed_attempts"] == 1, "it waits for its retry")
        config = aws.engine.config.read_text()
        aws.engine.config.write_text(config.replace(", lambda: true", ""))
        aws.engine.run("reload")
        assert [b["name"] for b in aws.engine.status()["bindings"]] == []
        (tmp_path / "native/f.py").write_text("def handle(event, context):\n    return 1\n")
        aws.engine.config.write_text(config.replace("scale: 1", ASYNC.replace("50ms", "1m")))
        aws.engine.run("reload")
        aws.find()
        assert aws.engine.binding("python.async")["failed_attempts"] == 0 and aws.engine.lag("python.async") == 1
        assert aws.invoke("python", {})[1] == 1
        assert aws.engine.consume("python.async")[0]["id"] == name
