# SPDX-License-Identifier: Apache-2.0
"""Streams that are topics, and the bindings on them, are added, changed and removed while the engine runs, on a real broker."""

import collections

import pytest

import kafka_broker
from engine import wait_until
from test_kafka_outputs import read
from test_reload import Reloading

broker = pytest.fixture(scope="module")(kafka_broker.strict_broker)


def topic_stream(broker, topic):
    return f'{{ kafka: {{ brokers: ["{broker.address}"], topic: {topic} }} }}'


def start_config(engine, broker, topic, group=None):
    """One binding `job` on a topic, its outputs in a stream of the engine."""
    engine.parts.streams = {"records": topic_stream(broker, topic), "seen": "{}"}
    engine.parts.functions = {"work": engine.parts.function()}
    engine.parts.bindings = {"job": f"{{ from: records, function: work, to: seen, group: {group or topic} }}"}
    engine.write()


def done(engine, name="job"):
    return next((b["done"] for b in engine.status()["bindings"] if b["name"] == name), None)


def calls(engine):
    """How often each number was given to a function."""
    return collections.Counter(engine.parts.calls.read_text().split())


def assigned(engine, name):
    return sum("partitions assigned" in line and f'binding={name}' in line.replace('"', "").replace(":", "=")
               for line in engine.log.read_text().splitlines())


def test_bindings_on_topics_come_and_go_and_the_others_do_not_notice(broker, tmp_path):
    first, second = broker.topic(2), broker.topic(3)
    engine = Reloading(tmp_path)
    start_config(engine, broker, first)
    with engine:
        broker.produce(first, kafka_broker.numbers(500))
        wait_until(lambda: done(engine) == 500, "the first runs")
        engine.parts.streams["more"] = topic_stream(broker, second)
        engine.parts.bindings["other"] = f"{{ from: more, function: work, to: seen, group: {second} }}"
        engine.reload()
        broker.produce(second, kafka_broker.numbers(300, first=1000))
        broker.produce(first, kafka_broker.numbers(500, first=500))
        wait_until(lambda: done(engine) == 1000 and done(engine, "other") == 300, "both run")
        del engine.parts.streams["more"], engine.parts.bindings["other"]
        engine.reload()
        assert done(engine, "other") is None
        assert sum(broker.committed(second, second, 3)) == 300, "what was settled is committed before it leaves"
        broker.produce(first, kafka_broker.numbers(10, first=2000))
        wait_until(lambda: done(engine) == 1010, "the first goes on")
        assert assigned(engine, "job") == 1, "it kept its partitions throughout"
        assert set(calls(engine).values()) == {1} and len(calls(engine)) == 1310


def test_a_changed_binding_drains_and_goes_on_where_it_was(broker, tmp_path):
    topic = broker.topic(2)
    engine = Reloading(tmp_path)
    start_config(engine, broker, topic)
    with engine:
        broker.produce(topic, kafka_broker.numbers(3000))
        for turn in range(3):
            wait_until(lambda at=turn * 900: sum(calls(engine).values()) > at if engine.parts.calls.exists() else False, "it is at work")
            engine.parts.bindings["job"] = f"{{ from: records, function: work, to: seen, group: {topic}, max_unsettled: {2000 + turn} }}"
            engine.reload()
        wait_until(lambda: sum(broker.committed(topic, topic, 2)) == 3000, "everything is settled")
        assert set(calls(engine).values()) == {1} and len(calls(engine)) == 3000, "nothing twice"


def test_a_stream_moves_to_another_topic_and_its_outputs_too(broker, tmp_path):
    first, second, out, later = (broker.topic(1) for _ in range(4))
    engine = Reloading(tmp_path)
    start_config(engine, broker, first)
    engine.parts.streams["seen"] = topic_stream(broker, out)
    engine.write()
    broker.produce(first, kafka_broker.numbers(50))
    broker.produce(second, kafka_broker.numbers(70, first=100))
    with engine:
        wait_until(lambda: sum(broker.committed(first, first, 1)) == 50, "the first topic is done")
        engine.parts.streams["records"] = topic_stream(broker, second)
        engine.parts.streams["seen"] = topic_stream(broker, later)
        engine.reload()
        wait_until(lambda: sum(broker.committed(first, second, 1)) == 70, "the second topic is done")
        assert len(read(broker, out, 1)) == 50 and len(read(broker, later, 1)) == 70
        assert engine.run("consume", "records", "--from", "earliest").stdout.count("\n") == 70, "commands read the new one"


def test_a_first_topic_comes_to_an_engine_without_any(broker, tmp_path):
    topic = broker.topic(1)
    with Reloading(tmp_path) as engine:
        engine.parts.streams["records"] = topic_stream(broker, topic)
        engine.parts.bindings["fresh"] = f"{{ from: records, function: work, to: output, group: {topic} }}"
        engine.reload()
        broker.produce(topic, kafka_broker.numbers(20))
        wait_until(lambda: done(engine, "fresh") == 20, "it runs")
        assert engine.produce("records", [{"data": {"n": 99}}])
        wait_until(lambda: done(engine, "fresh") == 21, "what is produced comes")


def test_a_binding_with_a_dead_letter_topic_is_added(broker, tmp_path):
    topic, dead = broker.topic(1), broker.topic(1)
    with Reloading(tmp_path) as engine:
        engine.parts.streams["records"] = topic_stream(broker, topic)
        engine.parts.bindings["fresh"] = (f"{{ from: records, function: work, group: {topic}, retry: {{ attempts: 1 }}, "
                                          f"dead_letters: {{ topic: {dead} }} }}")
        engine.reload()
        broker.produce(topic, [{"value": b"not json"}])
        wait_until(lambda: len(engine.letters()) == 1, "its letter is in the topic")
        assert len(read(broker, dead, 1)) == 1
        del engine.parts.bindings["fresh"]
        engine.reload()


def test_a_stream_does_not_become_a_topic_while_the_engine_runs(broker, tmp_path):
    with Reloading(tmp_path) as engine:
        engine.parts.streams["output"] = topic_stream(broker, broker.topic(1))
        refused = engine.reload(check=False)
        assert refused.returncode != 0 and "E5012" in refused.stdout + refused.stderr
