// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/topic_id.h"

namespace pelton::kafka {

#if RD_KAFKA_VERSION >= 0x020300ff

namespace {

using Options = Handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using Topics = Handle<rd_kafka_TopicCollection_t, rd_kafka_TopicCollection_destroy>;

// The brokers get the time, and the answer some more for its way.
constexpr std::chrono::milliseconds kWay{1'000};

// The one that answers. Where it is not among the brokers (a failover, the library's own mock
// cluster), or no broker is there, the library looks for it without a pause until the time is over.
bool has_controller(rd_kafka_t* client, const Patience& patience) {
  const auto metadata = patience.in_turns(
      [&](int timeout) {
        const rd_kafka_metadata_t* answer = nullptr;
        rd_kafka_metadata(client, 0, nullptr, &answer, timeout);
        return Metadata(answer);
      },
      [](const Metadata& answer) { return answer != nullptr; });
  if (metadata == nullptr) return false;
  const std::int32_t controller = rd_kafka_controllerid(client, 0);
  for (int i = 0; i < metadata->broker_cnt; ++i)
    if (metadata->brokers[i].id == controller) return true;
  return false;
}

std::string id_text(const rd_kafka_Uuid_t& id) {
  if (rd_kafka_Uuid_most_significant_bits(&id) == 0 &&
      rd_kafka_Uuid_least_significant_bits(&id) == 0)
    return {};
  return rd_kafka_Uuid_base64str(&id);
}

void ask_topic_id(rd_kafka_t* client, const std::string& topic, std::chrono::milliseconds timeout,
                  rd_kafka_queue_t* queue) {
  const char* name = topic.c_str();
  const Topics topics(rd_kafka_TopicCollection_of_topic_names(&name, 1));
  const Options options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                            nullptr, 0);
  rd_kafka_DescribeTopics(client, topics.get(), options.get(), queue);
}

std::optional<Result<std::string>> told_topic_id(rd_kafka_event_t* event) {
  const auto* result = rd_kafka_event_DescribeTopics_result(event);
  if (result == nullptr) return std::nullopt;
  auto error = rd_kafka_event_error(event);
  std::size_t count = 0;
  const auto** topics = rd_kafka_DescribeTopics_result_topics(result, &count);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1)
    error = rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0]));
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    return fail(ErrorKind::invalid, "E6109", "there is no such topic");
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || count != 1)
    return std::unexpected(to_error(error, "asking for the id of the topic"));
  return id_text(*rd_kafka_TopicDescription_topic_id(topics[0]));
}

}  // namespace

Result<std::string> topic_id(rd_kafka_t* client, const std::string& topic,
                             const Patience& patience) {
  if (!has_controller(client, patience)) return std::string();
  const Queue queue(rd_kafka_queue_new(client));
  ask_topic_id(client, topic, patience.time(), queue.get());
  const Event event = patience.longer(kWay).in_turns(
      [&](int timeout) { return Event(rd_kafka_queue_poll(queue.get(), timeout)); },
      [](const Event& answer) { return answer != nullptr; });
  if (auto told = event ? told_topic_id(event.get()) : std::nullopt) return std::move(*told);
  return fail(ErrorKind::unavailable, "E6101", "asking for the id of the topic {}: no answer",
              topic);
}

#else

Result<std::string> topic_id(rd_kafka_t*, const std::string&, const Patience&) {
  return std::string();
}

#endif

}  // namespace pelton::kafka
