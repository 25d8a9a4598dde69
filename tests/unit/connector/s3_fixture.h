// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/s3_source.h"
#include "tests/contract/memory_ledger.h"
#include "tests/s3/fake_s3.h"

#include <gmock/gmock.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pelton::s3 {

inline std::optional<std::string> no_environment(const char*) {
  return std::nullopt;
}

// A source of a bucket, and what it gives.
class S3SourceTest : public testing::Test {
 protected:
  S3SourceTest() {
    options_.at.connector = "photos";
    options_.at.bucket = "bucket";
    options_.at.endpoint = server_.url();
    options_.at.access_key = "key";
    options_.at.secret_key = "secret";
    options_.at.retries = {2, std::chrono::milliseconds(1)};
    options_.events = {"s3:ObjectCreated:*", "s3:ObjectRemoved:*"};
    options_.poll = std::chrono::milliseconds(1);
  }

  static std::chrono::steady_clock::time_point soon() {
    return std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  }
  void start() {
    source_ = std::make_unique<S3Source>(options_, ledger_, notices_, no_environment, clock_);
    ASSERT_TRUE(source_->connect());
  }
  // Reads, and settles, until a whole listing gave nothing: "put k", "removed k", in order.
  std::vector<std::string> take(connector::Settlement how = connector::Settlement::done) {
    std::vector<std::string> all;
    const auto listed = [&] { return server_.requests().size(); };
    for (std::size_t quiet = 0, before = listed(); quiet < 2;) {
      model::BatchBuilder into;
      const auto read = source_->read(into, 100, 1U << 20, soon());
      EXPECT_TRUE(read) << read.error().text();
      if (!read) break;
      if (into.empty()) {
        quiet += listed() > before ? 1 : 0;
        before = listed();
        continue;
      }
      quiet = 0;
      batch_ = into.finish();
      note(all);
      if (how == connector::Settlement::done) {
        EXPECT_TRUE(ledger_.put(read->position));
      }
      EXPECT_TRUE(source_->settle(read->token, how));
      if (how == connector::Settlement::retry_later) break;
    }
    return all;
  }
  void note(std::vector<std::string>& all) {
    for (std::size_t i = 0; i < batch_->size(); ++i) {
      const bool removed = batch_->type(i).ends_with("Delete");
      all.push_back((removed ? "removed " : "put ") + std::string(batch_->key(i)));
      EXPECT_TRUE(ids_.insert(std::string(batch_->id(i))).second) << "an id came twice";
    }
  }

  test::FakeS3 server_;
  test::MemoryLedger ledger_;
  const std::shared_ptr<NoticeBox> notices_ = std::make_shared<NoticeBox>();
  const SystemClock clock_;
  SourceOptions options_;
  std::unique_ptr<S3Source> source_;
  model::BatchPtr batch_;
  std::set<std::string> ids_;
};

}  // namespace pelton::s3
