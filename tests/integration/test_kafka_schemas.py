# SPDX-License-Identifier: Apache-2.0
"""Topics whose values have schemas: a real registry, Confluent's own serializers, and a real broker."""

import base64
import json
import os

import pytest

import kafka_broker
import schema_registry
from engine import PYTHON, Engine, function_folder, wait_until
from kafka_broker import read
from test_kafka_exactly_once import committed

broker = pytest.fixture(scope="module")(kafka_broker.broker)
registry = pytest.fixture(scope="module")(schema_registry.registry)


@pytest.fixture(scope="module")
def clients(broker, registry):
    return schema_registry.Clients(broker, registry)


ECHO = """
import json
import pelton
def handle(event, context):
    value = event.json() if event.content_type == "application/json" else {"raw": event.data.decode("latin1")}
    headers = {name: bytes(text).decode() for name, text in event.headers}
    return pelton.Event(data={"value": value, "type": event.content_type, "headers": headers}, key=event.key)
"""
PASS = """
import pelton
def handle(event, context):
    return pelton.Event(data=event.data, key=event.key, content_type=event.content_type)
"""
ORDER = {"type": "record", "name": "Order", "namespace": "com.example", "fields": [
    {"name": "id", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": None},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "raw", "type": "bytes"},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "PAID"]}},
    {"name": "counts", "type": {"type": "map", "values": "int"}}]}
COUNT = {"type": "record", "name": "Count", "fields": [{"name": "n", "type": "long"}]}
PERSON = {"package": "shop", "name": "Person", "fields": {"name": "string", "age": "int32"}}
POINT = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Point", "type": "object", "required": ["x"],
         "properties": {"x": {"type": "number"}}}


def stream(broker, registry, topic, more=""):
    return (f'{{ kafka: {{ brokers: ["{broker.address}"], topic: {topic}, '
            f'schema_registry: {{ url: ["{registry.url}"], timeout: 2s{more} }} }} }}')


def config(code, streams, bindings):
    """`bindings`: name -> options; all call the one function."""
    lines = "".join(f"  {name}: {value}\n" for name, value in streams.items())
    jobs = "".join(f"  {name}: {{ function: work, kafka: {{ session_timeout: 6s, drain: 3s }}, "
                   f"retry: {{ attempts: 2, backoff: {{ first: 10ms }} }}, {options} }}\n" for name, options in bindings.items())
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
{lines}functions:
  work: {{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: "function:handle" }}
