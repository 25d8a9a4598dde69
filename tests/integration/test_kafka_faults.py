# SPDX-License-Identifier: Apache-2.0
"""Topics, brokers and records that misbehave: no loss, clear words, and the rest goes on."""

import base64
import json
import time

import confluent_kafka
import pytest

import kafka_broker
from engine import PYTHON, Engine, function_folder, wait_until
from history import check_exactly_once
from kafka_broker import numbers, secured, settled, topic_config

broker = pytest.fixture(scope="module")(kafka_broker.broker)
safe_broker = pytest.fixture(scope="module")(kafka_broker.safe_broker)

ECHO = "def handle(event, context):\n    return event.json()\n"
MEASURE = """
def handle(event, context):
    return {"key": len(event.key or b""), "data": len(event.data), "zeros": event.data.count(0) == len(event.data)}
"""


def trouble_of(engine):
    """What the operator reads in the status and in the log."""
    return engine.run("status", check=False).stdout + engine.log.read_text()


def test_a_topic_that_is_deleted_and_made_anew(broker, tmp_path):
    topic = broker.topic(2)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(topic, numbers(100))
        settled(engine, 100)
        broker.delete_topic(topic)
        wait_until(lambda: "E6101" in trouble_of(engine) or "E6104" in trouble_of(engine), "the words for a topic that is gone")
        broker.topic(2, name=topic)
        broker.produce(topic, numbers(60, first=100))

        def again():
            words = engine.binding("job")["stopped"] or ""
            return engine.binding("job")["done"] >= 160 or "E6104" in words

        wait_until(again, "its partitions are read again, or stopped with words", 30)
        if engine.binding("job")["done"] < 160:
            engine.run("offsets", "seek", "job", "--to-earliest")
        wait_until(lambda: {e["data"]["n"] for e in engine.consume("seen")} == set(range(160)), "nothing is lost")


def test_partitions_that_are_added_while_it_runs(broker, tmp_path):
    topic = broker.topic(1)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(topic, numbers(50))
        settled(engine, 50)
        broker.grow(topic, 4)
        broker.produce(topic, [{"partition": 1 + n % 3, **r} for n, r in enumerate(numbers(300, first=50))])
        wait_until(lambda: engine.binding("job")["done"] == 350, "the new partitions are read", 15)
        check_exactly_once(engine.consume("seen"), range(350))


def test_large_keys_and_large_records(broker, tmp_path):
    topic = broker.topic(1, **{"max.message.bytes": "33554432"})
    megabyte = 1 << 20
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, MEASURE))) as engine:
        broker.produce(topic, [{"key": b"K" * megabyte, "value": b"a"},
                               {"key": b"big", "value": b"b" * (20 * megabyte)},
                               {"key": b"small", "value": b"c"}], **{"message.max.bytes": 33_000_000})
        settled(engine, 3)
        letters = engine.letters()
        sizes = [(e["data"]["key"], e["data"]["data"]) for e in engine.consume("seen")]
        assert letters == [] and sizes == [(megabyte, 1), (3, 20 * megabyte), (5, 1)]


def test_batches_that_unpack_to_far_more_than_their_size(broker, tmp_path):
    """300 records of 1 MB in a few kilobytes: each arrives, and memory stays bounded."""
    topic = broker.topic(2)
    zeros = bytes(1_000_000)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, MEASURE))) as engine:
        for codec in ("zstd", "gzip", "lz4"):
            broker.produce(topic, [{"key": f"{n}", "value": zeros} for n in range(100)],
                           **{"compression.type": codec, "batch.size": 50_000_000, "message.max.bytes": 33_000_000, "linger.ms": 100, "batch.num.messages": 100})
        broker.produce(topic, [{"key": "last", "value": b"x"}])
        settled(engine, 301)
        assert [e["data"]["zeros"] for e in engine.consume("seen")].count(True) == 300
        assert engine.letters() == []
        assert engine.peak_bytes() < 700e6


def test_a_wrong_password_and_a_stranger_are_named_and_healed(safe_broker, tmp_path):
    topic = safe_broker.topic(1)
    safe_broker.produce(topic, numbers(20))
    code = function_folder(tmp_path, ECHO)
    cases = {
        "password": ("sasl", secured(safe_broker, "plain", password="wrong"), secured(safe_broker, "plain"), "uthentication failed"),
        "stranger": ("stranger", secured(safe_broker), None, "certificate"),
        "authority": ("tls", "tls: {}", secured(safe_broker), "certificate"),
    }
    for name, (listener, wrong, right, words) in cases.items():
        def config(security):
            return topic_config(safe_broker, topic, code, listener=listener, security=security, group=f"{topic}-{name}")

        engine = Engine(tmp_path / name, config(wrong)).start(wait=False)
        wait_until(lambda: words in engine.log.read_text(), f"{name}: the log says why", 20)
        said = [line for line in engine.log.read_text().splitlines() if words in line]
        assert "E61" in said[0] and "wrong" not in said[0], said[0]
        wait_until(lambda: words in engine.run("status", check=False).stdout, f"{name}: the status says why", 20)
        engine.kill()
        if right:
            engine.config.write_text(config(right))
            engine.start()
            settled(engine, 20)
            engine.kill()


@pytest.mark.parametrize("mechanism", ["tls", "mtls", "plain", "oauthbearer"])
def test_secured_brokers(safe_broker, tmp_path, mechanism):
    topic = safe_broker.topic(2)
    safe_broker.produce(topic, numbers(100))
    if mechanism == "oauthbearer":
        safe_broker.write_token(tmp_path / "token", seconds=3600)
    listener = "tls" if "tls" in mechanism else "sasl"
    config = topic_config(safe_broker, topic, function_folder(tmp_path, ECHO), listener=listener,
                          security=secured(safe_broker, mechanism, token=tmp_path / "token"))
    with Engine(tmp_path, config) as engine:
        settled(engine, 100)
        check_exactly_once(engine.consume("seen"), range(100))


def test_sixty_seconds_without_a_broker(broker, tmp_path):
    """The engine's own part of it is short: a few seconds show the same, the long run is tools/kafka_chaos."""
    topic = broker.topic(2)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(topic, numbers(500))
        settled(engine, 500)
        broker.kill()
        wait_until(lambda: "E6101" in trouble_of(engine), "it says that the broker is away")
        broker.up()
        healed = time.monotonic()
        broker.produce(topic, numbers(500, first=500))
        wait_until(lambda: engine.binding("job")["done"] == 1000, "it goes on")
        assert time.monotonic() - healed < 15
        wait_until(lambda: "E6101" not in engine.run("status").stdout, "the status forgets the trouble")
        check_exactly_once(engine.consume("seen"), range(1000))
