// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/options.h"
#include "engine/kafka/records/raw_record.h"
#include "engine/model/batch.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What a topic's configuration lets in. Brokers refuse a whole request for one record that they do
// not take, and do not say which; what is known of the topic tells it apart beforehand. For the
// .cpp files of this folder only.
namespace pelton::kafka {

// Value. Without an answer of the brokers a topic lets everything in.
class TopicLimits {
 public:
  using Error = std::optional<rd_kafka_resp_err_t>;

  // One entry of the topic's configuration; others than those that matter are ignored.
  void take(std::string_view name, std::string_view value);

  // The largest record batch (max.message.bytes); absent: not known.
  std::optional<std::uint64_t> batch_bytes() const { return batch_bytes_; }
  // What the brokers will answer, if they will certainly refuse the record. `compressed`: the size
  // of what arrives is not known.
  Error refuses(const RawRecord& record, bool compressed, std::int64_t now_ms) const;
  Error refuses(ContentMode mode, const model::Batch& batch, std::size_t i, bool compressed,
                std::int64_t now_ms) const;

 private:
  using Milliseconds = std::chrono::milliseconds;

  bool refuses_time(std::int64_t time_ms, std::int64_t now_ms) const;

  std::optional<std::uint64_t> batch_bytes_;
  bool needs_keys_ = false;          // compacted
  bool own_times_ = false;           // the brokers give records their time
  Milliseconds before_{}, after_{};  // how far a time may be from the brokers' clock; 0: not known
};

// The limits of one topic as its brokers told them at last. One thread.
class LimitsQuery {
 public:
  explicit LimitsQuery(std::string topic) : topic_(std::move(topic)) {}

  // The answer comes to the queue as RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, within the time that is
  // given even if no broker can be reached. A client that begins is busy for some 500 ms anyway.
  static constexpr std::chrono::milliseconds kBeginning{500}, kPatience{2'000};
  void ask(rd_kafka_t& client, rd_kafka_queue_t& queue, std::chrono::milliseconds patience);
  // Without an answer, or without the right to one, nothing is known.
  void take(rd_kafka_event_t& event);
  bool asking() const { return asking_; }
  // What is known is not older than some seconds: a limit that was raised meanwhile refuses
  // nothing. Brokers that do not answer are asked once a minute.
  bool fresh() const { return std::chrono::steady_clock::now() < again_; }
  const TopicLimits& known() const { return known_; }

 private:
  static constexpr std::chrono::seconds kFresh{5}, kSilent{60};

  const std::string topic_;
  bool asking_ = false;
  std::chrono::steady_clock::time_point again_{};
  TopicLimits known_;
};

}  // namespace pelton::kafka
