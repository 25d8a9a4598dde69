# SPDX-License-Identifier: Apache-2.0
"""delivery: exactly_once, from topic to topic: a reader of committed records sees the outputs of each event once,
whatever happens to engines, workers and brokers."""

import collections
import json
import signal

import confluent_kafka
import pytest

import kafka_broker
from engine import PYTHON, Engine, function_folder, wait_until
from kafka_broker import numbers

broker = pytest.fixture(scope="module")(kafka_broker.broker)

ECHO = "def handle(event, context):\n    return event.json()\n"


def config(broker, source, target, code, options="", member="", scale=2):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  records: {{ kafka: {{ brokers: ["{broker.address}"], topic: {source} }} }}
  results: {{ kafka: {{ brokers: ["{broker.address}"], topic: {target} }} }}
functions:
  work: {{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: "function:handle", scale: {{ max: {scale} }} }}
bindings:
  job:
    from: records
    function: work
    to: results
    delivery: exactly_once
    group: {source}
    kafka: {{ session_timeout: 6s, drain: 3s{', ' + member if member else ''} }}
    retry: {{ attempts: 3, backoff: {{ first: 10ms, max: 50ms }} }}
    {options}
"""


def committed(broker, topic, partitions):
    """What a reader with isolation.level=read_committed has up to the end, partition by partition in order."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "enable.partition.eof": True,
                                         "isolation.level": "read_committed"})
    found = []
    try:
        for partition in range(partitions):
            consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0)])
            while True:
                message = consumer.poll(30)
                assert message is not None
                if message.error():
                    assert message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF, message.error()
                    break
                found.append(message)
        return found
    finally:
        consumer.close()


def check_once_and_in_order(messages, expected):
    seen = collections.Counter(json.loads(m.value())["n"] for m in messages)
    twice = sorted(n for n, times in seen.items() if times > 1)
    lost = sorted(set(expected) - set(seen))
    assert not twice, f"{len(twice)} outputs twice, such as {twice[:5]}"
    assert not lost, f"{len(lost)} outputs lost, such as {lost[:5]}"
    assert set(seen) == set(expected)
    last = {}
    for message in messages:
        n = json.loads(message.value())["n"]
        assert last.get(message.key(), -1) < n, f"key {message.key()}: {n} after {last[message.key()]}"
        last[message.key()] = n


def all_committed(broker, topic, partitions, total, seconds=60):
    wait_until(lambda: sum(max(0, o) for o in broker.committed(topic, topic, partitions)) == total,
               "all offsets are committed", seconds)


def test_kill_9_of_the_engine_repeats_and_loses_nothing(broker, tmp_path):
    source, target = broker.topic(4), broker.topic(3)
    engine = Engine(tmp_path, config(broker, source, target, function_folder(tmp_path, ECHO), member="instance: node-1"))
    total = 0
    for round_ in range(1, 6):
        broker.produce(source, numbers(2000, first=total))
        total += 2000
        engine.start()
        wait_until(lambda: engine.binding("job")["done"] >= 200 * round_, f"round {round_}: work is done")
        engine.kill()
    with engine:
        all_committed(broker, source, 4, total)
        check_once_and_in_order(committed(broker, target, 3), range(total))
        assert engine.letters() == []


def test_kill_9_of_workers_and_poison(broker, tmp_path):
    source, target = broker.topic(4), broker.topic(2)
    code = function_folder(tmp_path, """
import os, signal
def handle(event, context):
    n = event.json()["n"]
    if n % 100 == 7:
        raise ValueError("poison")
    if n % 500 == 9 and context.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"n": n}
""")
    broker.produce(source, numbers(4000, keys=500))
    with Engine(tmp_path, config(broker, source, target, code)) as engine:
        all_committed(broker, source, 4, 4000)
        letters = engine.letters("--limit", "1000")
        assert {json.loads(letter["event"]["data"])["n"] for letter in letters} == set(range(7, 4000, 100))
        check_once_and_in_order(committed(broker, target, 2), [n for n in range(4000) if n % 100 != 7])


def test_dead_letters_survive_a_transaction_that_is_undone(broker, tmp_path):
    """Killed while poison is buried: no letter is lost and none is delivered again as a success."""
    source, target = broker.topic(2), broker.topic(2)
    code = function_folder(tmp_path, """
def handle(event, context):
    n = event.json()["n"]
    if n % 10 == 7:
        raise ValueError("poison")
    return {"n": n}
""")
    engine = Engine(tmp_path, config(broker, source, target, code, "breaker: { failures: 0 }", member="instance: node-1"))
    broker.produce(source, numbers(3000, keys=1500))
    for round_ in range(4):
        engine.start()
        wait_until(lambda: engine.binding("job")["dead_letters"] >= 20 * (round_ + 1), f"round {round_}: letters are written")
        engine.kill()
    with engine:
        all_committed(broker, source, 2, 3000)
        letters = engine.letters("--limit", "1000")
        assert sorted(json.loads(letter["event"]["data"])["n"] for letter in letters) == list(range(7, 3000, 10))
        check_once_and_in_order(committed(broker, target, 2), [n for n in range(3000) if n % 10 != 7])


