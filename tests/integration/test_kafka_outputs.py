# SPDX-License-Identifier: Apache-2.0
"""Functions whose outputs go to a topic: acknowledged there before their event is settled, refused ones as dead letters."""

import json
import subprocess

import confluent_kafka
import pytest

import kafka_broker
from engine import PYTHON, Engine, function_folder, wait_until
from kafka_broker import read
from test_kafka_exactly_once import committed

broker = pytest.fixture(scope="module")(kafka_broker.strict_broker)


def config(broker, source, target, code, options=""):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  records: {{ kafka: {{ brokers: ["{broker.address}"], topic: {source} }} }}
  results: {{ kafka: {{ brokers: ["{broker.address}"], topic: {target} }} }}
functions:
  work: {{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: "function:handle" }}
bindings:
  job:
    from: records
    function: work
    to: results
    group: {source}
    kafka: {{ session_timeout: 6s, drain: 3s }}
    retry: {{ attempts: 3, backoff: {{ first: 10ms, max: 50ms }} }}
    {options}
"""


def records(first, count, keys=50):
    return [{"key": f"k{n % keys}", "value": json.dumps({"n": n})} for n in range(first, first + count)]


ECHO = """
import pelton
def handle(event, context):
    return pelton.Event(data=event.data, key=event.key, headers=[("a", b"1"), ("a", b"2")])
"""


def test_outputs_are_records_with_key_and_headers(broker, tmp_path):
    source, target, mirror = broker.topic(3), broker.topic(5), broker.topic(5)
    broker.produce(source, records(0, 3000))
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.address, "partitioner": "murmur2_random"})
    for record in records(0, 50):
        producer.produce(mirror, **record)
    assert producer.flush(30) == 0
    with Engine(tmp_path, config(broker, source, target, function_folder(tmp_path, ECHO))) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 3000, "all are done")
        found = read(broker, target, 5)
        assert sorted(json.loads(m.value())["n"] for m in found) == list(range(3000))
        assert {tuple(m.headers()) for m in found} == {(("a", b"1"), ("a", b"2"))}
        places = {m.key(): m.partition() for m in read(broker, mirror, 5)}
        assert {m.key(): m.partition() for m in found} == places, "keys lie where Kafka's own clients put them"
        order = {}
        for message in found:
            order.setdefault(message.key(), []).append(json.loads(message.value())["n"])
        assert all(numbers == sorted(numbers) for numbers in order.values())
        wait_until(lambda: sum(broker.committed(source, source, 3)) == 3000, "all offsets are committed")


def test_outputs_to_topics_and_a_stream(broker, tmp_path):
    """Each goes to the stream that it names; an event whose output one topic refuses is no event that is done."""
    source, bills, alerts = broker.topic(1), broker.topic(2), broker.topic(1, **{"max.message.bytes": "2000"})
    code = function_folder(tmp_path, """
import pelton
def handle(event, context):
    n = event.json()["n"]
    size = 5000 if n == 11 else 10
    return [pelton.Event({"n": n}), pelton.Event({"n": n}, stream="here"),
            pelton.Event({"n": n, "x": "x" * size}, stream="alerts")]
""")
    text = config(broker, source, bills, code).replace("    to: results\n", "    to: [results, alerts, here]\n").replace(
        "functions:\n", f"""  alerts: {{ kafka: {{ brokers: ["{broker.address}"], topic: {alerts} }} }}
  here: {{}}
functions:
""", 1)
    broker.produce(source, records(0, 200))
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 199 and len(engine.letters()) == 1, "all but one are done")
        good = [n for n in range(200) if n != 11]
        assert sorted(json.loads(m.value())["n"] for m in read(broker, alerts, 1)) == good
        assert sorted({json.loads(m.value())["n"] for m in read(broker, bills, 2)} - {11}) == good
        assert sorted(event["data"]["n"] for event in engine.consume("here")) == good
        letter, = engine.letters()
        assert json.loads(letter["event"]["data"])["n"] == 11
        assert "MSG_SIZE_TOO_LARGE" in engine.run("dead-letters", "show", letter["id"]).stdout


def test_exactly_once_is_for_one_topic(broker, tmp_path):
    text = config(broker, "a", "b", "/bin/true", "delivery: exactly_once").replace("to: results", "to: [results, more]").replace(
        "functions:\n", f"""  more: {{ kafka: {{ brokers: ["{broker.address}"], topic: c }} }}\nfunctions:\n""", 1)
    engine = Engine(tmp_path, text)
    done = subprocess.run([engine.binary, "validate", str(engine.config)], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and "E1027" in done.stderr + done.stdout and "a single stream" in done.stderr + done.stdout


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_outputs_that_are_cloud_events(broker, tmp_path, mode):
    source, target = broker.topic(1), broker.topic(1)
    code = function_folder(tmp_path, """
