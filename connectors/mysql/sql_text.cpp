// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/sql_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace pelton::mysql {
namespace {

using TokenKind = SqlToken::Kind;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         (c & 0x80) != 0;
}

char lower_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

char escaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case '0':
      return '\0';
    case 'Z':
      return '\x1A';
    default:
      return c;
  }
}

class Lexer {
 public:
  Lexer(std::string_view sql, std::uint64_t mode) : rest_(sql), mode_(mode) {}

  std::vector<SqlToken> run() {
    while (!rest_.empty()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const char c = rest_.front();
    if (is_space(c))
      rest_.remove_prefix(1);
    else if (skip_comment())
      return;
    else if (c == '`')
      quoted(TokenKind::name);
    else if (c == '"')
      quoted((mode_ & kAnsiQuotes) != 0 ? TokenKind::name : TokenKind::text);
    else if (c == '\'')
      quoted(TokenKind::text);
    else if (is_word(c))
      word();
    else
      sign();
  }

  bool skip_comment() {
    if (rest_.starts_with("/*")) return open_comment();
    // The end of one whose content counts.
    if (inside_ && rest_.starts_with("*/")) {
      rest_.remove_prefix(2);
      inside_ = false;
      return true;
    }
    const bool line = rest_.front() == '#' ||
                      (rest_.starts_with("--") && (rest_.size() == 2 || is_space(rest_[2])));
    if (line) rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    return line;
  }

  bool open_comment() {
    const std::size_t mark = rest_.starts_with("/*M!") ? 4 : rest_.starts_with("/*!") ? 3 : 0;
    if (mark > 0) {
      rest_.remove_prefix(mark);
      while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
      inside_ = true;
      return true;
    }
    const std::size_t end = rest_.find("*/", 2);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 2);
    return true;
  }

  // A doubled quote stands for itself.
  void quoted(TokenKind kind) {
    const char quote = rest_.front();
    const bool escapes = kind == TokenKind::text && (mode_ & kNoBackslashEscapes) == 0;
    SqlToken token{kind, {}, {}};
    std::size_t at = 1;
    for (; at < rest_.size(); ++at) {
      char c = rest_[at];
      if (c == quote) {
        if (at + 1 >= rest_.size() || rest_[at + 1] != quote) break;
        ++at;
      } else if (c == '\\' && escapes && at + 1 < rest_.size()) {
        c = escaped(rest_[++at]);
      }
      token.text += c;
    }
    rest_.remove_prefix(std::min(at + 1, rest_.size()));
    out_.push_back(std::move(token));
  }

  void word() {
    const auto end = std::ranges::find_if_not(rest_, is_word);
    SqlToken token{TokenKind::word, std::string(rest_.begin(), end), {}};
    std::ranges::transform(token.text, std::back_inserter(token.lower), lower_letter);
    rest_.remove_prefix(token.text.size());
    out_.push_back(std::move(token));
  }

  void sign() {
    out_.push_back({TokenKind::sign, std::string(1, rest_.front()), {}});
    rest_.remove_prefix(1);
  }

  std::string_view rest_;
  const std::uint64_t mode_;
  bool inside_ = false;
  std::vector<SqlToken> out_;
};

}  // namespace

std::vector<SqlToken> tokens_of(std::string_view sql, std::uint64_t sql_mode) {
  return Lexer(sql, sql_mode).run();
}

std::string quoted_name(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += c;
    out += c;
  }
  return out + '`';
}

// In hexadecimal: no mode and no character set reads that in another way.
std::string quoted_text(std::string_view text) {
  std::string out = "_utf8mb4 X'";
  for (const char c : text)
    fmt::format_to(std::back_inserter(out), "{:02X}", static_cast<std::uint8_t>(c));
  return out + '\'';
}

}  // namespace pelton::mysql
