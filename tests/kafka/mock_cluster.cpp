// SPDX-License-Identifier: Apache-2.0
#include "tests/kafka/mock_cluster.h"

#include "engine/base/ensure.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <iterator>

namespace pelton::test {
namespace {

constexpr int kBroker = 1;
constexpr int kTimeoutMs = 10'000;

rd_kafka_t* client_of(rd_kafka_type_t type,
                      const std::vector<std::pair<std::string, std::string>>& settings) {
  char text[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings)
    ENSURE(
        rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) == RD_KAFKA_CONF_OK,
        "{}", text);
  rd_kafka_t* client = rd_kafka_new(type, conf, text, sizeof text);
  ENSURE(client != nullptr, "{}", text);
  return client;
}

MockCluster::Record record_of(const rd_kafka_message_t& message) {
  MockCluster::Record record;
  if (message.key != nullptr)
    record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr)
    record.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    record.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
  return record;
}

void hand_over(rd_kafka_t* client, rd_kafka_topic_t* topic, int partition,
               const MockCluster::Record& record) {
  const auto bytes = [](const std::optional<std::string>& text) {
    return text ? const_cast<char*>(text->c_str()) : nullptr;
  };
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers)
    rd_kafka_header_add(headers, name.c_str(), -1, value.data(),
                        static_cast<std::ptrdiff_t>(value.size()));
  // rd_kafka_producev's macros are casts of C.
  rd_kafka_vu_t parts[6] = {};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic;
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = partition;
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = RD_KAFKA_MSG_F_COPY;
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[3].u.mem = {bytes(record.value), record.value.value_or("").size()};
  parts[4].vtype = RD_KAFKA_VTYPE_KEY;
  parts[4].u.mem = {bytes(record.key), record.key.value_or("").size()};
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers;
  rd_kafka_error_t* refused = rd_kafka_produceva(client, parts, std::size(parts));
  ENSURE(refused == nullptr, "{}", rd_kafka_error_string(refused));
}

}  // namespace

class MockCluster::Impl {
 public:
  // A cluster belongs to a client; that of a producer serves for producing as well.
  rd_kafka_t* const owner = client_of(RD_KAFKA_PRODUCER, {{"log_level", "0"}});
  rd_kafka_mock_cluster_t* const cluster = rd_kafka_mock_cluster_new(owner, 1);
  const std::string brokers = rd_kafka_mock_cluster_bootstraps(cluster);

  ~Impl() {
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(owner);
  }
};

MockCluster::MockCluster() : impl_(std::make_unique<Impl>()) {}
MockCluster::~MockCluster() = default;

kafka::TopicOptions MockCluster::topic(const std::string& name, int partitions) {
  rd_kafka_mock_topic_create(impl_->cluster, name.c_str(), partitions, 1);
  kafka::TopicOptions topic;
  topic.client.brokers = {impl_->brokers};
  topic.topic = name;
  return topic;
}

void MockCluster::produce_all(const std::string& topic, int partition,
                              const std::vector<Record>& records) {
  rd_kafka_t* client =
      client_of(RD_KAFKA_PRODUCER, {{"bootstrap.servers", impl_->brokers}, {"linger.ms", "10000"}});
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  for (const Record& record : records) hand_over(client, handle, partition, record);
  // Also ends the wait for more.
  ENSURE(rd_kafka_flush(client, kTimeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "the mock takes records");
  rd_kafka_topic_destroy(handle);
  rd_kafka_destroy(client);
}

std::vector<MockCluster::Record> MockCluster::read(const std::string& topic, int partition) {
  rd_kafka_t* client = client_of(RD_KAFKA_CONSUMER, {{"bootstrap.servers", impl_->brokers},
                                                     {"enable.partition.eof", "true"},
                                                     {"fetch.wait.max.ms", "10"}});
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  rd_kafka_consume_start(handle, partition, 0);
  std::vector<Record> records;
  while (rd_kafka_message_t* message = rd_kafka_consume(handle, partition, kTimeoutMs)) {
    const bool good = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (good) records.push_back(record_of(*message));
    rd_kafka_message_destroy(message);
    if (!good) break;
  }
  rd_kafka_consume_stop(handle, partition);
  rd_kafka_topic_destroy(handle);
  rd_kafka_destroy(client);
  return records;
}

std::int64_t MockCluster::committed(const std::string& group, const std::string& topic,
                                    int partition) {
  rd_kafka_t* client =
      client_of(RD_KAFKA_CONSUMER, {{"bootstrap.servers", impl_->brokers}, {"group.id", group}});
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
  rd_kafka_committed(client, list, kTimeoutMs);
  const std::int64_t offset = list->elems[0].offset;
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(client);
  return offset < 0 ? -1 : offset;
}

void MockCluster::commit(const std::string& group, const std::string& topic, int partition,
                         std::int64_t offset, const std::string& metadata) {
  rd_kafka_t* client =
      client_of(RD_KAFKA_CONSUMER, {{"bootstrap.servers", impl_->brokers}, {"group.id", group}});
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_t* place =
      rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
  place->offset = offset;
  std::string text = metadata;
  place->metadata = text.data();
  place->metadata_size = text.size();
  const auto error = rd_kafka_commit(client, list, 0);
  ENSURE(error == RD_KAFKA_RESP_ERR_NO_ERROR, "{}", rd_kafka_err2str(error));
  place->metadata = nullptr;  // ours
  place->metadata_size = 0;
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(client);
}

void MockCluster::set_down(bool down) {
  if (down)
    rd_kafka_mock_broker_set_down(impl_->cluster, kBroker);
  else
    rd_kafka_mock_broker_set_up(impl_->cluster, kBroker);
}

void MockCluster::set_leader(const std::string& topic, int partition, bool has_one) {
  rd_kafka_mock_partition_set_leader(impl_->cluster, topic.c_str(), partition,
                                     has_one ? kBroker : -1);
}

bool MockCluster::can_lose_leaders_while_read() {
  return rd_kafka_version() < 0x020b0000;
}

void MockCluster::fail(Api api, std::initializer_list<int> errors) {
  std::vector<rd_kafka_resp_err_t> list;
  for (const int error : errors) list.push_back(static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(impl_->cluster, static_cast<std::int16_t>(api),
                                          list.size(), list.data());
}

void MockCluster::heal(Api api) {
  rd_kafka_mock_clear_request_errors(impl_->cluster, static_cast<std::int16_t>(api));
}

}  // namespace pelton::test
