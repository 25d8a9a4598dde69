// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letters.h"

#include <algorithm>
#include <map>
#include <utility>

namespace pelton::dead_letters {
namespace {

// DeadLetters held at a time: each holds its whole event. Of a topic, a chunk is about as long to
// find as to read.
constexpr DeadLetterIndex::Limits kChunk{1000, 4U << 20};

using ById = std::map<model::DeadLetterId, model::DeadLetter>;

void keep_newer(ById& all, model::DeadLetter&& letter) {
  const auto [at, fresh] = all.try_emplace(letter.id);
  if (fresh || at->second.replays <= letter.replays) at->second = std::move(letter);
}

struct Chunk {
  ById letters;
  std::optional<model::DeadLetterId> last;  // more lies behind it; absent: nothing does
};

// DeadLetters behind `after`, from both places. A chunk may be empty and not the last: what was
// known of is gone from the topic.
Result<Chunk> next_letters(store::Store& store, DeadLetterTopic& topic, BindingId binding,
                           std::optional<model::DeadLetterId> after) {
  Chunk chunk;
  const auto page = topic.index().page(binding, after, kChunk);
  if (page.more) chunk.last = page.ids.back();
  std::uint64_t bytes = 0;
  auto read = store.dead_letters(binding, after, [&](const model::DeadLetter& letter) {
    if (chunk.last && letter.id > *chunk.last) return false;
    keep_newer(chunk.letters, model::DeadLetter(letter));
    bytes += letter.event->bytes().size();
    const bool full = chunk.letters.size() >= kChunk.letters || bytes >= kChunk.bytes;
    if (full) chunk.last = letter.id;
    return !full;
  });
  if (!read) return std::unexpected(read.error());
  auto kept = topic.letters(page.ids);
  if (!kept) return std::unexpected(kept.error());
  for (model::DeadLetter& letter : *kept)
    if (!chunk.last || letter.id <= *chunk.last) keep_newer(chunk.letters, std::move(letter));
  return chunk;
}

}  // namespace

Result<DeadLetterTopic*> DeadLetters::topic(const kafka::TopicOptions& topic) {
  const auto known = std::ranges::find_if(topics_, [&](const Known& one) {
    return one.config.client.brokers == topic.client.brokers && one.config.topic == topic.topic;
  });
  if (known != topics_.end()) return known->topic.get();
  auto producer =
      kafka::Producer::create(topic, loop_, kafka::Behind::fast, kafka::TopicFault::refuse);
  if (!producer) return std::unexpected(producer.error());
  topics_.push_back(
      {topic, std::make_unique<DeadLetterTopic>(topic, std::move(*producer), thread_)});
  if (started_) begin(*topics_.back().topic);
  return topics_.back().topic.get();
}

void DeadLetters::start() {
  thread_.start();
  started_ = true;
  for (const Known& known : topics_) begin(*known.topic);
}

void DeadLetters::begin(DeadLetterTopic& topic) {
  if (!std::exchange(records_started_, true)) records_.start();
  topic.start();
}

void DeadLetters::stop() {
  thread_.stop();
  records_.stop();
}

Status visit_letters(store::Store& store, DeadLetterTopic* topic, BindingId binding,
                     std::optional<model::DeadLetterId> after,
                     const std::function<bool(const model::DeadLetter&)>& visit) {
  if (topic == nullptr) return store.dead_letters(binding, after, visit);
  for (;;) {
    const auto chunk = next_letters(store, *topic, binding, after);
    if (!chunk) return std::unexpected(chunk.error());
    for (const auto& [id, letter] : chunk->letters)
      if (!visit(letter)) return {};
    if (!chunk->last) return {};
    after = chunk->last;
  }
}

Result<std::uint64_t> count_letters(store::Store& store, const DeadLetterTopic* topic,
                                    BindingId binding, std::optional<PartitionId> partition) {
  const std::uint64_t stored = store.dead_letter_count(binding);
  if (topic == nullptr && !partition) return stored;
  std::uint64_t count = topic == nullptr ? 0 : topic->index().count(binding, partition);
  if (stored == 0) return count;
  auto read = store.dead_letters(binding, std::nullopt, [&](const model::DeadLetter& letter) {
    const bool asked = !partition || letter.id.partition == *partition;
    if (asked && (topic == nullptr || !topic->index().has(letter.id))) ++count;
    return true;
  });
  if (!read) return std::unexpected(read.error());
  return count;
}

Result<std::vector<model::DeadLetter>> find_letters(store::Store& store, DeadLetterTopic* topic,
                                                    std::span<const model::DeadLetterId> ids) {
  ById found;
  for (const model::DeadLetterId& id : ids) {
    auto stored = store.dead_letter(id);
    if (!stored) return std::unexpected(stored.error());
    if (*stored) keep_newer(found, std::move(**stored));
  }
  if (topic != nullptr) {
    auto kept = topic->letters(ids);
    if (!kept) return std::unexpected(kept.error());
    for (model::DeadLetter& letter : *kept) keep_newer(found, std::move(letter));
  }
  std::vector<model::DeadLetter> letters;
  for (auto& [id, letter] : found) letters.push_back(std::move(letter));
  return letters;
}

}  // namespace pelton::dead_letters
