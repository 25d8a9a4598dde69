# SPDX-License-Identifier: Apache-2.0
"""Topics read into streams and written from streams by connectors, and produce and consume on topics, on a real broker."""

import http.client
import json
import random
import socket
import subprocess
import threading
import time

import pytest

import kafka_broker
from engine import BINARY, ROOT, Engine, wait_until
from test_kafka_outputs import read

broker = pytest.fixture(scope="module")(kafka_broker.strict_broker)

HEAD = "version: 1\nengine: { data: ./data, free_space: 1MiB, shutdown_timeout: 20s }\n"


def source_config(broker, topic, options="", partitions=3, address=None):
    return f"""{HEAD}streams:
  raw: {{ partitions: {partitions} }}
connectors:
  in:
    kafka: {{ brokers: ["{address or broker.address}"], topic: {topic}, group: {topic}-in, session_timeout: 6s{', ' + options if options else ''} }}
    to: raw
"""


def sink_config(broker, topic, options=""):
    return f"""{HEAD}streams:
  done: {{}}
connectors:
  out:
    kafka: {{ brokers: ["{broker.address}"], topic: {topic} }}
    from: done
    {options}
"""


def topics_config(broker, **topics):
    lines = "".join(f'  {name}: {{ kafka: {{ brokers: ["{broker.address}"], topic: {topic} }} }}\n' for name, topic in topics.items())
    return f"{HEAD}streams:\n{lines}"


def connector(engine, name):
    return next(c for c in engine.status()["connectors"] if c["name"] == name)


def stored(engine, stream="raw"):
    return sum(p["end"] for s in engine.status()["streams"] if s["name"] == stream for p in s["partitions"])


def numbers_of(events):
    return sorted({e["data"]["n"] if isinstance(e["data"], dict) else json.loads(e["data"])["n"] for e in events})


def in_order(pairs):
    """Whether the first sight of each number ascends within its key: what is repeated after a kill may be."""
    seen = {}
    for key, number in pairs:
        numbers = seen.setdefault(key, [])
        if number not in numbers:
            if numbers and number < numbers[-1]:
                return False
            numbers.append(number)
    return True


# ---- the source


def test_records_keep_what_they_are(broker, tmp_path):
    topic = broker.topic(1)
    broker.produce(topic, [
        {"key": "a", "value": "text", "headers": [("h", b"1"), ("h", b"2")], "timestamp": 1_600_000_000_123},
        {"key": None, "value": b"\xff\x00"},
        {"key": "a", "value": None},
        {"key": b"\xfe", "value": "{}", "headers": [("ce_specversion", b"1.0"), ("ce_id", b"7"), ("ce_type", b"t"), ("ce_source", b"/s")]},
    ])
    with Engine(tmp_path, source_config(broker, topic, partitions=1)) as engine:
        wait_until(lambda: stored(engine) == 4, "all are stored")
        text, binary, tombstone, event = engine.consume("raw")
        assert (text["key"], text["data"], text["headers"]) == ("a", "text", [["h", "1"], ["h", "2"]])
        assert text["time"].startswith("2020-09-13T12:26:40.123") and text["source"] == f"kafka:{topic}"
        assert "key" not in binary and binary["data_base64"] == "/wA="
        assert tombstone["data"] is None
        assert (event["id"], event["type"], event["source"], event["key_base64"]) == ("7", "t", "/s", "/g==")
        wait_until(lambda: broker.committed(f"{topic}-in", topic, 1) == [4], "the offset follows")
        wait_until(lambda: connector(engine, "in")["lag_events"] == 0, "nothing waits")


def test_kill_9_of_the_engine_loses_nothing(broker, tmp_path):
    topic = broker.topic(4)
    engine = Engine(tmp_path, source_config(broker, topic))
    for round_ in range(3):
        engine.start()
        broker.produce(topic, kafka_broker.numbers(20_000, first=round_ * 20_000))
        wait_until(lambda at=round_ * 20_000: stored(engine) > at + 500, f"round {round_}: some are stored")
        engine.kill()
    with engine:
        wait_until(lambda: sum(broker.committed(f"{topic}-in", topic, 4)) == 60_000, "everything is committed")
        events = engine.consume("raw")
        assert numbers_of(events) == list(range(60_000))
        assert in_order((e["key"], json.loads(e["data"])["n"]) for e in events)


