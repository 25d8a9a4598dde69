# SPDX-License-Identifier: Apache-2.0
"""What a group has committed, and where its partitions begin: topics that grow, copied offsets, open transactions, short metadata."""

import json

import confluent_kafka
import pytest

import kafka_broker
import kafka_wire
from engine import Engine, function_folder, wait_until
from history import check_exactly_once
from kafka_broker import numbers, settled, topic_config
from test_kafka_connectors import numbers_of, source_config, stored

broker = pytest.fixture(scope="module")(kafka_broker.broker)

ECHO = "def handle(event, context):\n    return event.json()\n"
# The first of each key that begins with "bad" waits for a long time.
FAIL_BAD = """
def handle(event, context):
    if event.key.startswith(b"bad"):
        raise ValueError("not yet")
    return event.json()
"""
LONG = "first: 10ms, max: 50ms", "first: 10m, max: 10m"


@pytest.fixture(scope="module")
def small_broker(tmp_path_factory):
    """One that takes little metadata."""
    yield from kafka_broker.start(tmp_path_factory, "--prop", "offset.metadata.max.bytes=200")


def echo_config(broker, topic, tmp_path, binding="", **options):
    return topic_config(broker, topic, function_folder(tmp_path, ECHO), binding=binding, **options)


@pytest.mark.parametrize("assignor", ["range", "cooperative-sticky"])
def test_start_latest_is_for_a_new_group_only(broker, tmp_path, assignor):
    """Partitions that are added later are read from their beginning, by whichever engine gets them."""
    topic = broker.topic(2)
    broker.produce(topic, [{"partition": p, **r} for p in (0, 1) for r in numbers(5)])
    config = echo_config(broker, topic, tmp_path, "start: latest", member=f"assignor: {assignor}")
    (tmp_path / "b").mkdir()
    with Engine(tmp_path, config) as one, Engine(tmp_path / "b", config) as two:
        def done():
            return {e["data"]["n"] for engine in (one, two) for e in engine.consume("seen")}

        wait_until(lambda: sorted(len(engine.binding("job")["partitions"]) for engine in (one, two)) == [1, 1], "both have a share")
        wait_until(lambda: broker.committed(topic, topic, 2) == [5, 5], "the group is known")
        broker.produce(topic, [{"partition": 0, **r} for r in numbers(5, first=100)])
        wait_until(lambda: done() == set(range(100, 105)), "what is new is read, what was there before is not")
        broker.grow(topic, 5)
        broker.produce(topic, [{"partition": 2 + n % 3, **r} for n, r in enumerate(numbers(60, first=200))])
        wait_until(lambda: done() == {*range(100, 105), *range(200, 260)}, "all of the new partitions is read", 30)


def test_a_source_reads_added_partitions_from_their_beginning(broker, tmp_path):
    topic = broker.topic(2)
    broker.produce(topic, [{"partition": p, **r} for p in (0, 1) for r in numbers(5)])
    with Engine(tmp_path, source_config(broker, topic, "start: latest")) as engine:
        wait_until(lambda: broker.committed(f"{topic}-in", topic, 2) == [5, 5], "the group is known")
        broker.grow(topic, 4)
        broker.produce(topic, [{"partition": 2 + n % 2, **r} for n, r in enumerate(numbers(40, first=100))])
        wait_until(lambda: stored(engine) == 40, "all of the new partitions is read", 30)
        assert numbers_of(engine.consume("raw")) == list(range(100, 140))


