// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_record.h"

#include "engine/base/units.h"
#include "engine/kafka/records/record_decoder.h"
#include "engine/model/dead_letter_text.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace pelton::dead_letters {
namespace {

using kafka::RawHeader;
using kafka::RawRecord;

constexpr BindingId kBill{3};

model::BatchPtr event_of(const RawRecord& record) {
  model::BatchBuilder builder;
  kafka::RecordDecoder("kafka:orders").add(record, builder);
  return builder.finish();
}

model::DeadLetter letter_of(const RawRecord& record) {
  model::DeadLetter letter;
  letter.id = {kBill, PartitionId{2}, 17};
  letter.binding = "bill";
  letter.stream = "sales";
  letter.function = "price";
  letter.time = *parse_time("2026-01-02T03:04:05Z");
  letter.reason = "attempts";
  letter.idempotency_key = std::string("\0key", 4);
  letter.replays = 2;
  letter.retry.attempts = 5;
  letter.retry.worker_kills = 1;
  letter.retry.first = *parse_time("2026-01-02T03:00:00Z");
  letter.retry.history = {
      {1, letter.retry.first, "crash", "signal 9", "", "", "price-1"},
      {2, letter.time, "error", "ValueError", "no \xff rate", "at 1", "price-2"}};
  letter.event = event_of(record);
  return letter;
}

std::optional<std::string> header(const RawRecord& record, std::string_view name) {
  for (auto at = record.headers.rbegin(); at != record.headers.rend(); ++at)
    if (at->name == name) return at->value;
  return std::nullopt;
}

std::vector<RawRecord> records() {
  const RawRecord plain{
      "k", "value", {{"a", "1"}, {"b", "2"}, {"a", ""}, {"a", std::nullopt}}, 1'000, {}};
  const RawRecord bare{std::nullopt, "v", {}, 0, {}};
  const RawRecord tombstone{std::string("\0\xff", 2), std::nullopt, {}, 5, {}};
  const RawRecord binary{"k",
                         "{}",
                         {{"x", "1"},
                          {"ce_specversion", "1.0"},
                          {"ce_time", "2026-01-01T00:00:00.000Z"},
                          {"ce_id", "i"},
                          {"ce_type", "t"},
                          {"ce_source", "/s"}},
                         7,
                         {}};
  const RawRecord structured{"k",
                             R"({ "id": "i", "source": "/s", "type": "t", "data": [1, 2] })",
                             {{"content-type", "application/cloudevents+json"}},
                             7,
                             {}};
  return {plain, bare, tombstone, binary, structured};
}

TEST(LetterRecord, KeepsTheRecordByteForByte) {
  for (const RawRecord& record : records()) {
    const RawRecord written = letter_record(letter_of(record), record, {.topic = "orders"});
    EXPECT_EQ(written.key, record.key);
    EXPECT_EQ(written.value, record.value);
    ASSERT_GT(written.headers.size(), record.headers.size());
    EXPECT_TRUE(std::equal(record.headers.begin(), record.headers.end(), written.headers.begin()));
    const RawRecord original = original_of(written);
    EXPECT_EQ(original.headers, record.headers);
    EXPECT_EQ(original.time_ms, record.time_ms);
  }
}

TEST(LetterRecord, IsTheLetterWhenRead) {
  for (const RawRecord& record : records()) {
    const model::DeadLetter before = letter_of(record);
    const model::DeadLetter after =
        read_letter(letter_record(before, record, {.topic = "orders"}), before.id);
    EXPECT_EQ(after.id, before.id);
    EXPECT_EQ(after.binding, "bill");
    EXPECT_EQ(after.stream, "sales");
    EXPECT_EQ(after.function, "price");
    EXPECT_EQ(after.time, before.time);
    EXPECT_EQ(after.reason, "attempts");
    EXPECT_EQ(after.idempotency_key, before.idempotency_key);
    EXPECT_EQ(after.replays, 2U);
    EXPECT_EQ(after.retry.attempts, 5U);
    EXPECT_EQ(after.retry.worker_kills, 1U);
    EXPECT_EQ(after.retry.first, before.retry.first);
    ASSERT_EQ(after.retry.history.size(), 2U);
    EXPECT_EQ(after.retry.history[1].type, "ValueError");
    EXPECT_EQ(after.retry.history[1].message, "no \xef\xbf\xbd rate");
    EXPECT_EQ(after.retry.history[1].time, before.time);
    EXPECT_EQ(after.event->bytes(), before.event->bytes());
  }
}

TEST(LetterRecord, HasTheTimeOfTheLetterSoThatRetentionCountsFromThere) {
  const RawRecord record = records()[0];
  const RawRecord written = letter_record(letter_of(record), record, {.topic = "orders"});
  EXPECT_EQ(written.time_ms, 1'767'323'045'000);
  EXPECT_EQ(header(written, "pelton.dead-letter.record-time"), "1000");
}

TEST(LetterRecord, SaysWhatConnectSays) {
  const RawRecord record = records()[0];
  const RawRecord written = letter_record(letter_of(record), record, {.topic = "orders"});
  EXPECT_EQ(header(written, "__connect.errors.topic"), "orders");
  EXPECT_EQ(header(written, "__connect.errors.partition"), "2");
  EXPECT_EQ(header(written, "__connect.errors.offset"), "17");
  EXPECT_EQ(header(written, "__connect.errors.connector.name"), "bill");
  EXPECT_EQ(header(written, "__connect.errors.task.id"), "0");
  EXPECT_EQ(header(written, "__connect.errors.stage"), "TASK_PUT");
  EXPECT_EQ(header(written, "__connect.errors.class.name"), "price");
  EXPECT_EQ(header(written, "__connect.errors.exception.class.name"), "ValueError");
  EXPECT_EQ(header(written, "__connect.errors.exception.message"), "no \xef\xbf\xbd rate");
  EXPECT_EQ(header(written, "__connect.errors.exception.stacktrace"), "at 1");
}

TEST(LetterRecord, LeavesAsConnectDoesWhatTheRecordBrings) {
  RawRecord record = records()[0];
  record.headers.push_back({"__connect.errors.topic", "first"});
  const RawRecord written = letter_record(letter_of(record), record, {.topic = "orders"});
  EXPECT_EQ(std::ranges::count(written.headers, "__connect.errors.topic", &RawHeader::name), 1);
  EXPECT_EQ(header(written, "__connect.errors.topic"), "first");
  EXPECT_EQ(mark_of(written).topic, "orders");
}

TEST(LetterRecord, OfALetterThatFailedElsewhereIsTheOuterOne) {
  const RawRecord record = records()[0];
  const RawRecord inner = letter_record(letter_of(record), record, {.topic = "orders"});
  model::DeadLetter letter = letter_of(inner);
  letter.binding = "second";
  letter.id.offset = 1;
  const RawRecord outer = letter_record(letter, inner, {.topic = "orders.dead"});
  EXPECT_EQ(mark_of(outer).binding, "second");
  EXPECT_EQ(mark_of(outer).topic, "orders.dead");
  EXPECT_EQ(mark_of(outer).offset, 1);
  EXPECT_EQ(original_of(outer).headers, inner.headers);
}

TEST(LetterRecord, HeadersThatOthersAddBehindDoNotHideIt) {
  const RawRecord record = records()[0];
  RawRecord written = letter_record(letter_of(record), record, {.topic = "orders"});
  written.headers.push_back({"mirrored", "yes"});
  EXPECT_EQ(mark_of(written).kind, LetterMark::Kind::letter);
  EXPECT_EQ(original_of(written).headers, record.headers);
}

TEST(LetterRecord, NamesTheIncarnationOfTheTopicThatItCameFrom) {
  const RawRecord record = records()[0];
  model::DeadLetter letter = letter_of(record);
  letter.id.stream = Incarnation{0xfedcba9876543210};
  const RawRecord written = letter_record(letter, record, {.topic = "orders"});
  EXPECT_EQ(header(written, "pelton.dead-letter.id"),
            model::dead_letter_text(letter.binding, letter.id));
  EXPECT_EQ(mark_of(written).stream, letter.id.stream);
  letter.id.stream = Incarnation{1};
  EXPECT_NE(mark_of(letter_record(letter, record, {.topic = "orders"})).stream,
            mark_of(written).stream);
}

TEST(LetterRecord, ARemovalNamesTheLetterAndItsPlace) {
  const RawRecord removal =
      removal_record({"bill/2/17/00000000000000ab", "bill", "orders", PartitionId{5}, 99}, "purged",
                     *parse_time("2026-01-02T03:04:05Z"));
  EXPECT_EQ(removal.key, "bill/2/17/00000000000000ab");
  EXPECT_FALSE(removal.value);
  EXPECT_EQ(removal.partition, PartitionId{5});
  const LetterMark mark = mark_of(removal);
  EXPECT_EQ(mark.kind, LetterMark::Kind::removal);
  EXPECT_EQ(mark.binding, "bill");
  EXPECT_EQ(mark.topic, "orders");
  EXPECT_EQ(mark.partition, PartitionId{2});
  EXPECT_EQ(mark.offset, 17);
  EXPECT_EQ(mark.stream, Incarnation{0xab});
  EXPECT_EQ(mark.up_to, 99);
  EXPECT_EQ(header(removal, "pelton.dead-letter.removed"), "purged");
}

TEST(LetterRecord, WhatOthersWroteIsForeign) {
  const std::string count = "pelton.dead-letter.headers", id = "pelton.dead-letter.id";
  for (const auto& headers :
       std::vector<std::vector<RawHeader>>{{},
                                           {{"a", "b"}},
                                           {{count, "0"}},
                                           {{count, "2"}},
                                           {{count, "18446744073709551615"}},
                                           {{count, std::nullopt}},
                                           {{id, "bill/0/1/ab"}, {count, "x"}},
                                           {{id, "bill"}, {count, "2"}},
                                           {{id, "/0/1/ab"}, {count, "2"}},
                                           {{id, "bill/0/1"}, {count, "2"}},
                                           {{id, "bill/0/1/ab"}}}) {
    const RawRecord record{"k", "v", headers, 0, {}};
    EXPECT_EQ(mark_of(record).kind, LetterMark::Kind::foreign);
    EXPECT_EQ(read_letter(record, {kBill, PartitionId{0}, 0}).event->data(0), "v");
  }
}

TEST(LetterRecord, GarbageInItsHeadersIsPassedOver) {
  RawRecord written = letter_record(letter_of(records()[0]), records()[0], {.topic = "orders"});
  for (RawHeader& added : written.headers)
    if (added.name.ends_with("history") || added.name.ends_with("time") ||
        added.name.ends_with("replays"))
      added.value = "[{]";
  const model::DeadLetter letter = read_letter(written, {kBill, PartitionId{0}, 0});
  EXPECT_TRUE(letter.retry.history.empty());
  EXPECT_EQ(letter.replays, 0U);
  EXPECT_EQ(letter.reason, "attempts");
}

TEST(LetterRecord, OfAPlainEventIsItsRecord) {
  const RawRecord plain{"k",
                        "value",
                        {{"b", "2"}, {"a", "1"}, {"b", "3"}, {"content-type", "text/plain"}},
                        1'000,
                        {}};
  for (const RawRecord& record : {plain, records()[1], records()[2]}) {
    const auto event = event_of(record);
    ASSERT_TRUE(kafka::holds_record(*event, 0));
    const RawRecord made = record_of(*event, 0);
    EXPECT_EQ(made.key, record.key);
    EXPECT_EQ(made.value, record.value);
    EXPECT_EQ(made.headers, record.headers);
    EXPECT_EQ(made.time_ms, record.time_ms);
  }
}

TEST(LetterRecord, OfACloudEventOrWithANullHeaderIsNotInItsEvent) {
  for (const std::size_t i : {0U, 3U, 4U})
    EXPECT_FALSE(kafka::holds_record(*event_of(records()[i]), 0)) << i;
}

TEST(LetterRecord, OfACloudEventThatIsGoneIsTheSameEvent) {
  for (const std::size_t i : {3U, 4U}) {
    const auto event = event_of(records()[i]);
    const auto again = event_of(record_of(*event, 0));
    EXPECT_EQ(again->id(0), "i");
    EXPECT_EQ(again->source(0), event->source(0));
    EXPECT_EQ(again->data(0), event->data(0));
    EXPECT_EQ(again->time_us(0), event->time_us(0));
  }
}

}  // namespace
}  // namespace pelton::dead_letters