bindings:
{jobs}"""


def seen(engine, name="seen"):
    return [event["data"] for event in engine.consume(name)]


def shown(engine, letter):
    return json.loads(engine.run("dead-letters", "show", letter["id"], "-o", "json").stdout)


def framed(schema, value):
    return b"\0" + schema.to_bytes(4, "big") + value


def count(n):
    """A value of COUNT."""
    n, out = n << 1, b""
    while n > 0x7F:
        n, out = n >> 7, out + bytes([n & 0x7F | 0x80])
    return out + bytes([n])


def test_values_of_confluents_serializers_become_json(broker, registry, clients, tmp_path):
    orders, people, points = broker.topic(2), broker.topic(2), broker.topic(2)
    clients.produce(orders, "avro", ORDER, [["a", {
        "id": 2**53 + 1, "note": None, "price": {"$decimal": "-12.50"}, "at": {"$time": "2026-01-31T08:30:00.250+00:00"},
        "raw": {"$bytes": "/wA="}, "state": "PAID", "counts": {"x": 1}}]])
    clients.produce(people, "protobuf", PERSON, [["a", {"name": "Anna", "age": 7}]])
    clients.produce(points, "json", POINT, [["a", {"x": 1.5}]])
    code = function_folder(tmp_path, ECHO)
    streams = {name: stream(broker, registry, topic) for name, topic in
               {"orders": orders, "people": people, "points": points}.items()}
    text = config(code, {**streams, "seen": "{}"}, {name: f"from: {name}, to: seen, group: {name}-{orders}" for name in streams})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: len(seen(engine)) == 3, "three values")
        by_name = {event["headers"]["pelton-schema-name"]: event for event in seen(engine)}
        assert by_name["com.example.Order"]["value"] == {
            "id": 2**53 + 1, "note": None, "price": "-12.50", "at": "2026-01-31T08:30:00.250Z", "raw": "/wA=", "state": "PAID",
            "counts": {"x": 1}}
        assert by_name["shop.Person"]["value"] == {"name": "Anna", "age": 7}
        assert by_name["Point"]["value"] == {"x": 1.5}
        assert {event["type"] for event in by_name.values()} == {"application/json"}
        latest = registry.ask(f"/subjects/{orders}-value/versions/latest")
        assert by_name["com.example.Order"]["headers"]["pelton-schema-id"] == str(latest["id"])
        # Operators see the same.
        assert engine.consume("people")[0]["data"] == {"name": "Anna", "age": 7}


def test_outputs_are_what_confluents_deserializers_read(broker, registry, clients, tmp_path):
    source = broker.topic(1)
    targets = {"avro": broker.topic(1), "json": broker.topic(1), "protobuf": broker.topic(1)}
    files = {"avro": "order.avsc", "json": "point.json", "protobuf": "person.proto"}
    (tmp_path / "order.avsc").write_text(json.dumps(ORDER))
    (tmp_path / "point.json").write_text(json.dumps(POINT))
    (tmp_path / "person.proto").write_text('syntax = "proto3"; package shop; message Person { string name = 1; int32 age = 2; }')
    good = {"avro": {"id": 1, "price": "3.10", "at": "2026-01-01T00:00:00Z", "raw": "AA==", "state": "NEW", "counts": {}},
            "json": {"x": 2}, "protobuf": {"name": "Carl", "age": 3}}
    bad = {"avro": ({**good["avro"], "counts": {"k": "much"}}, "$.counts.k: a text is no int"),
           "json": ({"x": "1"}, '$.x: "1" is not of type "number"'), "protobuf": ({"name": "C", "age": "old"}, "age")}
    values = [json.dumps(value) for kind in good for value in (good[kind], bad[kind][0])]
    broker.produce(source, [{"key": "k", "value": value} for value in values])
    streams = {"records": f'{{ kafka: {{ brokers: ["{broker.address}"], topic: {source} }} }}'}
    for kind, topic in targets.items():
        streams[kind] = stream(broker, registry, topic, f", encode: {{ file: {files[kind]}, register: true }}")
    fields = {"avro": "id", "json": "x", "protobuf": "name"}
    bindings = {kind: f'from: records, to: {kind}, group: {kind}-{source}, filter: {{ "data.{fields[kind]}": {{ exists: true }} }}'
                for kind in targets}
    with Engine(tmp_path, config(function_folder(tmp_path, PASS), streams, bindings)) as engine:
        for kind, topic in targets.items():
            wait_until(lambda: engine.binding(kind)["done"] == 1 and engine.binding(kind)["dead_letters"] == 1, kind)
            letter = shown(engine, engine.letters("--binding", kind)[0])
            assert letter["error"].startswith("E6165: the output does not fit") and bad[kind][1] in letter["error"], letter
        answer = clients.consume(targets["avro"], "avro", ORDER, 1)[0]
        assert answer == {**good["avro"], "note": None, "at": "2026-01-01T00:00:00+00:00"}
        assert clients.consume(targets["json"], "json", POINT, 1) == [{"x": 2}]
        assert clients.consume(targets["protobuf"], "protobuf", PERSON, 1) == [{"name": "Carl", "age": 3}]
        # What operators write is checked as well, and read as JSON again.
        refused = engine.produce("json", [{"data": {"x": "no"}}], check=False)
        assert refused.returncode != 0 and "E6165" in refused.stderr, refused
        engine.produce("json", [{"data": {"x": 3}}])
        assert [event["data"] for event in engine.consume("json")] == [{"x": 2}, {"x": 3}]


def test_what_cannot_be_decoded_is_a_dead_letter_with_its_bytes(broker, registry, tmp_path):
    topic = broker.topic(1)
    known = registry.register(f"{topic}-value", COUNT)
    poison = known + 1
    values = {"poison": framed(poison, count(1)), "plain": b'{"n":1}', "torn": framed(known, b"\xff"), "good": framed(known, count(2))}
    broker.produce(topic, [{"key": key, "value": value, "headers": [("h", b"1")]} for key, value in values.items()])
    broker.produce(topic, [{"key": "tombstone", "value": None}])
    text = config(function_folder(tmp_path, ECHO), {"records": stream(broker, registry, topic), "seen": "{}"},
                  {"job": f"from: records, to: seen, group: {topic}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: engine.binding("job")["dead_letters"] == 3, "three dead letters")
        wait_until(lambda: engine.binding("job")["done"] == 2, "the others are done")
        letters = {shown(engine, letter)["event"]["key"]: letter for letter in engine.letters()}
        assert {letter["reason"] for letter in letters.values()} == {"undecodable"}
        for key, code in {"poison": "E6161", "plain": "E6160", "torn": "E6163"}.items():
            letter = shown(engine, letters[key])
            assert code in json.dumps(letter["history"]) and letter["attempts"] == 0, letter
            event = letter["event"]
            data = base64.b64decode(event["data_base64"]) if "data_base64" in event else event["data"]
            assert data in (values[key], values[key].decode("latin1"), {"n": 1}), key
        # What the registry gets to know can be replayed, and what is not encoded is given as it is.
        assert registry.register(f"{topic}-new", {**COUNT, "name": "Later"}) == poison
        engine.run("dead-letters", "replay", "--wait", check=False)
        wait_until(lambda: len(engine.letters()) == 1, "two were replayed")
        left = shown(engine, engine.letters()[0])
        assert left["event"]["key"] == "torn" and left["replays"] == 1, left
        values = [event["value"] for event in seen(engine)]
        assert {"n": 1} in values and {"n": 2} in values and {"raw": '{"n":1}'} in values, values


def test_plain_values_pass_where_they_may(broker, registry, tmp_path):
    topic = broker.topic(1)
    known = registry.register(f"{topic}-value", COUNT)
    broker.produce(topic, [{"value": b"plain"}, {"value": framed(known, count(2)), "headers": [("pelton-schema-id", b"forged")]}])
    text = config(function_folder(tmp_path, ECHO), {"records": stream(broker, registry, topic, ", plain: pass"), "seen": "{}"},
                  {"job": f"from: records, to: seen, group: {topic}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 2, "both are done")
        assert [event["value"] for event in seen(engine)] == [{"raw": "plain"}, {"n": 2}]
        assert seen(engine)[1]["headers"]["pelton-schema-id"] == str(known)


def test_a_registry_that_is_away_holds_what_needs_it(broker, registry, tmp_path):
    topic = broker.topic(2)
    first = registry.register(f"{topic}-value", COUNT)
    broker.produce(topic, [{"key": str(n), "value": framed(first, count(n)), "partition": n % 2} for n in range(100)])
    later = registry.register(f"{topic}-value", {**COUNT, "fields": COUNT["fields"] + [{"name": "m", "type": "long", "default": 0}]})
    text = config(function_folder(tmp_path, ECHO), {"records": stream(broker, registry, topic), "seen": "{}"},
                  {"job": f"from: records, to: seen, group: {topic}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 100, "all that is known is done")
        registry.kill()
        try:
            broker.produce(topic, [{"key": "new", "value": framed(later, count(1000) + count(7)), "partition": 0}])
            broker.produce(topic, [{"key": str(n), "value": framed(first, count(n)), "partition": n % 2} for n in range(100, 200)])
            # The other partition goes on with what is known.
            wait_until(lambda: engine.binding("job")["done"] == 150, "the other partition goes on")
            wait_until(lambda: "E6164" in json.dumps(engine.status()), "the status says why")
            assert not engine.ready()
            engine.kill()
            engine.start(wait=False)
            wait_until(lambda: engine.run("status", check=False).returncode == 0, "it runs")
            wait_until(lambda: "E6164" in json.dumps(engine.status()), "the status says why again")
            assert engine.binding("job")["dead_letters"] == 0
        finally:
            registry.up()
        wait_until(lambda: len(seen(engine)) == 201, "all are done")
        wait_until(engine.ready, "ready again")
        assert sorted(event["value"]["n"] for event in seen(engine)) == [*range(200), 1000]
        assert engine.binding("job")["dead_letters"] == 0 and engine.binding("job")["failed_attempts"] == 0


def test_a_url_with_another_path_makes_no_dead_letters(broker, registry, tmp_path):
    topic = broker.topic(1)
    schema = registry.register(f"{topic}-value", COUNT)
    broker.produce(topic, [{"value": framed(schema, count(1))}, {"value": framed(2**31 + 5, count(1))}])
    good = config(function_folder(tmp_path, ECHO), {"records": stream(broker, registry, topic), "seen": "{}"},
                  {"job": f"from: records, to: seen, group: {topic}"})
    with Engine(tmp_path, good.replace("/apis/ccompat/v7", "/apis/ccompat/v0")) as engine:
        wait_until(lambda: "is the path of the URL right?" in json.dumps(engine.status()), "the status says what is wrong")
        assert engine.binding("job")["dead_letters"] == 0 and not engine.ready()
        engine.config.write_text(good)
        engine.run("reload")
        wait_until(lambda: engine.binding("job")["done"] == 1 and engine.binding("job")["dead_letters"] == 1, "it goes on")
        assert "ids are at most 2147483647" in shown(engine, engine.letters()[0])["error"]


def test_a_registry_behind_certificates_and_a_login(broker, registry, tmp_path):
    source, target = broker.topic(1), broker.topic(1)
    schema = registry.register(f"{source}-value", COUNT)
    registry.register(f"{target}-value", COUNT)
    broker.produce(source, [{"value": framed(schema, count(1))}])
    folder = tmp_path / "tls"
    folder.mkdir()
    guard = schema_registry.Guard(registry, folder, "pelton:se:cret")
    tls = f"tls: {{ ca: {folder}/ca.pem, certificate: {folder}/client.pem, key: {folder}/client.key }}"
    login = 'username: pelton, password: "${env:PASSWORD}"'

    def text(options):
        streams = {name: stream(broker, guard, topic, ", " + options + more)
                   for name, topic, more in (("records", source, ""), ("counts", target, ", encode: {}"))}
        group = f"{source}-{guard.refused}-{len(options)}"  # one that nobody is in still
        return config(function_folder(tmp_path, PASS), streams, {"job": f"from: records, to: counts, group: {group}"})
    try:
        engine = Engine(tmp_path, text(login))
        for password, options, why in [("se:cret", login, "certificate"), ("se:cret", f"{login}, tls: {{ ca: {folder}/ca.pem }}", "alert"),
                                       ("wrong", f"{login}, {tls}", "HTTP 401"), ("se:cret", tls, "HTTP 401")]:
            os.environ["PASSWORD"] = password
            engine.config.write_text(text(options))
            engine.start()
            wait_until(lambda: why in engine.binding("job")["trouble"], f"{why}: {engine.binding('job')['trouble']}")
            assert "E6164" in engine.binding("job")["trouble"] and engine.binding("job")["dead_letters"] == 0
            engine.kill()
        engine.config.write_text(text(f"{login}, {tls}"))
        engine.start()
        wait_until(lambda: engine.binding("job")["done"] == 1, "read and written")
        assert [event["data"] for event in engine.consume("counts")] == [{"n": 1}]
        assert guard.refused > 0
        assert "se:cret" not in engine.log.read_text() + json.dumps(engine.status())
        engine.kill()
    finally:
        os.environ.pop("PASSWORD", None)
        guard.close()


def test_outputs_wait_when_their_subject_is_deleted(broker, registry, tmp_path):
    target = broker.topic(1)
    registry.register(f"{target}-value", COUNT)
    streams = {"records": "{}", "counts": stream(broker, registry, target, ", encode: { refresh: 1s }")}
    text = config(function_folder(tmp_path, PASS), streams, {"job": "from: records, to: counts"}).replace("kafka: { session_timeout: 6s, drain: 3s }, ", "")
    with Engine(tmp_path, text) as engine:
        engine.produce("records", [{"data": {"n": 0}}])
        wait_until(lambda: engine.binding("job")["done"] == 1, "one is written")
        registry.ask(f"/subjects/{target}-value", method="DELETE")
        sent = 1

        def held():
            nonlocal sent
            engine.produce("records", [{"data": {"n": sent}}], check=False)
            sent += 1
            return "E6166" in (engine.binding("job")["trouble"] or "")
        wait_until(held, "the status says that the subject is gone")
        registry.register(f"{target}-value", {**COUNT, "fields": COUNT["fields"] + [{"name": "m", "type": "long", "default": 7}]})
        wait_until(lambda: engine.binding("job")["done"] == sent, "all are written")
        assert engine.consume("counts")[-1]["data"] == {"n": sent - 1, "m": 7}
        assert [event["data"]["n"] for event in engine.consume("counts")] == list(range(sent))


def test_references_of_all_formats(broker, registry, tmp_path):
    topic = broker.topic(1)
    city = {"properties": {"city": {"type": "string", "maxLength": 3}}}
    pairs = {"AVRO": (json.dumps({"type": "record", "name": "x.Address", "fields": [{"name": "city", "type": "string"}]}), "x.Address",
                      json.dumps({"type": "record", "name": "x.Customer", "fields": [{"name": "a", "type": "Address"}]})),
             "PROTOBUF": ('syntax = "proto3"; package x; message Address { string city = 1; }', "x/address.proto",
                          'syntax = "proto3"; package x; import "x/address.proto"; message Customer { Address a = 1; }'),
             "JSON": (json.dumps({"$id": "http://x.com/address.json", **city}), "http://x.com/address.json",
                      json.dumps({"$id": "http://x.com/customer.json", "properties": {"a": {"$ref": "address.json"}}}))}
    values = {"AVRO": b"\x06Ulm", "PROTOBUF": b"\0\x0a\x05\x0a\x03Ulm", "JSON": b'{"a":{"city":"Ulm"}}'}
    streams, bindings = {"seen": "{}"}, {}
    for kind, (address, name, customer) in pairs.items():
        registry.register(f"address-{kind}", address, kind)
        out = broker.topic(1)
        body = {"schema": customer, "schemaType": kind, "references": [{"name": name, "subject": f"address-{kind}", "version": 1}]}
        schema = registry.ask(f"/subjects/{out}-value/versions", body)["id"]
        broker.produce(topic, [{"key": "k", "value": framed(schema, values[kind])}])
        streams[kind.lower()] = stream(broker, registry, out, ", encode: {}")
        bindings[kind.lower()] = f"from: seen, to: {kind.lower()}"
    streams["records"] = stream(broker, registry, topic)
    text = config(function_folder(tmp_path, PASS), streams, bindings).replace("kafka: { session_timeout: 6s, drain: 3s }, ", "")
    with Engine(tmp_path, text + f"  job: {{ function: work, from: records, to: seen, group: {topic} }}\n") as engine:
        wait_until(lambda: engine.binding("job")["done"] == 3, "all are read")
        assert seen(engine) == [{"a": {"city": "Ulm"}}] * 3
        engine.produce("seen", [{"data": {"a": {"city": "Rome"}}}], check=False)
        for kind in pairs:
            wait_until(lambda: engine.binding(kind.lower())["done"] + engine.binding(kind.lower())["dead_letters"] == 4, kind)
        letter, = engine.letters()
        assert "$.a.city: the text has more than 3 characters" in shown(engine, letter)["error"]


@pytest.mark.parametrize("delivery", ["at_least_once", "exactly_once"])
def test_outputs_wait_for_their_schema(broker, registry, tmp_path, delivery):
    source, target = broker.topic(1), broker.topic(1)
    broker.produce(source, [{"key": "k", "value": json.dumps({"n": n})} for n in (*range(10), "x")])
    streams = {"records": f'{{ kafka: {{ brokers: ["{broker.address}"], topic: {source} }} }}',
               "counts": stream(broker, registry, target, ", encode: {}")}
    text = config(function_folder(tmp_path, PASS), streams, {"job": f"from: records, to: counts, group: {source}, delivery: {delivery}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: "E6166" in json.dumps(engine.status()), "the status says that the subject is missing")
        assert engine.binding("job")["dead_letters"] == 0 and engine.binding("job")["done"] == 0
        schema = registry.register(f"{target}-value", COUNT)
        wait_until(lambda: engine.binding("job")["done"] == 10, "all are written")
        wait_until(lambda: engine.binding("job")["dead_letters"] == 1, "what does not fit is a dead letter")
        assert [message.value() for message in committed(broker, target, 1)] == [framed(schema, count(n)) for n in range(10)]


def test_dead_letter_topics_have_the_records_own_bytes(broker, registry, tmp_path):
    topic, dead = broker.topic(1), broker.topic(1)
    schema = registry.register(f"{topic}-value", COUNT)
    values = [framed(schema, count(5)), b"nothing"]
    broker.produce(topic, [{"key": "k", "value": value, "headers": [("h", b"1")]} for value in values])
    code = function_folder(tmp_path, """
