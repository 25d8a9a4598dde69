// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_lookup.h"

#include "engine/kafka/client/topic_id.h"

#include <thread>
#include <utility>

namespace pelton::kafka {
namespace {

constexpr std::chrono::milliseconds kTimeout{5'000};
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kEndsTimeout{2'000};
constexpr std::chrono::milliseconds kIdTimeout{2'000};

}  // namespace

void GroupLookup::open(rd_kafka_t* client, std::weak_ptr<void> owner, Answer answer) {
  client_ = client;
  owner_ = std::move(owner);
  answer_ = std::move(answer);
}

void GroupLookup::close() {
  give_up();
  closed_ = true;
}

void GroupLookup::next_round() {
  ++round_;
  asking_.clear();
}

// Calls `ask` in the background, and `then` with its answer on the loop's thread.
template <typename Ask, typename Then>
void GroupLookup::in_background(Ask ask, Then then) {
  auto owner = owner_.lock();
  if (!owner || closed_ || loop_.background().finishing()) return;
  loop_.background().run([this, &loop = loop_, owner = std::move(owner), ask = std::move(ask),
                          then = std::move(then)]() mutable {
    auto answer = ask();
    // With it goes the owner, whose client ends on the loop's thread.
    loop.post([this, owner = std::move(owner), then = std::move(then),
               answer = std::move(answer)]() mutable {
      if (!closed_) then(std::move(answer));
    });
  });
}

Patience GroupLookup::patience(std::chrono::milliseconds time,
                               std::optional<std::uint64_t> round) const {
  return {time, [this, round] {
            return closed_ || loop_.background().finishing() || (round && round_ != *round);
          }};
}

void GroupLookup::start(std::vector<PartitionId> partitions) {
  std::erase_if(partitions, [this](PartitionId each) { return !asking_.insert(each).second; });
  if (!partitions.empty()) look_up(std::move(partitions), {});
}

// Those that do not answer are asked again while the round lasts.
void GroupLookup::look_up(std::vector<PartitionId> partitions, std::chrono::milliseconds pause) {
  in_background(
      [this, round = round(), partitions = std::move(partitions), pause] {
        std::this_thread::sleep_for(pause);
        if (patience({}, round).over()) return GroupFacts{};
        return ask_group(client_, setup_.topic, partitions, setup_.start_time,
                         patience(kTimeout, round));
      },
      [this, round = round()](GroupFacts&& group) {
        if (round_ != round) return;
        std::vector<PartitionId> silent = group.silent;
        on_answers(std::move(group));
        if (round_ == round && !silent.empty()) look_up(std::move(silent), kPause);
      });
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
  in_background(
      [this, partitions = std::move(partitions), time] {
        return ask_group(client_, setup_.topic, partitions, time, patience(kTimeout));
      },
      std::move(answer));
}

void GroupLookup::ask_committed(std::vector<PartitionId> partitions,
                                std::function<void(Result<std::vector<OffsetCommit>>)> answer) {
  in_background(
      [this, partitions = std::move(partitions)] {
        return kafka::ask_committed(client_, setup_.topic, partitions, patience(kTimeout));
      },
      std::move(answer));
}

void GroupLookup::ask_ends(std::vector<PartitionId> partitions,
                           std::function<void(const std::vector<PartitionFacts>&)> answer) {
  in_background(
      [this, partitions = std::move(partitions)] {
        return ask_leaders(client_, setup_.topic, partitions, std::nullopt, patience(kEndsTimeout))
            .facts;
      },
      std::move(answer));
}

void GroupLookup::ask_topic_id(std::function<void(const std::string&)> answer) {
  in_background(
      [this] { return topic_id(client_, setup_.topic, patience(kIdTimeout)).value_or(""); },
      std::move(answer));
}

}  // namespace pelton::kafka
