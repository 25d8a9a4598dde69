// SPDX-License-Identifier: Apache-2.0
#include "engine/config/reader.h"

#include "engine/base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace pelton::config {
namespace {

template <typename Number>
std::optional<Number> whole_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::unexpected<Error> wrong(const char* code, std::string message) {
  return std::unexpected(Error{ErrorKind::invalid, code, std::move(message)});
}

Result<OptionValue> parse_number(const OptionSpec& spec, const std::string& text) {
  if (spec.type == OptionType::number) {
    const auto number = whole_number<std::int64_t>(text);
    if (!number) return wrong("E1007", fmt::format("\"{}\" is not a whole number", text));
    return *number;
  }
  const auto number = whole_number<double>(text);
  if (!number) return wrong("E1007", fmt::format("\"{}\" is not a number", text));
  return *number;
}

template <typename T>
Result<OptionValue> with_unit(Result<T>&& parsed) {
  if (!parsed) return wrong("E1008", parsed.error().message);
  return OptionValue(*parsed);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Both sides have the option's type.
bool less(const OptionValue& a, const OptionValue& b) {
  return a < b;
}

// The text of a file without its last line end, as secrets in files are kept.
std::optional<std::string> file_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  std::string all = text.str();
  while (!all.empty() && (all.back() == '\n' || all.back() == '\r')) all.pop_back();
  return all;
}

}  // namespace

Result<OptionValue> parse_value(const OptionSpec& spec, const std::string& text, bool quoted,
                                const std::filesystem::path& folder) {
  switch (spec.type) {
    case OptionType::boolean:
      if (quoted || (text != "true" && text != "false"))
        return wrong("E1007", fmt::format("\"{}\" is neither true nor false", text));
      return text == "true";
    case OptionType::number:
    case OptionType::real:
      return parse_number(spec, text);
    case OptionType::size:
      return with_unit(parse_size(text));
    case OptionType::duration:
      return with_unit(parse_duration(text));
    case OptionType::path:
      return (folder / text).lexically_normal();
    case OptionType::choice:
      if (std::ranges::find(spec.choices, text) == spec.choices.end())
        return wrong("E1010", fmt::format("\"{}\" is none of {}{}", text, joined(spec.choices),
                                          did_you_mean(text, spec.choices)));
      return text;
    case OptionType::text_list:
      return std::vector<std::string>{text};
    default:
      return text;
  }
}

std::optional<std::string> expand(const Node& scalar, ReadContext& context) {
  const std::string& text = scalar.text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      out += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "${") != 0) {
      out += text[at++];
      continue;
    }
    const auto end = text.find('}', at);
    const std::string name = text.substr(at + 2, end == std::string::npos ? end : end - at - 2);
    std::optional<std::string> value;
    if (name.starts_with("env:")) value = context.environment(name.substr(4));
    if (name.starts_with("file:")) value = file_text(context.folder / name.substr(5));
    if (end == std::string::npos || (!name.starts_with("env:") && !name.starts_with("file:"))) {
      context.problems.error(scalar.place, "E1016",
                             fmt::format("\"${{{}}}\" is neither ${{env:NAME}} nor ${{file:path}}; "
                                         "write $${{ for a plain ${{",
                                         name));
      return std::nullopt;
    }
    if (!value) {
      const std::string what = name.substr(name.find(':') + 1);
      context.problems.error(scalar.place, "E1016",
                             name.starts_with("env:") ? "the variable " + what + " is not set"
                                                      : "the file " + what + " cannot be read");
      return std::nullopt;
    }
    out += *value;
    at = end + 1;
  }
  return out;
}

Place Section::place(const std::string& path) const {
  const auto at = nodes_.find(path);
  return at == nodes_.end() ? place_ : at->second->place;
}

const Node* Section::node(const std::string& path) const {
  const auto at = nodes_.find(path);
  return at == nodes_.end() ? nullptr : at->second;
}

// Walks a section's spec and the file's mapping together.
class SectionReader {
 public:
  SectionReader(ReadContext& context, Section& out) : context_(context), out_(out) {}