def test_the_broker_goes_and_comes_back(broker, tmp_path):
    source, target = broker.topic(2), broker.topic(2)
    both = source_config(broker, source) + f'  out: {{ kafka: {{ brokers: ["{broker.address}"], topic: {target} }}, from: raw }}\n'
    with Engine(tmp_path, both) as engine:
        broker.produce(source, kafka_broker.numbers(1000))
        wait_until(lambda: engine.binding("out")["done"] == 1000, "all have passed")
        assert "PARTITION_EOF" not in engine.log.read_text(), "the end of a partition is no error"
        broker.kill()
        engine.produce("raw", [{"key": "k1", "data": {"n": 1000}}])
        wait_until(lambda: connector(engine, "in")["state"] != "running" and "E6101" in connector(engine, "in")["last_error"],
                   "status says that the source has no brokers")
        wait_until(lambda: connector(engine, "out")["state"] != "running" and "E6101" in connector(engine, "out")["last_error"],
                   "status says that the sink has no brokers")
        broker.up()
        broker.produce(source, kafka_broker.numbers(500, first=1001))
        wait_until(lambda: engine.binding("out")["done"] >= 1501 and engine.lag("out") == 0, "everything has passed", 30)
        assert engine.binding("out")["failed_attempts"] == 0 and engine.letters() == []
        assert sorted({json.loads(m.value())["n"] for m in read(broker, target, 2)}) == list(range(1501))


def test_partitions_move_between_engines_and_nothing_is_lost(broker, tmp_path):
    topic = broker.topic(6)
    produced = 0

    def produce(count):
        nonlocal produced
        broker.produce(topic, kafka_broker.numbers(count, first=produced))
        produced += count

    engines = [Engine(tmp_path / str(n), source_config(broker, topic)) for n in range(2)]
    with engines[0]:
        produce(5000)
        with engines[1]:
            wait_until(lambda: produce(100) or stored(engines[1]) > 0, "the second has partitions")
            assert engines[1].stop() == 0
        produce(1000)
        wait_until(lambda: sum(broker.committed(f"{topic}-in", topic, 6)) == produced, "everything is committed")
        events = engines[0].consume("raw")
    with Engine(tmp_path / "1", f"{HEAD}streams:\n  raw: {{ partitions: 3 }}\n") as second:
        events += second.consume("raw")
    assert numbers_of(events) == list(range(produced))


def test_where_a_new_group_begins(broker, tmp_path):
    topic = broker.topic(1)
    broker.produce(topic, [{"value": json.dumps({"n": n}), "timestamp": 1_700_000_000_000 + n * 1000} for n in range(10)])
    for start, first in (("earliest", 0), ('"2023-11-14T22:13:25Z"', 5)):
        name = start.strip('"')[:4]
        config = source_config(broker, topic, f"start: {start}", 1).replace(f"{topic}-in", f"{topic}-{name}")
        with Engine(tmp_path / name, config) as engine:
            wait_until(lambda count=10 - first: stored(engine) == count, f"{start}: the stream has what it should")
            assert numbers_of(engine.consume("raw")) == list(range(first, 10))
    config = source_config(broker, topic, "start: latest", 1).replace(f"{topic}-in", f"{topic}-latest")
    with Engine(tmp_path / "latest", config) as engine:
        wait_until(lambda: broker.committed(f"{topic}-latest", topic, 1) == [10], "the group stands at the end")
        broker.produce(topic, [{"value": '{"n": 10}'}])
        wait_until(lambda: stored(engine) == 1, "the next record came")


def test_an_offset_that_is_gone_is_said_or_decided(broker, tmp_path):
    topic = broker.topic(1)
    broker.produce(topic, kafka_broker.numbers(5))
    broker.commit(f"{topic}-in", topic, {0: 4711})
    with Engine(tmp_path, source_config(broker, topic)) as engine:
        wait_until(lambda: "E6104" in connector(engine, "in")["last_error"], "status says it")
        assert "4711" in connector(engine, "in")["last_error"] and stored(engine) == 0
    with Engine(tmp_path, source_config(broker, topic, "out_of_range: earliest")) as engine:
        wait_until(lambda: stored(engine) == 5, "it went on at the first record")


