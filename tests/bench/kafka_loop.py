# SPDX-License-Identifier: Apache-2.0
"""What Pelton is compared with: the loop that one writes by hand with confluent-kafka. Prints what it did as one JSON object;
started by kafka_bench.py.

  kafka_loop.py plain-noop|tuned-noop|plain-bill|tuned-bill|slow --brokers B --topic T --group G --records N [--to T]
"""

import argparse
import json
import pathlib
import resource
import sys
import time

import confluent_kafka

sys.path.insert(0, str(pathlib.Path(__file__).parent / "functions"))
FRAME = 10_000


def subscribe(options):
    consumer = confluent_kafka.Consumer({"bootstrap.servers": options.brokers, "group.id": options.group, "enable.auto.commit": False,
                                         "auto.offset.reset": "earliest", "queued.min.messages": 1_000_000})
    consumer.subscribe([options.topic])
    return consumer


def one_by_one(consumer):
    while True:
        record = consumer.poll(30)
        if record is None or record.error():
            raise SystemExit(f"consume: {record and record.error()}")
        yield [record]


def many_at_once(consumer):
    while True:
        records = consumer.consume(FRAME, 30)
        if not records or any(record.error() for record in records):
            raise SystemExit("consume: nothing came, or an error")
        yield records


class Watch:
    """Time and CPU since the first record."""

    def start(self):
        self.begin, self.cpu = time.monotonic(), self._cpu()

    def report(self, records):
        print(json.dumps({"records": records, "seconds": time.monotonic() - self.begin, "cpu_seconds": self._cpu() - self.cpu}))

    @staticmethod
    def _cpu():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime


def loop(options, frames, stride, work, commit):
    watch, done, uncommitted = Watch(), 0, 0
    for records in frames:
        if done == 0:
            watch.start()
        for record in records:
            work(record)
        done += len(records)
        uncommitted += len(records)
        if uncommitted >= stride or done >= options.records:
            commit()
            uncommitted = 0
        if done >= options.records:
            watch.report(done)
            return


def noop(options, consumer, frames):
    loop(options, frames, FRAME, lambda record: record.value(), lambda: consumer.commit(asynchronous=True))


def bill(options, consumer, frames):
    from bill import bill as work

    failures = []
    producer = confluent_kafka.Producer({"bootstrap.servers": options.brokers, "enable.idempotence": True, "linger.ms": 5,
                                         "queue.buffering.max.messages": 500_000})

    def one(record):
        producer.produce(options.to, work(record.value()), record.key(), on_delivery=lambda error, _: error and failures.append(error))
        producer.poll(0)

    def commit():
        producer.flush()
        if failures:
            raise SystemExit(f"produce: {failures[0]}")
        consumer.commit(asynchronous=False)

    loop(options, frames, 1000, one, commit)


def slow(options, consumer, frames):
    from trouble import work

    loop(options, frames, 1, lambda record: work(record.key().decode(), int(record.value())),
         lambda: consumer.commit(asynchronous=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["plain-noop", "tuned-noop", "plain-bill", "tuned-bill", "slow"])
    for name in ("brokers", "topic", "group"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--to")
    options = parser.parse_args()
    consumer = subscribe(options)
    frames = many_at_once(consumer) if options.mode.startswith("tuned") else one_by_one(consumer)
    {"noop": noop, "bill": bill, "slow": slow}[options.mode.rpartition("-")[2]](options, consumer, frames)
    consumer.close()


if __name__ == "__main__":
    main()
