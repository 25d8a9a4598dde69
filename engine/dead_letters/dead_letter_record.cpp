// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_record.h"

#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/kafka/records/record_decoder.h"
#include "engine/model/dead_letter_text.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

namespace pelton::dead_letters {
namespace {

namespace json = boost::json;
using kafka::RawHeader;
using kafka::RawRecord;

constexpr std::string_view kConnect = "__connect.errors.";
constexpr std::string_view kOwn = "pelton.dead-letter.";
constexpr std::string_view kCount = "headers";

std::string own(std::string_view name) {
  return std::string(kOwn).append(name);
}

// Adds headers, and at the end says how many.
class Adder {
 public:
  explicit Adder(RawRecord& record) : record_(record), first_(record.headers.size()) {}
  void add(std::string_view name, std::string value) {
    record_.headers.push_back({own(name), std::move(value)});
  }
  void add(std::string_view name, std::int64_t value) { add(name, std::to_string(value)); }
  void add_time(std::string_view name, WallTime time) {
    if (time != WallTime{}) add(name, format_time(time));
  }
  // As Connect does: what the record brings is not said again.
  void add_connect(std::string_view name, std::string value) {
    std::string full = std::string(kConnect).append(name);
    const auto end = record_.headers.begin() + static_cast<std::ptrdiff_t>(first_);
    if (std::find_if(record_.headers.begin(), end, [&](const auto& h) { return h.name == full; }) ==
        end)
      record_.headers.push_back({std::move(full), std::move(value)});
  }
  void count() { add(kCount, static_cast<std::int64_t>(record_.headers.size() - first_ + 1)); }

 private:
  RawRecord& record_;
  const std::size_t first_;
};

template <typename Number>
Number number_of(std::string_view text, int base = 10) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

WallTime time_of(std::string_view text) {
  const auto time = parse_time(text);
  return time ? *time : WallTime{};
}

std::string history_text(const std::vector<model::Attempt>& history) {
  json::array all;
  for (const model::Attempt& attempt : history)
    all.push_back({{"number", attempt.number},
                   {"time", format_time(attempt.time)},
                   {"cause", attempt.cause},
                   {"type", to_utf8(attempt.type)},
                   {"message", to_utf8(attempt.message)},
                   {"stack", to_utf8(attempt.stack)},
                   {"worker", attempt.worker}});
  return json::serialize(all);
}

std::vector<model::Attempt> read_history(std::string_view text) {
  std::vector<model::Attempt> history;
  json::error_code error;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), error);
  const json::array* all = error ? nullptr : parsed.if_array();
  if (all == nullptr) return history;
  for (const json::value& value : *all) {
    const json::object* object = value.if_object();
    if (object == nullptr || history.size() == model::kMaxHistory) continue;
    const json::value* number = object->if_contains("number");
    model::Attempt attempt;
    if (number != nullptr && number->is_int64())
      attempt.number = static_cast<std::uint32_t>(number->as_int64());
    attempt.time = time_of(text_of(*object, "time"));
    attempt.cause = text_of(*object, "cause");
    attempt.type = text_of(*object, "type");
    attempt.message = text_of(*object, "message");
    attempt.stack = text_of(*object, "stack");
    attempt.worker = text_of(*object, "worker");
    history.push_back(std::move(attempt));
  }
  return history;
}

// The headers that were added: from the last that counts them back. Empty: none were.
std::span<const RawHeader> added_to(const RawRecord& record) {
  const std::string name = own(kCount);
  for (std::size_t i = record.headers.size(); i-- > 0;) {
    if (record.headers[i].name != name) continue;
    const auto count = number_of<std::uint64_t>(record.headers[i].value.value_or(""));
    if (count == 0 || count > i + 1) return {};
    return std::span(record.headers).subspan(i + 1 - count, count);
  }
  return {};
}

std::string_view value_in(std::span<const RawHeader> added, std::string_view name) {
  const std::string full = own(name);
  const auto at = std::ranges::find(added, full, &RawHeader::name);
  return at == added.end() || !at->value ? std::string_view{} : std::string_view(*at->value);
}

// What Connect's tools read. The stage is that of a sink's work; our "task" is the only one.
void add_connect(Adder& adder, const model::DeadLetter& letter, const std::string& topic) {
  adder.add_connect("topic", topic);
  adder.add_connect("partition", std::to_string(letter.id.partition.value));
  adder.add_connect("offset", std::to_string(letter.id.offset));
  adder.add_connect("connector.name", letter.binding);
  adder.add_connect("task.id", "0");
  adder.add_connect("stage", "TASK_PUT");
  adder.add_connect("class.name", letter.function);
  if (letter.retry.history.empty()) return;
  const model::Attempt& last = letter.retry.history.back();
  adder.add_connect("exception.class.name", to_utf8(last.type.empty() ? last.cause : last.type));
  adder.add_connect("exception.message", to_utf8(last.message));
  adder.add_connect("exception.stacktrace", to_utf8(last.stack));
}

void add_header(RawRecord& record, std::string_view name, std::string_view value) {
  if (!value.empty()) record.headers.push_back({std::string(name), std::string(value)});
}

