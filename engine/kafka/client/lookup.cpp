// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/lookup.h"

#include "engine/kafka/client/handles.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <iterator>
#include <map>
#include <memory>
#include <thread>
#include <utility>

namespace pelton::kafka {
namespace {

// ListOffsets (KIP-79): these stand for the two ends.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;

constexpr std::chrono::milliseconds kLeaderPause{100};

Partitions list_of(const std::string& topic, const std::vector<PartitionId>& partitions,
                   std::int64_t offset) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (PartitionId partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                      static_cast<std::int32_t>(partition.value))
        ->offset = offset;
  return list;
}

rd_kafka_resp_err_t first_error(rd_kafka_resp_err_t error,
                                const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; error == RD_KAFKA_RESP_ERR_NO_ERROR && i < list.cnt; ++i)
    error = list.elems[i].err;
  return error;
}

bool silent(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT ||
         error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR__WAIT_CACHE;
}
bool answered(rd_kafka_resp_err_t error) {
  return !silent(error);
}

// What the brokers tell of a topic, or of none; the error is the topic's where it has one.
std::pair<rd_kafka_resp_err_t, Metadata> ask_metadata(rd_kafka_t* client, const std::string& topic,
                                                      const Patience& patience) {
  const TopicHandle handle(topic.empty() ? nullptr
                                         : rd_kafka_topic_new(client, topic.c_str(), nullptr));
  Metadata metadata;
  auto error = patience.in_turns(
      [&](int timeout) {
        const rd_kafka_metadata_t* answer = nullptr;
        const auto asked = rd_kafka_metadata(client, 0, handle.get(), &answer, timeout);
        metadata.reset(answer);
        return asked;
      },
      answered);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && !topic.empty() && metadata->topic_cnt == 1)
    error = metadata->topics[0].err;
  return {error, std::move(metadata)};
}

// The broker that leads each partition of a topic; < 0: none does.
using Leaders = std::map<PartitionId, std::int32_t>;

Result<Leaders> leaders_of(rd_kafka_t* client, const std::string& topic, const Patience& patience) {
  const auto [error, metadata] = ask_metadata(client, topic, patience);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    return fail(ErrorKind::invalid, "E6109", "there is no topic {}", topic);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(to_error(error, "asking for the topic " + topic));
  Leaders leaders;
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    const auto& partition = metadata->topics[0].partitions[i];
    leaders[PartitionId{static_cast<std::uint32_t>(partition.id)}] = partition.leader;
  }
  return leaders;
}

// The three questions about some partitions, all of whose leaders have to answer.
class Question {
 public:
  Question(rd_kafka_t* client, const std::string& topic, std::optional<WallTime> time,
           const Patience& patience)
      : client_(client), topic_(topic), time_(time), patience_(patience) {}

  using Facts = std::expected<std::vector<PartitionFacts>, rd_kafka_resp_err_t>;
  Facts ask(const std::vector<PartitionId>& partitions) const {
    std::vector<PartitionFacts> facts;
    if (partitions.empty()) return facts;
    const auto earliest = offsets_at(partitions, kEarliest);
    if (!earliest) return std::unexpected(earliest.error());
    const auto end = offsets_at(partitions, kLatest);
    if (!end) return std::unexpected(end.error());
    auto at_time = end;
    if (time_) at_time = offsets_at(partitions, std::max<std::int64_t>(0, to_us(*time_) / 1000));
    if (!at_time) return std::unexpected(at_time.error());
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      // No event is that young: the end.
      const Offset at = (*at_time)[i] < 0 ? (*end)[i] : (*at_time)[i];
      facts.push_back({partitions[i], std::nullopt, {}, (*earliest)[i], (*end)[i], at});
    }
    return facts;
  }

 private:
  std::expected<std::vector<Offset>, rd_kafka_resp_err_t> offsets_at(
      const std::vector<PartitionId>& partitions, std::int64_t time) const {
    Partitions list;
    const auto error = patience_.in_turns(
        [&](int timeout) {
          list = list_of(topic_, partitions, time);
          return first_error(rd_kafka_offsets_for_times(client_, list.get(), timeout), *list);
        },
        answered);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::unexpected(error);
    std::vector<Offset> offsets;
    for (int i = 0; i < list->cnt; ++i) offsets.push_back(list->elems[i].offset);
    return offsets;
  }

  rd_kafka_t* const client_;
  const std::string& topic_;
  const std::optional<WallTime> time_;
  const Patience& patience_;
};

