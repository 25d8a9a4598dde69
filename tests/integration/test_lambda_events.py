# SPDX-License-Identifier: Apache-2.0
"""The shapes in which a function for AWS Lambda gets its events, and reports of batches."""

import base64
import json
import subprocess

import pytest

from engine import BINARY, Engine
from test_lambda import bootstrap, lambda_config, last_attempt, results, show

ECHO = "serve(lambda event, headers: event)"
# Writes what it got, a line an invocation, and answers with what the environment says.
RECORDER = """
def handle(event, headers):
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(event) + "\\n")
    return eval(os.environ["ANSWER"])
serve(handle)
"""


class Recorder:
    """A binding of a batch shape whose function records its invocations."""

    def __init__(self, folder, shape, answer="None", binding="", source=RECORDER):
        self.seen = folder / "seen.ndjson"
        code = bootstrap(folder, source)
        function = f"environment: {{ SEEN: {self.seen}, ANSWER: {json.dumps(answer)} }}"
        self.engine = Engine(folder, lambda_config(code, f"event: {shape}\n    {binding}", function, to=""))

    def run(self, events):
        self.engine.produce("input", events)
        self.engine.wait_settled("job")

    def invocations(self):
        return [json.loads(line) for line in self.seen.read_text().splitlines()]


def decoded(text):
    return base64.b64decode(text).decode()


def test_cloudevents(tmp_path):
    code = bootstrap(tmp_path, ECHO)
    with Engine(tmp_path, lambda_config(code, "event: cloudevents")) as engine:
        engine.produce("input", [
            {"id": "1", "source": "/s", "type": "t", "subject": "u", "time": "2026-01-02T03:04:05Z", "key": "k", "data": {"a": 1}},
            {"key": "k", "data_base64": base64.b64encode(b"\xff\x00").decode()}])
        engine.wait_settled("job")
        first, second = results(engine)
        assert first == {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": "u", "time": "2026-01-02T03:04:05Z",
                         "partitionkey": "k", "datacontenttype": "application/json", "data": {"a": 1}} or first == {
                         "specversion": "1.0", "id": "1", "source": "/s", "type": "t", "subject": "u", "time": "2026-01-02T03:04:05Z",
                         "partitionkey": "k", "data": {"a": 1}}
        assert second["id"] and second["source"] and second["type"] and base64.b64decode(second["data_base64"]) == b"\xff\x00"


def test_s3(tmp_path):
    code = bootstrap(tmp_path, ECHO)
    with Engine(tmp_path, lambda_config(code, "event: s3")) as engine:
        engine.produce("input", [{"subject": "a folder/b+c.jpg", "type": "pelton.file.created", "headers": {"size": "12"}, "data": "x"},
                                 {"key": "gone", "type": "x.deleted"}])
        engine.wait_settled("job")
        [created], [removed] = (event["Records"] for event in results(engine))
        assert created["eventName"] == "ObjectCreated:Put" and created["eventSource"] == "aws:s3"
        assert created["s3"]["object"]["key"] == "a+folder/b%2Bc.jpg" and created["s3"]["object"]["size"] == 12
        assert created["s3"]["bucket"]["name"] == "input" and created["s3"]["bucket"]["arn"] == "arn:aws:s3:::input"
        assert removed["eventName"] == "ObjectRemoved:Delete" and removed["s3"]["object"]["key"] == "gone"
        assert created["s3"]["object"]["sequencer"] < removed["s3"]["object"]["sequencer"]


def test_kafka(tmp_path):
    recorder = Recorder(tmp_path, "kafka", binding="batch: { events: 3, wait: 10s }")
    with recorder.engine:
        recorder.run([{"key": "k", "data": {"n": n}, "headers": {"h": "é"}} for n in range(6)])
        batches = recorder.invocations()
        assert [len(batch["records"]["input-0"]) for batch in batches] == [3, 3]
        assert batches[0]["eventSource"] == "SelfManagedKafka"
        record = batches[1]["records"]["input-0"][0]
        assert (record["topic"], record["partition"], record["offset"], record["timestampType"]) == ("input", 0, 3, "CREATE_TIME")
        assert decoded(record["key"]) == "k" and json.loads(decoded(record["value"])) == {"n": 3}
        assert record["headers"] == [{"h": [-61, -87]}]