import pelton
def handle(event, context):
    return pelton.Event(data=event.json(), id="e-1", source="/shop", type="bill.made", subject="b-7", key="k",
                        content_type="application/json", time=1767323045, headers={"trace": "1", "ce_region": "eu"})
""")
    text = config(broker, source, target, code).replace(f"topic: {target} }}", f"topic: {target}, content_mode: {mode} }}")
    broker.produce(source, records(0, 1))
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 1, "it is done")
    record, = read(broker, target, 1)
    headers = dict(record.headers())
    if mode == "binary":
        assert headers["ce_id"] == b"e-1" and headers["ce_region"] == b"eu" and headers["content-type"] == b"application/json"
        assert json.loads(record.value()) == {"n": 0}
    else:
        assert headers == {"content-type": b"application/cloudevents+json; charset=UTF-8", "trace": b"1"}
        assert json.loads(record.value()) == {
            "specversion": "1.0", "id": "e-1", "source": "/shop", "type": "bill.made", "subject": "b-7", "region": "eu",
            "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json", "data": {"n": 0}}
    assert record.key() == b"k" and headers["trace"] == b"1"


def test_records_that_are_too_large_are_dead_letters_and_nothing_else_is(broker, tmp_path):
    source, target = broker.topic(1), broker.topic(1, **{"max.message.bytes": "20000"})
    code = function_folder(tmp_path, """
def handle(event, context):
    n = event.json()["n"]
    return {"n": n, "x": "x" * (50000 if n % 100 == 7 else 2000)}
""")
    broker.produce(source, records(0, 400))
    with Engine(tmp_path, config(broker, source, target, code)) as engine:
        wait_until(lambda: engine.binding("job")["done"] + engine.binding("job")["dead_lettered"] == 400, "all are settled")
        letters = engine.letters()
        assert sorted(json.loads(letter["event"]["data"])["n"] for letter in letters) == [7, 107, 207, 307]
        assert "E6106" in json.dumps(letters[0]) and "MSG_SIZE_TOO_LARGE" in json.dumps(letters[0])
        assert sorted(json.loads(m.value())["n"] for m in read(broker, target, 1)) == [n for n in range(400) if n % 100 != 7]


def test_outputs_wait_while_the_broker_is_away_and_no_attempt_is_used(broker, tmp_path):
    source, target = broker.topic(2), broker.topic(2)
    with Engine(tmp_path, config(broker, source, target, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(source, records(0, 2000))
        wait_until(lambda: engine.binding("job")["done"] >= 100, "work is done")
        broker.kill()
        wait_until(lambda: "E6101" in engine.log.read_text(), "the log says that the broker is away")
        broker.up()
        broker.produce(source, records(2000, 500))
        wait_until(lambda: sum(broker.committed(source, source, 2)) == 2500, "everything is committed")
        assert engine.binding("job")["failed_attempts"] == 0 and engine.letters() == []
        assert {json.loads(m.value())["n"] for m in read(broker, target, 2)} == set(range(2500))


def test_kill_9_loses_no_output(broker, tmp_path):
    source, target = broker.topic(2), broker.topic(2)
    engine = Engine(tmp_path, config(broker, source, target, function_folder(tmp_path, ECHO)))
    for round_ in range(3):
        engine.start()
        broker.produce(source, records(round_ * 2000, 2000))
        wait_until(lambda: engine.binding("job")["done"] >= 300, f"round {round_}: work is done")
        engine.kill()
    with engine:
        wait_until(lambda: sum(broker.committed(source, source, 2)) == 6000, "everything is committed")
        assert engine.letters() == []
        assert {json.loads(m.value())["n"] for m in read(broker, target, 2)} == set(range(6000))


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_outputs_wait_for_their_topic(broker, tmp_path, delivery):
    """A topic that is not there yet is no fault of its records: no dead letter, no attempt, and words for the operator."""
    source, target = broker.topic(2), f"later-{delivery.replace('_', '-')}"
    text = config(broker, source, target, function_folder(tmp_path, ECHO), f"delivery: {delivery}\n    max_unsettled: 500")
    broker.produce(source, records(0, 3000))
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: "E6110" in engine.binding("job")["trouble"], "the status says why")
        assert "UNKNOWN_TOPIC" in engine.run("status").stdout and 'pelton_binding_trouble{binding="job"} 1' in engine.metrics()
        assert engine.log.read_text().count("E6110") == 1
        broker.topic(2, name=target)
        wait_until(lambda: engine.binding("job")["done"] == 3000, "it goes on once the topic is there")
        assert engine.letters() == [] and engine.binding("job")["failed_attempts"] == 0 and engine.binding("job")["trouble"] == ""
        order = {}
        for message in committed(broker, target, 2):
            order.setdefault(message.key(), []).append(json.loads(message.value())["n"])
        assert sorted(n for numbers in order.values() for n in numbers) == list(range(3000))
        assert all(numbers == sorted(numbers) for numbers in order.values())
