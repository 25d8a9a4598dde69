// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_forwarder.h"

#include "engine/dead_letters/dead_letter_record.h"
#include "engine/kafka/records/record_decoder.h"
#include "engine/model/dead_letter_text.h"
#include "engine/model/histories.h"
#include "engine/observe/log.h"
#include "engine/schema/wire_format.h"

#include <algorithm>
#include <utility>

namespace pelton::dead_letters {
namespace {

constexpr auto kAgain = std::chrono::seconds(1);

// The topic may have been recreated: another record at the same offset.
bool same_event(const kafka::RawRecord& record, const model::Batch& event,
                const std::string& topic) {
  model::BatchBuilder builder;
  kafka::RecordDecoder("kafka:" + topic).add(record, builder);
  const model::BatchPtr read = builder.finish();
  std::string_view schema, key_schema;
  const bool value_decoded = event.find_header(0, kafka::kSchemaId, schema);
  const bool key_decoded = event.find_header(0, kafka::kKeySchemaId, key_schema);
  const auto has = [](std::string_view bytes, std::string_view id) {
    const auto framed = schema::framed(bytes);
    return framed && std::to_string(framed->id) == id;
  };
  if (read->id(0) != event.id(0)) return false;
  // Of what was decoded there is nothing but this to compare.
  if ((key_decoded || value_decoded) && read->time_us(0) != event.time_us(0)) return false;
  if (key_decoded ? !has(read->key(0), key_schema) : read->key(0) != event.key(0)) return false;
  if (value_decoded) return has(read->data(0), schema);
  return read->data(0) == event.data(0) &&
         (key_decoded || read->header_bytes(0) == event.header_bytes(0));
}

}  // namespace

DeadLetterForwarder::DeadLetterForwarder(Setup setup, DeadLetterTopic& topic,
                                         thread::JobThread& letters, thread::JobThread& records,
                                         store::Store& store, thread::Mailbox& mailbox)
    : setup_(std::move(setup)),
      topic_(topic),
      letters_(letters),
      records_(records),
      store_(store),
      mailbox_(mailbox),
      source_(setup_.source, records.stopping()) {}

std::string DeadLetterForwarder::trouble() const {
  return refused_.empty() ? topic_.trouble() : refused_;
}

void DeadLetterForwarder::pass(model::Transaction&& transaction, Next next) {
  const bool plain = transaction.dead_letters.empty() && transaction.dead_letters_removed.empty();
  if (plain && waiting_.empty()) return next(std::move(transaction));
  Forwarding& forwarding = waiting_.emplace_back();
  forwarding.number = ++numbers_;
  forwarding.transaction = std::move(transaction);
  forwarding.next = std::move(next);
  if (!plain) begin(forwarding);
  for (const auto& retry : forwarding.transaction.retries)
    if (retry.state) attempts_[{retry.at.partition, retry.offset}] = forwarding.number;
}

void DeadLetterForwarder::abandon() {
  waiting_.clear();
  attempts_.clear();
  behind_.clear();
  after_stored_ = nullptr;
  bytes_ = 0;
}

void DeadLetterForwarder::begin(Forwarding& forwarding) {
  const auto& letters = forwarding.transaction.dead_letters;
  forwarding.taken.assign(letters.size(), false);
  std::vector<std::size_t> which;
  std::vector<kafka::RawRecord> records;
  const auto histories = stored_histories(forwarding.transaction);
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const model::DeadLetter& letter = letters[i];
    forwarding.bytes += letter.event->bytes().size();
    const model::StreamPartition* const history = find(histories, letter.id);
    if (history == nullptr && kafka::holds_record(*letter.event, 0)) {
      which.push_back(i);
      records.push_back(
          letter_record(letter, record_of(*letter.event, 0), {.topic = setup_.source.topic}));
      continue;
    }
    ++forwarding.open;
    Errand errand{forwarding.number, i, letter, {}};
    if (history != nullptr) errand.history = *history;
    wait_or_start(std::move(errand));
  }
  bytes_ += forwarding.bytes;
  if (!records.empty()) {
    ++forwarding.open;
    send(forwarding.number, std::move(which), std::move(records));
  }
  begin_removal(forwarding);
}

