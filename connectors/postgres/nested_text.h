// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The text forms of arrays and composite values, piece by piece. Text that is not of the form ends
// early, and complete() is false.
namespace pelton::postgres {

// "{1,NULL,\"a b\"}", "[0:1]={{1,2},{3,4}}".
class ArrayText {
 public:
  enum class Kind : std::uint8_t { open, close, null, item };
  struct Token {
    Kind kind;
    std::string_view text{};  // item: unescaped; until the next call
  };

  ArrayText(std::string_view text, char delimiter);
  std::optional<Token> next();
  // All of it was read, and its braces close.
  bool complete() const { return good_ && started_ && depth_ == 0 && at_ == text_.size(); }

 private:
  std::optional<Token> quoted();
  std::optional<Token> plain();

  std::string_view text_;
  const char delimiter_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool good_ = true;
  bool started_ = false;
  std::string item_;
};

// "(1,,\"a \"\"b\"\"\")": a value that is not there is null.
class RowText {
 public:
  explicit RowText(std::string_view text) : text_(text) {}
  // The next value, null without one; nothing: there is no next one. Until the next call.
  std::optional<std::optional<std::string_view>> next();
  bool complete() const { return text_.substr(at_) == ")"; }

 private:
  bool quoted();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string item_;
};

}  // namespace pelton::postgres
