# SPDX-License-Identifier: Apache-2.0
"""Every error that brokers answer with while leaders and coordinators change: no loss, and on within seconds.

On librdkafka's mock cluster, which makes them on demand.
"""

import collections
import json
import time

import pytest

from engine import Engine, function_folder, wait_until
from history import check_exactly_once
from kafka_broker import numbers, topic_config
from mock_cluster import Api, Error, MockCluster

PARTITIONS = 4
ECHO = "def handle(event, context):\n    return event.json()\n"
# What is answered to which requests.
FAULTS = {
    "the coordinator moves": (Api.OFFSET_COMMIT, [Error.NOT_COORDINATOR] * 3),
    "the coordinator loads": (Api.OFFSET_COMMIT, [Error.COORDINATOR_LOADING] * 3),
    "the coordinator is away": (Api.OFFSET_COMMIT, [Error.COORDINATOR_NOT_AVAILABLE] * 3),
    "no coordinator is found": (Api.FIND_COORDINATOR, [Error.COORDINATOR_NOT_AVAILABLE] * 3),
    "a commit during a rebalance": (Api.OFFSET_COMMIT, [Error.REBALANCE_IN_PROGRESS]),
    "a commit times out": (Api.OFFSET_COMMIT, [Error.REQUEST_TIMED_OUT]),
    "the connection ends in a commit": (Api.OFFSET_COMMIT, [Error.DISCONNECT] * 2),
    "the leader changes": (Api.FETCH, [Error.NOT_LEADER] * 4),
    "the connection ends in a fetch": (Api.FETCH, [Error.DISCONNECT] * 2),
    "an offset out of range": (Api.FETCH, [Error.OFFSET_OUT_OF_RANGE]),
    "a record is too large": (Api.FETCH, [Error.MSG_SIZE_TOO_LARGE]),
    "a rebalance": (Api.HEARTBEAT, [Error.REBALANCE_IN_PROGRESS]),
}
# The member is another one afterwards; the group waits for the earlier one until its session (6 s) is over.
MEMBERSHIP = {
    "a commit of an earlier generation": (Api.OFFSET_COMMIT, [Error.ILLEGAL_GENERATION]),
    "a commit of a forgotten member": (Api.OFFSET_COMMIT, [Error.UNKNOWN_MEMBER]),
    "joining is refused": (Api.HEARTBEAT, [Error.UNKNOWN_MEMBER], Api.JOIN_GROUP, [Error.COORDINATOR_LOADING, Error.DISCONNECT]),
    "offsets and ends cannot be read": (Api.HEARTBEAT, [Error.ILLEGAL_GENERATION], Api.OFFSET_FETCH, [Error.DISCONNECT, Error.COORDINATOR_LOADING],
                                        Api.LIST_OFFSETS, [Error.NOT_LEADER, Error.DISCONNECT]),
}


@pytest.fixture
def cluster():
    one = MockCluster()
    yield one
    one.close()


class Topic:
    """Records that are produced, and what must have become of them."""

    def __init__(self, cluster, engine, topic):
        self.cluster, self.engine, self.topic, self.count = cluster, engine, topic, 0

    def survives(self, what, faults=(), rejoins=False, seconds=20):
        assigned = self.engine.log.read_text().count("partitions assigned")
        for api, errors in zip(faults[::2], faults[1::2]):
            self.cluster.fail(api, *errors)
        self.cluster.produce(self.topic, numbers(200, first=self.count))
        self.count += 200
        since = time.monotonic()
        if rejoins:
            wait_until(lambda: self.engine.log.read_text().count("partitions assigned") > assigned, f"{what}: the member joins again", seconds)
        wait_until(lambda: {e["data"]["n"] for e in self.engine.consume("seen")} == set(range(self.count)), f"{what}: nothing is lost", seconds)
        wait_until(lambda: self.cluster.committed(self.topic, self.topic, PARTITIONS) == self.count, f"{what}: all is committed", seconds)
        wait_until(lambda: self.engine.binding("job")["trouble"] == "", f"{what}: the trouble is forgotten", seconds)
        status = self.engine.binding("job")
        assert status["stopped"] == "" and status["dead_lettered"] == 0, (what, status)
        print(f"{what}: survived in {time.monotonic() - since:.1f} s")


def test_every_error_is_survived(cluster, tmp_path):
    name = cluster.topic("orders", PARTITIONS)
    with Engine(tmp_path, topic_config(cluster, name, function_folder(tmp_path, ECHO))) as engine:
        topic = Topic(cluster, engine, name)
        for what, faults in FAULTS.items():
            topic.survives(what, faults, rejoins=Api.HEARTBEAT in faults)
        for broker in (1, 2):
            for partition in range(PARTITIONS):
                cluster.lead(name, partition, broker)
            cluster.coordinate(name, broker)
            topic.survives(f"broker {broker} leads and coordinates")
        check_exactly_once(engine.consume("seen"), range(topic.count))
        for what, faults in MEMBERSHIP.items():
            topic.survives(what, faults, rejoins=True, seconds=30)
        # What was not committed when the member was forgotten came again, nothing else.
        again = collections.Counter(e["data"]["n"] for e in engine.consume("seen"))
        assert sum(again.values()) - topic.count <= 200 * len(MEMBERSHIP), again.most_common(3)


def test_errors_of_a_target_are_waited_out(cluster, tmp_path):
    """None of them costs an attempt or makes a dead letter; a batch that is too large goes record by record."""
    gate = tmp_path / "open"
    code = function_folder(tmp_path, f"""
import pathlib, time
def handle(event, context):
    while not pathlib.Path({str(gate)!r}).exists():
        time.sleep(0.01)
    return event.json()
""")
    source, target = cluster.topic("orders", 1), cluster.topic("bills", 1)
    config = topic_config(cluster, source, code).replace(
        "seen: {}", f"seen: {{ kafka: {{ brokers: [\"{cluster.listener('open')}\"], topic: {target} }} }}")
    faults = {"the leader changes": [Error.NOT_LEADER] * 3, "the connection ends": [Error.DISCONNECT] * 2,
              "a request times out": [Error.REQUEST_TIMED_OUT], "a batch is too large": [Error.MSG_SIZE_TOO_LARGE]}
    done = 0
    with Engine(tmp_path, config) as engine:
        for what, errors in faults.items():
            gate.unlink(missing_ok=True)
            cluster.produce(source, numbers(50, first=done))
            done += 50
            cluster.fail(Api.PRODUCE, *errors)
            gate.touch()
            wait_until(lambda n=done: engine.binding("job")["done"] == n, f"{what}: all is done", 20)
        assert engine.letters() == [] and engine.binding("job")["failed_attempts"] == 0
        assert {json.loads(m.value())["n"] for m in cluster.read(target)} == set(range(done))