class Collector {
 public:
  Collector(const Question& question, std::string doing)
      : question_(question), doing_(std::move(doing)) {}

  void leaderless(PartitionId partition) {
    fail_all({partition}, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  }
  // One of several may spoil the answer of all: then each is asked alone, unless nobody answers.
  void ask(const std::vector<PartitionId>& partitions) {
    auto facts = question_.ask(partitions);
    if (facts) return add(std::move(*facts));
    if (partitions.size() == 1 || silent(facts.error())) return fail_all(partitions, facts.error());
    for (PartitionId partition : partitions) ask({partition});
  }
  bool ask_at_once(const std::vector<PartitionId>& partitions) {
    auto facts = question_.ask(partitions);
    if (facts) add(std::move(*facts));
    return facts.has_value();
  }
  LeaderAnswers finish() { return std::move(answers_); }

 private:
  void add(std::vector<PartitionFacts>&& facts) {
    std::ranges::move(facts, std::back_inserter(answers_.facts));
  }
  void fail_all(const std::vector<PartitionId>& partitions, rd_kafka_resp_err_t error) {
    std::ranges::copy(partitions, std::back_inserter(answers_.silent));
    if (answers_.error) return;
    const std::size_t more = partitions.size() - 1;
    answers_.error =
        to_error(error, fmt::format("{} {}{}", doing_, partitions.front().value,
                                    more > 0 ? fmt::format(" and {} more", more) : ""));
  }

  const Question& question_;
  const std::string doing_;
  LeaderAnswers answers_;
};

}  // namespace

LeaderAnswers ask_leaders(rd_kafka_s* client, const std::string& topic,
                          const std::vector<PartitionId>& partitions, std::optional<WallTime> time,
                          const Patience& patience) {
  const auto leaders = leaders_of(client, topic, patience);
  if (!leaders) return {{}, partitions, leaders.error(), 0};
  const Question question(client, topic, time, patience);
  Collector collector(question, "asking for the ends of " + topic + ", partition");
  std::vector<PartitionId> led;
  std::map<std::int32_t, std::vector<PartitionId>> by_leader;
  for (PartitionId partition : partitions) {
    const auto leader = leaders->find(partition);
    if (leader == leaders->end() || leader->second < 0) {
      collector.leaderless(partition);
      continue;
    }
    led.push_back(partition);
    by_leader[leader->second].push_back(partition);
  }
  if (!collector.ask_at_once(led))
    for (const auto& [leader, its] : by_leader) collector.ask(its);
  auto answers = collector.finish();
  answers.partitions = static_cast<std::uint32_t>(leaders->size());
  return answers;
}

Result<std::vector<OffsetCommit>> ask_committed(rd_kafka_s* client, const std::string& topic,
                                                const std::vector<PartitionId>& partitions,
                                                const Patience& patience) {
  Partitions list;
  const auto error = patience.in_turns(
      [&](int timeout) {
        list = list_of(topic, partitions, RD_KAFKA_OFFSET_INVALID);
        return first_error(rd_kafka_committed(client, list.get(), timeout), *list);
      },
      answered);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(to_error(error, "asking for the committed offsets"));
  std::vector<OffsetCommit> commits;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const rd_kafka_topic_partition_t& entry = list->elems[i];
    OffsetCommit commit{partitions[i], entry.offset, {}};
    if (entry.metadata_size > 0)
      commit.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
    commits.push_back(std::move(commit));
  }
  return commits;
}

