// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <string_view>

namespace pelton::database {

// Keeps texts until it is cleared. One thread.
class TextArena {
 public:
  std::string_view add(std::string_view text) {
    if (text.empty()) return {};
    auto* const to = static_cast<char*>(memory_.allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    bytes_ += text.size();
    return {to, text.size()};
  }
  std::size_t bytes() const { return bytes_; }
  void clear() {
    memory_.release();
    bytes_ = 0;
  }

 private:
  std::pmr::monotonic_buffer_resource memory_;
  std::size_t bytes_ = 0;
};

}  // namespace pelton::database
