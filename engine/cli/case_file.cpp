// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/case_file.h"

#include "engine/config/yaml/diagnostic.h"
#include "engine/config/yaml/tree.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace pelton::cli {
namespace {

using config::Node;

// An unquoted scalar that is a JSON number, true or false is that; the rest is text.
json::value scalar(const Node& node) {
  boost::system::error_code error;
  json::value value = json::parse(node.text, error);
  const bool plain = !error && (value.is_number() || value.is_bool());
  return plain && !node.quoted ? value : json::value(node.text);
}

json::value json_of(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return nullptr;
    case Node::Kind::scalar:
      return scalar(node);
    case Node::Kind::sequence: {
      json::array list;
      for (const Node& item : node.items) list.push_back(json_of(item));
      return list;
    }
    case Node::Kind::map:
      break;
  }
  json::object object;
  for (const auto& [key, value] : node.entries) object[key.text] = json_of(value);
  return object;
}

// Reads the tree; the first problem is kept.
class CaseReader {
 public:
  explicit CaseReader(const std::filesystem::path& file) : file_(file) {}

  CaseFile read(const Node& root) {
    CaseFile all;
    check(root, Node::Kind::map, {"config", "function", "cases"}, "the file");
    const std::string config = text(root, "config", "pelton.yaml");
    all.config = file_.parent_path() / config;
    const std::string function = text(root, "function", "");
    const Node* cases = root.find("cases");
    if (cases == nullptr || cases->kind != Node::Kind::sequence || cases->items.empty()) {
      problem(cases == nullptr ? root : *cases, "`cases` must be a list of cases");
      return all;
    }
    for (const Node& node : cases->items) all.cases.push_back(read_case(node, function));
    return all;
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  Case read_case(const Node& node, const std::string& function) {
    Case one;
    check(node, Node::Kind::map,
          {"name", "function", "event", "event_file", "outcome", "outputs", "response", "error"},
          "a case");
    one.name = text(node, "name", "");
    one.function = text(node, "function", function);
    if (one.name.empty()) problem(node, "a case needs a `name`");
    if (one.function.empty()) problem(node, "no `function` is named, here or above `cases`");
    one.event = event(node);
    if (const Node* error = node.find("error")) {
      check(*error, Node::Kind::map, {"type", "message"}, "`error`");
      for (const auto& [key, value] : error->entries) one.error[key.text] = value.text;
      one.outcome = "failed";
    }
    one.outcome = text(node, "outcome", one.outcome);
    if (one.outcome != "done" && one.outcome != "failed" && one.outcome != "timeout")
      problem(node, "`outcome` must be done, failed or timeout");
    if (const Node* outputs = node.find("outputs")) one.outputs = events(*outputs);
    if (const Node* response = node.find("response")) one.response = json_of(*response);
    return one;
  }

  json::array events(const Node& node) {
    if (node.kind != Node::Kind::sequence) problem(node, "`outputs` must be a list of events");
    json::array list;
    for (const Node& item : node.items) {
      if (item.kind != Node::Kind::map) problem(item, "an output must be an event: {data: ...}");
      list.push_back(json_of(item));
    }
    return list;
  }

  json::value event(const Node& node) {
    const Node* inline_event = node.find("event");
    const Node* file = node.find("event_file");
    if ((inline_event == nullptr) == (file == nullptr))
      problem(node, "a case needs either `event` or `event_file`");
    if (inline_event != nullptr) return json_of(*inline_event);
    if (file == nullptr) return {};
    std::ostringstream contents;
    contents << std::ifstream(file_.parent_path() / file->text).rdbuf();
    boost::system::error_code error;
    json::value value = json::parse(contents.str(), error);
    if (error) problem(*file, fmt::format("{} cannot be read as JSON", file->text));
    return value;
  }

  std::string text(const Node& node, const char* key, const std::string& otherwise) {
    const Node* found = node.find(key);
    if (found == nullptr) return otherwise;
    if (found->kind != Node::Kind::scalar) problem(*found, fmt::format("`{}` must be a text", key));
    return found->text;
  }

  void check(const Node& node, Node::Kind kind, const std::vector<std::string>& keys,
             const char* what) {
    if (node.kind != kind) return problem(node, fmt::format("{} must be a mapping", what));
    for (const auto& [key, value] : node.entries)
      if (std::ranges::find(keys, key.text) == keys.end())
        problem(key, fmt::format("{} has no `{}`{}", what, key.text,
                                 config::did_you_mean(key.text, keys)));
  }

  void problem(const Node& at, const std::string& what) {
    if (!error_)
      error_ =
          Error{ErrorKind::invalid, "E5063",
                fmt::format("{}:{}:{}: {}", file_.string(), at.place.line, at.place.column, what)};
  }

  const std::filesystem::path file_;
  std::optional<Error> error_;
};

void compare_values(const std::string& place, const json::value& expected, const json::value& got,
                    std::vector<Difference>& into);

void compare_lists(const std::string& place, const json::array& expected, const json::array& got,
                   std::vector<Difference>& into) {
  for (std::size_t i = 0; i < std::max(expected.size(), got.size()); ++i) {
    const std::string item = fmt::format("{}[{}]", place, i);
    if (i >= got.size())
      into.push_back({item, expected[i], std::nullopt});
    else if (i >= expected.size())
      into.push_back({item, std::nullopt, got[i]});
    else
      compare_values(item, expected[i], got[i], into);
  }
}

// `all`: also members that are not expected are a difference.
void compare_objects(const std::string& place, const json::object& expected,
                     const json::object& got, bool all, std::vector<Difference>& into) {
  const auto at = [&](std::string_view name) {
    return place.empty() ? std::string(name) : fmt::format("{}.{}", place, name);
  };
  for (const auto& [name, value] : expected) {
    if (const json::value* other = got.if_contains(name))
      compare_values(at(name), value, *other, into);
    else
      into.push_back({at(name), value, std::nullopt});
  }
  for (const auto& [name, value] : got)
    if (all && !expected.contains(name)) into.push_back({at(name), std::nullopt, value});
}

bool same_number(const json::value& a, const json::value& b) {
  boost::system::error_code error;
  return a.is_number() && b.is_number() && a.to_number<double>(error) == b.to_number<double>(error);
}

void compare_values(const std::string& place, const json::value& expected, const json::value& got,
                    std::vector<Difference>& into) {
  if (expected.is_object() && got.is_object())
    return compare_objects(place, expected.get_object(), got.get_object(), true, into);
  if (expected.is_array() && got.is_array())
    return compare_lists(place, expected.get_array(), got.get_array(), into);
  if (expected != got && !same_number(expected, got)) into.push_back({place, expected, got});
}

// Of an event only the attributes that are named, their values whole.
void compare_outputs(const json::array& expected, const json::array& got,
                     std::vector<Difference>& into) {
  const std::size_t both = std::min(expected.size(), got.size());
  for (std::size_t i = 0; i < both; ++i)
    compare_objects(fmt::format("outputs[{}]", i), as_object(expected[i]), as_object(got[i]), false,
                    into);
  for (std::size_t i = both; i < expected.size(); ++i)
    into.push_back({fmt::format("outputs[{}]", i), expected[i], std::nullopt});
  for (std::size_t i = both; i < got.size(); ++i)
    into.push_back({fmt::format("outputs[{}]", i), std::nullopt, got[i]});
}

}  // namespace

