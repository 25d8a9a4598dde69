// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace pelton {

// Texts for one reader that tell it where to look: it finds what they are about without them, too,
// only later. Bounded; thread-safe.
class NoticeBox {
 public:
  static constexpr std::size_t kMaxTexts = 1'000;
  static constexpr std::size_t kMaxBytes = 4U << 20;

  // False: it is full.
  bool put(std::string text);
  // All, in their order.
  std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::vector<std::string> texts_;  // guarded by mutex_, as is:
  std::size_t bytes_ = 0;
};

// The boxes of the engine, by the names of their readers. Thread-safe.
class Notices {
 public:
  // The same for each call of the name. Shared by its reader and who writes to it: either may be
  // replaced first.
  std::shared_ptr<NoticeBox> box(const std::string& reader);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<NoticeBox>> boxes_;  // guarded by mutex_
};

}  // namespace pelton
