// SPDX-License-Identifier: Apache-2.0
#include "engine/import/yaml_text.h"

#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include <string_view>

namespace pelton::importer {
namespace {

// Sections, their parts and the options of these have lines of their own.
constexpr int kBlockLevels = 3;

void write_scalar(YAML::Emitter& out, const Node& node) {
  if (node.kind == Node::Kind::null) {
    out << YAML::Null;
    return;
  }
  const bool reads_differently = node.text.empty() || node.text == "~" || node.text == "null";
  if (node.quoted || reads_differently) out << YAML::DoubleQuoted;
  out << node.text;
}

class Writer {
 public:
  explicit Writer(const Document& document) : document_(document) {
    out_.SetIndent(2);
    out_.SetMapFormat(YAML::Block);
    write(document.root, 0, "");
  }
  std::string text() const { return out_.c_str(); }

 private:
  void write(const Node& node, int level, const std::string& section) {
    if (node.kind == Node::Kind::map) {
      out_ << (level < kBlockLevels && !node.entries.empty() ? YAML::Block : YAML::Flow)
           << YAML::BeginMap;
      for (const auto& [key, value] : node.entries) {
        if (level == 1) comment(section, key.text);
        out_ << YAML::Key << key.text << YAML::Value;
        write(value, level + 1, level == 0 ? key.text : section);
      }
      out_ << YAML::EndMap;
    } else if (node.kind == Node::Kind::sequence) {
      out_ << YAML::Flow << YAML::BeginSeq;
      for (const Node& item : node.items) write(item, kBlockLevels, section);
      out_ << YAML::EndSeq;
    } else {
      write_scalar(out_, node);
    }
  }

  void comment(const std::string& section, const std::string& name) {
    const auto at = document_.comments.find({section, name});
    if (at != document_.comments.end()) out_ << YAML::Comment(at->second) << YAML::Newline;
  }

  const Document& document_;
  YAML::Emitter out_;
};

}  // namespace

std::string yaml_text(const Document& document, const std::vector<std::string>& heading) {
  std::string text;
  for (const std::string& line : heading) text += line.empty() ? "#\n" : "# " + line + "\n";
  return text + Writer(document).text() + "\n";
}

}  // namespace pelton::importer