def test_wrong_input(broker, tmp_path):
    with Engine(tmp_path, source_config(broker, "nowhere")) as engine:
        wait_until(lambda: "nowhere" in connector(engine, "in")["last_error"], "status says that there is no such topic")
        broker.topic(1, "nowhere")
        broker.produce("nowhere", kafka_broker.numbers(3))
        wait_until(lambda: stored(engine) == 3, "it is read once it is there", 30)

    def problems(text):
        (tmp_path / "wrong.yaml").write_text(text)
        done = subprocess.run([BINARY, "validate", str(tmp_path / "wrong.yaml")], capture_output=True, text=True, check=False)
        assert done.returncode == 3
        return done.stdout + done.stderr

    assert "E1013" in problems(source_config(broker, "same") + f'  out: {{ kafka: {{ brokers: ["{broker.address}"], topic: same }}, from: raw }}\n')
    assert "fetch.min.bytes" in problems(source_config(broker, "t", "properties: { fetch.min.byte: 1 }"))
    assert "E1008" in problems(source_config(broker, "a/b"))
    assert "E1005" in problems(sink_config(broker, "t").replace("topic: t", "topic: t, group: g"))


# ---- the sink


def test_events_become_records(broker, tmp_path):
    topic = broker.topic(3)
    with Engine(tmp_path, sink_config(broker, topic)) as engine:
        engine.produce("done", [{"key": f"k{n % 20}", "data": json.dumps({"n": n}), "headers": [["h", "1"], ["h", "2"]],
                                 "time": "2020-09-13T12:26:40.123Z"} for n in range(2000)])
        engine.produce("done", [{"key": "gone", "data": None}])
        wait_until(lambda: engine.binding("out")["done"] == 2001, "all are written")
        records = read(broker, topic, 3)
        assert sorted(json.loads(m.value())["n"] for m in records if m.value()) == list(range(2000))
        assert in_order((m.key(), json.loads(m.value())["n"]) for m in records if m.value())
        assert {m.timestamp()[1] for m in records if m.value()} == {1_600_000_000_123}
        assert {tuple(m.headers()) for m in records if m.value()} == {(("h", b"1"), ("h", b"2"))}
        assert [m.value() for m in records if m.key() == b"gone"] == [None]


def test_refused_records_are_dead_letters_and_their_keys_keep_their_order(broker, tmp_path):
    topic = broker.topic(2, **{"max.message.bytes": "20000"})
    with Engine(tmp_path, sink_config(broker, topic)) as engine:
        engine.produce("done", [{"key": f"k{n % 10}", "data": json.dumps({"n": n, "x": ("x" * (50_000 if n % 100 == 7 else 500))})}
                                for n in range(600)])
        wait_until(lambda: engine.binding("out")["done"] + engine.binding("out")["dead_lettered"] == 600, "all are settled", 15)
        letters = engine.letters()
        assert sorted(json.loads(letter["event"]["data"])["n"] for letter in letters) == [7, 107, 207, 307, 407, 507]
        assert "E6106" in json.dumps(letters[0]) and "MSG_SIZE_TOO_LARGE" in json.dumps(letters[0])
        records = [(m.key(), json.loads(m.value())["n"]) for m in read(broker, topic, 2)]
        assert sorted(n for _, n in records) == [n for n in range(600) if n % 100 != 7]
        assert in_order(records)


def batch_of_one(size):
    """What a broker sees of a record with a key of one byte and a value of 128 to 8,191 bytes."""
    return 61 + 2 + 3 + 2 + 2 + size + 1


def test_the_size_that_a_topic_takes_is_known_to_the_byte_and_looked_up_again(broker, tmp_path):
    topic = broker.topic(1, **{"max.message.bytes": str(batch_of_one(1000))})
    with Engine(tmp_path, sink_config(broker, topic)) as engine:
        engine.produce("done", [{"key": "a", "data": "x" * 1000}, {"key": "b", "data": "x" * 1001}])
        wait_until(lambda: engine.binding("out")["done"] + engine.binding("out")["dead_lettered"] == 2, "both are settled", 15)
        assert [m.key() for m in read(broker, topic, 1)] == [b"a"]
        assert [letter["event"]["key"] for letter in engine.letters()] == ["b"]
        broker.tool("configs", "--alter", "--topic", topic, "--add-config", f"max.message.bytes={batch_of_one(1001)}")
        # What was refused is looked up again at most every five seconds.
        time.sleep(5)
        engine.produce("done", [{"key": "c", "data": "x" * 1001}])
        wait_until(lambda: engine.binding("out")["done"] == 2, "it fits now", 15)