def test_sqs(tmp_path):
    recorder = Recorder(tmp_path, "sqs", binding="batch: { events: 2, wait: 10s }")
    with recorder.engine:
        recorder.run([{"key": "g", "data": {"n": n}, "headers": {"h": "v"}} for n in range(2)])
        [batch] = recorder.invocations()
        first, second = batch["Records"]
        assert json.loads(first["body"]) == {"n": 0} and first["messageId"] != second["messageId"]
        assert first["attributes"]["ApproximateReceiveCount"] == "1" and first["attributes"]["MessageGroupId"] == "g"
        assert first["messageAttributes"]["h"]["stringValue"] == "v"
        assert (first["eventSource"], first["eventSourceARN"]) == ("aws:sqs", "arn:aws:sqs:us-east-1:000000000000:input")


def test_kinesis_and_dynamodb(tmp_path):
    for shape in ("kinesis", "dynamodb"):
        folder = tmp_path / shape
        folder.mkdir()
        recorder = Recorder(folder, shape, binding="batch: { events: 2, wait: 10s }")
        with recorder.engine:
            recorder.run([{"key": "g", "data": {"n": n}} for n in range(2)])
            [batch] = recorder.invocations()
            first, second = batch["Records"]
            if shape == "kinesis":
                assert json.loads(decoded(first["kinesis"]["data"])) == {"n": 0} and first["kinesis"]["partitionKey"] == "g"
                assert int(first["kinesis"]["sequenceNumber"]) < int(second["kinesis"]["sequenceNumber"])
                assert first["eventID"] == "shardId-000000000000:" + first["kinesis"]["sequenceNumber"]
            else:
                assert first["eventName"] == "INSERT" and first["dynamodb"]["NewImage"] == {"n": {"N": "0"}}
                assert first["dynamodb"]["Keys"] == {"key": {"S": "g"}}


def test_what_is_reported_comes_again_and_what_waits_for_it(tmp_path):
    # Of key a the second event fails for good; b is another key.
    answer = ("{'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in event['Records'] if r['body'] == 'bad']}")
    recorder = Recorder(tmp_path, "sqs", answer, "batch: { events: 10, wait: 10s }")
    with recorder.engine:
        words = [("a", "1"), ("a", "bad"), ("a", "2"), ("b", "3"), ("a", "4"), ("b", "5"), ("b", "6"), ("b", "7"), ("b", "8"), ("b", "9")]
        recorder.run([{"key": key, "data": word} for key, word in words])
        bodies = [[record["body"] for record in batch["Records"]] for batch in recorder.invocations()]
        assert bodies[0] == [word for _, word in words]
        rest = [body for batch in bodies[1:] for body in batch]
        assert rest.count("bad") == 1 and "3" not in rest and "9" not in rest
        assert rest.index("bad") < rest.index("2") < rest.index("4")
        [letter] = recorder.engine.letters()
        assert last_attempt(recorder.engine, letter)["type"] == "BatchItemFailure"


@pytest.mark.parametrize("shape", ["kinesis", "dynamodb"])
def test_nothing_behind_the_first_sequence_number_is_done(tmp_path, shape):
    path = "r['kinesis']['sequenceNumber']" if shape == "kinesis" else "r['dynamodb']['SequenceNumber']"
    answer = (f"{{'batchItemFailures': [{{'itemIdentifier': {path}}} for r in event['Records'][3:5]]}} if len(event['Records']) == 6 else None")
    recorder = Recorder(tmp_path, shape, answer, "order: none\n    batch: { events: 6, wait: 1s }")
    with recorder.engine:
        recorder.run([{"key": str(n), "data": {"n": n}} for n in range(6)])
        counts = [len(batch["Records"]) for batch in recorder.invocations()]
        assert counts[0] == 6 and sum(counts[1:]) == 3
        assert recorder.engine.letters() == []


def test_kafka_reports_name_partition_and_offset(tmp_path):
    answer = ("{'batchItemFailures': [{'itemIdentifier': {'partition': 'input-0', 'offset': 1}}]} if len(event['records']['input-0']) == 3 else None")
    recorder = Recorder(tmp_path, "kafka", answer, "batch: { events: 3, wait: 10s }")
    with recorder.engine:
        recorder.run([{"key": key, "data": 1} for key in ("a", "b", "c")])
        offsets = [[record["offset"] for record in batch["records"]["input-0"]] for batch in recorder.invocations()]
        assert offsets == [[0, 1, 2], [1]]


