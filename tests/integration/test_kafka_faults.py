# SPDX-License-Identifier: Apache-2.0
"""Topics, brokers and records that misbehave: no loss, clear words, and the rest goes on."""

import json
import socket
import threading
import time

import confluent_kafka
import pytest

import kafka_broker
from engine import Engine, function_folder, library_version, wait_until
from history import check_exactly_once
from kafka_broker import numbers, settled, topic_config

broker = pytest.fixture(scope="module")(kafka_broker.broker)

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


POISON = """
def handle(event, context):
    n = event.json()["n"]
    if n % 10 == 3:
        raise ValueError("poison")
    return {"n": n, "key": context.idempotency_key}
"""


@pytest.mark.parametrize("state", ["running", "down"])
def test_a_topic_that_is_made_anew_at_once_is_another(broker, tmp_path, state):
    """It has more records than the one before had, so that the position in the first would be good in the second."""
    if library_version("librdkafka") < (2, 3):
        pytest.skip("this client library tells no topic ids")
    topic = broker.topic(1)
    config = topic_config(broker, topic, function_folder(tmp_path, POISON)).replace(
        "retry: { attempts: 3, backoff: { first: 10ms, max: 50ms } }", "retry: { attempts: 1 }")
    engine = Engine(tmp_path, config).start()
    broker.produce(topic, numbers(50))
    settled(engine, 50)
    if state == "down":
        engine.stop()
    broker.delete_topic(topic)
    broker.topic(1, name=topic)
    broker.produce(topic, numbers(200, first=1000))
    if state == "down":
        engine.start()
    good = {n for n in [*range(50), *range(1000, 1200)] if n % 10 != 3}
    wait_until(lambda: {e["data"]["n"] for e in engine.consume("seen")} == good, "every record of both is seen")
    wait_until(lambda: engine.lag("job") == 0, "it is at the end")
    wait_until(lambda: broker.committed(topic, topic, 1) == [200], "the offset of the second is committed")
    letters = engine.letters()
    places = {letter["id"] for letter in letters}
    assert len(places) == len(letters)
    assert {place.split("/")[2] for place in places} >= {str(n) for n in range(3, 200, 10)}
    ids = {place.split("/")[-1] for place in places if place.split("/")[2] == "3"}
    assert len(ids) == 2, "a letter of each, at the same offset"
    keys = {}
    for event in engine.consume("seen"):
        keys.setdefault(event["data"]["key"], set()).add(event["data"]["n"])
    assert all(len(numbers_of) == 1 for numbers_of in keys.values()), "no key is used for two events"
    engine.stop()


def test_partitions_that_are_added_while_it_runs(broker, tmp_path):
    topic = broker.topic(1)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(topic, numbers(50))
        settled(engine, 50)
        broker.grow(topic, 4)
        broker.produce(topic, [{"partition": 1 + n % 3, **r} for n, r in enumerate(numbers(300, first=50))])
        wait_until(lambda: engine.binding("job")["done"] == 350, "the new partitions are read", 15)
        check_exactly_once(engine.consume("seen"), range(350))


@pytest.mark.parametrize("policy", ["stop", "earliest"])
def test_records_that_retention_takes_while_they_wait(broker, tmp_path, policy):
    """A slow function: the partition is stopped with words, or goes on by its policy, behind what is gone."""
    gate = tmp_path / "open"
    code = function_folder(tmp_path, f"""
import pathlib, time
def handle(event, context):
    while not pathlib.Path({str(gate)!r}).exists():
        time.sleep(0.02)
    return {{"n": event.json()["n"]}}
""")
    topic = broker.topic(1)
    count = 5_000  # of 2 KB each: more than is fetched ahead
    broker.produce(topic, [{"key": f"k{n % 50}", "value": json.dumps({"n": n, "padding": "x" * 2000})} for n in range(count)])
    config = topic_config(broker, topic, code, binding="max_unsettled: 200", member=f"out_of_range: {policy}",
                          security='properties: { queued.max.messages.kbytes: "1024" }')
    with Engine(tmp_path, config) as engine:
        wait_until(lambda: engine.lag("job") == count, "the window is full")
        broker.produce(topic, numbers(100, first=count))
        wait_until(lambda: engine.lag("job") == count + 100, "the lag grows behind a full window", 20)
        assert engine.binding("job")["partitions"][0]["lag_seconds"] > 0
        broker.truncate(topic, 0, count)
        gate.touch()
        if policy == "stop":
            wait_until(lambda: "E6104" in engine.binding("job")["stopped"], "the partition is stopped with words")
            assert "E6104" in engine.run("status").stdout
            wait_until(lambda: engine.binding("job")["partitions"][0]["lag_seconds"] > 1, "it counts for how long")
            engine.run("offsets", "seek", "job", "--to-earliest")
        later = set(range(count, count + 100))
        wait_until(lambda: later <= {e["data"]["n"] for e in engine.consume("seen")}, "it goes on behind what is gone")
        assert len(engine.consume("seen")) < count and engine.letters() == []
        wait_until(lambda: engine.lag("job") == 0, "all is settled")
        assert engine.binding("job")["stopped"] == ""


