// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace pelton::directory {

// Collects sentences for the operator, each about one file at most once: a link that every scan
// meets is not told of every time. Bounded; what does not fit is counted in one sentence. One
// thread.
class Warnings {
 public:
  // `about` and `code` say what the sentence is of.
  void add(std::string_view code, std::string_view about, std::string_view sentence);
  std::vector<std::string> take();

 private:
  static constexpr std::size_t kMaxPending = 20;
  static constexpr std::size_t kMaxKnown = 10'000;

  std::vector<std::string> pending_;
  std::size_t left_out_ = 0;
  std::unordered_set<std::uint64_t> known_;
};

}  // namespace pelton::directory
