// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_topic.h"

#include "engine/dead_letters/dead_letter_record.h"
#include "engine/model/dead_letter_text.h"
#include "engine/observe/log.h"

#include <algorithm>
#include <utility>

namespace pelton::dead_letters {
namespace {

// About 150 bytes each.
constexpr std::size_t kMostLetters = 250'000;
constexpr auto kRefresh = std::chrono::seconds(5);
// What was written here is counted after so long.
constexpr auto kNudge = std::chrono::milliseconds(500);
constexpr auto kRemoveAgain = std::chrono::seconds(1);

std::uint32_t bytes_of(const kafka::RawRecord& record) {
  std::size_t bytes =
      (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  for (const kafka::RawHeader& header : record.headers)
    bytes += header.name.size() + (header.value ? header.value->size() : 0);
  return static_cast<std::uint32_t>(bytes);  // the protocol's lengths are 32 bits
}

}  // namespace

DeadLetterTopic::DeadLetterTopic(const kafka::TopicOptions& topic,
                                 std::unique_ptr<kafka::Producer> producer,
                                 thread::JobThread& thread)
    : topic_(topic),
      producer_(std::move(producer)),
      thread_(thread),
      reader_(topic, thread.stopping()),
      finder_(topic, thread.stopping()),
      index_(kMostLetters) {}

void DeadLetterTopic::add_member(const std::string& binding, BindingId id,
                                 const std::string& source) {
  thread_.run([this, binding, id, source] {
    members_[binding] = {id, source};
    names_[id] = binding;
    // Its letters were passed over until now.
    index_.clear();
    positions_.clear();
  });
}

void DeadLetterTopic::start() {
  thread_.run([this] { refresh(); });
}

void DeadLetterTopic::refresh() {
  // What is wrong stands in trouble().
  (void)catch_up();
  reader_.rest();
  finder_.rest();
  thread_.run_after(kRefresh, [this] { refresh(); });
}

void DeadLetterTopic::nudge() {
  if (nudged_.exchange(true)) return;
  thread_.run_after(kNudge, [this] {
    nudged_ = false;
    (void)catch_up();
    reader_.rest();
  });
}

void DeadLetterTopic::write(std::vector<kafka::RawRecord> records, kafka::Producer::Done done) {
  producer_->send(std::move(records),
                  [this, done = std::move(done)](std::vector<kafka::Refused> refused) mutable {
                    nudge();
                    done(std::move(refused));
                  });
}

void DeadLetterTopic::remove(std::vector<model::DeadLetterId> ids, std::string why, Done done) {
  std::lock_guard lock(mutex_);
  removals_.push_back({std::move(ids), std::move(why), std::move(done)});
  if (removals_.size() == 1) thread_.run([this] { remove_asked(); });
}

// Whatever was asked for meanwhile goes together: to catch up takes as long as brokers do.
void DeadLetterTopic::remove_asked() {
  std::vector<Removal> asked;
  {
    std::lock_guard lock(mutex_);
    asked.swap(removals_);
  }
  remove_all(std::move(asked));
}

void DeadLetterTopic::remove_all(std::vector<Removal> asked) {
  const auto ok = catch_up();
  if (!ok && ok.error().kind == ErrorKind::unavailable)
    return thread_.run_after(
        kRemoveAgain, [this, asked = std::move(asked)]() mutable { remove_all(std::move(asked)); });
  std::vector<kafka::RawRecord> records;
  std::vector<std::size_t> whose;  // by record
  for (std::size_t i = 0; ok && i < asked.size(); ++i) {
    for (const model::DeadLetterId& id : asked[i].ids) add_removals(id, asked[i].why, records);
    whose.resize(records.size(), i);
  }
  auto answer = [asked = std::move(asked), whose = std::move(whose),
                 ok](std::vector<kafka::Refused> refused) mutable {
    std::vector<Status> answers(asked.size(), ok);
    for (const kafka::Refused& one : refused)
      answers[whose[one.index]] = std::unexpected(one.error);
    for (std::size_t i = 0; i < asked.size(); ++i) asked[i].done(answers[i]);
  };
  if (records.empty()) return answer({});
  write(std::move(records), std::move(answer));
}

bool DeadLetterTopic::add_removals(const model::DeadLetterId& id, std::string_view why,
                                   std::vector<kafka::RawRecord>& into) const {
  const std::string& binding = names_.at(id.binding);
  const auto places = index_.places(id);
  for (const LetterPlace& place : places)
    into.push_back(removal_record({model::dead_letter_text(binding, id), binding,
                                   members_.at(binding).source, place.partition, place.offset},
                                  why, SystemClock{}.now()));
  return !places.empty();
}

std::uint64_t DeadLetterTopic::kept(BindingId binding) const {
  std::lock_guard lock(mutex_);
  const auto found = kept_.find(binding);
  return found == kept_.end() ? 0 : found->second;
}

std::string DeadLetterTopic::trouble() const {
  if (std::string writing = producer_->trouble(); !writing.empty()) return writing;
  std::lock_guard lock(mutex_);
  return trouble_;
}

Status DeadLetterTopic::catch_up() {
  auto ok = follow_all();
  // Others' room was made since: those that did not fit may now.
  if (ok && !index_.complete() && index_.size() < kMostLetters / 2) {
    index_.clear();
    positions_.clear();
    ok = follow_all();
  }
  if (!ok) {
    const bool missing = ok.error().code == "E6109";
    if (missing) {
      index_.clear();
      positions_.clear();
    }
    publish(missing ? ok.error().text()
                    : fmt::format("the dead letters in the topic {} cannot be read: {}",
                                  topic_.topic, ok.error().text()));
    return missing ? Status{} : ok;
  }
  publish(index_.complete() ? ""
                            : fmt::format("the topic {} holds more than {} dead letters: those "
                                          "beyond are shown once others are replayed or purged",
                                          topic_.topic, kMostLetters));
  return {};
}

Status DeadLetterTopic::follow_all() {
  const auto extents = reader_.extents();
  if (!extents) return std::unexpected(extents.error());
  for (const kafka::Extent& extent : *extents)
    if (auto ok = follow(extent); !ok) return ok;
  return {};
}

Status DeadLetterTopic::follow(const kafka::Extent& extent) {
  Position& at = positions_[extent.partition];
  if (extent.end < at.next) {  // the topic was recreated
    index_.trim(extent.partition, at.next);
    at = {};
  }
  if (extent.earliest > at.earliest) index_.trim(extent.partition, extent.earliest);
  at.earliest = extent.earliest;
  at.next = std::max(at.next, extent.earliest);
  auto read =
      reader_.read(extent.partition, at.next, extent.end, [&](kafka::PlacedRecord&& placed) {
        take(placed);
        at.next = placed.offset + 1;
        return true;
      });
  if (read) at.next = std::max(at.next, extent.end);
  return read;
}

const DeadLetterTopic::Member* DeadLetterTopic::member_of(const std::string& binding,
                                                          const std::string& source) const {
  const auto member = members_.find(binding);
  return member != members_.end() && member->second.source == source ? &member->second : nullptr;
}

void DeadLetterTopic::take(const kafka::PlacedRecord& placed) {
  const LetterMark mark = mark_of(placed.record);
  if (mark.kind == LetterMark::Kind::foreign) return;
  const Member* member = member_of(mark.binding, mark.topic);
  if (member == nullptr) return;
  const model::DeadLetterId id{member->id, mark.partition, mark.offset, mark.stream};
  if (mark.kind == LetterMark::Kind::letter)
    index_.add(id, {placed.partition, bytes_of(placed.record), placed.offset});
  else
    index_.remove(id, {.partition = placed.partition, .offset = mark.up_to});
}

// Nothing: it is not there any more, which the index learns.
Result<std::optional<kafka::RawRecord>> DeadLetterTopic::read_at(const model::DeadLetterId& id,
                                                                 LetterPlace at) {
  std::optional<kafka::RawRecord> found;
  const auto read =
      finder_.read(at.partition, at.offset, at.offset + 1, [&](kafka::PlacedRecord&& placed) {
        found = std::move(placed.record);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  if (found) {
    const LetterMark mark = mark_of(*found);
    if (mark.kind == LetterMark::Kind::letter && mark.partition == id.partition &&
        mark.offset == id.offset && mark.stream == id.stream &&
        mark.binding == names_.at(id.binding))
      return found;
  }
  index_.remove(id, at);
  return std::nullopt;
}

Result<std::vector<model::DeadLetter>> DeadLetterTopic::letters(
    std::span<const model::DeadLetterId> ids) {
  std::vector<std::pair<LetterPlace, std::size_t>> wanted;
  for (std::size_t i = 0; i < ids.size(); ++i)
    for (const LetterPlace& place : index_.places(ids[i])) wanted.emplace_back(place, i);
  std::ranges::sort(wanted);
  std::vector<std::optional<model::DeadLetter>> newest(ids.size());
  for (const auto& [place, i] : wanted) {
    auto record = read_at(ids[i], place);
    if (!record) return std::unexpected(record.error());
    if (!*record) continue;
    model::DeadLetter letter = read_letter(**record, ids[i]);
    if (!newest[i] || newest[i]->replays <= letter.replays) newest[i] = std::move(letter);
  }
  std::vector<model::DeadLetter> found;
  for (auto& letter : newest)
    if (letter) found.push_back(std::move(*letter));
  return found;
}

Result<std::optional<kafka::RawRecord>> DeadLetterTopic::original(const model::DeadLetterId& id) {
  if (auto ok = catch_up(); !ok) return std::unexpected(ok.error());
  for (const LetterPlace& place : index_.places(id)) {
    auto record = read_at(id, place);
    if (!record) return std::unexpected(record.error());
    if (*record) return original_of(**record);
  }
  return std::nullopt;
}

void DeadLetterTopic::publish(std::string trouble) {
  std::lock_guard lock(mutex_);
  kept_ = index_.counts();
  if (trouble != trouble_ && !trouble.empty())
    observe::log::warn(trouble, {{"topic", topic_.topic}});
  if (trouble.empty() && !trouble_.empty())
    observe::log::info("the dead letters in the topic can be read again",
                       {{"topic", topic_.topic}});
  trouble_ = std::move(trouble);
}

}  // namespace pelton::dead_letters