def test_transactions_leave_no_lag_behind(broker, tmp_path):
    """Their marks, and the records that were taken back, have offsets; nothing is to be done for those."""
    topic = broker.topic(1)
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.address, "transactional.id": topic})
    producer.init_transactions(30)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        for first, end in ((0, producer.commit_transaction), (20, producer.abort_transaction)):
            producer.begin_transaction()
            for record in numbers(20, first=first):
                producer.produce(topic, **record)
            producer.flush(30)
            end(30)
        wait_until(lambda: broker.committed(topic, topic, 1) == [42], "the marks are passed too")
        assert engine.lag("job") == 0 and engine.binding("job")["done"] == 20
        check_exactly_once(engine.consume("seen"), range(20))


def test_parked_keys_and_lag_are_told(broker, tmp_path):
    """With their next attempt and last error; a key and an error of any size and bytes leave the status small and valid."""
    code = function_folder(tmp_path, """
def handle(event, context):
    if event.json()["n"] < 30:
        raise ValueError("no rate " + "x" * 100_000)
    return event.json()
""")
    topic = broker.topic(1)
    keys = [b"\xff\x1b" + b"K" * 900_000, *(b"k%d" % n for n in range(1, 60))]
    broker.produce(topic, [{"key": key, "value": json.dumps({"n": n})} for n, key in enumerate(keys)])
    config = topic_config(broker, topic, code, binding="breaker: { failures: 0 }").replace("first: 10ms, max: 50ms", "first: 10m, max: 10m")
    with Engine(tmp_path, config) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 30, "the others are done")
        binding = engine.binding("job")
        partition = binding["partitions"][0]
        assert (partition["cursor"], partition["end"], partition["lag_events"], partition["retrying"]) == (0, 60, 60, 30)
        assert 0 < partition["lag_seconds"] < 120
        assert len(binding["parked"]) == 20 and len(json.dumps(binding)) < 40_000
        first = next(k for k in binding["parked"] if k["offset"] == 0)
        assert first["key"].startswith("\ufffd\x1bKKK") and first["attempts"] == 1
        assert first["last_error"].startswith("ValueError: no rate") and first["next"] > engine.status()["now"]
        text = engine.run("status").stdout
        assert "PARKED KEY" in text and "no rate" in text and len(text) < 10_000 and "\x1b" not in text
        lag = [line for line in engine.metrics().splitlines() if line.startswith("pelton_binding_lag")]
        assert 'pelton_binding_lag_events{binding="job",partition="0"} 60' in lag and len(lag) == 2


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


def test_without_a_broker_for_longer_than_a_session(broker, tmp_path):
    """tools/kafka_chaos outages does it with three engines for sixty seconds."""
    topic = broker.topic(2)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(topic, numbers(500))
        settled(engine, 500)
        broker.kill()
        wait_until(lambda: "E6101" in trouble_of(engine), "it says that the broker is away")
        wait_until(lambda: "were lost" in engine.log.read_text(), "its session (6 s) is over")
        assert "E6101" in engine.binding("job")["trouble"] and "E6101" in engine.run("status").stdout
        broker.up()
        broker.produce(topic, numbers(500, first=500))
        wait_until(lambda: engine.binding("job")["done"] == 1000, "it goes on", 20)  # 6 s when the machine is idle
        wait_until(lambda: "E6101" not in engine.run("status").stdout, "the status forgets the trouble")
        check_exactly_once(engine.consume("seen"), range(1000))


class Doorkeeper:
    """Listens where a broker did, counts who comes, and sends everybody away."""

    def __init__(self, address):
        host, port = address.split(":")
        self.came = 0
        self.listener = socket.create_server((host, int(port)), reuse_port=False)
        self.thread = threading.Thread(target=self._serve)

    def _serve(self):
        while True:
            try:
                self.listener.accept()[0].close()
            except OSError:
                return
            self.came += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def test_a_broker_that_is_away_is_not_stormed(broker, tmp_path):
    """What is asked now and then, as for the topic's id, waits for a connection like everything else."""
    topic = broker.topic(2)
    with Engine(tmp_path, topic_config(broker, topic, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(topic, numbers(100))
        settled(engine, 100)
        broker.kill()
        with Doorkeeper(broker.address) as door:
            time.sleep(15)  # a window in which every question comes up
        broker.up()
        assert 0 < door.came < 1_000, f"{door.came} connections in 15 s"
        broker.produce(topic, numbers(50, first=100))
        settled(engine, 150)