Result<CaseFile> read_cases(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorKind::invalid, "E5020", "{} cannot be read", file.string());
  std::ostringstream text;
  text << in.rdbuf();
  config::Diagnostics problems;
  const Node root = config::parse_yaml(text.str(), problems);
  if (problems.has_errors()) {
    const config::Diagnostic first = problems.sorted().front();
    return fail(ErrorKind::invalid, "E5063", "{}:{}:{}: {}", file.string(), first.place.line,
                first.place.column, first.message);
  }
  CaseReader reader(file);
  CaseFile cases = reader.read(root);
  if (reader.error()) return std::unexpected(*reader.error());
  return cases;
}

std::vector<Difference> differences(const Case& expected, const json::object& answer) {
  std::vector<Difference> all;
  compare_values("outcome", json::value(expected.outcome), json::value(text_of(answer, "outcome")),
                 all);
  if (expected.outputs) compare_outputs(*expected.outputs, list_of(answer, "outputs"), all);
  if (expected.response) {
    const json::value* got = answer.if_contains("response");
    compare_values("response", *expected.response, got == nullptr ? json::value() : *got, all);
  }
  if (!expected.error.empty())
    compare_objects("error", expected.error, object_of(answer, "error"), false, all);
  return all;
}

}  // namespace pelton::cli
