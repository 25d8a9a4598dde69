// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/describe.h"

#include "engine/config/parts/binding.h"
#include "engine/config/parts/engine.h"
#include "engine/config/parts/filter_spec.h"
#include "engine/config/parts/function.h"
#include "engine/config/parts/listener.h"
#include "engine/config/parts/route.h"
#include "engine/config/parts/services.h"
#include "engine/config/parts/stream.h"
#include "engine/config/spec/section.h"
#include "engine/config/spec/values.h"
#include "engine/config/specs.h"
#include "engine/config/yaml/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

constexpr const char* kMade =
    "<!-- Made by `pelton describe --markdown docs/reference`; do not edit. -->\n\n";

constexpr const char* kValues =
    "Durations and sizes carry a unit: `200ms`, `30s`, `5m`, `7d`; `64KiB`, `512MiB`, `10GiB`, "
    "also `kB`, `MB`, `GB`. Only `true` and `false` are booleans. Relative paths begin in the "
    "folder of the config file. In any value `${env:NAME}` is replaced by an environment "
    "variable (`${env:NAME:-default}` if it may be unset, `${env:NAME:?message}` to say what is "
    "missing) and `${file:path}` by the text of a file, which is where secrets belong; `$${` is a "
    "literal `${`. A section that also takes a value of one option has that option in brackets: "
    "`retry: 5` is short for `retry: { attempts: 5 }`. Keys that begin with `x-` are ignored. "
    "Names are lower-case letters, digits, "
    "`-`, `_` and `.`, at most 63.";

// How a value is shown: as it is in the terminal, as code in Markdown.
using Show = std::string (*)(const std::string&);
std::string plain(const std::string& text) {
  return text;
}
std::string code(const std::string& text) {
  return "`" + text + "`";
}

// "a whole number, default 5, at least 1, at most 100".
std::string facts(const OptionSpec& option, Show show) {
  std::string out;
  if (option.type == OptionType::choice) {
    for (const std::string& choice : option.choices)
      out += (out.empty() ? "one of " : ", ") + show(choice);
  } else {
    out = wanted(option);
  }
  if (option.required) out += "; required";
  if (!option.fallback.empty()) out += "; default " + show(option.fallback);
  if (!option.at_least.empty()) out += "; at least " + show(option.at_least);
  if (!option.at_most.empty()) out += "; at most " + show(option.at_most);
  if (!option.example.empty()) out += "; example: " + show(option.example);
  return out;
}

// The path of a section's options: "retry.", "routes[N].".
std::string path_within(const std::string& prefix, const SectionSpec& section) {
  std::string path = prefix + section.name;
  if (section.shape != SectionShape::one)
    path = entry_path(path, section.shape == SectionShape::listed ? "N" : "NAME");
  return path + ".";
}

// " `directory: ./inbox` is short for `directory: { path: ./inbox }`."
std::string short_form(const SectionSpec& section) {
  const OptionSpec* option = shorthand_of(section);
  if (option == nullptr) return "";
  return fmt::format(" `{0}: {2}` is short for `{0}: {{ {1}: {2} }}`.", section.name, option->name,
                     option->example);
}

// A cell of a table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

