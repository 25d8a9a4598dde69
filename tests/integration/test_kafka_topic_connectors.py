# SPDX-License-Identifier: Apache-2.0
"""Connectors of any type on streams that are topics, on a real broker."""

import subprocess

import pytest

import kafka_broker
from engine import BINARY, Engine, wait_until
from test_kafka_connectors import HEAD, connector
from test_kafka_outputs import read

broker = pytest.fixture(scope="module")(kafka_broker.strict_broker)


def folder_config(broker, topic, sink=None):
    """Each sink is a group of its own: one that was killed would keep its partitions for a session."""
    return f"""{HEAD}streams:
  files: {{ kafka: {{ brokers: ["{broker.address}"], topic: {topic} }} }}
connectors:
  in: {{ directory: {{ path: ./inbox, settle: 100ms }}, to: files }}
  {sink or topic}-out: {{ directory: {{ path: ./outbox, name: "{{subject}}" }}, from: files }}
"""


def drop(folder, names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f".{name}.part").write_text(f"contents of {name}")
        (folder / f".{name}.part").rename(folder / name)


def copies(folder):
    return {f.name: f.read_text() for f in folder.iterdir() if not f.name.startswith(".")} if folder.exists() else {}


def test_files_go_through_a_topic(broker, tmp_path):
    topic = broker.topic(3)
    names = [f"f{i}.txt" for i in range(200)]
    expected = {name: f"contents of {name}" for name in names}
    (tmp_path / "outbox").mkdir()
    drop(tmp_path / "inbox", names[:100])
    with Engine(tmp_path, folder_config(broker, topic)) as engine:
        wait_until(lambda: len(copies(tmp_path / "outbox")) == 100, "the first files are there")
        drop(tmp_path / "inbox", names[100:])
        wait_until(lambda: copies(tmp_path / "outbox") == expected, "all files are there, as they were")
        assert len(read(broker, topic, 3)) == 200, "each once in the topic"
        wait_until(lambda: sum(broker.committed(f"pelton.{topic}-out", topic, 3)) == 200, "the sink is a group of its own")
        assert connector(engine, "in")["state"] == "running"


def test_a_source_waits_for_its_topic(broker, tmp_path):
    topic = broker.topic(1)
    (tmp_path / "outbox").mkdir()
    with Engine(tmp_path, folder_config(broker, topic)) as engine:
        drop(tmp_path / "inbox", ["a"])
        wait_until(lambda: len(copies(tmp_path / "outbox")) == 1, "it runs")
        broker.kill()
        drop(tmp_path / "inbox", ["b"])
        # Killed before the broker has it: the file was not acknowledged and comes again.
        engine.kill()
    broker.up()
    with Engine(tmp_path, folder_config(broker, topic, "second")):
        wait_until(lambda: set(copies(tmp_path / "outbox")) == {"a", "b"}, "nothing is lost")


def test_a_file_that_a_topic_refuses_is_tried_again_in_moderation(broker, tmp_path):
    topic = broker.topic(1, **{"max.message.bytes": "1000"})
    (tmp_path / "outbox").mkdir()
    (tmp_path / "inbox").mkdir()
    with Engine(tmp_path, folder_config(broker, topic)) as engine:
        (tmp_path / "large").write_text("x" * 20_000)
        (tmp_path / "large").rename(tmp_path / "inbox" / "large")
        wait_until(lambda: "E6106" in connector(engine, "in")["last_error"], "status says why")
        assert connector(engine, "in")["errors"] < 20
        drop(tmp_path / "inbox", ["small"])
        wait_until(lambda: "small" in copies(tmp_path / "outbox"), "others go on")


def test_a_source_that_deletes_its_files_does_not_write_to_a_topic(tmp_path):
    (tmp_path / "c.yaml").write_text(f"""{HEAD}streams:
  files: {{ kafka: {{ brokers: ["localhost:1"], topic: files }} }}
connectors:
  in: {{ directory: {{ path: ./inbox, after: delete }}, to: files }}
""")
    done = subprocess.run([BINARY, "validate", "c.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "c.yaml:6:3: E1032" in done.stdout + done.stderr