def test_metadata_that_was_copied_to_another_offset_is_not_used(broker, tmp_path):
    """MirrorMaker's sync.group.offsets writes the text with another offset: only the offset counts, and nothing is passed over."""
    topic = broker.topic(1)
    config = topic_config(broker, topic, function_folder(tmp_path, FAIL_BAD)).replace(*LONG)
    with Engine(tmp_path, config) as engine:
        first = wait_until(lambda: kafka_wire.committed(broker, topic, topic, 0)[1], "the group begins")
        broker.produce(topic, [{"key": "bad", "value": json.dumps({"n": 0})}, *numbers(20, first=1)])
        wait_until(lambda: engine.binding("job")["done"] == 20, "all but the first are done")
        wait_until(lambda: kafka_wire.committed(broker, topic, topic, 0)[1] not in {"", first}, "what is done is committed")
    offset, text = kafka_wire.committed(broker, topic, topic, 0)
    assert offset == 0 and text.startswith("pelton2:") and len(text) > len(first)
    # Behind the 20 that are done come 10 that are not; read from offset 10 on, the text would call them done.
    broker.produce(topic, numbers(10, first=21))
    wait_until(lambda: kafka_wire.commit(broker, topic, topic, 0, 10, text), "the group is empty")
    with Engine(tmp_path, config) as engine:
        wait_until(lambda: engine.lag("job") == 0 and engine.binding("job")["done"] > 0, "all behind the copied offset is done")
        assert {e["data"]["n"] for e in engine.consume("seen")} == set(range(1, 31))
        assert engine.log.read_text().count("metadata that belongs to another offset") == 1
        wait_until(lambda: kafka_wire.committed(broker, topic, topic, 0)[0] == 31, "the group goes on")


def test_brokers_that_take_little_metadata(small_broker, tmp_path):
    """The offset is committed with less of it, and many parked keys cost deliveries at most."""
    topic = small_broker.topic(1)
    good = {n for n in range(600) if n < 100 or n % 3}
    broker_records = [{"key": f"{'k' if n in good else 'bad'}{n}", "value": json.dumps({"n": n})} for n in range(600)]
    small_broker.produce(topic, broker_records)
    config = topic_config(small_broker, topic, function_folder(tmp_path, FAIL_BAD), binding="max_unsettled: 1000").replace(*LONG)
    with Engine(tmp_path, config) as engine:
        wait_until(lambda: engine.binding("job")["done"] == len(good), "all that can be are done")
        wait_until(lambda: small_broker.committed(topic, topic, 1) == [102], "the offset before the first that waits")
        text = kafka_wire.committed(small_broker, topic, topic, 0)[1]
        assert text.startswith("pelton2:") and len(text) <= 200
        assert "offset.metadata.max.bytes" in engine.log.read_text()
        assert "E6101" not in engine.log.read_text()
        # What is counted as done may still be on its way to the disk.
        wait_until(lambda: len(engine.consume("seen")) >= len(good), "the outputs are durable")
        check_exactly_once(engine.consume("seen"), sorted(good))


def test_an_offset_that_an_open_transaction_hides_is_waited_for(broker, tmp_path):
    """It is in the topic, behind what may be read: a group that was moved by hand or came from another client."""
    topic = broker.topic(1)
    broker.produce(topic, numbers(10))
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.address, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    for record in numbers(10, first=10):
        producer.produce(topic, **record)
    producer.flush(30)
    broker.commit(topic, topic, {0: 15})
    with Engine(tmp_path, echo_config(broker, topic, tmp_path)) as engine:
        wait_until(lambda: len(engine.binding("job")["partitions"]) == 1, "the partition is read")
        broker.produce(topic, numbers(10, first=20))
        assert engine.binding("job")["stopped"] == ""
        producer.commit_transaction(30)
        wait_until(lambda: engine.binding("job")["done"] == 15, "it is read on from its offset")
        assert {e["data"]["n"] for e in engine.consume("seen")} == set(range(15, 30))
        assert engine.binding("job")["stopped"] == "" and "E6104" not in engine.log.read_text()


def test_an_offset_behind_the_end_stops_its_partition(broker, tmp_path):
    topic = broker.topic(2)
    broker.produce(topic, [{"partition": p, **r} for p in (0, 1) for r in numbers(10)])
    broker.commit(topic, topic, {0: 4711})
    with Engine(tmp_path, echo_config(broker, topic, tmp_path)) as engine:
        wait_until(lambda: "E6104" in engine.binding("job")["stopped"], "the partition is stopped with words")
        wait_until(lambda: engine.binding("job")["done"] == 10, "the other one is read")
        engine.run("offsets", "seek", "job", "--partition", "0", "--to-earliest")
        settled(engine, 20)


def test_a_fenced_member_is_not_ready(broker, tmp_path):
    """Two engines with one instance name: the newer one works, the older one says why it does not."""
    topic = broker.topic(2)
    config = echo_config(broker, topic, tmp_path, member="instance: node-1")
    (tmp_path / "b").mkdir()
    with Engine(tmp_path, config) as one, Engine(tmp_path / "b", config) as two:
        wait_until(lambda: not one.status()["ready"], "the older one is not ready")
        reason, = one.status()["not_ready"]
        assert "binding job has ended: E6105" in reason and "FENCED_INSTANCE_ID" in reason
        broker.produce(topic, [{"partition": n % 2, **r} for n, r in enumerate(numbers(100))])
        settled(two, 100)
        assert one.binding("job")["partitions"] == [] and two.status()["ready"]
        assert one.stop() == 0


