// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/nested_text.h"

#include <algorithm>

namespace pelton::postgres {

// Bounds that do not begin at 1 are in front: JSON has no place for them.
ArrayText::ArrayText(std::string_view text, char delimiter) : text_(text), delimiter_(delimiter) {
  if (!text.starts_with('[')) return;
  const std::size_t equals = text.find("]={");
  if (equals != std::string_view::npos) at_ = equals + 2;
}

std::optional<ArrayText::Token> ArrayText::next() {
  while (at_ < text_.size() && (depth_ > 0 || !started_)) {
    const char c = text_[at_];
    if (c == delimiter_ && depth_ > 0) {
      ++at_;
    } else if (c == '{') {
      ++at_;
      ++depth_;
      started_ = true;
      return Token{Kind::open};
    } else if (depth_ == 0) {
      break;
    } else if (c == '}') {
      ++at_;
      --depth_;
      return Token{Kind::close};
    } else {
      return c == '"' ? quoted() : plain();
    }
  }
  return std::nullopt;
}

std::optional<ArrayText::Token> ArrayText::quoted() {
  item_.clear();
  for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    item_ += text_[at_];
  }
  good_ = at_ < text_.size();
  if (!good_) return std::nullopt;
  ++at_;
  return Token{Kind::item, item_};
}

std::optional<ArrayText::Token> ArrayText::plain() {
  const std::size_t from = at_;
  while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '}') ++at_;
  const std::string_view item = text_.substr(from, at_ - from);
  return item == "NULL" ? Token{Kind::null} : Token{Kind::item, item};
}

std::optional<std::optional<std::string_view>> RowText::next() {
  // In front of a value is the parenthesis or a comma.
  if (at_ >= text_.size() || text_[at_] != (at_ == 0 ? '(' : ',')) return std::nullopt;
  ++at_;
  item_.clear();
  bool there = false;
  while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ')') {
    there = true;
    if (text_[at_] == '"') {
      if (!quoted()) return std::nullopt;
    } else {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      item_ += text_[at_++];
    }
  }
  if (!there) return std::optional<std::string_view>{};
  return std::optional<std::string_view>{item_};
}

bool RowText::quoted() {
  for (++at_; at_ < text_.size(); ++at_) {
    const bool last = at_ + 1 >= text_.size();
    if (text_[at_] == '\\' && !last) {
      item_ += text_[++at_];
    } else if (text_[at_] == '"') {
      if (last || text_[at_ + 1] != '"') {
        ++at_;
        return true;
      }
      item_ += text_[++at_];
    } else {
      item_ += text_[at_];
    }
  }
  return false;
}

}  // namespace pelton::postgres
