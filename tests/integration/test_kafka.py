# SPDX-License-Identifier: Apache-2.0
"""Functions on the topics of a real broker: records as they are, poison, restarts, rebalances, offsets, faults."""

import base64
import collections
import json

import pytest

import kafka_broker
from engine import PYTHON, Engine, function_folder, wait_until
from history import check_exactly_once, check_key_order

broker = pytest.fixture(scope="module")(kafka_broker.broker)


def config(broker, topic, code, binding="", instance=""):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  records: {{ kafka: {{ brokers: ["{broker.address}"], topic: {topic} }} }}
  seen: {{}}
functions:
  work: {{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: "function:handle" }}
bindings:
  job:
    from: records
    function: work
    to: seen
    group: {topic}
    kafka: {{ session_timeout: 6s, drain: 3s{f', instance: {instance}' if instance else ''} }}
    retry: {{ attempts: 3, backoff: {{ first: 10ms, max: 50ms }} }}
    {binding}
"""


ECHO = "def handle(event, context):\n    return event.json()\n"


def numbers(count, keys=50, first=0):
    return [{"key": f"k{n % keys}", "value": json.dumps({"n": n})} for n in range(first, first + count)]


def settled(engine, done):
    """All of the topic is settled: the end is known a second after a record at the latest."""
    wait_until(lambda: engine.binding("job")["done"] + engine.binding("job")["dead_lettered"] >= done
               and engine.lag("job") == 0, f"{done} records are settled")


def test_records_reach_the_function_as_they_are(broker, tmp_path):
    code = function_folder(tmp_path, """
import base64
def b64(data):
    return None if data is None else base64.b64encode(data).decode()
def handle(event, context):
    return {"key": b64(event.key), "data": b64(event.data) if event.has_data else None, "id": event.id,
            "type": event.type, "source": event.source, "subject": event.subject, "time": event.time,
            "content_type": event.content_type, "headers": [[n, b64(v)] for n, v in event.headers]}
""")
    topic = broker.topic(1)
    cloud_event = {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "order.made", "subject": "o-7",
                   "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json", "data": {"total": 3}}
    many = [("h", str(i).encode()) for i in range(10_000)]
    broker.produce(topic, [
        {"key": None, "value": b"no key", "timestamp": 1_700_000_000_123},
        {"key": b"", "value": b""},
        {"key": b"\xff\x00", "value": b"\x00\x01\xfe", "headers": [("a", b"1"), ("b", b"\xff"), ("a", b"2")]},
        {"key": b"gone", "value": None},
        {"key": b"bin", "value": b"{}", "headers": [("ce_specversion", b"1.0"), ("ce_id", b"b-1"), ("ce_source", b"/s"),
                                                    ("ce_type", b"t"), ("ce_time", b"2026-01-02T03:04:05Z"),
                                                    ("content-type", b"application/json"), ("ce_ext", b"x")]},
        {"key": b"struct", "value": json.dumps(cloud_event),
         "headers": [("content-type", b"application/cloudevents+json; charset=utf-8")]},
        {"key": b"bad", "value": b"{no json", "headers": [("content-type", b"application/cloudevents+json")]},
        {"key": b"many", "value": b"x", "headers": many},
        {"key": b"K" * 900_000, "value": b"long key"},
    ])
    with Engine(tmp_path, config(broker, topic, code)) as engine:
        settled(engine, 9)
        seen = [event["data"] for event in engine.consume("seen")]
    by_key = {event["key"] and base64.b64decode(event["key"])[:6]: event for event in seen}
    data = {key: event["data"] and base64.b64decode(event["data"]) for key, event in by_key.items()}
    assert len(seen) == 9
    assert data[None] == b"no key" and by_key[None]["time"] == 1_700_000_000.123
    assert by_key[None]["type"] == "kafka.record" and by_key[None]["source"] == f"kafka:{topic}"
    assert by_key[""]["data"] == "" and data[b"\xff\x00"] == b"\x00\x01\xfe"
    assert by_key[b"\xff\x00"]["headers"] == [["a", "MQ=="], ["b", "/w=="], ["a", "Mg=="]]
    assert by_key[b"gone"]["data"] is None
    binary, structured = by_key[b"bin"], by_key[b"struct"]
    assert (binary["id"], binary["source"], binary["type"], binary["content_type"]) == ("b-1", "/s", "t", "application/json")
    assert binary["headers"] == [["ce_ext", "eA=="]] and binary["time"] == structured["time"]
    assert (structured["id"], structured["type"], structured["subject"]) == ("e-1", "order.made", "o-7")
    assert json.loads(data[b"struct"]) == {"total": 3}
    assert data[b"bad"] == b"{no json" and len(by_key[b"many"]["headers"]) == 10_000
    assert len(base64.b64decode(by_key[b"KKKKKK"]["key"])) == 900_000


def test_poison_ends_as_dead_letters_and_nothing_else_does(broker, tmp_path):
    code = function_folder(tmp_path, f"""
