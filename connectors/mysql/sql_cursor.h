// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/sql_text.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace pelton::mysql {

// Goes through the tokens of a statement.
class SqlCursor {
 public:
  explicit SqlCursor(std::vector<SqlToken> tokens) : tokens_(std::move(tokens)) {}

  bool done() const { return at_ >= tokens_.size(); }
  bool is(std::string_view word) const { return !done() && tokens_[at_].lower == word; }
  bool is_sign(char sign) const {
    return !done() && tokens_[at_].kind == SqlToken::Kind::sign && tokens_[at_].text[0] == sign;
  }
  // Takes these words, if all of them come next.
  bool take(std::initializer_list<std::string_view> words) {
    std::size_t i = at_;
    for (const std::string_view word : words) {
      if (i >= tokens_.size() || tokens_[i].lower != word) return false;
      ++i;
    }
    at_ = i;
    return true;
  }
  bool take(std::string_view word) { return take({word}); }
  bool take_any(std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words)
      if (take(word)) return true;
    return false;
  }
  bool take_sign(char sign) {
    if (!is_sign(sign)) return false;
    ++at_;
    return true;
  }
  // A name, in quotes or not; nothing: something else comes next.
  std::optional<std::string> take_name() {
    if (done() || tokens_[at_].kind == SqlToken::Kind::sign ||
        tokens_[at_].kind == SqlToken::Kind::text)
      return std::nullopt;
    return tokens_[at_++].text;
  }
  // Null at the end.
  const SqlToken* next() { return done() ? nullptr : &tokens_[at_++]; }
  const SqlToken* peek() const { return done() ? nullptr : &tokens_[at_]; }
  // Passes over one token, or over all between two parentheses.
  void skip() {
    int depth = 0;
    do {
      if (is_sign('(')) ++depth;
      if (is_sign(')')) --depth;
      ++at_;
    } while (depth > 0 && !done());
  }
  // Up to the next comma or closing parenthesis of this level, or the end.
  void skip_item() {
    while (!done() && !is_sign(',') && !is_sign(')')) skip();
  }
  void restart() { at_ = 0; }

 private:
  std::vector<SqlToken> tokens_;
  std::size_t at_ = 0;
};

}  // namespace pelton::mysql
