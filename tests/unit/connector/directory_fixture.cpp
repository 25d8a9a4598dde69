// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/connector/directory_fixture.h"

#include <algorithm>

namespace pelton::directory {
namespace {

using std::chrono::steady_clock;

Seen seen_of(const model::Batch& batch, std::size_t i, connector::AckToken token) {
  Seen seen;
  seen.token = token;
  seen.id = batch.id(i);
  seen.source = batch.source(i);
  seen.type = batch.type(i);
  seen.subject = batch.subject(i);
  seen.key = batch.key(i);
  seen.content_type = batch.content_type(i);
  seen.data = batch.data(i);
  seen.has_data = batch.has_data(i);
  seen.time_us = batch.time_us(i);
  for (const model::Header& header : batch.headers(i))
    seen.headers.emplace(header.name, header.value);
  return seen;
}

}  // namespace

Result<std::vector<Seen>> DirectorySourceTest::read(std::chrono::milliseconds time,
                                                    std::size_t max_events, std::size_t max_bytes) {
  model::BatchBuilder into;
  const auto token = source_->read(into, max_events, max_bytes, steady_clock::now() + time);
  if (!token) return std::unexpected(token.error());
  std::vector<Seen> out;
  if (into.empty()) return out;
  const auto batch = into.finish();
  for (std::size_t i = 0; i < batch->size(); ++i) out.push_back(seen_of(*batch, i, token->token));
  return out;
}

std::vector<Seen> DirectorySourceTest::take(std::size_t count,
                                            std::optional<connector::Settlement> how) {
  std::vector<Seen> all;
  const auto until = steady_clock::now() + std::chrono::seconds(20);
  while (all.size() < count && steady_clock::now() < until) {
    auto got = read(std::chrono::milliseconds(50));
    EXPECT_TRUE(got) << got.error().text();
    if (!got) break;
    if (!got->empty() && how) {
      EXPECT_TRUE(source_->settle(got->front().token, *how));
    }
    std::ranges::move(*got, std::back_inserter(all));
  }
  EXPECT_EQ(all.size(), count);
  return all;
}

void DirectorySourceTest::expect_quiet(std::chrono::milliseconds time) {
  const auto until = steady_clock::now() + time;
  while (steady_clock::now() < until) {
    const auto got = read(std::chrono::milliseconds(20));
    ASSERT_TRUE(got) << got.error().text();
    for (const Seen& seen : *got) ADD_FAILURE() << "an event for " << seen.subject;
  }
}

void DirectorySourceTest::remember_warnings() {
  std::ranges::move(source_->take_warnings(), std::back_inserter(warnings_));
}

bool DirectorySourceTest::warned(const std::string& part) {
  remember_warnings();
  return std::ranges::any_of(
      warnings_, [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

DirectorySourceTest::Names DirectorySourceTest::names(const std::vector<Seen>& seen) {
  Names out;
  for (const Seen& one : seen) out.push_back(one.subject);
  std::ranges::sort(out);
  return out;
}

}  // namespace pelton::directory