import pathlib
def handle(event, context):
    if event.json()["n"] % 100 == 7 and not pathlib.Path({str(tmp_path / 'mended')!r}).exists():
        raise ValueError("cannot bill this")
    return event.json()
""")
    topic = broker.topic(4)
    broker.produce(topic, numbers(3000, keys=1000))
    with Engine(tmp_path, config(broker, topic, code)) as engine:
        settled(engine, 3000)
        letters = engine.letters("--limit", "100")
        assert {json.loads(letter["event"]["data"])["n"] for letter in letters} == set(range(7, 3000, 100))
        seen = collections.Counter(event["data"]["n"] for event in engine.consume("seen"))
        assert set(seen) == {n for n in range(3000) if n % 100 != 7} and set(seen.values()) == {1}
        wait_until(lambda: sum(broker.committed(topic, topic, 4)) == 3000, "all offsets are committed")
        (tmp_path / "mended").touch()
        assert "30 done, 0 failed again" in engine.run("dead-letters", "replay", "--wait").stdout
        check_exactly_once(engine.consume("seen"), range(3000))


def test_kill_9_neither_loses_nor_repeats_outputs(broker, tmp_path):
    topic = broker.topic(4)
    # A static member: the group waits for it instead of for its session's end.
    engine = Engine(tmp_path, config(broker, topic, function_folder(tmp_path, ECHO), "batch: { events: 16 }", "node-1"))
    total = 0
    for round_ in range(1, 6):
        broker.produce(topic, numbers(2000, first=total))
        total += 2000
        engine.start()
        wait_until(lambda: engine.binding("job")["done"] >= 300, f"round {round_}: work is done")
        engine.kill()
    with engine:
        wait_until(lambda: sum(broker.committed(topic, topic, 4)) == total, "everything is committed")
        outputs = engine.consume("seen")
        check_exactly_once(outputs, range(total))
        check_key_order(outputs)
        assert engine.letters() == []


def test_two_engines_share_the_group_and_survive_each_other(broker, tmp_path):
    topic = broker.topic(6)
    code = function_folder(tmp_path, ECHO)
    engines = [Engine(tmp_path / str(i), config(broker, topic, code)) for i in range(2)]
    first, second = engines
    first.start()
    broker.produce(topic, numbers(2000))
    settled(first, 2000)
    second.start()
    wait_until(lambda: [len(e.binding("job")["partitions"]) for e in engines] == [3, 3], "three partitions each")
    broker.produce(topic, numbers(2000, first=2000))
    wait_until(lambda: sum(e.binding("job")["done"] for e in engines) == 4000, "both have worked")
    assert min(e.binding("job")["done"] for e in engines) > 0
    second.kill()
    broker.produce(topic, numbers(2000, first=4000))
    wait_until(lambda: sum(broker.committed(topic, topic, 6)) == 6000, "the first one takes over")
    second.start()
    wait_until(lambda: len(second.binding("job")["partitions"]) == 3, "the second one is back")
    assert first.stop() == 0
    broker.produce(topic, numbers(1000, first=6000))
    wait_until(lambda: sum(broker.committed(topic, topic, 6)) == 7000, "the second one takes over")
    seen = collections.Counter()
    first.start()
    for engine in engines:
        outputs = engine.consume("seen")
        check_key_order(outputs)
        seen.update(event["data"]["n"] for event in outputs)
        engine.stop()
    assert set(seen) == set(range(7000))
    # The kill happened between a settled event and its commit at the most.
    assert sum(seen.values()) - 7000 <= 2000


def test_offsets_can_be_moved(broker, tmp_path):
    topic = broker.topic(2)
    engine = Engine(tmp_path, config(broker, topic, function_folder(tmp_path, ECHO)))
    broker.produce(topic, [{"partition": 0, **r} for r in numbers(100)])
    with engine:
        settled(engine, 100)
        plan = json.loads(engine.run("offsets", "seek", "job", "--to-earliest", "--dry-run", "-o", "json").stdout)
        assert {c["partition"]: (c["from"], c["to"]) for c in plan["changes"]} == {0: (100, 0), 1: (0, 0)}
        assert engine.binding("job")["done"] == 100
        engine.run("offsets", "seek", "job", "--by", "-10", "--partition", "0")
        wait_until(lambda: engine.binding("job")["done"] == 110, "ten events again")
        wait_until(lambda: broker.committed(topic, topic, 1) == [100], "committed again")
        assert engine.run("offsets", "seek", "job", "--to-latest", "--partition", "7", check=False).returncode == 5
        engine.stop()
    # An operator's reset, by Kafka's own means, counts more than what the engine remembers.
    broker.commit(topic, topic, {0: 40})
    with engine:
        settled(engine, 60)
        assert engine.binding("job")["done"] == 60


def test_an_offset_that_is_gone_stops_its_partition(broker, tmp_path):
    topic = broker.topic(2)
    engine = Engine(tmp_path, config(broker, topic, function_folder(tmp_path, ECHO)))
    broker.produce(topic, [{"partition": p, **r} for p in (0, 1) for r in numbers(50)])
    with engine:
        settled(engine, 100)
        engine.stop()
    broker.commit(topic, topic, {0: 5000})
    broker.produce(topic, [{"partition": p, **r} for p in (0, 1) for r in numbers(50, first=50)])
    with engine:
        wait_until(lambda: engine.binding("job")["done"] == 50, "the other partition goes on")
        wait_until(lambda: "E6104" in engine.binding("job")["stopped"], "the partition is stopped with words")
        assert "5000" in engine.binding("job")["stopped"]
        assert "E6104" in engine.log.read_text()
        # What the page of E6104 says to do.
        assert engine.run("offsets", "seek", "job", "--to-earliest", "--partition", "0").stdout
        wait_until(lambda: broker.committed(topic, topic, 2) == [100, 100], "the partition goes on where it was told")
        assert engine.binding("job")["stopped"] == "" and engine.binding("job")["done"] == 150


def test_a_broker_that_dies_and_partitions_that_are_added(broker, tmp_path):
    topic = broker.topic(2)
    engine = Engine(tmp_path, config(broker, topic, function_folder(
        tmp_path, "import time\ndef handle(event, context):\n    time.sleep(0.002)\n    return event.json()\n")))
    broker.produce(topic, numbers(2000))
    with engine:
        wait_until(lambda: engine.binding("job")["done"] > 200, "work is done")
        broker.kill()
        wait_until(lambda: "E6101" in engine.log.read_text(), "the log says that the broker is away")
        assert "E6101" in engine.binding("job")["trouble"] and "E6101" in engine.run("status").stdout
        broker.up()
        broker.produce(topic, numbers(500, first=2000))
        wait_until(lambda: sum(broker.committed(topic, topic, 2)) == 2500, "everything is committed")
        assert engine.binding("job")["trouble"] == ""
        check_exactly_once(engine.consume("seen"), range(2500))
        broker.grow(topic, 3)
        broker.produce(topic, [{"partition": 2, **r} for r in numbers(100, first=2500)])
        assert engine.stop() == 0
    with engine:
        wait_until(lambda: broker.committed(topic, topic, 3)[2] == 100, "the new partition is read")
        check_exactly_once(engine.consume("seen"), range(2600))
        assert engine.letters() == []
