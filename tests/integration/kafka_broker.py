# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker for tests: one a test file, on a free port, with topics of the tests' own."""

import os
import subprocess
import time

import pytest

from engine import ROOT

try:
    import confluent_kafka
    from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
except ImportError:  # said by broker()
    confluent_kafka = None


class Broker:
    def __init__(self, folder):
        self.folder = folder
        self.address = self._tool("up")
        self.topics = 0
        self.admin = AdminClient({"bootstrap.servers": self.address})

    def _tool(self, *command):
        done = subprocess.run([ROOT / "tools/kafka", command[0], "--dir", self.folder, *command[1:]],
                              capture_output=True, text=True, check=False)
        if done.returncode == 3 and not os.environ.get("CI"):
            pytest.skip("no Kafka broker can be had here: " + done.stderr.strip())
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def up(self):
        assert self._tool("up") == self.address

    def kill(self):
        self._tool("kill")

    def down(self):
        self._tool("down")

    def topic(self, partitions=4, **config):
        self.topics += 1
        name = f"topic-{self.topics}"
        self.admin.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result(30)
        return name

    def delete_topic(self, name):
        self.admin.delete_topics([name], operation_timeout=30)[name].result(30)

    def grow(self, name, partitions):
        self.admin.create_partitions([NewPartitions(name, partitions)])[name].result(30)

    def produce(self, topic, records):
        """Records are dicts of Producer.produce's arguments; returns how many were acknowledged."""
        producer = confluent_kafka.Producer({"bootstrap.servers": self.address, "enable.idempotence": True,
                                             "linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
        failed = []
        for record in records:
            producer.produce(topic, on_delivery=lambda error, _: failed.append(error) if error else None, **record)
            producer.poll(0)
        assert producer.flush(60) == 0 and not failed, failed[:3]

    def committed(self, group, topic, partitions):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": group})
        wanted = [confluent_kafka.TopicPartition(topic, p) for p in range(partitions)]
        try:
            return [p.offset for p in consumer.committed(wanted, 30)]
        finally:
            consumer.close()

    def commit(self, group, topic, offsets):
        """What an operator does with Kafka's own tools while the group is empty."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": group})
        for _ in range(60):
            try:
                consumer.commit(offsets=[confluent_kafka.TopicPartition(topic, p, o) for p, o in offsets.items()],
                                asynchronous=False)
                break
            except confluent_kafka.KafkaException:  # the group is not empty yet
                time.sleep(0.5)
        else:
            raise AssertionError("the group did not become empty")
        consumer.close()


def broker(tmp_path_factory):
    if confluent_kafka is None:
        if os.environ.get("CI"):
            raise AssertionError("python3-confluent-kafka is missing: run tools/setup")
        pytest.skip("python3-confluent-kafka is not installed: run tools/setup")
    one = Broker(tmp_path_factory.mktemp("kafka"))
    yield one
    one.down()
