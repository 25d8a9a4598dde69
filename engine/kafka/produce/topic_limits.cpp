// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/topic_limits.h"

#include "engine/kafka/records/record_size.h"

#include <algorithm>
#include <charconv>

namespace pelton::kafka {
namespace {

// Between the brokers' clocks and ours: a time that is closer to its limit is theirs to judge.
constexpr std::chrono::milliseconds kSkew = std::chrono::minutes(10);

using AdminOptions = Handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using Resource = Handle<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max<std::int64_t>(number, 0);
}

}  // namespace

void TopicLimits::take(std::string_view name, std::string_view value) {
  if (name == "max.message.bytes")
    batch_bytes_ = static_cast<std::uint64_t>(number_of(value));
  else if (name == "cleanup.policy")
    needs_keys_ = value.find("compact") != std::string_view::npos;
  else if (name == "message.timestamp.type")
    own_times_ = value == "LogAppendTime";
  else if (name == "message.timestamp.before.max.ms")
    before_ = Milliseconds(number_of(value));
  else if (name == "message.timestamp.after.max.ms")
    after_ = Milliseconds(number_of(value));
}

bool TopicLimits::refuses_time(std::int64_t time_ms, std::int64_t now_ms) const {
  if (own_times_ || time_ms <= 0) return false;
  const auto beyond = [](std::int64_t distance, Milliseconds limit) {
    return limit > Milliseconds(0) && distance > kSkew.count() &&
           distance - kSkew.count() > limit.count();
  };
  return beyond(now_ms - time_ms, before_) || beyond(time_ms - now_ms, after_);
}

TopicLimits::Error TopicLimits::refuses(const RawRecord& record, bool compressed,
                                        std::int64_t now_ms) const {
  if (needs_keys_ && !record.key) return RD_KAFKA_RESP_ERR_INVALID_RECORD;
  if (refuses_time(record.time_ms, now_ms)) return RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
  if (batch_bytes_ && !compressed && record_batch_bytes(record) > *batch_bytes_)
    return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  return {};
}

TopicLimits::Error TopicLimits::refuses(ContentMode mode, const model::Batch& batch, std::size_t i,
                                        bool compressed, std::int64_t now_ms) const {
  if (needs_keys_ && !batch.has_key(i)) return RD_KAFKA_RESP_ERR_INVALID_RECORD;
  if (refuses_time(batch.time_us(i) / 1000, now_ms)) return RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
  if (batch_bytes_ && !compressed && record_batch_bound(mode, batch, i) > *batch_bytes_ &&
      record_batch_bytes(mode, batch, i) > *batch_bytes_)
    return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  return {};
}

void LimitsQuery::ask(rd_kafka_t& client, rd_kafka_queue_t& queue,
                      std::chrono::milliseconds patience) {
  const AdminOptions options(rd_kafka_AdminOptions_new(&client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  char text[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(patience.count()), text,
                                            sizeof text);
  const Resource topic(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic_.c_str()));
  rd_kafka_ConfigResource_t* asked = topic.get();
  rd_kafka_DescribeConfigs(&client, &asked, 1, options.get(), &queue);
  asking_ = true;
}

void LimitsQuery::take(rd_kafka_event_t& event) {
  asking_ = false;
  known_ = {};
  again_ = std::chrono::steady_clock::now() + kSilent;
  if (rd_kafka_event_error(&event) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  std::size_t topics = 0, entries = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(&event);
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(result, &topics);
  if (topics != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  again_ -= kSilent - kFresh;
  const auto** config = rd_kafka_ConfigResource_configs(resources[0], &entries);
  for (std::size_t i = 0; i < entries; ++i)
    if (const char* value = rd_kafka_ConfigEntry_value(config[i]))
      known_.take(rd_kafka_ConfigEntry_name(config[i]), value);
}

}  // namespace pelton::kafka
