// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_lookup.h"

#include <thread>
#include <utility>

namespace pelton::kafka {
namespace {

constexpr std::chrono::milliseconds kTimeout{5'000};
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kEndsTimeout{2'000};

}  // namespace

void GroupLookup::open(rd_kafka_t* client, std::weak_ptr<void> owner, Answer answer) {
  client_ = client;
  owner_ = std::move(owner);
  answer_ = std::move(answer);
}

void GroupLookup::close() {
  ++round_;
  lookups_.clear();
}

void GroupLookup::next_round() {
  ++round_;
  asking_.clear();
}

void GroupLookup::in_background(std::function<void()> work) {
  std::erase_if(lookups_, [](const std::future<void>& lookup) {
    return lookup.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  lookups_.push_back(std::async(std::launch::async, std::move(work)));
}

void GroupLookup::start(std::vector<PartitionId> partitions) {
  std::erase_if(partitions, [this](PartitionId each) { return !asking_.insert(each).second; });
  if (partitions.empty()) return;
  in_background(
      [this, round = round(), partitions = std::move(partitions)] { look_up(partitions, round); });
}

// On a thread of its own, until all have answered.
void GroupLookup::look_up(std::vector<PartitionId> partitions, std::uint64_t round) {
  while (round_ == round) {
    auto group = ask_group(client_, setup_.topic, partitions, setup_.start_time, kTimeout);
    partitions = group.silent;
    loop_.post([this, owner = owner_, round, group = std::move(group)]() mutable {
      if (const auto alive = owner.lock(); alive && round_ == round) on_answers(std::move(group));
    });
    if (partitions.empty()) return;
    std::this_thread::sleep_for(kPause);
  }
}

void GroupLookup::on_answers(GroupFacts&& group) {
  for (const PartitionFacts& fact : group.facts) asking_.erase(fact.partition);
  if (group.error) {
    waiting_ = true;
    listener_.waiting(group.error);
  }
  rest();
  if (!group.facts.empty()) answer_(std::move(group));
}

void GroupLookup::rest() {
  if (asking_.empty() && std::exchange(waiting_, false)) listener_.waiting(std::nullopt);
}

void GroupLookup::ask(std::vector<PartitionId> partitions, std::optional<WallTime> time,
                      std::function<void(GroupFacts)> answer) {
  in_background([this, partitions = std::move(partitions), time, answer = std::move(answer)] {
    answer(ask_group(client_, setup_.topic, partitions, time, kTimeout));
  });
}

void GroupLookup::ask_committed(std::vector<PartitionId> partitions,
                                std::function<void(Result<std::vector<OffsetCommit>>)> answer) {
  in_background([this, partitions = std::move(partitions), answer = std::move(answer)] {
    answer(kafka::ask_committed(client_, setup_.topic, partitions, kTimeout));
  });
}

void GroupLookup::ask_ends(std::vector<PartitionId> partitions,
                           std::function<void(const std::vector<PartitionFacts>&)> answer) {
  in_background([this, partitions = std::move(partitions), answer = std::move(answer)] {
    auto answers = ask_leaders(client_, setup_.topic, partitions, std::nullopt, kEndsTimeout);
    loop_.post([owner = owner_, answer, facts = std::move(answers.facts)] {
      if (const auto alive = owner.lock()) answer(facts);
    });
  });
}

}  // namespace pelton::kafka