namespace {

constexpr std::chrono::milliseconds kApartTimeout{1'000};
// After so many questions without any answer it is the coordinator that does not answer.
constexpr int kMostInVain = 8;

class CommittedQuestion {
 public:
  CommittedQuestion(rd_kafka_t* client, const std::string& topic)
      : client_(client), topic_(topic) {}

  void ask(const std::vector<PartitionId>& partitions, const Patience& patience) {
    auto commits = ask_committed(client_, topic_, partitions, patience);
    if (commits) {
      std::ranges::move(*commits, std::back_inserter(answers_.commits));
      return;
    }
    if (!answers_.error) answers_.error = commits.error();
    const bool in_vain = patience.over() || (answers_.commits.empty() && ++failed_ >= kMostInVain);
    if (partitions.size() == 1 || in_vain || commits.error().kind == ErrorKind::invalid) {
      std::ranges::copy(partitions, std::back_inserter(answers_.unknown));
      return;
    }
    const auto middle = partitions.begin() + static_cast<std::ptrdiff_t>(partitions.size() / 2);
    ask({partitions.begin(), middle}, patience.within(kApartTimeout));
    ask({middle, partitions.end()}, patience.within(kApartTimeout));
  }
  CommittedAnswers finish() {
    if (answers_.unknown.empty()) answers_.error.reset();
    return std::move(answers_);
  }

 private:
  rd_kafka_t* const client_;
  const std::string& topic_;
  CommittedAnswers answers_;
  int failed_ = 0;
};

}  // namespace

CommittedAnswers ask_committed_apart(rd_kafka_s* client, const std::string& topic,
                                     const std::vector<PartitionId>& partitions,
                                     const Patience& patience) {
  CommittedQuestion question(client, topic);
  if (!partitions.empty()) question.ask(partitions, patience);
  return question.finish();
}

std::string cluster_id(rd_kafka_s* client, const Patience& patience) {
  // It comes with what else the brokers tell.
  char* id = rd_kafka_clusterid(client, 0);
  if (id == nullptr && ask_metadata(client, "", patience).second != nullptr)
    id = rd_kafka_clusterid(client, 0);
  if (id == nullptr) return {};
  std::string text(id);
  rd_kafka_mem_free(client, id);
  return text;
}

Result<std::vector<PartitionFacts>> look_up_ends(rd_kafka_s* client, const std::string& topic,
                                                 const std::vector<PartitionId>& partitions,
                                                 std::optional<WallTime> time,
                                                 const Patience& patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience.time();
  for (;;) {
    auto answers = ask_leaders(client, topic, partitions, time, patience);
    if (!answers.error) {
      std::ranges::sort(answers.facts, {}, &PartitionFacts::partition);
      return std::move(answers.facts);
    }
    // A leader may be moving, or the topic was made a moment ago.
    if (answers.error->kind != ErrorKind::unavailable || patience.over() ||
        std::chrono::steady_clock::now() >= deadline)
      return std::unexpected(std::move(*answers.error));
    std::this_thread::sleep_for(kLeaderPause);
  }
}

Status reach_brokers(rd_kafka_s* client, const Patience& patience) {
  const auto error = ask_metadata(client, "", patience).first;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return std::unexpected(to_error(error, "asking the brokers"));
}

Result<std::uint32_t> partition_count(rd_kafka_s* client, const std::string& topic,
                                      const Patience& patience) {
  const auto [error, metadata] = ask_metadata(client, topic, patience);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(to_error(error, "asking for the topic " + topic));
  return static_cast<std::uint32_t>(metadata->topics[0].partition_cnt);
}

Result<std::vector<Extent>> look_up_extents(rd_kafka_s* client, const std::string& topic,
                                            const Patience& patience) {
  const auto leaders = leaders_of(client, topic, patience);
  if (!leaders) return std::unexpected(leaders.error());
  std::vector<PartitionId> partitions;
  for (const auto& [partition, leader] : *leaders) partitions.push_back(partition);
  const auto facts = look_up_ends(client, topic, partitions, std::nullopt, patience);
  if (!facts) return std::unexpected(facts.error());
  std::vector<Extent> extents;
  for (const PartitionFacts& fact : *facts)
    extents.push_back({fact.partition, fact.earliest, fact.end});
  return extents;
}

Error to_error(rd_kafka_resp_err_t error, const std::string& what) {
  const bool refused = error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                       error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                       error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
                       error == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  return Error{refused ? ErrorKind::invalid : ErrorKind::unavailable, refused ? "E6111" : "E6101",
               fmt::format("{}: {} ({})", what, rd_kafka_err2str(error), rd_kafka_err2name(error))};
}

}  // namespace pelton::kafka
