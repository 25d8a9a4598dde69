# SPDX-License-Identifier: Apache-2.0
"""Dead letters in a topic: the records byte for byte, reasons in headers, and what the commands make of them."""

import json
import subprocess

import pytest

import kafka_broker
from engine import BINARY, Engine, function_folder, wait_until
from kafka_broker import numbers, read, settled, topic_config

broker = pytest.fixture(scope="module")(kafka_broker.broker)

# Fails for good on what is poison, until it is mended.
POISON = """
import os, pelton
def handle(event, context):
    poison = b"poison" in event.data or event.key == b"poison"
    if poison and not os.path.exists(os.path.join(os.path.dirname(__file__), "mended")):
        raise pelton.Fail("no cure for it")
"""
# Records that an event alone does not hold byte for byte, among others.
ODD = [
    {"key": b"k1", "value": b"poison", "headers": [("a", b"1"), ("b", b"\xff\0"), ("a", b"2"), ("content-type", b"text/plain")]},
    {"key": None, "value": b"poison without a key"},
    {"key": b"", "value": b"poison with an empty key", "headers": [("a", None), ("a", b"")]},
    {"key": b"poison", "value": None},
    {"key": b"k2", "value": b"{ \"poison\" : 1.0e0 }",
     "headers": [("x", b"1"), ("ce_time", b"2026-01-01T00:00:00.000Z"), ("ce_specversion", b"1.0"), ("ce_id", b"i-1"),
                 ("x", b"2"), ("ce_type", b"t"), ("ce_source", b"/s"), ("content-type", b"application/json")]},
    {"key": b"k3", "value": b"{ \"id\": \"i-2\", \"source\": \"/s\",  \"type\": \"t\", \"data\": \"poison\" }",
     "headers": [("content-type", b"application/cloudevents+json; charset=UTF-8")]},
    {"key": b"k4", "value": b"poison that failed before", "headers": [("__connect.errors.topic", b"elsewhere")]},
]


def config(broker, source, dead, code):
    return topic_config(broker, source, code, f"dead_letters: {{ topic: {dead} }}")


def poison(first, count, every=100):
    return [{**record, "value": json.dumps({"n": n, "poison": True}) if n % every == 0 else record["value"]}
            for n, record in enumerate(numbers(count, first=first), first)]


def added(message):
    """The headers behind the record's own."""
    headers = message.headers() or []
    if not headers or headers[-1][0] != "pelton.dead-letter.headers":
        return []
    return headers[-int(headers[-1][1]):]


def letters_in(broker, dead, partitions):
    return [m for m in read(broker, dead, partitions)
            if "pelton.dead-letter.topic" in dict(added(m)) and "pelton.dead-letter.removed" not in dict(added(m))]


def place(message):
    headers = dict(added(message))
    return int(headers["pelton.dead-letter.partition"]), int(headers["pelton.dead-letter.offset"])


def check_letters(broker, source, dead, sources, deads):
    """Each letter is its record, byte for byte; answers them by their place."""
    records = {(m.partition(), m.offset()): m for m in read(broker, source, sources)}
    letters = {place(m): m for m in letters_in(broker, dead, deads)}
    for at, letter in letters.items():
        record = records[at]
        own = record.headers() or []
        assert (letter.key(), letter.value()) == (record.key(), record.value())
        assert letter.headers()[:len(own)] == own and letter.headers()[len(own):] == added(letter)
        extra = dict(added(letter))
        assert int(extra["pelton.dead-letter.record-time"]) == record.timestamp()[1]
        assert "pelton.dead-letter.rebuilt" not in extra
    return letters


def short_id(letter):
    return letter["id"].rpartition("/")[0]  # without the stream's incarnation


def shown(engine, *options):
    return sorted(short_id(letter) for letter in engine.letters("--limit", "100000", *options))


def test_poison_is_in_the_topic_byte_for_byte_and_nothing_else_is(broker, tmp_path):
    source, dead, mirror = broker.topic(4), broker.topic(3), broker.topic(3)
    broker.produce(mirror, poison(1, 3000) + ODD, partitioner="murmur2_random")
    broker.produce(dead, [{"value": b"another's"}, {"value": b"x", "headers": [("pelton.dead-letter.headers", b"99")]},
                          {"value": b"x", "headers": [("pelton.dead-letter.id", b"job/0/0/00000000000000ab"), ("pelton.dead-letter.headers", b"2")]}])
    broker.produce(source, poison(1, 3000) + ODD, partitioner="murmur2_random")
    bad = 30 + len(ODD)
    with Engine(tmp_path, config(broker, source, dead, function_folder(tmp_path, POISON))) as engine:
        settled(engine, 3000 + len(ODD))
        letters = check_letters(broker, source, dead, 4, 3)
        assert len(letters) == bad and engine.binding("job")["dead_lettered"] == bad
        wait_until(lambda: sum(broker.committed(source, source, 4)) == 3000 + len(ODD), "all offsets are committed")
        wait_until(lambda: engine.binding("job")["dead_letters"] == bad, "status counts them")
        assert engine.binding("job")["trouble"] == ""
        assert shown(engine) == sorted(f"job/{p}/{o}" for p, o in letters)
        check_headers(letters, source)
        places = {m.key(): m.partition() for m in read(broker, mirror, 3)}
        assert all(m.partition() == places[m.key()] for m in letters.values() if m.key()), "keys lie where Kafka's own clients put them"
        letter = next(m for m in letters.values() if m.value() == b"poison that failed before")
        assert [v for n, v in letter.headers() if n == "__connect.errors.topic"] == [b"elsewhere"]


