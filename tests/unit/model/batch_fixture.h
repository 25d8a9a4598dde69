// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace pelton::model {

inline EventView event(std::string_view key, std::string_view data, std::string_view type = "t") {
  EventView view;
  view.has_key = true;
  view.key = key;
  view.data = data;
  view.type = type;
  view.time_us = 1'700'000'000'000'000;
  return view;
}

// A plain event, one with every attribute and an empty key, one with nothing but a time.
inline BatchPtr three() {
  BatchBuilder builder;
  builder.add(event("a", "one"));
  EventView second = event("", "two", "other");
  second.subject = "s";
  second.id = "id-2";
  second.source = "/devices";
  second.content_type = "text/plain";
  second.headers = {{"h", "1"}, {"h", "2"}, {"empty", ""}};
  builder.add(second);
  EventView third;
  third.has_data = false;
  third.time_us = 5;
  builder.add(third);
  return builder.finish();
}

// Owns what a random event views.
struct RandomEvent {
  explicit RandomEvent(std::mt19937& random) {
    const auto text = [&](std::size_t most) {
      std::string out(random() % (most + 1), '\0');
      for (char& c : out) c = static_cast<char>(random());
      return out;
    };
    const auto word = [&](const char* prefix) {
      return random() % 3 == 0 ? std::string() : prefix + std::to_string(random() % 4);
    };
    for (std::string& value : texts) value = text(40);
    words = {word("type-"), word("source-"), word("text/")};
    view.data = texts[0];
    view.key = texts[1];
    view.subject = texts[2];
    view.id = texts[3];
    view.type = words[0];
    view.source = words[1];
    view.content_type = words[2];
    view.time_us = static_cast<std::int64_t>(random()) - (1 << 30);
    view.has_key = random() % 2 == 0;
    view.has_data = random() % 5 != 0;
    for (std::size_t i = random() % 3; i > 0; --i) view.headers.push_back({words[0], texts[2]});
    if (!view.has_key) view.key = {};
    if (!view.has_data) view.data = {};
  }
  RandomEvent(const RandomEvent&) = delete;
  RandomEvent& operator=(const RandomEvent&) = delete;

  std::array<std::string, 4> texts;
  std::array<std::string, 3> words;
  EventView view;
};

inline void expect_same(const EventView& got, const EventView& wanted) {
  EXPECT_EQ(got.id, wanted.id);
  EXPECT_EQ(got.source, wanted.source);
  EXPECT_EQ(got.type, wanted.type);
  EXPECT_EQ(got.subject, wanted.subject);
  EXPECT_EQ(got.content_type, wanted.content_type);
  EXPECT_EQ(got.has_key, wanted.has_key);
  EXPECT_EQ(got.key, wanted.key);
  EXPECT_EQ(got.has_data, wanted.has_data);
  EXPECT_EQ(got.data, wanted.data);
  EXPECT_EQ(got.time_us, wanted.time_us);
  ASSERT_EQ(got.headers.size(), wanted.headers.size());
  for (std::size_t i = 0; i < got.headers.size(); ++i) {
    EXPECT_EQ(got.headers[i].name, wanted.headers[i].name);
    EXPECT_EQ(got.headers[i].value, wanted.headers[i].value);
  }
}

// Reads everything that a batch claims to have.
inline std::size_t touch(const Batch& batch) {
  std::size_t sum = 0;
  std::string_view value;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const EventView view = batch.event(i);
    for (const std::string_view text :
         {view.id, view.source, view.type, view.subject, view.content_type, view.key, view.data})
      for (const char c : text) sum += static_cast<unsigned char>(c);
    for (const Header& header : view.headers) sum += header.name.size() + header.value.size();
    sum += static_cast<std::size_t>(batch.delta(i)) + batch.find_header(i, "h", value);
  }
  return sum;
}

}  // namespace pelton::model