import pathlib
import pelton
def handle(event, context):
    if not pathlib.Path(GATE).exists():
        raise pelton.Fail("no")
    return pelton.Event(data=event.data, key=event.key)
""".replace("GATE", repr(str(tmp_path / "gate"))))
    text = config(code, {"records": stream(broker, registry, topic), "seen": "{}"},
                  {"job": f"from: records, to: seen, group: {topic}, dead_letters: {{ topic: {dead} }}"})
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: len(engine.letters()) == 2, "two dead letters")
        found = read(broker, dead, 1)
        assert sorted(message.value() for message in found) == sorted(values)
        assert all(message.headers()[0] == ("h", b"1") for message in found)
        (tmp_path / "gate").touch()
        engine.run("dead-letters", "replay", "--wait", check=False)
        wait_until(lambda: not engine.letters(), "both were replayed")
        assert sorted(map(str, seen(engine))) == ["nothing", "{'n': 5}"]


def test_connectors_decode_and_encode(broker, registry, clients, tmp_path):
    source, target = broker.topic(1), broker.topic(1)
    clients.produce(source, "avro", COUNT, [["a", {"n": 1}], ["b", {"n": 2}]])
    broker.produce(source, [{"key": "c", "value": b"plain"}])
    registry.register(f"{target}-value", COUNT)

    def options(topic, more=""):
        return f'kafka: {{ brokers: ["{broker.address}"], topic: {topic}, schema_registry: {{ url: ["{registry.url}"]{more} }} }}'
    text = f"""version: 1
engine: {{ data: ./data, free_space: 1MiB }}
streams:
  counts: {{}}
connectors:
  in: {{ {options(source)}, to: counts }}
  out: {{ {options(target, ", encode: {}")}, from: counts }}
"""
    with Engine(tmp_path, text) as engine:
        wait_until(lambda: len(engine.consume("counts")) == 3, "all came")
        events = engine.consume("counts")
        assert [event["data"] for event in events] == [{"n": 1}, {"n": 2}, "plain"]
        assert "E6160" in json.dumps(events[2]["headers"])
        assert clients.consume(target, "avro", COUNT, 2) == [{"n": 1}, {"n": 2}]
        wait_until(lambda: len(engine.letters()) == 1, "what cannot be encoded is a dead letter")