def test_a_seek_names_the_partitions_that_it_does_not_move(broker, tmp_path):
    """Those of another engine of the group: the operator asks that one as well."""
    topic = broker.topic(4)
    broker.produce(topic, [{"partition": n % 4, **r} for n, r in enumerate(numbers(40))])
    (tmp_path / "b").mkdir()
    config = echo_config(broker, topic, tmp_path)
    with Engine(tmp_path, config) as one, Engine(tmp_path / "b", config) as two:
        def owned(engine):
            return {p["partition"] for p in engine.binding("job")["partitions"]}
        wait_until(lambda: len(owned(one)) == 2 and len(owned(two)) == 2, "each has two partitions")
        wait_until(lambda: sum(broker.committed(topic, topic, 4)) == 40, "everything is settled")
        ran = one.run("offsets", "seek", "job", "--to-earliest", check=False)
        assert ran.returncode == 1
        for partition in owned(two):
            assert f"partition {partition} was not moved: E5022" in ran.stderr
        assert {int(line.split()[0]) for line in ran.stdout.splitlines()[1:]} == owned(one)
        shown = json.loads(two.run("offsets", "seek", "job", "--to-earliest", "--dry-run", "-o", "json", check=False).stdout)
        assert {c["partition"] for c in shown["changes"]} == owned(two)
        assert {s["partition"] for s in shown["skipped"]} == owned(one)


def test_an_offset_in_an_open_transaction_delays_its_partition_only(broker, tmp_path):
    topic = broker.topic(3)
    broker.produce(topic, [{"partition": n % 3, **r} for n, r in enumerate(numbers(30))])
    broker.commit(topic, topic, {0: 0, 1: 0, 2: 0})
    producer = confluent_kafka.Producer({"bootstrap.servers": broker.address, "transactional.id": topic, "transaction.timeout.ms": 120_000})
    producer.init_transactions(30)
    producer.begin_transaction()
    # A transaction that moves the group's offset of one partition, by somebody who is no member.
    other = confluent_kafka.Consumer({"bootstrap.servers": broker.address, "group.id": topic})
    producer.send_offsets_to_transaction([confluent_kafka.TopicPartition(topic, 1, 5)], other.consumer_group_metadata(), 30)
    with Engine(tmp_path, echo_config(broker, topic, tmp_path)) as engine:
        wait_until(lambda: engine.binding("job")["done"] == 20, "the others are read")
        assert {p["partition"] for p in engine.binding("job")["partitions"]} == {0, 2}
        producer.commit_transaction(30)
        wait_until(lambda: engine.binding("job")["done"] == 25, "it is read on from where the transaction left it")
    other.close()


STUBBORN = """
import pathlib

def handle(event, context):
    with open(pathlib.Path(__file__).parent / "attempts", "a") as file:
        file.write(f"{context.attempt}\\n")
    raise ValueError("never")
"""


def test_attempts_go_with_the_partition(broker, tmp_path):
    """Engines with folders of their own take turns: the event has as many attempts as one engine would give it."""
    topic = broker.topic(1)
    code = function_folder(tmp_path, STUBBORN)
    config = topic_config(broker, topic, code).replace(
        "retry: { attempts: 3, backoff: { first: 10ms, max: 50ms } }",
        "retry: { attempts: 5, backoff: { first: 1s, max: 1s } }")
    made = code / "attempts"
    broker.produce(topic, numbers(1))
    letters = []
    for turn in range(5):
        with Engine(tmp_path / str(turn), config) as engine:
            before = len(made.read_text().split()) if made.exists() else 0
            wait_until(lambda: made.exists() and len(made.read_text().split()) > before, "another attempt")
            if turn == 4:
                wait_until(engine.letters, "the dead letter")
                letters = engine.letters()
            engine.stop()
    assert made.read_text().split() == ["1", "2", "3", "4", "5"]
    assert [letter["attempts"] for letter in letters] == [5]