def check_headers(letters, source):
    for (partition, offset), letter in letters.items():
        extra = dict(added(letter))
        assert extra["pelton.dead-letter.id"].startswith(f"job/{partition}/{offset}/".encode())
        assert extra["pelton.dead-letter.topic"] == source.encode() and extra["pelton.dead-letter.reason"] == b"failed"
        assert json.loads(extra["pelton.dead-letter.history"])[0]["message"] == "no cure for it"
        connect = {n: v for n, v in letter.headers() if n.startswith("__connect.errors.")}
        assert connect["__connect.errors.partition"] == str(partition).encode()
        assert connect["__connect.errors.offset"] == str(offset).encode()
        assert connect["__connect.errors.connector.name"] == b"job" and connect["__connect.errors.stage"] == b"TASK_PUT"
        assert connect["__connect.errors.exception.message"] == b"no cure for it"


def test_the_commands_browse_replay_and_purge_them_on_every_engine(broker, tmp_path):
    source, dead = broker.topic(2), broker.topic(2)
    code = function_folder(tmp_path, POISON)
    broker.produce(source, poison(1, 400, every=10) + ODD)
    first = Engine(tmp_path / "one", config(broker, source, dead, code))
    second = Engine(tmp_path / "two", config(broker, source, dead, code))
    with first, second:
        bad = 40 + len(ODD)
        wait_until(lambda: len(shown(first)) == bad, "all are listed")
        every = shown(second)
        assert every == shown(first)
        exported = [json.loads(line) for line in second.run("dead-letters", "export").stdout.splitlines()]
        assert sorted(short_id(letter) for letter in exported) == every
        assert shown(first, "--partition", "0") == [i for i in every if i.startswith("job/0/")]
        assert shown(first, "--contains", "another cure") == [] and shown(first, "--reason", "failed") == every
        structured = next(letter for letter in exported if letter["event"]["id"] == "i-2")
        text = first.run("dead-letters", "show", structured["id"]).stdout
        assert "no cure for it" in text and "poison" in text

        # It fails again: one letter still, with its record as it was.
        done = second.run("dead-letters", "replay", structured["id"], "--wait", check=False)
        assert done.returncode == 1 and "1 failed again" in done.stdout
        again = [letter for letter in first.letters("--limit", "1000") if letter["id"] == structured["id"]]
        assert [letter["replays"] for letter in again] == [1] and shown(first) == every
        check_letters(broker, source, dead, 2, 2)

        # Purged on one engine, gone on the other; so are those that are replayed once mended.
        first.run("dead-letters", "purge", "--partition", "0", "--yes")
        rest = [i for i in every if i.startswith("job/1/")]
        assert shown(second) == rest and shown(first) == rest
        assert second.run("dead-letters", "show", every[0], check=False).returncode == 5
        (code / "mended").write_text("")
        second.run("dead-letters", "replay", "--wait", "--yes")
        assert shown(first) == [] and shown(second) == []
        wait_until(lambda: first.binding("job")["dead_letters"] == 0 == second.binding("job")["dead_letters"], "none is counted")
        why = [dict(added(m)).get("pelton.dead-letter.removed") for m in read(broker, dead, 2) if m.value() is None]
        assert {b"replayed", b"purged"} <= set(why)
        assert first.stop() == 0
    with first:
        assert shown(first) == [], "nor after a restart"


def test_kill_9_loses_no_letter_and_shows_each_once(broker, tmp_path):
    source, dead = broker.topic(2), broker.topic(1)
    engine = Engine(tmp_path, config(broker, source, dead, function_folder(tmp_path, POISON)))
    for round_ in range(3):
        engine.start()
        broker.produce(source, poison(round_ * 800 + 1, 800, every=4))
        wait_until(lambda: engine.binding("job")["dead_lettered"] >= 100, f"round {round_}: letters are written")
        engine.kill()
    with engine:
        wait_until(lambda: sum(broker.committed(source, source, 2)) == 2400, "everything is committed")
        expected = sorted(f"job/{m.partition()}/{m.offset()}" for m in read(broker, source, 2) if b"poison" in m.value())
        assert len(expected) == 600 and shown(engine) == expected
        assert {f"job/{p}/{o}" for p, o in check_letters(broker, source, dead, 2, 1)} == set(expected)
        wait_until(lambda: engine.binding("job")["dead_letters"] == 600, "each is counted once")


