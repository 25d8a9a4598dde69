# SPDX-License-Identifier: Apache-2.0
"""librdkafka's mock cluster: brokers in this process that answer as they are told to. For errors that a real broker does not make
on demand; it knows no transactions, no retention and no static members."""

import ctypes
import enum

import confluent_kafka


class Api(enum.IntEnum):
    PRODUCE, FETCH, LIST_OFFSETS, METADATA = range(4)
    OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, LEAVE_GROUP, SYNC_GROUP = range(8, 15)


class Error(enum.IntEnum):
    DISCONNECT = -195
    OFFSET_OUT_OF_RANGE = 1
    NOT_LEADER = 6
    REQUEST_TIMED_OUT = 7
    MSG_SIZE_TOO_LARGE = 10
    COORDINATOR_LOADING = 14
    COORDINATOR_NOT_AVAILABLE = 15
    NOT_COORDINATOR = 16
    ILLEGAL_GENERATION = 22
    UNKNOWN_MEMBER = 25
    REBALANCE_IN_PROGRESS = 27
    GROUP_NOT_AUTHORIZED = 30


def _library():
    library = ctypes.CDLL("librdkafka.so.1")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    signatures = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_new": (pointer, [number, pointer, pointer, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_partition_set_leader": (number, [pointer, text, ctypes.c_int32, ctypes.c_int32]),
        "rd_kafka_mock_coordinator_set": (number, [pointer, text, text, ctypes.c_int32]),
        "rd_kafka_mock_push_request_errors_array": (None, [pointer, ctypes.c_int16, ctypes.c_size_t, pointer]),
        "rd_kafka_mock_broker_set_down": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_up": (number, [pointer, ctypes.c_int32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class MockCluster:
    """Two brokers, numbered from 1."""

    PRODUCER = 0

    def __init__(self, brokers=2):
        self.library = _library()
        self.client = self.library.rd_kafka_new(self.PRODUCER, self.library.rd_kafka_conf_new(), None, 0)
        self.cluster = self.library.rd_kafka_mock_cluster_new(self.client, brokers)
        self.address = self.library.rd_kafka_mock_cluster_bootstraps(self.cluster).decode()

    def close(self):
        self.library.rd_kafka_mock_cluster_destroy(self.cluster)
        self.library.rd_kafka_destroy(self.client)

    def topic(self, name, partitions):
        assert self.library.rd_kafka_mock_topic_create(self.cluster, name.encode(), partitions, 1) == 0
        return name

    def lead(self, topic, partition, broker):
        assert self.library.rd_kafka_mock_partition_set_leader(self.cluster, topic.encode(), partition, broker) == 0

    def coordinate(self, group, broker):
        assert self.library.rd_kafka_mock_coordinator_set(self.cluster, b"group", group.encode(), broker) == 0

    def fail(self, api, *errors):
        """The next requests of that kind are answered so, one each."""
        self.library.rd_kafka_mock_push_request_errors_array(self.cluster, api, len(errors), (ctypes.c_int * len(errors))(*errors))

    def down(self, broker):
        assert self.library.rd_kafka_mock_broker_set_down(self.cluster, broker) == 0

    def up(self, broker):
        assert self.library.rd_kafka_mock_broker_set_up(self.cluster, broker) == 0

    def produce(self, topic, records):
        producer = confluent_kafka.Producer({"bootstrap.servers": self.address, "linger.ms": 5})
        for record in records:
            producer.produce(topic, **record)
        assert producer.flush(60) == 0

    def read(self, topic):
        """All records of a topic of one partition."""
        at = confluent_kafka.TopicPartition(topic, 0, 0)
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": "reader"})
        try:
            _, end = consumer.get_watermark_offsets(at, 30)
            consumer.assign([at])
            return [consumer.poll(30) for _ in range(end)]
        finally:
            consumer.close()

    def committed(self, group, topic, partitions):
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.address, "group.id": group})
        try:
            return sum(max(0, p.offset) for p in consumer.committed(
                [confluent_kafka.TopicPartition(topic, p) for p in range(partitions)], 30))
        finally:
            consumer.close()

    def listener(self, _):
        return self.address.split(",")[0]