def test_a_refusal_that_no_configuration_foretells_harms_no_neighbour(broker, tmp_path):
    topic = broker.topic(1, **{"max.message.bytes": "20000"})
    config = sink_config(broker, topic).replace(f"topic: {topic}", f"topic: {topic}, properties: {{ compression.type: lz4 }}")
    noise = random.Random(1).randbytes(30_000).hex()
    with Engine(tmp_path, config) as engine:
        engine.produce("done", [{"key": f"k{n}", "data": noise if n == 3 else str(n)} for n in range(8)])
        wait_until(lambda: engine.binding("out")["done"] == 7 and engine.binding("out")["dead_lettered"] == 1, "only one is refused")
        assert [letter["event"]["key"] for letter in engine.letters()] == ["k3"]


def test_a_sink_waits_for_its_topic(broker, tmp_path):
    with Engine(tmp_path, sink_config(broker, "not-yet", "retry: { attempts: 2 }")) as engine:
        engine.produce("done", [{"key": "a", "data": "1"}])
        wait_until(lambda: "E6110" in engine.log.read_text() and "UNKNOWN_TOPIC" in engine.log.read_text(), "it says why")
        broker.topic(1, name="not-yet")
        wait_until(lambda: engine.binding("out")["done"] == 1, "it goes on once the topic is there")
        assert engine.letters() == [] and [m.value() for m in read(broker, "not-yet", 1)] == [b"1"]


def test_kill_9_while_writing_loses_nothing(broker, tmp_path):
    topic = broker.topic(2)
    engine = Engine(tmp_path, sink_config(broker, topic))
    for round_ in range(3):
        engine.start()
        engine.produce("done", [{"key": f"k{n % 50}", "data": json.dumps({"n": n})} for n in range(round_ * 5000, round_ * 5000 + 5000)])
        wait_until(lambda: engine.binding("out")["done"] >= 200, f"round {round_}: some are written")
        engine.kill()
    with engine:
        engine.wait_settled("out")
        assert engine.letters() == []
        records = [(m.key(), json.loads(m.value())["n"]) for m in read(broker, topic, 2)]
        assert sorted({n for _, n in records}) == list(range(15_000))
        assert in_order(records)


# ---- produce and consume on topics


def test_produce_and_consume_on_a_topic(broker, tmp_path):
    topic = broker.topic(3)
    with Engine(tmp_path, topics_config(broker, orders=topic)) as engine:
        assert engine.consume("orders") == []
        engine.produce("orders", [{"key": f"k{n % 7}", "data": {"n": n}, "type": "even" if n % 2 == 0 else "odd", "id": str(n), "source": "t"}
                                  for n in range(100)])
        assert "100 events are durable" in engine.run("produce", "orders", data="".join("line\n" for _ in range(100))).stdout
        events = engine.consume("orders")
        assert len(events) == 200 and numbers_of([e for e in events if e["type"] != "kafka.record"]) == list(range(100))
        assert len(engine.consume("orders", "--limit", "5")) == 5
        assert len(engine.consume("orders", "--type", "even")) == 50
        assert len(engine.consume("orders", "--key", "k3", "--limit", "3")) == 3
        one = engine.consume("orders", "--partition", "1")
        assert {e["partition"] for e in one} == {1} and [e["offset"] for e in one] == list(range(len(one)))
        assert engine.consume("orders", "--partition", "1", "--from", "2") == one[2:]
        assert engine.consume("orders", "--partition", "1", "--from", "100000") == []
        assert engine.consume("orders", "--from", "latest") == []
        assert engine.consume("orders", "--from", "2099-01-01T00:00:00Z") == []
        assert len(engine.consume("orders", "--from", "2020-01-01T00:00:00Z")) == 200
        engine.run("produce", "orders", "--partition", "2", "--key", "fixed", data="here\n")
        assert [e["partition"] for e in engine.consume("orders", "--key", "fixed")] == [2]
        answer = post(engine, "/v1/streams/orders/events?partition=0", '{"data":"x"}\n{"data":"y"}\n')
        assert answer["count"] == 2 and answer["produced"][0]["partition"] == 0 and answer["produced"][0]["count"] == 2
        assert [e["data"] for e in engine.consume("orders", "--partition", "0", "--from", str(answer["produced"][0]["offset"]))] == ["x", "y"]


