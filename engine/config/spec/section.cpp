// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/section.h"

#include "engine/config/spec/values.h"
#include "engine/config/yaml/secrets.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {

Place Section::place(const std::string& path) const {
  const auto at = nodes_.find(path);
  return at == nodes_.end() ? place_ : at->second->place;
}

const Node* Section::node(const std::string& path) const {
  const auto at = nodes_.find(path);
  return at == nodes_.end() ? nullptr : at->second;
}

std::string Section::written(const std::string& path) const {
  const Node* at = node(path);
  return at == nullptr ? "" : at->text;
}

std::vector<std::string> Section::entries(const std::string& path) const {
  std::vector<std::string> all;
  const Node* at = node(path);
  if (at == nullptr) return all;
  for (std::size_t i = 0; i < at->items.size(); ++i) all.push_back(fmt::format("{}", i));
  for (const auto& [key, value] : at->entries) all.push_back(key.text);
  return all;
}

std::string Section::hint(const std::string& path) const {
  const auto at = hints_.find(path);
  return at == hints_.end() ? "" : at->second;
}

bool is_extension(std::string_view key) {
  return key.starts_with("x-");
}

void check_name(const Node& name, Diagnostics& problems) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  const std::string& text = name.text;
  if (!text.empty() && text.size() <= 63 && std::ranges::all_of(text, good) &&
      std::string_view("_-.").find(text[0]) == std::string_view::npos)
    return;
  problems.error(name.place, "E1011",
                 fmt::format("\"{}\" is not a valid name: use lower-case letters, digits, `-`, `_` "
                             "and `.`, beginning with a letter or digit, at most 63 characters",
                             text));
}

std::string entry_path(const std::string& path, const std::string& entry) {
  return fmt::format("{}[{}]", path, entry);
}

// Walks a section's spec and the file's mapping together.
class SectionReader {
 public:
  SectionReader(std::string label, ReadContext& context, Section& out)
      : label_(std::move(label)), context_(context), out_(out) {}

  void read_root(const Node& node, const SectionSpec& spec, const std::vector<std::string>& extra) {
    out_.place_ = node.place;
    out_.label_ = label_;
    read(&node, spec, "", extra);
  }

 private:
  void read(const Node* node, const SectionSpec& spec, const std::string& prefix,
            const std::vector<std::string>& extra) {
    // "retry:" with nothing behind it is an empty mapping.
    const bool mapping =
        node != nullptr && (node->kind == Node::Kind::map || node->kind == Node::Kind::null);
    const OptionSpec* alone = node == nullptr ? nullptr : given_alone(*node, spec, prefix);
    const bool present = mapping || alone != nullptr;
    if (node != nullptr && !present)
      refuse(*node, "E1007",
             fmt::format("{} must be {}, not {}", name_of(prefix), wanted_entry(spec),
                         node->kind_name()));
    if (mapping) check_keys(*node, spec, prefix, extra);
    for (const OptionSpec& option : spec.options) {
      const Node* value = mapping ? node->find(option.name) : &option == alone ? node : nullptr;
      if (present && option.required && (value == nullptr || value->kind == Node::Kind::null))
        missing(value == nullptr ? node->place : value->place, option, prefix);
      read_option(value, option, prefix + option.name);
    }
    for (const SectionSpec& section : spec.sections)
      read_within(mapping ? node->find(section.name) : nullptr, section, prefix + section.name);
  }

  // The option that the node is the value of, if it is no mapping but its section takes one.
  const OptionSpec* given_alone(const Node& node, const SectionSpec& spec,
                                const std::string& prefix) {
    const OptionSpec* option = shorthand_of(spec);
    if (option == nullptr) return nullptr;
    const bool list = node.kind == Node::Kind::sequence && option->type == OptionType::text_list;
    if (node.kind != Node::Kind::scalar && !list) return nullptr;
    out_.hints_[prefix + option->name] = fmt::format(
        "; {} takes {}", prefix.empty() ? label_ : section_path(prefix), wanted_entry(spec));
    return option;
  }

  // A section within, as often as its shape says.
  void read_within(const Node* node, const SectionSpec& spec, const std::string& path) {
    if (node != nullptr) out_.nodes_[path] = node;
    if (spec.shape == SectionShape::one) return read(node, spec, path + ".", {});
    if (node == nullptr || node->kind == Node::Kind::null) return;
    const bool listed = spec.shape == SectionShape::listed;
    if (node->kind != (listed ? Node::Kind::sequence : Node::Kind::map)) {
      refuse(*node, "E1007",
             fmt::format("{} must be {}, not {}", name_of(path + "."), wanted(spec),
                         node->kind_name()));
      return;
    }
    for (std::size_t i = 0; i < node->items.size(); ++i)
      read_entry(node->items[i], spec, entry_path(path, fmt::format("{}", i)));
    for (const auto& [name, value] : node->entries) {
      check_name(name, context_.problems);
      read_entry(value, spec, entry_path(path, name.text));
    }
  }

  void read_entry(const Node& node, const SectionSpec& spec, const std::string& path) {
    out_.nodes_[path] = &node;
    read(&node, spec, path + ".", {});
  }

  // "binding bill", "retry.backoff of binding bill".
  std::string name_of(const std::string& prefix) const {
    if (prefix.empty()) return label_;
    return fmt::format("{} of {}", section_path(prefix), label_);
  }

  static std::string section_path(const std::string& prefix) {
    return prefix.substr(0, prefix.size() - 1);
  }

  void missing(Place place, const OptionSpec& option, const std::string& prefix) {
    context_.problems.error(
        place, "E1006",
        fmt::format("\"{}\" is missing in {}: {}", option.name, name_of(prefix), option.sentence));
  }

