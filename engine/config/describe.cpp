// SPDX-License-Identifier: Apache-2.0
#include "engine/config/describe.h"

#include "engine/config/specs.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

const char* type_name(OptionType type) {
  switch (type) {
    case OptionType::boolean:
      return "true or false";
    case OptionType::number:
      return "number";
    case OptionType::real:
      return "number";
    case OptionType::size:
      return "size";
    case OptionType::duration:
      return "duration";
    case OptionType::text:
      return "text";
    case OptionType::path:
      return "path";
    case OptionType::choice:
      return "choice";
    case OptionType::text_list:
      return "list of texts";
    case OptionType::text_map:
      return "mapping of texts";
    case OptionType::filter:
      return "filter";
  }
  return "";
}

// "required", "default 5, 1 to 100", "one of a, b".
std::string facts(const OptionSpec& option) {
  std::string out = type_name(option.type);
  if (option.required) out += ", required";
  if (!option.fallback.empty()) out += ", default " + option.fallback;
  if (!option.at_least.empty()) out += ", at least " + option.at_least;
  if (!option.at_most.empty()) out += ", at most " + option.at_most;
  if (!option.choices.empty()) {
    out += ", one of ";
    for (const std::string& choice : option.choices)
      out += (choice == option.choices.front() ? "" : " ") + choice;
  }
  if (!option.example.empty()) out += ", such as " + option.example;
  return out;
}

void terminal(std::string& out, const SectionSpec& section, const std::string& prefix) {
  for (const OptionSpec& option : section.options)
    out += fmt::format("  {}{}  ({})\n      {}\n", prefix, option.name, facts(option),
                       option.sentence);
  for (const SectionSpec& child : section.sections) {
    out += fmt::format("  {}{}\n      {}\n", prefix, child.name, child.sentence);
    terminal(out, child, prefix + child.name + ".");
  }
}

void markdown(std::string& out, const SectionSpec& section, const std::string& prefix) {
  for (const OptionSpec& option : section.options) {
    std::string cell = option.sentence;
    for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2)
      cell.insert(at, "\\");
    out += fmt::format("| `{}{}` | {} | {} |\n", prefix, option.name, facts(option), cell);
  }
  for (const SectionSpec& child : section.sections) markdown(out, child, prefix + child.name + ".");
}

std::string page(const SectionSpec& section, const std::string& title) {
  std::string out = fmt::format(
      "<!-- Made by `pelton describe --markdown docs/reference`; do not edit. -->\n\n# {}\n\n{}\n\n"
      "| option | value | what it does |\n| --- | --- | --- |\n",
      title, section.sentence);
  markdown(out, section, "");
  return out;
}

std::vector<std::pair<std::string, SectionSpec>> topics(
    std::span<const ConnectorOptions> connectors) {
  std::vector<std::pair<std::string, SectionSpec>> all{{"engine", engine_spec()},
                                                       {"stream", stream_spec()},
                                                       {"connector", connector_spec()},
                                                       {"function", function_spec()},
                                                       {"binding", binding_spec()}};
  for (const ConnectorOptions& type : connectors) {
    if (type.source)
      all.emplace_back(type.type + "-source", connector_type_spec(type, Direction::source));
    if (type.sink)
      all.emplace_back(type.type + "-sink", connector_type_spec(type, Direction::sink));
  }
  return all;
}

}  // namespace

std::vector<std::string> describe_topics(std::span<const ConnectorOptions> connectors) {
  std::vector<std::string> names;
  for (const auto& [name, section] : topics(connectors)) names.push_back(name);
  return names;
}

std::optional<std::string> describe(const std::string& topic,
                                    std::span<const ConnectorOptions> connectors) {
  std::string out;
  for (const auto& [name, section] : topics(connectors)) {
    // "directory" is both of its directions.
    if (name != topic && name != topic + "-source" && name != topic + "-sink") continue;
    out += fmt::format("{}: {}\n", name, section.sentence);
    terminal(out, section, "");
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

std::map<std::string, std::string> reference_pages(std::span<const ConnectorOptions> connectors) {
  std::map<std::string, std::string> pages;
  for (const auto& [name, section] : topics(connectors)) pages[name + ".md"] = page(section, name);
  return pages;
}

}  // namespace pelton::config
