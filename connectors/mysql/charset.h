// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace pelton::mysql {

// Makes UTF-8 of texts in one of the servers' character sets. Bytes that it cannot read become
// U+FFFD. One thread.
class Charset {
 public:
  // By the server's name ("latin1"). A name that is not known is read as ASCII.
  explicit Charset(std::string_view name);
  ~Charset();
  Charset(const Charset&) = delete;
  Charset& operator=(const Charset&) = delete;

  // The text as it is where it is UTF-8 already, else in `scratch`.
  std::string_view to_utf8(std::string_view text, std::string& scratch) const;

 private:
  void* converter_ = nullptr;  // iconv's; null: nothing to convert
  bool utf8_ = false;
  bool latin1_ = false;
  bool ascii_ = false;  // ASCII texts are the same in it
};

}  // namespace pelton::mysql
