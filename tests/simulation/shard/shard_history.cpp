// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/shard_history.h"

#include "tests/simulation/history.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace pelton::simulation {
namespace {

constexpr std::size_t kReadBytes = 64U << 10;

}  // namespace

std::vector<std::string> stored_texts(store::Store& store, model::StreamPartition at) {
  std::vector<std::string> texts;
  const auto bounds = store.bounds(at);
  for (Offset next = bounds ? bounds->earliest : 0; bounds && next < bounds->end;) {
    const auto read = store.read(at, next, kReadBytes);
    if (!read || read->empty()) return texts;
    for (const model::PlacedBatch& placed : *read)
      for (std::size_t i = 0; i < placed.batch->size(); ++i)
        if (placed.base + placed.batch->delta(i) >= next) texts.emplace_back(placed.batch->data(i));
    next = read->back().base + read->back().batch->span();
  }
  return texts;
}

std::string shard_output(std::uint64_t number, std::uint32_t j) {
  return fmt::format(R"({{"number": {}, "output": {}}})", number, j);
}

std::optional<ShardHistory::Lane> ShardHistory::lane_of(std::uint64_t number) const {
  const Task& task = scenario_.tasks.at(number);
  const model::Order order = scenario_.delivery(task.stream).order;
  if (order == model::Order::none || !task.key) return std::nullopt;
  // With an order of partitions keys are in order as well; which partition it is, nobody says.
  return Lane{task.stream, *task.key};
}

void ShardHistory::begins(int process, const Handed& event) {
  ++seen.invoked;
  const std::uint64_t number = event.number;
  if (!durable_.contains(number)) violation("event {} is invoked and not durable", number);
  if (stored_.contains(number) && !sought_ && !replayed_.contains(number))
    violation("event {} is invoked again, done before the engine ended in good order", number);
  if (done_.contains(number) && !sought_ && !replayed_.contains(number))
    violation("event {} is invoked again, but was done", number);
  if (const auto other = with_.find(number); other != with_.end())
    violation("event {} is with processes {} and {}", number, other->second, process);
  with_[number] = process;
  const config::Retry& retry = scenario_.delivery(scenario_.tasks.at(number).stream).retry;
  // Deaths count for themselves; the workers that an event may end come on top.
  if (event.attempt > retry.attempts + retry.worker_kills)
    violation("event {} gets attempt {} of {}", number, event.attempt, retry.attempts);
  check_order(process, number);
  ever_begun_.insert(number);
}

void ShardHistory::check_order(int process, std::uint64_t number) {
  const auto lane = lane_of(number);
  if (!lane) return;
  auto& users = lane_users_[*lane];
  for (const auto& [other, count] : users)
    if (other != process && count > 0)
      violation("event {} goes to process {} while process {} has its key {}", number, process,
                other, lane->second);
  ++users[process];
  if (sought_ || replayed_.contains(number)) return;
  const auto last = last_done_.find(*lane);
  if (last != last_done_.end() && number < last->second)
    violation("event {} goes after event {} of its key {} was done", number, last->second,
              lane->second);
  for (const std::uint64_t earlier : durable_) {
    if (earlier >= number) break;
    if (!ever_begun_.contains(earlier) && lane_of(earlier) == lane)
      violation("event {} overtakes event {} of its key {}", number, earlier, lane->second);
  }
}

void ShardHistory::answered(int process, std::uint64_t number, bool done) {
  if (const auto held = with_.find(number); held != with_.end() && held->second == process)
    with_.erase(held);
  const auto lane = lane_of(number);
  if (lane)
    if (auto& users = lane_users_[*lane]; users.contains(process)) --users[process];
  if (!done) return;
  ++seen.done;
  done_.insert(number);
  if (lane && !replayed_.contains(number)) {
    auto& last = last_done_[*lane];
    last = std::max(last, number);
  }
}

void ShardHistory::gone(int process) {
  std::erase_if(with_, [&](const auto& held) { return held.second == process; });
  for (auto& [lane, users] : lane_users_) users.erase(process);
}

void ShardHistory::restarted(bool in_order) {
  ++seen.lives;
  if (in_order) stored_.insert(done_.begin(), done_.end());
  done_.clear();
  last_done_.clear();
}

std::set<std::uint64_t> ShardHistory::letters(store::Store& store) {
  std::set<std::uint64_t> numbers;
  for (const config::Binding& binding : scenario_.config.bindings) {
    const auto id = store.binding_id(binding.name);
    const auto read = store.dead_letters(*id, std::nullopt, [&](const auto& letter) {
      const std::uint64_t number = number_of(letter.event->data(0));
      if (!numbers.insert(number).second) violation("event {} is two dead letters", number);
      return true;
    });
    if (!read) violation("dead letters cannot be read: {}", read.error().text());
  }
  seen.letters = numbers.size();
  return numbers;
}

// Whatever else happened.
bool ShardHistory::must_be_dead(std::uint64_t number) const {
  const Deed deed = scenario_.tasks[number].deed;
  return !replayed_.contains(number) && (deed == Deed::poison || deed == Deed::rejects ||
                                         deed == Deed::kills || deed == Deed::hangs);
}

void ShardHistory::finish(store::Store& store) {
  if (durable_.size() != scenario_.tasks.size())
    violation("{} of {} events are durable", durable_.size(), scenario_.tasks.size());
  const auto dead = letters(store);
  for (std::uint64_t number = 0; number < scenario_.tasks.size(); ++number) {
    if (!ever_begun_.contains(number)) violation("event {} was never invoked", number);
    if (must_be_dead(number) && !dead.contains(number))
      violation("event {} cannot be done and is no dead letter", number);
  }
  check_outputs(store, dead);
}

void ShardHistory::check_outputs(store::Store& store, const std::set<std::uint64_t>& dead) {
  std::map<std::uint64_t, std::map<std::string, std::uint32_t>> found;
  std::map<Lane, std::uint64_t> last;
  const auto stream = store.find_stream(kWrittenStream);
  const auto& config = scenario_.config;
  const std::uint32_t partitions =
      std::ranges::find(config.streams, kWrittenStream, &config::Stream::name)->partitions;
  for (std::uint32_t p = 0; p < partitions; ++p) {
    for (const std::string& text : stored_texts(store, {*stream, PartitionId{p}})) {
      const std::uint64_t number = number_of(text);
      if (number >= scenario_.tasks.size()) {
        violation("an output that nobody made: {}", text);
        continue;
      }
      ++found[number][text];
      const auto lane = lane_of(number);
      if (!lane || sought_ || replayed_.contains(number)) continue;
      auto& before = last[*lane];
      if (number < before)
        violation("the output of event {} stands behind that of {}, of the same key", number,
                  before);
      before = std::max(before, number);
    }
  }
  for (std::uint64_t number = 0; number < scenario_.tasks.size(); ++number) {
    const Task& task = scenario_.tasks[number];
    const auto& texts = found[number];
    const std::size_t wanted = dead.contains(number) ? 0 : task.outputs;
    if (sought_ ? texts.size() < wanted : texts.size() != wanted)
      violation("event {} has {} outputs, not {}{}", number, texts.size(), wanted,
                dead.contains(number) ? ": it is a dead letter" : "");
    for (const auto& [text, times] : texts)
      if (times != 1 && !sought_) violation("output {} is there {} times", text, times);
  }
}

}  // namespace pelton::simulation