def test_engines_that_come_die_and_freeze(broker, tmp_path):
    source, target = broker.topic(6), broker.topic(3)
    code = function_folder(tmp_path, "import time\ndef handle(event, context):\n    time.sleep(0.001)\n    return event.json()\n")
    engines = [Engine(tmp_path / str(i), config(broker, source, target, code, scale=1)) for i in range(2)]
    first, second = engines
    first.start()
    broker.produce(source, numbers(3000))
    wait_until(lambda: first.binding("job")["done"] >= 500, "the first one works")
    second.start()
    wait_until(lambda: second.binding("job")["done"] >= 200, "the second one works")
    second.kill()
    broker.produce(source, numbers(3000, first=3000))
    second.start()
    wait_until(lambda: len(second.binding("job")["partitions"]) == 3, "the second one is back")
    # A zombie: longer silent than the session and the transaction may be.
    second.process.send_signal(signal.SIGSTOP)
    broker.produce(source, numbers(1000, first=6000))
    all_committed(broker, source, 6, 7000)
    second.process.send_signal(signal.SIGCONT)
    broker.produce(source, numbers(1000, first=7000))
    all_committed(broker, source, 6, 8000)
    assert first.stop() == 0
    broker.produce(source, numbers(500, first=8000))
    all_committed(broker, source, 6, 8500)
    check_once_and_in_order(committed(broker, target, 3), range(8500))


def test_a_broker_that_dies_costs_neither_outputs_nor_attempts(broker, tmp_path):
    source, target = broker.topic(2), broker.topic(2)
    with Engine(tmp_path, config(broker, source, target, function_folder(tmp_path, ECHO))) as engine:
        broker.produce(source, numbers(3000))
        wait_until(lambda: engine.binding("job")["done"] >= 100, "work is done")
        broker.kill()
        broker.up()
        broker.produce(source, numbers(1000, first=3000))
        all_committed(broker, source, 2, 4000)
        check_once_and_in_order(committed(broker, target, 2), range(4000))
        assert engine.binding("job")["failed_attempts"] == 0 and engine.letters() == []
        wait_until(lambda: engine.binding("job")["trouble"] == "", "the trouble is over")


def test_records_that_are_too_large_are_dead_letters_and_nothing_else_is(broker, tmp_path):
    source, target = broker.topic(1), broker.topic(1, **{"max.message.bytes": "20000"})
    code = function_folder(tmp_path, """
def handle(event, context):
    n = event.json()["n"]
    return {"n": n, "x": "x" * (50000 if n % 100 == 7 else 2000)}
""")
    broker.produce(source, numbers(400))
    with Engine(tmp_path, config(broker, source, target, code)) as engine:
        all_committed(broker, source, 1, 400)
        letters = engine.letters()
        assert sorted(json.loads(letter["event"]["data"])["n"] for letter in letters) == [7, 107, 207, 307]
        assert "E6106" in json.dumps(letters[0]) and "MSG_SIZE_TOO_LARGE" in json.dumps(letters[0])
        check_once_and_in_order(committed(broker, target, 1), [n for n in range(400) if n % 100 != 7])


def test_a_letter_that_is_replayed_has_its_output(broker, tmp_path):
    source, target = broker.topic(1), broker.topic(1)
    code = function_folder(tmp_path, f"""
import pathlib
def handle(event, context):
    n = event.json()["n"]
    if n == 3 and not pathlib.Path({str(tmp_path / 'mended')!r}).exists():
        raise ValueError("not yet")
    return {{"n": n}}
""")
    broker.produce(source, numbers(10))
    with Engine(tmp_path, config(broker, source, target, code)) as engine:
        all_committed(broker, source, 1, 10)
        (tmp_path / "mended").touch()
        assert "1 done, 0 failed again" in engine.run("dead-letters", "replay", "--wait").stdout
        assert sorted(json.loads(m.value())["n"] for m in committed(broker, target, 1)) == list(range(10))
        assert engine.letters() == []


def test_a_slow_path_gets_through_in_smaller_transactions(broker, tmp_path):
    """What cannot be written before the brokers abort it is written in parts, instead of whole for ever."""
    source, target = broker.topic(2), broker.topic(2)
    # Of the client that writes to the target: 24 MB would take 30 s, three times as long as a transaction may.
    broker.tool("configs", "--alter", "--entity-type", "clients", "--entity-name", f"pelton.{target}",
                "--add-config", "producer_byte_rate=800000")
    code = function_folder(tmp_path, 'def handle(event, context):\n    return {"n": event.json()["n"], "x": "x" * 20_000}\n')
    broker.produce(source, numbers(1200))
    with Engine(tmp_path, config(broker, source, target, code)) as engine:
        all_committed(broker, source, 2, 1200, 150)
        check_once_and_in_order(committed(broker, target, 2), range(1200))
        assert engine.letters() == [] and engine.binding("job")["failed_attempts"] == 0


def test_two_bindings_of_one_group_do_not_fence_each_other(broker, tmp_path):
    """Each on its own topics."""
    sources, targets = [broker.topic(1), broker.topic(1)], [broker.topic(1), broker.topic(1)]
    text = config(broker, sources[0], targets[0], function_folder(tmp_path, ECHO))
    second = text[text.index("  job:"):].replace("job:", "two:").replace("from: records", "from: more").replace("to: results", "to: others")
    text = text.replace("  results:", f'  more: {{ kafka: {{ brokers: ["{broker.address}"], topic: {sources[1]} }} }}\n'
                                      f'  others: {{ kafka: {{ brokers: ["{broker.address}"], topic: {targets[1]} }} }}\n  results:', 1)
    with Engine(tmp_path, text + second) as engine:
        for round_ in range(4):
            for source in sources:
                broker.produce(source, numbers(200, first=200 * round_))
            wait_until(lambda: all(engine.binding(name)["done"] == 200 * (round_ + 1) for name in ("job", "two")), "both are through")
        for target in targets:
            check_once_and_in_order(committed(broker, target, 1), range(800))
        assert "E6107" not in engine.log.read_text()