@pytest.mark.parametrize("answer", ["None", "{}", "{'batchItemFailures': []}", "{'batchItemFailures': None}", "'ok'", "{'statusCode': 200}",
                                    "b''", "b'plain text'"])
def test_these_answers_are_success(tmp_path, answer):
    recorder = Recorder(tmp_path, "sqs", answer, "batch: { events: 2, wait: 10s }")
    with recorder.engine:
        recorder.run([{"key": str(n), "data": n} for n in range(2)])
        assert len(recorder.invocations()) == 1 and recorder.engine.letters() == []


@pytest.mark.parametrize("answer", ["{'batchItemFailures': [{'itemIdentifier': ''}]}", "{'batchItemFailures': [{'itemIdentifier': None}]}",
                                    "{'batchItemFailures': [{'id': 'x'}]}", "{'batchItemFailures': [{'itemIdentifier': 'unknown'}]}",
                                    "{'batchItemFailures': ['x']}", "b'{\"batchItemFailures\": [{\"item'"])
def test_these_answers_fail_the_batch(tmp_path, answer):
    recorder = Recorder(tmp_path, "sqs", answer, "batch: { events: 2, wait: 10s }")
    with recorder.engine:
        recorder.run([{"key": str(n), "data": n} for n in range(2)])
        letters = recorder.engine.letters()
        assert len(letters) == 2
        assert {last_attempt(recorder.engine, letter)["type"] for letter in letters} == {"InvalidBatchResponse"}


def test_an_error_narrows_the_batch_down_to_the_event(tmp_path):
    source = RECORDER.replace("    return", "    if any(r['body'] == '13' for r in event['Records']): raise ValueError('unlucky')\n    return")
    recorder = Recorder(tmp_path, "sqs", "None", "batch: { events: 64, wait: 10s }", source)
    with recorder.engine:
        recorder.run([{"key": str(n), "data": n} for n in range(64)])
        [letter] = recorder.engine.letters()
        assert show(recorder.engine, letter)["event"]["data"] == 13
        attempt = last_attempt(recorder.engine, letter)
        assert (attempt["type"], attempt["message"]) == ("ValueError", "unlucky")
        assert len(recorder.invocations()) < 30


def test_a_batch_that_kills_its_process_is_narrowed_down(tmp_path):
    source = RECORDER.replace("    return", "    if any(r['body'] == '5' for r in event['Records']): os._exit(2)\n    return")
    recorder = Recorder(tmp_path, "sqs", "None", "batch: { events: 8, wait: 10s }", source)
    with recorder.engine:
        recorder.run([{"key": str(n), "data": n} for n in range(8)])
        [letter] = recorder.engine.letters()
        assert show(recorder.engine, letter)["event"]["data"] == 5 and letter["reason"] == "worker_killer"


def test_a_batch_is_as_large_as_an_invocation_takes(tmp_path):
    recorder = Recorder(tmp_path, "kafka", "None", "batch: { events: 100, bytes: 32MiB, wait: 1s }",
                        RECORDER.replace("json.dumps(event)", "str(len(event['records']['input-0']))"))
    with recorder.engine:
        recorder.run([{"key": str(n), "data": "x" * 900_000} for n in range(12)])
        counts = recorder.invocations()
        assert sum(counts) == 12 and max(counts) <= 5 and recorder.engine.letters() == []


@pytest.mark.parametrize("binding, to, runtime, wrong", [
    ("event: kafka", "to: output", "lambda/provided", "E3141"),
    ("event: raw", "to: output", "cpp", "E3140"),
    ("event: kafak", "", "lambda/provided", "E1010"),
])
def test_the_config_says_where_it_is_wrong(tmp_path, binding, to, runtime, wrong):
    code = bootstrap(tmp_path, ECHO)
    path = code / "bootstrap" if runtime == "cpp" else code
    (tmp_path / "c.yaml").write_text(lambda_config(path, binding, runtime=runtime, to=to))
    done = subprocess.run([BINARY, "validate", str(tmp_path / "c.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and wrong in done.stdout + done.stderr
    line = next(number for number, text in enumerate((tmp_path / "c.yaml").read_text().splitlines(), 1)
                if (text.strip().startswith("to: output") if wrong == "E3141" else text.strip() == binding))
    assert f"c.yaml:{line}:" in done.stdout + done.stderr
