# SPDX-License-Identifier: Apache-2.0
"""Topics whose keys have schemas as well: a real registry, Confluent's own serializers, and a real broker."""

import json

import pytest

import kafka_broker
import schema_registry
from engine import Engine, function_folder, wait_until
from kafka_broker import read
from test_kafka_schemas import COUNT, config, count, framed, seen, shown, stream

broker = pytest.fixture(scope="module")(kafka_broker.broker)
registry = pytest.fixture(scope="module")(schema_registry.registry)

KEY = {"type": "record", "name": "Key", "fields": [{"name": "tenant", "type": "int"}, {"name": "id", "type": "string"}]}
ECHO = """
import pelton
def handle(event, context):
    headers = {name: bytes(text).decode() for name, text in event.headers}
    value = {"key": event.key.decode() if event.key is not None else None, "headers": headers}
    return [pelton.Event(data=event.data, key=event.key), pelton.Event(data=value, key=event.key, stream="seen")]
"""


@pytest.fixture(scope="module")
def clients(broker, registry):
    return schema_registry.Clients(broker, registry)


def test_keys_are_read_and_written(broker, registry, clients, tmp_path):
    source, target = broker.topic(2), broker.topic(2)
    keys = [{"tenant": n % 2, "id": f"anna {n}"} for n in range(6)]
    clients.produce(source, "avro", COUNT, [[key, {"n": n}] for n, key in enumerate(keys)], key_schema=KEY)
    broker.produce(source, [{"value": framed(registry.ask(f"/subjects/{source}-value/versions/latest")["id"], count(9))}])
    registry.register(f"{target}-key", KEY)
    registry.register(f"{target}-value", COUNT)
    streams = {"records": stream(broker, registry, source, ", key: {}"), "seen": "{}",
               "copies": stream(broker, registry, target, ", encode: {}, key: { encode: {} }")}
    text = config(function_folder(tmp_path, ECHO), streams, {"job": f"from: records, to: [copies, seen], group: {source}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 7, "all are written")
        key_schema = registry.ask(f"/subjects/{source}-key/versions/latest")["id"]
        by_key = {event["key"]: event["headers"] for event in seen(engine)}
        assert set(by_key) == {json.dumps(key, separators=(",", ":")) for key in keys} | {None}
        assert all(headers.get("pelton-key-schema-id") == (str(key_schema) if key else None) for key, headers in by_key.items())
        pairs = clients.consume(target, "avro", COUNT, 7, key_schema=KEY)
        assert sorted(pairs, key=lambda pair: pair[1]["n"]) == [[key, {"n": n}] for n, key in enumerate(keys)] + [[None, {"n": 9}]]
        # A key that does not fit is the fault of its event; operators see it at once.
        refused = engine.produce("copies", [{"key": "bob", "data": {"n": 1}}], check=False)
        assert refused.returncode != 0 and "the key: the output does not fit its Avro schema at $: a text is no Key" in refused.stderr, refused
        engine.produce("copies", [{"key": '{"tenant":3,"id":"bob"}', "data": {"n": 10}}])
        assert '{"tenant":3,"id":"bob"}' in [event.get("key") for event in engine.consume("copies")]


def test_keys_that_cannot_be_decoded_are_dead_letters_with_their_bytes(broker, registry, tmp_path):
    topic, dead = broker.topic(1), broker.topic(1)
    value, text = registry.register(f"{topic}-value", COUNT), registry.register(f"{topic}-key", '"string"')
    good, torn = framed(text, b"\x08anna"), framed(text, b"\x10anna")
    broker.produce(topic, [{"key": key, "value": framed(value, count(n)), "headers": [("h", b"1")]}
                           for n, key in enumerate([good, torn, b"plain"])])
    code = function_folder(tmp_path, """
import pathlib
import pelton
def handle(event, context):
    if not pathlib.Path(GATE).exists():
        raise pelton.Fail("no")
    return pelton.Event(data=event.data, key=event.key)
""".replace("GATE", repr(str(tmp_path / "gate"))))
    text = config(code, {"records": stream(broker, registry, topic, ", key: {}"), "seen": "{}"},
                  {"job": f"from: records, to: seen, group: {topic}, dead_letters: {{ topic: {dead} }}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: len(engine.letters()) == 3, "three dead letters")
        reasons = sorted(letter["reason"] for letter in engine.letters())
        assert reasons == ["failed", "undecodable", "undecodable"]
        histories = " ".join(json.dumps(shown(engine, letter)["history"]) for letter in engine.letters())
        assert all(part in histories for part in ("E6160", "the key (5 bytes)", "E6163")), histories
        found = read(broker, dead, 1)
        assert sorted((message.key(), message.value()) for message in found) == sorted(
            (key, framed(value, count(n))) for n, key in enumerate([good, torn, b"plain"]))
        (tmp_path / "gate").touch()
        engine.run("dead-letters", "replay", "--wait", check=False)
        wait_until(lambda: len(engine.letters()) == 1, "two were replayed")
        assert sorted((event["key"], event["data"]["n"]) for event in engine.consume("seen")) == [("anna", 0), ("plain", 2)]
