// SPDX-License-Identifier: Apache-2.0
// The hand-written codec against the Protobuf library.
#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/native/codec.h"

#include <gtest/gtest.h>
#include <pelton/v1/worker.pb.h>

#include <random>

namespace pelton::worker::codec {
namespace {

model::BatchPtr batch() {
  model::BatchBuilder builder;
  model::EventView event;
  event.data = "payload";
  builder.add(event);
  builder.add(event);
  return builder.finish();
}

v1::ToEngine result() {
  v1::ToEngine message;
  v1::Result& r = *message.mutable_result();
  r.set_frame(7);
  r.set_first(3);
  r.set_count(3);
  r.set_outcome(std::string("\0\1\3", 3));
  v1::Failure& f = *r.add_failure();
  f.set_index(4);
  f.set_type("ValueError");
  f.set_message("bad");
  f.set_retry_after_ms(250);
  return message;
}

TEST(Codec, AnInvokeIsProtobuf) {
  model::Frame frame;
  frame.id = FrameId{9};
  frame.binding = "b";
  frame.stream = "s";
  frame.partition = PartitionId{2};
  frame.base = 41;
  frame.order = model::Order::none;
  frame.attempts = {1, 3};
  frame.idempotency_keys = {"k1", "key2"};
  frame.key_prefix = "b/s/7/2/";
  frame.batch = batch();
  const std::string bytes = encode_invoke_header(frame) + std::string(frame.batch->bytes());
  ASSERT_EQ(*frame_length(bytes), bytes.size() - 4);
  v1::ToWorker message;
  ASSERT_TRUE(message.ParseFromString(bytes.substr(4)));
  const v1::Invoke& invoke = message.invoke();
  EXPECT_EQ(invoke.frame(), 9U);
  EXPECT_EQ(invoke.stream(), "s");
  EXPECT_EQ(invoke.base_offset(), 41);
  EXPECT_EQ(invoke.attempt(1), 3U);
  EXPECT_EQ(invoke.idempotency_key(), "k1key2");
  EXPECT_EQ(invoke.key_prefix(), "b/s/7/2/");
  EXPECT_EQ(invoke.order(), v1::Invoke::NONE);
  EXPECT_EQ(invoke.events().count(), 2U);
}

TEST(Codec, AResultIsRead) {
  const auto read = decode(result().SerializeAsString());
  ASSERT_TRUE(read);
  const auto& answer = std::get<Answer>(*read);
  EXPECT_EQ(answer.frame.value, 7U);
  ASSERT_EQ(answer.result.not_done.size(), 2U);
  EXPECT_EQ(answer.result.not_done[0].index, 4U);
  EXPECT_EQ(*answer.result.not_done[0].retry_after, std::chrono::milliseconds(250));
  EXPECT_EQ(answer.result.not_done[1].code, model::OutcomeCode::skipped);
}

TEST(Codec, EventsWithoutBlameFailedTogether) {
  v1::ToEngine message;
  message.mutable_result()->set_frame(7);
  message.mutable_result()->set_first(2);
  message.mutable_result()->set_count(3);
  message.mutable_result()->set_outcome("\4\4\4");
  const auto read = decode(message.SerializeAsString());
  ASSERT_TRUE(read);
  const model::FrameResult& result = std::get<Answer>(*read).result;
  EXPECT_TRUE(result.together);
  ASSERT_EQ(result.not_done.size(), 1U);
  EXPECT_EQ(result.not_done[0].index, 2U);
  EXPECT_EQ(result.not_done[0].code, model::OutcomeCode::retry);
  message.mutable_result()->set_outcome(std::string("\4\0\4", 3));
  EXPECT_FALSE(decode(message.SerializeAsString())) << "all of them or none";
}

v1::ToEngine named_outputs(std::initializer_list<std::uint32_t> numbers) {
  v1::ToEngine message;
  v1::Result& r = *message.mutable_result();
  r.set_frame(7);
  r.set_count(2);
  r.add_stream("bills");
  r.add_stream("al\xffrts");
  for (const std::uint32_t number : numbers) r.add_output_stream(number);
  EXPECT_TRUE(r.mutable_outputs()->ParseFromString(std::string(batch()->bytes())));
  return message;
}

TEST(Codec, OutputsMayNameTheirStreams) {
  const auto read = decode(named_outputs({2, 0}).SerializeAsString());
  ASSERT_TRUE(read) << read.error().text();
  const model::FrameResult& result = std::get<Answer>(*read).result;
  EXPECT_EQ(result.streams, (std::vector<std::string>{"bills", "al\xEF\xBF\xBDrts"}));
  EXPECT_EQ(result.output_streams, (std::vector<std::uint32_t>{2, 0}));
}

TEST(Codec, StreamsThatOutputsCannotHaveAreRefused) {
  EXPECT_FALSE(decode(named_outputs({1, 3}).SerializeAsString())) << "of two names";
  EXPECT_FALSE(decode(named_outputs({1}).SerializeAsString())) << "of two outputs";
  v1::ToEngine none = named_outputs({1, 1});
  none.mutable_result()->clear_outputs();
  EXPECT_FALSE(decode(none.SerializeAsString()));
  v1::ToEngine many = named_outputs({1, 1});
  for (int i = 0; i < 1000; ++i) many.mutable_result()->add_stream("s");
  EXPECT_FALSE(decode(many.SerializeAsString()));
}

TEST(Codec, ContradictionsAreRefused) {
  auto message = result();
  message.mutable_result()->set_outcome(
      std::string("\0\0\0", 3));  // a failure of an event that is done
  EXPECT_FALSE(decode(message.SerializeAsString()));
  message.mutable_result()->set_outcome("\1");
  EXPECT_FALSE(decode(message.SerializeAsString()));
  message.mutable_result()->set_outcome(std::string("\0\1\x9", 3));
  EXPECT_FALSE(decode(message.SerializeAsString()));
  v1::ToEngine version;
  version.mutable_ready()->set_protocol(99);
  EXPECT_FALSE(decode(version.SerializeAsString()));
  EXPECT_FALSE(decode(""));
}

TEST(Codec, WhatWouldBeStoredIsChecked) {
  const auto decoded = [](auto change) {
    auto message = result();
    v1::EventBatch& outputs = *message.mutable_result()->mutable_outputs();
    EXPECT_TRUE(outputs.ParseFromString(std::string(batch()->bytes())));
    change(outputs);
    const auto read = decode(message.SerializeAsString());
    return read ? std::string("good") : read.error().message;
  };
  EXPECT_EQ(decoded([](v1::EventBatch&) {}), "good");
  EXPECT_NE(decoded([](v1::EventBatch& b) {
              b.add_offset_delta(0);
              b.add_offset_delta(4'000'000'000);
            }).find("offsets"),
            std::string::npos);
  EXPECT_NE(decoded([](v1::EventBatch& b) {
              b.Clear();
              b.set_count(10'000'000);
            }).find("too many"),
            std::string::npos);
  for (const std::int64_t time : {INT64_MAX, INT64_MIN, std::int64_t{253'402'300'800'000'000}})
    EXPECT_NE(decoded([time](v1::EventBatch& b) {
                b.clear_time_us();
                b.add_time_us(time);
              }).find("time"),
              std::string::npos)
        << time;
}

TEST(Codec, MutatedResultsNeverCrash) {
  auto message = result();
  ASSERT_TRUE(
      message.mutable_result()->mutable_outputs()->ParseFromString(std::string(batch()->bytes())));
  const std::string bytes = message.SerializeAsString();
  std::mt19937 random(5);
  int good = 0;
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string hostile = bytes.substr(0, 1 + random() % bytes.size());
    for (int i = 0; i < 2; ++i) hostile[random() % hostile.size()] = static_cast<char>(random());
    const auto read = decode(hostile);
    ++(read ? good : refused);
    if (read) continue;
    ASSERT_EQ(read.error().kind, ErrorKind::invalid);
    ASSERT_FALSE(read.error().message.empty());
  }
  EXPECT_GT(good, 10);
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace pelton::worker::codec
