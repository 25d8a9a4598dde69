# SPDX-License-Identifier: Apache-2.0
"""What came into a topic, what its group committed, and what must have become of it; seen from outside."""

import collections
import contextlib
import json
import threading
import time

import confluent_kafka

PARTITIONS = 12


class Traffic(threading.Thread):
    """Produces to the topic until it is stopped, so many records a second; all of them are acknowledged at the end."""

    def __init__(self, broker, topic, rate, keys=200):
        super().__init__(daemon=True)
        self.topic, self.rate, self.keys, self.count = topic, rate, keys, 0
        self.ended = threading.Event()
        self.producer = confluent_kafka.Producer({"bootstrap.servers": broker.address, "enable.idempotence": True,
                                                  "linger.ms": 5, "message.timeout.ms": 0})
        self.start()

    def run(self):
        began = time.monotonic()
        while not self.ended.wait(0.02):
            for n in range(self.count, int((time.monotonic() - began) * self.rate)):
                self.producer.produce(self.topic, key=f"k{n % self.keys}", value=json.dumps({"n": n}))
                self.count = n + 1
            self.producer.poll(0)

    def stop(self):
        self.ended.set()
        self.join()
        assert self.producer.flush(120) == 0
        return self.count


class Commits(threading.Thread):
    """Looks at the group's offsets all the time: they never move back, or an engine that lost its partitions has committed."""

    def __init__(self, broker, topic):
        super().__init__(daemon=True)
        self.moved_back, self.offsets = [], {}
        self.wanted = [confluent_kafka.TopicPartition(topic, p) for p in range(PARTITIONS)]
        self.consumer = confluent_kafka.Consumer({"bootstrap.servers": broker.address, "group.id": topic})
        self.ended = threading.Event()
        self.start()

    def run(self):
        while not self.ended.wait(0.1):
            with contextlib.suppress(confluent_kafka.KafkaException):
                for found in self.consumer.committed(self.wanted, 10):
                    before = self.offsets.get(found.partition, -1)
                    if found.error is None and found.offset >= 0:
                        if found.offset < before:
                            self.moved_back.append((found.partition, before, found.offset))
                        self.offsets[found.partition] = found.offset

    def stop(self):
        self.ended.set()
        self.join()
        self.consumer.close()

    def total(self):
        return sum(self.offsets.values())


def judge(settled, produced):
    """`settled`: what each engine's outputs say, in order."""
    times = collections.defaultdict(list)
    for member, outputs in settled.items():
        for event in outputs:
            times[event["data"]["n"]].append((event["data"]["at"], event["data"]["partition"], member))
    lost = [n for n in range(produced) if n not in times]
    strikes = {m: m.strikes + m.losses(session=6) for m in settled}
    unexplained, again = [], collections.Counter()
    for n, deliveries in times.items():
        for (at, partition, member), _ in zip(sorted(deliveries, key=lambda d: d[0]), sorted(deliveries, key=lambda d: d[0])[1:]):
            strike = next((i for i, (since, until) in enumerate(strikes[member]) if since <= at < until), None)
            if strike is None:
                unexplained.append((n, member.name, partition, at))
            again[member.name, partition, strike] += 1
    return {"lost": len(lost), "again": sum(again.values()), "again_unexplained": len(unexplained),
            "again_most_of_a_partition": max(again.values(), default=0),
            "out_of_order": sum(out_of_order(m, outputs) for m, outputs in settled.items()),
            "examples": [str(one) for one in lost[:3] + unexplained[:3]]}


def out_of_order(member, outputs):
    """Within a key and one stay of its partition, records are settled in their order; a new stay may begin further back."""
    stays = member.assignments()
    last, wrong = {}, 0
    for event in outputs:
        n, at, partition = event["data"]["n"], event["data"]["at"], event["data"]["partition"]
        before, since = last.get(event["key"], (-1, 0))
        if n <= before and not any(since - 1 <= begun <= at + 1 and partition in given for begun, given in stays):
            wrong += 1
        last[event["key"]] = (n, at)
    return wrong


def check(summary, window):
    assert summary["lost"] == 0 and summary["dead_letters"] == 0, summary
    assert summary["again_unexplained"] == 0 and summary["again_most_of_a_partition"] <= window, summary
    assert summary["out_of_order"] == 0 and summary["commits_moved_back"] == 0, summary
