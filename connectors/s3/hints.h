// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/notices.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pelton::s3 {

// Value. What a notification is about.
struct Hint {
  std::string bucket;
  std::string key;  // decoded
};

// The objects that a notification of S3 is about. Empty: it is none, or S3's test of a new
// destination.
std::vector<Hint> read_notification(std::string_view json);

// Keys of a bucket to be looked at, each once however often notifications name it. Bounded: what
// does not fit is left to a listing. One thread; the box may be filled by others.
class Hints {
 public:
  static constexpr std::size_t kMaxKeys = 10'000;

  // The keys that begin with `prefix`, of the bucket.
  Hints(std::shared_ptr<NoticeBox> box, std::string bucket, std::string prefix)
      : box_(std::move(box)), bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

  // Takes what has come.
  void refresh();
  bool empty() const { return keys_.empty(); }
  std::string next();
  // True once after some did not fit.
  bool take_left_out() { return std::exchange(left_out_, false); }
  // Notifications that could not be read since the last call.
  std::size_t take_unreadable() { return std::exchange(unreadable_, 0); }

 private:
  const std::shared_ptr<NoticeBox> box_;  // shared with who notifies
  const std::string bucket_, prefix_;
  std::deque<std::string> keys_;
  std::unordered_set<std::string> waiting_;  // the same
  bool left_out_ = false;
  std::size_t unreadable_ = 0;
};

}  // namespace pelton::s3