// Lines of at most 120 columns, broken between words but not within code; those after the first
// are indented.
std::string wrapped(std::string_view text, std::size_t indent = 0) {
  constexpr std::size_t kWidth = 120;
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    std::size_t end = 0;
    for (bool in_code = false; end < text.size() && (in_code || text[end] != ' '); ++end)
      in_code ^= text[end] == '`';
    if (column > 0 && column + 1 + end > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return out;
}

void terminal(std::string& out, const SectionSpec& section, const std::string& prefix) {
  for (const OptionSpec& option : section.options)
    out += fmt::format("  {}{}  ({})\n      {}\n", prefix, option.name, facts(option, plain),
                       option.sentence);
  for (const SectionSpec& child : section.sections) {
    out +=
        fmt::format("  {}{}  ({})\n      {}\n", prefix, child.name, wanted(child), child.sentence);
    terminal(out, child, path_within(prefix, child));
  }
}

void markdown(std::string& out, const SectionSpec& section, const std::string& prefix) {
  for (const OptionSpec& option : section.options)
    out += fmt::format("| `{}{}` | {} | {} |\n", prefix, option.name, cell(facts(option, code)),
                       cell(option.sentence));
  for (const SectionSpec& child : section.sections) {
    out += fmt::format("| `{}{}` | {} | {} |\n", prefix, child.name, cell(wanted(child)),
                       cell(child.sentence));
    markdown(out, child, path_within(prefix, child));
  }
}

std::string page(const SectionSpec& section, const std::string& title) {
  std::string out =
      fmt::format("{}# {}\n\n{}\n\n| option | value | what it does |\n| --- | --- | --- |\n", kMade,
                  title, wrapped(section.sentence + short_form(section)));
  markdown(out, section, "");
  return out;
}

// Fields and conditions, as sections whose options they are.
SectionSpec filter_section() {
  SectionSpec section;
  section.sentence =
      "A mapping of fields of an event to what they must hold; all of them must. What a field must "
      "hold is a value, one condition, or a list of either, any of which will do.";
  SectionSpec fields{"FIELD", "The fields, which idempotency keys name as well.", {}, {}};
  for (const EventField& field : event_fields()) {
    OptionSpec option;
    option.name = field.name;
    option.sentence = field.sentence;
    fields.options.push_back(std::move(option));
  }
  SectionSpec conditions{"CONDITION", "The conditions.", {}, {}};
  for (const FilterCondition& condition : filter_conditions()) {
    OptionSpec option;
    option.name = condition.name;
    option.sentence = condition.sentence;
    option.example = condition.example;
    conditions.options.push_back(std::move(option));
  }
  section.sections = {std::move(fields), std::move(conditions)};
  return section;
}

std::string filter_terminal() {
  const SectionSpec section = filter_section();
  std::string out = "filter: " + section.sentence + "\n";
  for (const SectionSpec& part : section.sections) {
    out += part.sentence + "\n";
    for (const OptionSpec& option : part.options)
      out += fmt::format("  {:<13} {}{}\n", option.name, option.sentence,
                         option.example.empty() ? "" : " Example: " + option.example);
  }
  return out;
}

std::string filter_page() {
  const SectionSpec section = filter_section();
  std::string out = fmt::format("{}# filter\n\n{}\n", kMade, wrapped(section.sentence));
  for (const SectionSpec& part : section.sections) {
    out +=
        fmt::format("\n{}\n\n| name | meaning | example |\n| --- | --- | --- |\n", part.sentence);
    for (const OptionSpec& option : part.options)
      out += fmt::format("| `{}` | {} | {} |\n", option.name, cell(option.sentence),
                         option.example.empty() ? "" : code(option.example));
  }
  return out +
         "\n```yaml\nfilter: { type: [created, changed], data.celsius: { above: 80 } }\n```\n";
}

// What a topic is called where names have no slash: "lambda-node-runtime".
std::string runtime_topic(std::string runtime) {
  std::ranges::replace(runtime, '/', '-');
  return runtime + "-runtime";
}

std::vector<std::pair<std::string, SectionSpec>> sections(const Kinds& kinds) {
  std::vector<std::pair<std::string, SectionSpec>> all{{"engine", engine_spec()},
                                                       {"services", services_spec()},
                                                       {"stream", stream_spec(kinds.topics())},
                                                       {"connector", connector_spec()},
                                                       {"function", function_spec(kinds.runtimes)},
                                                       {"binding", binding_spec(kinds.topics())},
                                                       {"listener", listener_spec()},
                                                       {"route", route_spec()}};
  for (const ConnectorOptions& type : kinds.connectors) {
    if (type.source)
      all.emplace_back(type.type + "-source", connector_type_spec(type, Direction::source));
    if (type.sink)
      all.emplace_back(type.type + "-sink", connector_type_spec(type, Direction::sink));
  }
  for (const RuntimeOptions& runtime : kinds.runtimes)
    all.emplace_back(runtime_topic(runtime.name), runtime_spec(runtime));
  return all;
}

std::string index_page(const Kinds& kinds) {
  std::string out = fmt::format("{}# The config file\n\n{}\n\n", kMade, wrapped(kValues));
  for (const auto& [name, section] : sections(kinds))
    out += wrapped(fmt::format("- [{}]({}.md): {}", name, name, section.sentence), 2) + "\n";
  return out + wrapped("- [filter](filter.md): " + filter_section().sentence, 2) + "\n";
}

}  // namespace

std::vector<std::string> describe_topics(const Kinds& kinds) {
  std::vector<std::string> names;
  for (const auto& [name, section] : sections(kinds)) names.push_back(name);
  names.emplace_back("filter");
  return names;
}

std::optional<std::string> describe(const std::string& topic, const Kinds& kinds) {
  if (topic == "filter") return filter_terminal();
  std::string out;
  for (const auto& [name, section] : sections(kinds)) {
    // "directory" is both of its directions; "streams" stands so in the file.
    const bool same = name == topic || name + "s" == topic || name == topic + "-source" ||
                      name == topic + "-sink" || name == runtime_topic(topic);
    if (!same) continue;
    out += fmt::format("{}: {}{}\n", name, section.sentence, short_form(section));
    terminal(out, section, "");
  }
  return out.empty() ? std::nullopt : std::optional(out);
}

std::map<std::string, std::string> reference_pages(const Kinds& kinds) {
  std::map<std::string, std::string> pages;
  for (const auto& [name, section] : sections(kinds)) pages[name + ".md"] = page(section, name);
  pages["filter.md"] = filter_page();
  pages["README.md"] = index_page(kinds);
  return pages;
}

}  // namespace pelton::config