// Its fields from the last one backwards, "" once there are none; what is left is the binding.
class IdFields {
 public:
  explicit IdFields(std::string_view text) : text_(text) {}
  std::string_view last() {
    const auto at = text_.rfind('/');
    if (at == std::string_view::npos) return {};
    const std::string_view field = text_.substr(at + 1);
    text_ = text_.substr(0, at);
    return field;
  }
  std::string_view rest() const { return text_; }

 private:
  std::string_view text_;
};

}  // namespace

RawRecord letter_record(const model::DeadLetter& letter, RawRecord original,
                        const LetterSource& source) {
  RawRecord record = std::move(original);
  const std::int64_t record_time = std::exchange(record.time_ms, to_us(letter.time) / 1000);
  record.partition.reset();
  Adder adder(record);
  add_connect(adder, letter, source.topic);
  adder.add("id", model::dead_letter_text(letter.binding, letter.id));
  adder.add("binding", letter.binding);
  adder.add("function", letter.function);
  adder.add("stream", letter.stream);
  adder.add("topic", source.topic);
  adder.add("partition", letter.id.partition.value);
  adder.add("offset", letter.id.offset);
  adder.add("record-time", record_time);
  adder.add("reason", letter.reason);
  adder.add_time("time", letter.time);
  adder.add("attempts", letter.retry.attempts);
  adder.add("worker-kills", letter.retry.worker_kills);
  adder.add_time("first-failure", letter.retry.first);
  adder.add("replays", letter.replays);
  adder.add("idempotency-key", letter.idempotency_key);
  adder.add("history", history_text(letter.retry.history));
  if (source.rebuilt) adder.add("rebuilt", "true");
  adder.count();
  return record;
}

// Its key is no record's: in a compacted topic it must not stand for one.
RawRecord removal_record(const Removal& removal, std::string_view why, WallTime now) {
  RawRecord record;
  record.key = removal.id;
  record.time_ms = to_us(now) / 1000;
  record.partition = removal.partition;
  Adder adder(record);
  adder.add("id", removal.id);
  adder.add("binding", removal.binding);
  adder.add("topic", removal.topic);
  adder.add("removed", std::string(why));
  adder.add("up-to", removal.up_to);
  adder.add_time("time", now);
  adder.count();
  return record;
}

LetterMark mark_of(const RawRecord& record) {
  const auto added = added_to(record);
  IdFields id(value_in(added, "id"));
  const std::string_view stream = id.last(), offset = id.last(), partition = id.last();
  LetterMark mark;
  if (partition.empty() || id.rest().empty()) return mark;
  mark.binding = id.rest();
  mark.topic = value_in(added, "topic");
  mark.partition = PartitionId{number_of<std::uint32_t>(partition)};
  mark.offset = number_of<Offset>(offset);
  mark.stream = Incarnation{number_of<std::uint64_t>(stream, 16)};
  mark.up_to = number_of<Offset>(value_in(added, "up-to"));
  mark.kind =
      value_in(added, "removed").empty() ? LetterMark::Kind::letter : LetterMark::Kind::removal;
  return mark;
}

model::DeadLetter read_letter(const RawRecord& record, const model::DeadLetterId& id) {
  const auto added = added_to(record);
  const auto text = [&](std::string_view name) { return std::string(value_in(added, name)); };
  const LetterMark mark = mark_of(record);
  model::DeadLetter letter;
  letter.id = id;
  letter.binding = mark.binding;
  letter.stream = text("stream");
  letter.function = text("function");
  letter.time = time_of(text("time"));
  letter.reason = text("reason");
  letter.idempotency_key = text("idempotency-key");
  letter.replays = number_of<std::uint32_t>(text("replays"));
  letter.retry.attempts = number_of<std::uint32_t>(text("attempts"));
  letter.retry.worker_kills = number_of<std::uint32_t>(text("worker-kills"));
  letter.retry.first = time_of(text("first-failure"));
  letter.retry.history = read_history(text("history"));
  model::BatchBuilder builder;
  kafka::RecordDecoder("kafka:" + mark.topic).add(original_of(record), builder);
  letter.event = builder.finish();
  return letter;
}

RawRecord original_of(const RawRecord& record) {
  const auto added = added_to(record);
  RawRecord original = record;
  original.partition.reset();
  if (added.empty()) return original;
  original.time_ms = number_of<std::int64_t>(value_in(added, "record-time"));
  original.headers.resize(static_cast<std::size_t>(added.data() - record.headers.data()));
  return original;
}

RawRecord record_of(const model::Batch& batch, std::size_t i) {
  RawRecord record;
  if (batch.has_key(i)) record.key = std::string(batch.key(i));
  if (batch.has_data(i)) record.value = std::string(batch.data(i));
  record.time_ms = batch.time_us(i) / 1000;
  if (!batch.id(i).empty()) {
    add_header(record, "ce_specversion", "1.0");
    add_header(record, "ce_id", batch.id(i));
    add_header(record, "ce_source", batch.source(i));
    add_header(record, "ce_type", batch.type(i));
    add_header(record, "ce_subject", batch.subject(i));
    if (batch.time_us(i) > 0) add_header(record, "ce_time", format_time(from_us(batch.time_us(i))));
    add_header(record, "content-type", batch.content_type(i));
  }
  if (batch.header_bytes(i).empty()) return record;
  for (const model::Header& header : batch.headers(i))
    record.headers.push_back({std::string(header.name), std::string(header.value)});
  return record;
}

}  // namespace pelton::dead_letters