// An attempt of the event may be waiting here, or be on its way to the store: it would be missing
// from the history that is read now.
void DeadLetterForwarder::wait_or_start(Errand&& errand) {
  if (!errand.history) return start(std::move(errand));
  const auto ahead = attempts_.find({errand.letter.id.partition, errand.letter.id.offset});
  if (ahead != attempts_.end()) {
    behind_.emplace(ahead->second, std::move(errand));
    return;
  }
  after_stored_(
      [this, self = shared_from_this(), errand = std::make_shared<Errand>(std::move(errand))] {
        start(std::move(*errand));
      });
}

void DeadLetterForwarder::start(Errand&& errand) {
  ++errands_;
  records_.run([this, self = shared_from_this(), errand = std::move(errand)]() mutable {
    run(std::move(errand));
  });
}

void DeadLetterForwarder::forget_attempts(const Forwarding& forwarding) {
  for (const auto& retry : forwarding.transaction.retries) {
    const auto latest = attempts_.find({retry.at.partition, retry.offset});
    if (latest != attempts_.end() && latest->second == forwarding.number) attempts_.erase(latest);
  }
}

// Starts the errands that waited for that forwarding.
void DeadLetterForwarder::release_behind(std::uint64_t number) {
  while (auto errand = behind_.extract(number)) wait_or_start(std::move(errand.mapped()));
}

void DeadLetterForwarder::begin_removal(Forwarding& forwarding) {
  if (forwarding.transaction.dead_letters_removed.empty()) return;
  ++forwarding.open;
  topic_.remove(forwarding.transaction.dead_letters_removed, "replayed",
                [this, self = shared_from_this(), number = forwarding.number](Status status) {
                  mailbox_.post([this, self, number, status = std::move(status)] {
                    answered_removal(number, status);
                  });
                });
}

void DeadLetterForwarder::send(std::uint64_t number, std::vector<std::size_t> which,
                               std::vector<kafka::RawRecord> records) {
  topic_.write(
      std::move(records), [this, self = shared_from_this(), number,
                           which = std::move(which)](std::vector<kafka::Refused> refused) mutable {
        mailbox_.post([this, self, number, which = std::move(which), refused = std::move(refused)] {
          answered(number, which, refused);
        });
      });
}

void DeadLetterForwarder::answered(std::uint64_t number, const std::vector<std::size_t>& which,
                                   const std::vector<kafka::Refused>& refused) {
  const auto found = std::ranges::find(waiting_, number, &Forwarding::number);
  if (found == waiting_.end()) return;  // abandoned
  Forwarding& forwarding = *found;
  for (const std::size_t i : which) forwarding.taken[i] = true;
  for (const kafka::Refused& one : refused) {
    const std::size_t i = which[one.index];
    forwarding.taken[i] = false;
    refused_forwarding_ = std::max(refused_forwarding_, number);
    refused_ = fmt::format("E6108: a dead letter is kept in the data folder: {}", one.error.text());
    observe::log::warn(
        refused_, {{"binding", setup_.binding},
                   {"letter", model::dead_letter_text(setup_.binding,
                                                      forwarding.transaction.dead_letters[i].id)}});
  }
  // An answer that was overtaken says nothing of how it is now.
  if (refused.empty() && number > refused_forwarding_) refused_.clear();
  --forwarding.open;
  drain();
}

void DeadLetterForwarder::answered_removal(std::uint64_t number, const Status& status) {
  const auto found = std::ranges::find(waiting_, number, &Forwarding::number);
  if (found == waiting_.end()) return;  // abandoned
  Forwarding& forwarding = *found;
  if (!status)
    observe::log::warn(fmt::format("E6108: a dead letter that was replayed could not be marked as "
                                   "done and stays in the list: {}",
                                   status.error().text()),
                       {{"binding", setup_.binding}});
  --forwarding.open;
  drain();
}

