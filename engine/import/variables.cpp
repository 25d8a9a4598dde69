// SPDX-License-Identifier: Apache-2.0
#include "engine/import/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pelton::importer {
namespace {

bool is_word_character(char c) {
  return c == '_' || c == '-' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9');
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

// The end of the ${...} that begins at `at`: the index of its brace, or npos.
std::size_t closing(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (std::size_t i = at; i < std::min(text.size(), at + Variables::kMaxVariable); ++i) {
    if (text.substr(i, 2) == "${") {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

// "source", of "source:address" and "source(path):address"; empty: it is no variable, but what
// CloudFormation calls ${Name} and ${AWS::Region}.
std::string source_of(std::string_view inside) {
  std::size_t end = 0;
  while (end < inside.size() && is_word_character(inside[end])) ++end;
  if (end == 0 || end == inside.size()) return {};
  const bool pseudo = inside.substr(end, 2) == "::";
  if (pseudo || (inside[end] != ':' && inside[end] != '(')) return {};
  return std::string(inside.substr(0, end));
}

bool is_quoted(const std::string& text) {
  return text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
         text.back() == text.front();
}

bool is_number_or_truth(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return text == "true" || text == "false" ||
         (error == std::errc{} && end == text.data() + text.size());
}

bool plain_name(std::string_view name) {
  return !name.empty() && name.find('-') == std::string_view::npos &&
         std::ranges::all_of(name, is_word_character);
}

// A part of a longer text that needs no braces of its own.
bool harmless(std::string_view text) {
  return text.find_first_of("{}$") == std::string_view::npos;
}

}  // namespace

Variables::Variables(const Node& root, VariableSources sources, config::Diagnostics& problems)
    : root_(root), sources_(std::move(sources)), problems_(problems) {}

std::vector<Variables::Piece> Variables::pieces(const std::string& text) {
  std::vector<Piece> all;
  std::string literal;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.compare(at, 2, "${") == 0 ? closing(text, at) : std::string::npos;
    if (text.compare(at, 3, "\\${") == 0) {
      literal += "${";
      at += 3;
    } else if (end != std::string::npos &&
               !source_of(std::string_view(text).substr(at + 2, end - at - 2)).empty()) {
      if (!literal.empty()) all.push_back({std::exchange(literal, {})});
      all.push_back({text.substr(at + 2, end - at - 2), true});
      at = end + 1;
    } else {
      literal += text[at++];
    }
  }
  if (!literal.empty()) all.push_back({std::move(literal)});
  return all;
}

// Split at the commas that are in no quotes, braces or parentheses.
std::vector<std::string> Variables::candidates(const std::string& inside) {
  std::vector<std::string> all;
  std::size_t begin = 0;
  int depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const char c = inside[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '{' || c == '(') {
      ++depth;
    } else if (c == '}' || c == ')') {
      --depth;
    } else if (c == ',' && depth == 0) {
      all.push_back(trimmed(inside.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  all.push_back(trimmed(inside.substr(begin)));
  return all;
}

Variables::Found Variables::made(std::string text, Place place) {
  made_.push_back(importer::written(std::move(text), place));
  return {&made_.back()};
}

Variables::Found Variables::fail_at(Place place, const char* code, const std::string& why) {
  problems_.error(place, code, why);
  return {nullptr, true};
}

const Node* Variables::value(const Node& node) {
  if (node.kind != Node::Kind::scalar) return &node;
  const std::vector<Piece> parts = pieces(node.text);
  if (parts.size() != 1 || !parts.front().variable) return &node;
  const Found found = look_up(parts.front().text, node.place, Form::text);
  return found.node;
}

std::optional<std::string> Variables::text(const Node& node) {
  return flatten(node, Form::text);
}

std::optional<std::string> Variables::written(const Node& node) {
  return flatten(node, Form::written);
}

bool Variables::is_kept(const Node& node) {
  const std::vector<Piece> parts = pieces(node.text);
  return node.kind == Node::Kind::scalar && parts.size() == 1 && parts.front().variable &&
         kept(parts.front().text).has_value();
}

std::optional<std::string> Variables::flatten(const Node& node, Form form) {
  if (node.kind == Node::Kind::null) return std::string();
  if (node.kind != Node::Kind::scalar) {
    problems_.error(node.place, "E1007", fmt::format("a text is needed, not {}", node.kind_name()));
    return std::nullopt;
  }
  std::string out;
  for (const Piece& piece : pieces(node.text)) {
    if (!piece.variable) {
      out += form == Form::written ? escaped(piece.text) : piece.text;
      continue;
    }
    auto part = replaced(piece.text, node.place, form);
    if (!part) return std::nullopt;
    out += *part;
    if (out.size() <= kMaxText) continue;
    problems_.error(node.place, "E1041",
                    fmt::format("its variables make a text of more than {} bytes", kMaxText));
    return std::nullopt;
  }
  return out;
}

std::optional<std::string> Variables::kept(const std::string& inside) {
  const std::vector<std::string> all = candidates(inside);
  if (!all.front().starts_with("env:") || all.size() > 2) return std::nullopt;
  const std::string name = all.front().substr(4);
  if (!plain_name(name)) return std::nullopt;
  if (all.size() == 1) return fmt::format("${{env:{}}}", name);
  std::string fallback = all.back();
  if (is_quoted(fallback))
    fallback = fallback.substr(1, fallback.size() - 2);
  else if (!is_number_or_truth(fallback))
    return std::nullopt;
  if (!harmless(fallback)) return std::nullopt;
  return fmt::format("${{env:{}:-{}}}", name, fallback);
}

std::optional<std::string> Variables::replaced(const std::string& inside, Place place, Form form) {
  if (form == Form::written)
    if (auto reference = kept(inside)) return reference;
  const Found found = look_up(inside, place, form);
  if (found.node == nullptr) return std::nullopt;
  if (found.node->kind == Node::Kind::map || found.node->kind == Node::Kind::sequence) {
    problems_.error(
        place, "E1040",
        fmt::format("${{{}}} is {} and cannot be part of a text", inside, found.node->kind_name()));
    return std::nullopt;
  }
  const bool escape = form == Form::written && !found.written;
  return escape ? escaped(found.node->text) : found.node->text;
}

Variables::Found Variables::look_up(const std::string& inside, Place place, Form form) {
  if (std::ranges::find(under_way_, inside) != under_way_.end()) {
    std::string way;
    for (const std::string& one : under_way_) way += fmt::format("${{{}}} -> ", one);
    return fail_at(place, "E1041",
                   fmt::format("a variable refers to itself: {}${{{}}}", way, inside));
  }
  if (under_way_.size() >= kMaxDepth || ++lookups_ > kMaxLookups)
    return fail_at(place, "E1041",
                   under_way_.size() >= kMaxDepth
                       ? fmt::format("variables refer to one another more than {} deep", kMaxDepth)
                       : fmt::format("more than {} variables have to be resolved", kMaxLookups));
  under_way_.push_back(inside);
  Found found = first_of(inside, place, form);
  under_way_.pop_back();
  if (found.node != nullptr || found.failed) return found;
  return fail_at(place, "E1040", fmt::format("${{{}}} cannot be resolved: {}", inside, found.why));
}

// The first candidate that is there, or why the first one is not.
Variables::Found Variables::first_of(const std::string& inside, Place place, Form form) {
  Found first;
  for (const std::string& candidate : candidates(inside)) {
    Found found = one(candidate, place, form);
    if (found.node != nullptr || found.failed) return found;
    if (first.why.empty()) first = std::move(found);
  }
  return first;
}

Variables::Found Variables::one(const std::string& candidate, Place place, Form form) {
  if (candidate.starts_with("${") && closing(candidate, 0) == candidate.size() - 1) {
    const std::string inside = candidate.substr(2, candidate.size() - 3);
    return source_of(inside).empty() ? made(candidate, place) : first_of(inside, place, form);
  }
  if (candidate == "null") {
    Found nothing = made("", place);
    made_.back().kind = Node::Kind::null;
    return nothing;
  }
  if (is_quoted(candidate)) {
    const Node literal = importer::written(candidate.substr(1, candidate.size() - 2), place);
    auto text = flatten(literal, Form::text);
    if (!text) return {nullptr, true};
    Found found = made(std::move(*text), place);
    made_.back().quoted = true;
    return found;
  }
  auto name = flatten(importer::written(candidate, place), Form::text);
  if (!name) return {nullptr, true};
  const std::string source = source_of(*name);
  if (source.empty() && is_number_or_truth(*name)) return made(*name, place);
  if (source.empty())
    return {nullptr, false,
            fmt::format("\"{}\" is neither a variable nor a text in quotes", *name)};
  return from_source(source, name->substr(source.size()), place, form);
}

Variables::Found Variables::from_source(const std::string& source, const std::string& rest,
                                        Place place, Form form) {
  if (source == "file") {
    const auto end = rest.find(')');
    if (!rest.starts_with('(') || end == std::string::npos)
      return {nullptr, false, "it is not ${file(PATH)} or ${file(PATH):KEY}"};
    const std::string behind = rest.substr(end + 1);
    return from_file(trimmed(rest.substr(1, end - 1)), behind.empty() ? "" : behind.substr(1),
                     place);
  }
  if (!rest.starts_with(':'))
    return {nullptr, false, fmt::format("the source {} is not available here", source)};
  const std::string name = rest.substr(1);
  if (source == "self") return from_self(name, place, form);
  if (source == "env") return from_environment(name, place);
  if (source == "param") return from_params(name, place);
  if (source == "opt" && name == "stage" && !sources_.stage.empty())
    return made(sources_.stage, place);
  if (source == "opt") return {nullptr, false, fmt::format("there is no --{}", name)};
  if (source == "sls" && name == "stage") return made(stage(), place);
  if (source == "sls" && name == "instanceId") return made(sources_.instance, place);
  if (source == "aws" && name == "region") return made(region(), place);
  if (source == "aws" && name == "accountId") return made(kAccount, place);
  return {nullptr, false,
          fmt::format("{}:{} is not available here; give it a fallback: ${{{}:{}, 'value'}}",
                      source, name, source, name)};
}

Variables::Found Variables::from_self(const std::string& address, Place place, Form form) {
  if (address == "provider.stage") return made(stage(), place);
  Found found = walk(root_, address, place, form);
  if (found.node == nullptr && !found.failed && address == "provider.region")
    return made(region(), place);
  return found;
}

Variables::Found Variables::from_environment(const std::string& name, Place place) {
  auto found = sources_.environment(name);
  if (!found) return {nullptr, false, fmt::format("the variable {} is not set", name)};
  problems_.hide(*found, "${env:" + name + "}");
  return made(std::move(*found), place);
}

Variables::Found Variables::from_params(const std::string& name, Place place) {
  if (const auto given = sources_.params.find(name); given != sources_.params.end())
    return made(given->second, place);
  for (const std::string& group : {stage(), std::string("default")}) {
    const Found found = walk(root_, fmt::format("params.{}.{}", group, name), place, Form::text);
    if (found.node != nullptr || found.failed) return found;
  }
  return {nullptr, false,
          fmt::format("there is no parameter {}; give it as --param {}=VALUE", name, name)};
}

const Node* Variables::child(const Node& node, const std::string& key) {
  if (node.kind != Node::Kind::sequence) return node.find(key);
  std::size_t index = 0;
  const char* const end = key.data() + key.size();
  const auto read = std::from_chars(key.data(), end, index);
  const bool good = read.ec == std::errc{} && read.ptr == end && index < node.items.size();
  return good ? &node.items[index] : nullptr;
}

Variables::Found Variables::walk(const Node& from, const std::string& address, Place place,
                                 Form form) {
  const Node* at = &from;
  for (std::size_t begin = 0; begin < address.size();) {
    const std::size_t point = std::min(address.find('.', begin), address.size());
    at = value(*at);
    if (at == nullptr) return {nullptr, true};
    at = child(*at, address.substr(begin, point - begin));
    if (at == nullptr || at->kind == Node::Kind::null)
      return {nullptr, false, fmt::format("there is no {}", address.substr(0, point))};
    begin = point + 1;
  }
  const Node* whole = form == Form::written ? at : value(*at);
  if (whole == nullptr) return {nullptr, true};
  if (whole->kind != Node::Kind::scalar) return {whole};
  auto text = flatten(*whole, form);
  if (!text) return {nullptr, true};
  Found found = made(std::move(*text), place);
  made_.back().quoted = whole->quoted;
  found.written = form == Form::written;
  return found;
}

std::string Variables::stage() {
  if (!sources_.stage.empty()) return sources_.stage;
  if (!stage_) {
    const Found found = walk(root_, "provider.stage", root_.place, Form::text);
    stage_ = found.node != nullptr ? found.node->text : "dev";
  }
  return *stage_;
}

std::string Variables::region() {
  if (!region_) {
    const Found found = walk(root_, "provider.region", root_.place, Form::text);
    region_ = found.node != nullptr ? found.node->text : "us-east-1";
  }
  return *region_;
}

}  // namespace pelton::importer