def post(engine, path, body):
    """The answer of the admin API."""
    connection = http.client.HTTPConnection("pelton")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(engine.folder / "data/admin.sock"))
    connection.request("POST", path, body)
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer)


def follow(engine, *options):
    return subprocess.Popen([BINARY, "consume", "orders", "--follow", *options, "--config", str(engine.config)],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_followers_see_what_comes_and_outlive_the_broker(broker, tmp_path):
    topic = broker.topic(2)
    with Engine(tmp_path, topics_config(broker, orders=topic)) as engine:
        broker.produce(topic, [{"value": "first"}])
        follower = follow(engine)
        assert json.loads(follower.stdout.readline())["data"] == "first"
        broker.kill()
        broker.up()
        broker.produce(topic, [{"value": "second"}])
        assert json.loads(follower.stdout.readline())["data"] == "second"
        follower.kill()
        follower.wait()
        assert engine.ready()


def test_readers_of_topics_are_bounded_and_end_with_their_callers(broker, tmp_path):
    topic = broker.topic(1)
    with Engine(tmp_path, topics_config(broker, orders=topic)) as engine:
        broker.produce(topic, [{"value": "x"}])
        followers = [follow(engine) for _ in range(16)]
        assert all(json.loads(f.stdout.readline())["data"] == "x" for f in followers)
        refused = engine.run("consume", "orders", check=False)
        assert refused.returncode == 1 and "E5009" in refused.stderr
        for follower in followers:
            follower.kill()
            follower.wait()
        wait_until(lambda: engine.run("consume", "orders", check=False).returncode == 0, "they are gone")


def test_produce_and_consume_say_what_is_wrong(broker, tmp_path):
    small = broker.topic(1, **{"max.message.bytes": "2000"})
    gone = topics_config(broker, small=small, missing="not-here")
    with Engine(tmp_path, gone) as engine:
        refused = engine.produce("small", [{"data": "ok"}, {"data": "x" * 5000}, {"data": "fine"}], check=False)
        assert refused.returncode == 1 and "event 2 of 3" in refused.stderr and "E6106" in refused.stderr, refused.stderr
        assert [e["data"] for e in engine.consume("small")] in (["ok", "fine"], ["fine", "ok"])
        for command in (["produce", "small", "--partition", "9"], ["produce", "missing"]):
            refused = engine.run(*command, data="x\n", check=False)
            assert refused.returncode == 1 and "E6106" in refused.stderr, refused.stderr
        absent = engine.run("consume", "small", "--partition", "9", check=False)
        assert absent.returncode == 5 and "partitions 0 to 0" in absent.stderr, absent.stderr
        absent = engine.run("consume", "missing", check=False)
        assert absent.returncode != 0 and "not-here" in absent.stderr, absent.stderr


def test_a_silent_broker_blocks_neither_status_nor_other_streams(broker, tmp_path):
    config = topics_config(broker, orders="t").replace(broker.address, "127.0.0.1:1") + "  own: {}\n"
    with Engine(tmp_path, config) as engine:
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(engine.run("consume", "orders", check=False)))
        waiting.start()
        engine.produce("own", [{"data": "x"}])
        assert [e["data"] for e in engine.consume("own")] == ["x"] and engine.ready()
        waiting.join(60)
        assert answers[0].returncode == 1 and "E6101" in answers[0].stderr


# ---- the example


def test_the_example_carries_a_topic_to_another(broker, tmp_path, monkeypatch):
    orders, copy = broker.topic(2, "orders"), broker.topic(3, "orders-copy")
    broker.produce(orders, kafka_broker.numbers(500))
    monkeypatch.setenv("KAFKA_BROKERS", broker.address)
    with Engine(tmp_path, (ROOT / "configs/kafka_mirror.yaml").read_text()) as engine:
        wait_until(lambda: engine.binding("publish")["done"] == 500, "all are carried over")
        assert stored(engine, "orders") == 500
        records = [(m.key(), json.loads(m.value())["n"]) for m in read(broker, copy, 3)]
        assert sorted(n for _, n in records) == list(range(500)) and in_order(records)
