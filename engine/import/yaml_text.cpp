// SPDX-License-Identifier: Apache-2.0
#include "engine/import/yaml_text.h"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

namespace pelton::importer {
namespace {

// Sections, their parts, the options of these and the entries of `environment` have lines of their
// own; what is deeper is in one line.
constexpr std::size_t kIndent = 2;

void write_flow(YAML::Emitter& out, const Node& node) {
  if (node.kind == Node::Kind::null) {
    out << YAML::Null;
  } else if (node.kind == Node::Kind::map) {
    out << YAML::BeginMap;
    for (const auto& [key, value] : node.entries) {
      out << YAML::Key << key.text << YAML::Value;
      write_flow(out, value);
    }
    out << YAML::EndMap;
  } else if (node.kind == Node::Kind::sequence) {
    out << YAML::BeginSeq;
    for (const Node& item : node.items) write_flow(out, item);
    out << YAML::EndSeq;
  } else {
    const bool reads_differently = node.text.empty() || node.text == "~" || node.text == "null";
    if (node.quoted || reads_differently) out << YAML::DoubleQuoted;
    out << node.text;
  }
}

std::string flow(const Node& node) {
  YAML::Emitter out;
  out.SetMapFormat(YAML::Flow);
  out.SetSeqFormat(YAML::Flow);
  write_flow(out, node);
  return out.c_str();
}

class Writer {
 public:
  explicit Writer(const Document& document) : document_(document) {
    for (const auto& [key, value] : document.root.entries) {
      if (value.kind == Node::Kind::map) text_ += "\n";
      write_entry(key, value, 0, key.text);
    }
  }
  std::string text() && { return std::move(text_); }

 private:
  void write_entry(const Node& key, const Node& value, std::size_t level,
                   const std::string& section) {
    const std::string indent(level * kIndent, ' ');
    if (const auto at = document_.comments.find({section, key.text});
        level == 1 && at != document_.comments.end())
      text_ += indent + "# " + at->second + "\n";
    const bool block = value.kind == Node::Kind::map && !value.entries.empty() &&
                       (level < 2 || key.text == "environment");
    text_ += indent + flow(key) + ":" + (block ? "" : " " + flow(value)) + "\n";
    if (!block) return;
    for (const auto& [inner, node] : value.entries) write_entry(inner, node, level + 1, section);
  }

  const Document& document_;
  std::string text_;
};

}  // namespace

std::string yaml_text(const Document& document, const std::vector<std::string>& heading) {
  std::string text;
  for (const std::string& line : heading) text += line.empty() ? "#\n" : "# " + line + "\n";
  return text + Writer(document).text();
}

}  // namespace pelton::importer