def test_letters_wait_while_the_broker_is_away(broker, tmp_path):
    source, dead = broker.topic(2), broker.topic(2)
    code = function_folder(tmp_path, POISON)
    with Engine(tmp_path, config(broker, source, dead, code)) as engine:
        broker.produce(source, poison(1, 1200, every=2))
        wait_until(lambda: engine.binding("job")["dead_lettered"] >= 50, "letters are written")
        broker.kill()
        wait_until(lambda: "E6101" in engine.log.read_text(), "the log says that the broker is away")
        wait_until(lambda: "E6101" in engine.binding("job")["trouble"], "status says so")
        listed = engine.run("dead-letters", "list", check=False)
        assert listed.returncode == 1 and "E6101" in listed.stderr
        broker.up()
        broker.produce(source, ODD)
        wait_until(lambda: sum(broker.committed(source, source, 2)) == 1200 + len(ODD), "everything is committed", 120)
        assert len(check_letters(broker, source, dead, 2, 2)) == 600 + len(ODD) == len(shown(engine))
        assert "E6108" not in engine.log.read_text(), "none was refused"


def test_a_letter_has_the_history_of_all_attempts(broker, tmp_path):
    source, dead = broker.topic(1), broker.topic(1)
    code = function_folder(tmp_path, "def handle(event, context):\n    raise ValueError(f'try {context.attempt}')\n")
    with Engine(tmp_path, config(broker, source, dead, code)) as engine:
        broker.produce(source, [*numbers(10), ODD[1]])
        settled(engine, 11)
    letters = check_letters(broker, source, dead, 1, 1)
    assert len(letters) == 11
    for letter in letters.values():
        history = json.loads(dict(added(letter))["pelton.dead-letter.history"])
        assert [attempt["message"] for attempt in history] == [f"try {n}" for n in range(1, 4)]


def test_a_letter_that_the_topic_refuses_is_kept_in_the_data_folder(broker, tmp_path):
    source, dead = broker.topic(1), broker.topic(1, **{"max.message.bytes": "20000"})
    code = function_folder(tmp_path, POISON)
    large = [{"key": "large", "value": "poison" + "x" * 40000}, *ODD[4:5]]
    with Engine(tmp_path, config(broker, source, dead, code)) as engine:
        broker.produce(source, numbers(10) + large + large[:1])
        settled(engine, 13)
        assert [place(m) for m in letters_in(broker, dead, 1)] == [(0, 11)]
        assert shown(engine) == ["job/0/10", "job/0/11", "job/0/12"]
        assert "E6108" in engine.log.read_text() and "E6108" in engine.binding("job")["trouble"]
        engine.run("dead-letters", "purge", "job/0/10", "--yes")
        wait_until(lambda: engine.binding("job")["dead_letters"] == 2, "both places are counted")
        (code / "mended").write_text("")
        engine.run("dead-letters", "replay", "--wait", "--yes")
        assert shown(engine) == []


def test_a_topic_that_was_deleted_is_an_empty_list(broker, tmp_path):
    source, dead = broker.topic(1), broker.topic(1)
    with Engine(tmp_path, config(broker, source, dead, function_folder(tmp_path, POISON))) as engine:
        broker.produce(source, poison(1, 50, every=10))
        settled(engine, 50)
        wait_until(lambda: engine.binding("job")["dead_letters"] == 5, "they are counted")
        broker.delete_topic(dead)
        wait_until(lambda: shown(engine) == [], "the list is empty")
        wait_until(lambda: engine.binding("job")["dead_letters"] == 0, "none is counted")
        broker.produce(source, poison(51, 50, every=10))
        settled(engine, 100)
        wait_until(lambda: len(shown(engine)) == 5, "new ones are listed")


def validate(folder, text):
    path = folder / "pelton.yaml"
    path.write_text(text)
    return subprocess.run([BINARY, "validate", path], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("binding, more, code", [
    ("dead_letters: { topic: SOURCE }", "", "E1019"),
    ("dead_letters: { topic: kept.dead }, ", "", ""),
    ("dead_letters: { topic: back }", "  again: { from: back, function: work, to: records }", "E1013"),
])
def test_topics_from_which_letters_come_back_are_refused(tmp_path, binding, more, code):
    text = f"""version: 1
streams:
  records: {{ kafka: {{ brokers: ["b:9092"], topic: SOURCE }} }}
  other: {{ kafka: {{ brokers: ["c:9092", "b:9092"], topic: SOURCE }} }}
  back: {{ kafka: {{ brokers: ["b:9092"], topic: back }} }}
functions: {{ work: {{ runtime: cpp, code: /bin/true }} }}
bindings:
  job: {{ from: other, function: work, {binding} }}
{more}
"""
    done = validate(tmp_path, text)
    assert (done.returncode, code in done.stdout + done.stderr) == (3 if code else 0, True)
