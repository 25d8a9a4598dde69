# SPDX-License-Identifier: Apache-2.0
"""A real Kafka broker for tests: one a test file, on a free port, with topics of the tests' own."""

import base64
import json
import os
import subprocess
import time

import pytest

from engine import PYTHON, ROOT, wait_until

try:
    import confluent_kafka
    from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
except ImportError:  # said by broker()
    confluent_kafka = None


# The first question of a group makes its coordinator.
COORDINATOR_IS_NEW = {"NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE"}


class Broker:
    killed = set()  # and not up again

    def __init__(self, folder, *options):
        self.folder = folder
        self.address = self._tool("up", *options)
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
        Broker.killed.discard(self)

    def kill(self):
        Broker.killed.add(self)
        self._tool("kill")

    def down(self):
        Broker.killed.discard(self)
        self._tool("down")

    def listener(self, name):
        return self._tool("address", name)

    def topic(self, partitions=4, name=None, **config):
        self.topics += 1
        name = name or f"topic-{self.topics}"
        # Records may have any time: the broker deletes none for its age.
        self.admin.create_topics([NewTopic(name, partitions, 1, config={"retention.ms": "-1", **config})])[name].result(30)
        return name

    def delete_topic(self, name):
        self.admin.delete_topics([name], operation_timeout=30)[name].result(30)

    def truncate(self, name, partition, before):
        """Retention's work at once: records below the offset are gone."""
        plan = self.folder / "truncate.json"
        plan.write_text(json.dumps({"version": 1, "partitions": [{"topic": name, "partition": partition, "offset": before}]}))
        self._tool("tool", "delete-records", "--bootstrap-server", self.address, "--offset-json-file", str(plan))

    def tool(self, name, *options):
        self._tool("tool", name, "--bootstrap-server", self.address, *options)

    def grow(self, name, partitions):
        self.admin.create_partitions([NewPartitions(name, partitions)])[name].result(30)

    def produce(self, topic, records, **properties):
        """Records are dicts of Producer.produce's arguments; all of them are acknowledged."""
        producer = confluent_kafka.Producer({"bootstrap.servers": self.address, "enable.idempotence": True,
                                             "linger.ms": 5, "queue.buffering.max.messages": 1_000_000, **properties})
        failed = []
        for record in records:
            producer.produce(topic, on_delivery=lambda error, _: failed.append(error) if error else None, **record)
            producer.poll(0)
        assert producer.flush(60) == 0 and not failed, failed[:3]

    def committed(self, group, topic, partitions):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": group})
        wanted = [confluent_kafka.TopicPartition(topic, p) for p in range(partitions)]
        try:
            for _ in range(300):
                try:
                    return [p.offset for p in consumer.committed(wanted, 30)]
                except confluent_kafka.KafkaException as error:
                    if not error.args[0].retriable() and error.args[0].name() not in COORDINATOR_IS_NEW:
                        raise
                    time.sleep(0.1)
            raise AssertionError("no coordinator")
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

    def write_token(self, path, seconds):
        """An unsigned token, as the broker's sasl listener takes it."""
        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

        now = time.time()
        path.write_text(f"{part({'alg': 'none'})}.{part({'sub': 'pelton', 'iat': now, 'exp': now + seconds})}.")


def start(tmp_path_factory, *options):
    if confluent_kafka is None:
        if os.environ.get("CI"):
            raise AssertionError("python3-confluent-kafka is missing: run tools/setup --broker")
        pytest.skip("python3-confluent-kafka is not installed: run tools/setup --broker")
    one = Broker(tmp_path_factory.mktemp("kafka"), *options)
    yield one
    one.down()


def broker(tmp_path_factory):
    yield from start(tmp_path_factory)


def strict_broker(tmp_path_factory):
    """One that makes no topic by itself."""
    yield from start(tmp_path_factory, "--prop", "auto.create.topics.enable=false")


def safe_broker(tmp_path_factory):
    """One with TLS and SASL listeners beside the open one."""
    # A connection whose token has ended is not served any longer.
    yield from start(tmp_path_factory, "--tls", "--sasl", "--prop",
                      "listener.name.sasl.oauthbearer.connections.max.reauth.ms=3600000")


def secured(broker, mechanism="tls", password="pelton-secret", token=None, verify_host=True):
    """The stream's options for a listener of safe_broker."""
    tls = f"ca: {broker.folder}/tls/ca.pem" + ("" if verify_host else ", verify_host: false")
    if mechanism == "mtls":
        tls += f", certificate: {broker.folder}/tls/client.pem, key: {broker.folder}/tls/client.key"
    if mechanism in {"tls", "mtls"}:
        return f"tls: {{ {tls} }}"
    who = f"token_file: {token}" if mechanism == "oauthbearer" else f"username: pelton, password: {password}"
    return f"tls: {{ {tls} }}, sasl: {{ mechanism: {mechanism}, {who} }}"


def topic_config(broker, topic, code, binding="", member="", listener="open", security="", group=None):
    """A config whose binding `job` gives a topic to a Python function, with its outputs in the stream `seen`."""
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 20s }}
streams:
  records: {{ kafka: {{ brokers: ["{broker.listener(listener)}"], topic: {topic}{', ' + security if security else ''} }} }}
  seen: {{}}
functions:
  work: {{ runtime: python, code: {code}, interpreter: {PYTHON}, handler: "function:handle" }}
bindings:
  job:
    from: records
    function: work
    to: seen
    group: {group or topic}
    kafka: {{ session_timeout: 6s, drain: 3s{', ' + member if member else ''} }}
    retry: {{ attempts: 3, backoff: {{ first: 10ms, max: 50ms }} }}
    {binding}
"""


def read(broker, topic, partitions):
    """All records of a topic, partition by partition in order."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "auto.offset.reset": "earliest"})
    found = []
    try:
        for partition in range(partitions):
            at = confluent_kafka.TopicPartition(topic, partition, 0)
            _, end = consumer.get_watermark_offsets(at, 30)
            consumer.assign([at])
            while end > 0:
                message = consumer.poll(30)
                assert message is not None and message.error() is None, message and message.error()
                found.append(message)
                if message.offset() + 1 >= end:
                    break
        return found
    finally:
        consumer.close()


def numbers(count, keys=50, first=0):
    return [{"key": f"k{n % keys}", "value": json.dumps({"n": n})} for n in range(first, first + count)]


def settled(engine, done):
    """All of the topic is settled: the end is known a second after a record at the latest."""
    wait_until(lambda: engine.binding("job")["done"] + engine.binding("job")["dead_lettered"] >= done
               and engine.lag("job") == 0, f"{done} records are settled")
