// SPDX-License-Identifier: Apache-2.0
#include "engine/http/json_text.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>

namespace pelton::http {
namespace {

namespace json = boost::json;

// Takes what the parser finds and keeps nothing.
struct Ignore {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Code = json::error_code;
  using Text = json::string_view;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_string_part(Text, std::size_t, Code&) { return true; }
  bool on_string(Text, std::size_t, Code&) { return true; }
  bool on_key_part(Text, std::size_t, Code&) { return true; }
  bool on_key(Text, std::size_t, Code&) { return true; }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(std::int64_t, Text, Code&) { return true; }
  bool on_uint64(std::uint64_t, Text, Code&) { return true; }
  bool on_double(double, Text, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Walks through text that is known to be JSON.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  char peek() const { return text_[at_]; }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  void step() { ++at_; }

  std::string_view string() {
    const std::size_t begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Not recursive: whatever the depth.
  std::string_view value() {
    const std::size_t begin = at_;
    std::size_t depth = 0;
    do {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
      if (depth == 0 && (c == '}' || c == ']')) break;
    } while (at_ < text_.size());
    return text_.substr(begin, at_ - begin);
  }

 private:
  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

JsonCheck check_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Ignore> parser(options);
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::make_error_code(json::error::extra_data);
  if (!error) return {};
  if (text.starts_with("\xef\xbb\xbf"))
    return std::unexpected(JsonFault{0, "it begins with a byte order mark"});
  return std::unexpected(JsonFault{std::min(read, text.size()), error.message()});
}

std::expected<std::vector<JsonMember>, JsonFault> json_members(std::string_view text) {
  Cutter cutter(text);
  cutter.skip_spaces();
  if (cutter.peek() != '{') return std::unexpected(JsonFault{cutter.at(), "not an object"});
  cutter.step();
  std::vector<JsonMember> members;
  for (;;) {
    cutter.skip_spaces();
    if (cutter.peek() == '}') return members;
    if (cutter.peek() == ',') {
      cutter.step();
      cutter.skip_spaces();
    }
    JsonMember member;
    member.at = cutter.at();
    member.name = json_string(cutter.string());
    if (members.size() >= kMaxJsonMembers)
      return std::unexpected(JsonFault{member.at, "more members than any request has"});
    if (std::ranges::find(members, member.name, &JsonMember::name) != members.end())
      return std::unexpected(
          JsonFault{member.at, "the member " + json_quoted(member.name) + " appears twice"});
    cutter.skip_spaces();
    cutter.step();  // the colon
    cutter.skip_spaces();
    member.value = cutter.value();
    members.push_back(std::move(member));
  }
}

std::string json_string(std::string_view value) {
  if (value.find('\\') == std::string_view::npos)
    return std::string(value.substr(1, value.size() - 2));
  json::error_code error;
  const json::value parsed = json::parse(json::string_view(value.data(), value.size()), error);
  return error ? std::string() : std::string(parsed.get_string());
}

std::expected<std::vector<std::string_view>, JsonFault> json_elements(std::string_view text,
                                                                      std::size_t most) {
  Cutter cutter(text);
  cutter.skip_spaces();
  if (cutter.peek() != '[') return std::unexpected(JsonFault{cutter.at(), "not an array"});
  cutter.step();
  std::vector<std::string_view> elements;
  for (;;) {
    cutter.skip_spaces();
    if (cutter.peek() == ']') return elements;
    if (cutter.peek() == ',') {
      cutter.step();
      cutter.skip_spaces();
    }
    if (elements.size() >= most)
      return std::unexpected(JsonFault{cutter.at(), fmt::format("more than {} elements", most)});
    elements.push_back(cutter.value());
  }
}

std::optional<std::vector<std::string>> json_strings(std::string_view array) {
  Cutter cutter(array);
  cutter.step();
  std::vector<std::string> texts;
  for (;;) {
    cutter.skip_spaces();
    if (cutter.peek() == ']') return texts;
    if (cutter.peek() == ',') {
      cutter.step();
      cutter.skip_spaces();
    }
    if (cutter.peek() != '"') return std::nullopt;
    texts.push_back(json_string(cutter.string()));
  }
}

}  // namespace pelton::http