  void check_keys(const Node& node, const SectionSpec& spec, const std::string& prefix,
                  const std::vector<std::string>& extra) {
    std::vector<std::string> known = extra;
    for (const OptionSpec& option : spec.options) known.push_back(option.name);
    for (const SectionSpec& section : spec.sections) known.push_back(section.name);
    for (const auto& [key, value] : node.entries)
      if (!is_extension(key.text) && std::ranges::find(known, key.text) == known.end())
        context_.problems.error(key.place, "E1005",
                                fmt::format("unknown key \"{}\" in {}{}", key.text, name_of(prefix),
                                            did_you_mean(key.text, known)));
  }

  void read_option(const Node* node, const OptionSpec& option, const std::string& path) {
    if (node != nullptr && node->kind != Node::Kind::null) {
      out_.nodes_[path] = node;
      if (auto value = read_value(*node, option, path)) {
        out_.values_[path] = std::move(*value);
        return;
      }
    }
    if (node != nullptr && node->kind == Node::Kind::null && option.guards)
      refuse(*node, "E1006", fmt::format("{} has no value: leave it out if that is meant", path));
    if (option.fallback.empty()) return;
    if (option.type == OptionType::text_list) {
      out_.values_[path] = split(option.fallback);
    } else if (auto value = parse_value(option, option.fallback, false, context_.folders.front())) {
      out_.values_[path] = std::move(*value);
    }
  }

  std::optional<OptionValue> read_value(const Node& node, const OptionSpec& option,
                                        const std::string& path) {
    if (option.type == OptionType::text_map || option.type == OptionType::value ||
        option.type == OptionType::filter)
      return std::nullopt;
    if (option.type == OptionType::text_list && node.kind == Node::Kind::sequence)
      return read_list(node, option, path);
    if (node.kind != Node::Kind::scalar)
      return refuse(node, "E1007",
                    fmt::format("{} takes {}, not {}", path, wanted(option), node.kind_name()));
    const auto text = expand(node, context_);
    if (!text) return std::nullopt;
    if (option.required && text->empty())
      return refuse(node, "E1006", fmt::format("{} is empty: {}", path, option.sentence));
    if (text->empty() && option.type != OptionType::boolean)
      return refuse(node, "E1006", fmt::format("{} is empty; leave it out instead", path));
    if (option.secret || secret_value(*text)) guard_secret(path, node, context_);
    const bool hidden = has_expansion(node);
    if (hidden || secret_value(*text)) context_.hide(label_, path);
    auto value = parse_value(option, *text, node.quoted && !hidden, context_.folder_of(node.place));
    if (!value && hidden)
      return refuse(node, value.error().code,
                    fmt::format("{}: the value of {} is not {}", path, node.text, wanted(option)));
    Status good =
        value ? check_bounds(option, *value, node.text) : std::unexpected(std::move(value).error());
    if (!good)
      return refuse(
          node, good.error().code,
          fmt::format("{}: {}{}", path, good.error().message, value ? "" : out_.hint(path)));
    return std::move(*value);
  }

  std::optional<OptionValue> read_list(const Node& node, const OptionSpec& option,
                                       const std::string& path) {
    std::vector<std::string> texts;
    for (const Node& item : node.items) {
      if (item.kind != Node::Kind::scalar || item.text.empty()) {
        refuse(item, "E1007",
               fmt::format("{} is a list of texts, not {}", path,
                           item.kind == Node::Kind::scalar ? "an empty text" : item.kind_name()));
        continue;
      }
      const auto text = expand(item, context_);
      if (text && text->empty())
        refuse(item, "E1006", fmt::format("an entry of {} is empty", path));
      else if (text) {
        if (option.secret || secret_value(*text)) guard_secret(path, item, context_);
        if (has_expansion(item) || secret_value(*text)) context_.hide(label_, path);
        texts.push_back(*text);
      }
    }
    if (option.required && node.items.empty())
      return refuse(node, "E1006", fmt::format("{} is empty: {}", path, option.sentence));
    return texts;
  }

  std::nullopt_t refuse(const Node& node, const std::string& code, std::string message) {
    context_.problems.error(node.place, code, std::move(message));
    return std::nullopt;
  }

  const std::string label_;
  ReadContext& context_;
  Section& out_;
};

Section read_section(const Node& node, const SectionSpec& spec, const std::string& label,
                     ReadContext& context, const std::vector<std::string>& extra) {
  Section section;
  SectionReader(label, context, section).read_root(node, spec, extra);
  return section;
}

void refer(const Section& section, const std::string& path, Reference::Kind kind,
           ReadContext& context) {
  if (auto name = section.get<std::string>(path))
    context.references.push_back(
        {kind, std::move(*name), section.written(path), section.place(path), section.label()});
}

void refer_each(const Section& section, const std::string& path, Reference::Kind kind,
                ReadContext& context) {
  const Node* const node = section.node(path);
  const auto names = section.get<std::vector<std::string>>(path);
  if (node == nullptr || !names) return;
  const bool listed = node->items.size() == names->size();
  for (std::size_t i = 0; i < names->size(); ++i) {
    const Node& at = listed ? node->items[i] : *node;
    context.references.push_back({kind, (*names)[i], at.text, at.place, section.label()});
  }
}

void require_file(const Section& section, const std::string& path,
                  const std::filesystem::path& file, ReadContext& context) {
  std::error_code ignored;
  if (!file.empty() && !std::filesystem::is_regular_file(file, ignored))
    context.problems.error(
        section.place(path), "E1008",
        fmt::format("{}: the file {} does not exist", section.label(), file.string()));
}

}  // namespace pelton::config