  void read(const Node* node, const SectionSpec& spec, const std::string& prefix,
            const std::vector<std::string>& extra) {
    if (node != nullptr && node->kind == Node::Kind::null) node = nullptr;
    if (node != nullptr && node->kind != Node::Kind::map) {
      context_.problems.error(
          node->place, "E1007",
          fmt::format("{} must be a mapping, here is {}", spec.name, node->kind_name()));
      node = nullptr;
    }
    if (node != nullptr) check_keys(*node, spec, extra);
    for (const OptionSpec& option : spec.options)
      read_option(node == nullptr ? nullptr : node->find(option.name), option, prefix + option.name,
                  node != nullptr || prefix.empty());
    for (const SectionSpec& section : spec.sections) {
      const Node* child = node == nullptr ? nullptr : node->find(section.name);
      if (child != nullptr) out_.nodes_[prefix + section.name] = child;
      read(child, section, prefix + section.name + ".", {});
    }
  }

 private:
  void check_keys(const Node& node, const SectionSpec& spec,
                  const std::vector<std::string>& extra) {
    std::vector<std::string> known = extra;
    for (const OptionSpec& option : spec.options) known.push_back(option.name);
    for (const SectionSpec& section : spec.sections) known.push_back(section.name);
    for (const auto& [key, value] : node.entries)
      if (std::ranges::find(known, key.text) == known.end())
        context_.problems.error(key.place, "E1005",
                                fmt::format("unknown key \"{}\" in {}{}", key.text, spec.name,
                                            did_you_mean(key.text, known)));
  }

  void read_option(const Node* node, const OptionSpec& option, const std::string& path,
                   bool section_present) {
    if (node != nullptr && node->kind != Node::Kind::null) {
      out_.nodes_[path] = node;
      if (auto value = read_value(*node, option)) out_.values_[path] = std::move(*value);
      return;
    }
    if (option.required && section_present)
      context_.problems.error(node == nullptr ? out_.place_ : node->place, "E1006",
                              fmt::format("\"{}\" is missing: {}", path, option.sentence));
    if (option.fallback.empty()) return;
    // A default is checked by the tests of the specs.
    auto value = parse_value(option, option.fallback, false, context_.folder);
    if (value) out_.values_[path] = std::move(*value);
  }

  std::optional<OptionValue> read_value(const Node& node, const OptionSpec& option) {
    if (option.type == OptionType::text_map || option.type == OptionType::filter)
      return std::nullopt;
    if (option.type == OptionType::text_list && node.kind == Node::Kind::sequence)
      return read_list(node, option);
    if (node.kind != Node::Kind::scalar) {
      context_.problems.error(
          node.place, "E1007",
          fmt::format("\"{}\" must be a value, here is {}", option.name, node.kind_name()));
      return std::nullopt;
    }
    const auto text = expand(node, context_);
    if (!text) return std::nullopt;
    auto value = parse_value(option, *text, node.quoted, context_.folder);
    if (!value) {
      context_.problems.error(node.place, value.error().code,
                              fmt::format("{}: {}", option.name, value.error().message));
      return std::nullopt;
    }
    if (!within_bounds(node, option, *value)) return std::nullopt;
    return std::move(*value);
  }

  std::optional<OptionValue> read_list(const Node& node, const OptionSpec& option) {
    std::vector<std::string> texts;
    for (const Node& item : node.items) {
      if (item.kind != Node::Kind::scalar) {
        context_.problems.error(
            item.place, "E1007",
            fmt::format("\"{}\" is a list of texts, here is {}", option.name, item.kind_name()));
        continue;
      }
      if (auto text = expand(item, context_)) texts.push_back(std::move(*text));
    }
    return texts;
  }

  bool within_bounds(const Node& node, const OptionSpec& option, const OptionValue& value) {
    auto bound = [&](const std::string& text) { return *parse_value(option, text, false, {}); };
    std::string problem;
    if (!option.at_least.empty() && less(value, bound(option.at_least)))
      problem = fmt::format("{} is less than {}", node.text, option.at_least);
    if (!option.at_most.empty() && less(bound(option.at_most), value))
      problem = fmt::format("{} is more than {}", node.text, option.at_most);
    if (problem.empty()) return true;
    context_.problems.error(node.place, "E1009", fmt::format("{}: {}", option.name, problem));
    return false;
  }

  ReadContext& context_;
  Section& out_;
};

Section read_section(const Node& node, const SectionSpec& spec, ReadContext& context,
                     const std::vector<std::string>& extra) {
  Section section;
  section.place_ = node.place;
  SectionReader(context, section).read(&node, spec, "", extra);
  return section;
}

}  // namespace pelton::config