void DeadLetterForwarder::drain() {
  while (!waiting_.empty() && waiting_.front().open == 0) {
    Forwarding forwarding = std::move(waiting_.front());
    waiting_.pop_front();
    bytes_ -= forwarding.bytes;
    forget_attempts(forwarding);
    forwarding.next(rest_of(forwarding));
    release_behind(forwarding.number);
  }
}

// What the topic has is not for the store, nor is what the store had of it from earlier.
model::Transaction DeadLetterForwarder::rest_of(Forwarding& forwarding) {
  model::Transaction rest = std::move(forwarding.transaction);
  std::vector<model::DeadLetter> refused;
  for (std::size_t i = 0; i < forwarding.taken.size(); ++i) {
    model::DeadLetter& letter = rest.dead_letters[i];
    if (!forwarding.taken[i])
      refused.push_back(std::move(letter));
    else if (store_.dead_letter_count(letter.id.binding) > 0)
      rest.dead_letters_removed.push_back(letter.id);
  }
  rest.dead_letters = std::move(refused);
  return rest;
}

Result<std::optional<kafka::RawRecord>> DeadLetterForwarder::read_source(
    const model::DeadLetter& letter) {
  std::optional<kafka::RawRecord> found;
  auto read = source_.read(letter.id.partition, letter.id.offset, letter.id.offset + 1,
                           [&](kafka::PlacedRecord&& placed) {
                             found = std::move(placed.record);
                             return true;
                           });
  if (!read) return std::unexpected(read.error());
  if (found && !same_event(*found, *letter.event, setup_.source.topic)) found.reset();
  return found;
}

void DeadLetterForwarder::run(Errand&& errand) {
  add_history(errand);
  if (!kafka::holds_record(*errand.letter.event, 0)) return from_source(std::move(errand));
  if (--errands_ == 0) source_.rest();
  auto original = record_of(*errand.letter.event, 0);
  deliver(errand, std::move(original));
}

// What cannot be read is missing from the record; its last attempt is there.
void DeadLetterForwarder::add_history(Errand& errand) {
  if (!errand.history) return;
  auto stored = store_.retry(errand.letter.id.binding, *errand.history, errand.letter.id.offset);
  if (stored) prepend_history(errand.letter, std::move(*stored));
}

void DeadLetterForwarder::from_source(Errand&& errand) {
  auto record = read_source(errand.letter);
  if (!record && record.error().kind == ErrorKind::unavailable)
    return records_.run_after(
        kAgain, [this, self = shared_from_this(), errand = std::move(errand)]() mutable {
          from_source(std::move(errand));
        });
  if (--errands_ == 0) source_.rest();
  if (record && *record) return deliver(errand, std::move(*record));
  // Gone from its topic; a letter that failed again is in ours.
  letters_.run([this, self = shared_from_this(), errand = std::move(errand)]() mutable {
    from_topic(std::move(errand));
  });
}

void DeadLetterForwarder::from_topic(Errand&& errand) {
  auto record = topic_.original(errand.letter.id);
  if (!record && record.error().kind == ErrorKind::unavailable)
    return letters_.run_after(
        kAgain, [this, self = shared_from_this(), errand = std::move(errand)]() mutable {
          from_topic(std::move(errand));
        });
  deliver(errand, record ? std::move(*record) : std::nullopt);
}

void DeadLetterForwarder::deliver(const Errand& errand, std::optional<kafka::RawRecord> original) {
  const bool rebuilt = !original;
  if (rebuilt) original = record_of(*errand.letter.event, 0);
  std::vector<kafka::RawRecord> records;
  records.push_back(letter_record(errand.letter, std::move(*original),
                                  {.topic = setup_.source.topic, .rebuilt = rebuilt}));
  send(errand.number, {errand.index}, std::move(records));
}

}  // namespace pelton::dead_letters
