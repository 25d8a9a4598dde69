// SPDX-License-Identifier: Apache-2.0
#include "engine/config/load.h"

#include "engine/config/build.h"
#include "engine/config/check.h"
#include "engine/config/parts/engine.h"
#include "engine/config/specs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace pelton::config {
namespace {

void check_version(const Node& root, Diagnostics& problems) {
  const Node* version = root.find("version");
  if (version == nullptr)
    problems.error(root.place, "E1006", "\"version: 1\" is missing");
  else if (version->text != "1")
    problems.error(
        version->place, "E1010",
        fmt::format("version {} is not supported; this build supports version 1", version->text));
}

void check_top_keys(const Node& root, Diagnostics& problems) {
  std::vector<std::string> known = top_keys();
  known.insert(known.begin(), "version");
  for (const auto& [key, value] : root.entries)
    if (!is_extension(key.text) && std::ranges::find(known, key.text) == known.end())
      problems.error(key.place, "E1005",
                     fmt::format("unknown key \"{}\"{}", key.text, did_you_mean(key.text, known)));
}

std::expected<std::string, Diagnostic> read_file(const std::filesystem::path& file) {
  std::error_code error;
  const bool folder = std::filesystem::is_directory(file, error);
  std::ifstream in(file, std::ios::binary);
  if (!in || folder) {
    const std::string why = folder ? "it is a folder" : std::generic_category().message(errno);
    return std::unexpected(
        Diagnostic{{1, 1}, "E1001", "the file cannot be read: " + why, Severity::error});
  }
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// The mapping with this entry alone.
Node only(Node node, std::string_view key) {
  std::erase_if(node.entries, [&](const auto& entry) { return entry.first.text != key; });
  return node;
}

}  // namespace

const Stream* Config::find_stream(std::string_view name) const {
  const auto at = std::ranges::find(streams, name, &Stream::name);
  return at == streams.end() ? nullptr : &*at;
}

const Function* Config::find_function(std::string_view name) const {
  const auto at = std::ranges::find(functions, name, &Function::name);
  return at == functions.end() ? nullptr : &*at;
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Loaded load_text(const std::string& text, const std::filesystem::path& file, const Kinds& kinds,
                 const Environment& environment) {
  Loaded loaded;
  Diagnostics problems;
  const Node root = parse_yaml(text, problems);
  // A tree that is not whole would only give wrong problems; with a key that stands twice it is.
  if (problems.has_only("E1004")) {
    std::error_code ignored;
    const auto absolute = std::filesystem::absolute(file, ignored).lexically_normal();
    ReadContext context{problems, absolute.parent_path(), environment};
    if (root.kind != Node::Kind::map) {
      problems.error(root.place, "E1002",
                     fmt::format("a config file must be a mapping, not {}", root.kind_name()));
    } else {
      check_version(root, problems);
      check_top_keys(root, problems);
      Config config = build_config(root, kinds, context);
      config.file = absolute;
      config.hidden = std::move(context.hidden);
      check_config(config, problems);
      if (!problems.has_errors()) loaded.config = std::move(config);
    }
  }
  loaded.problems = problems.sorted();
  return loaded;
}

Loaded load(const std::filesystem::path& file, const Kinds& kinds, const Environment& environment) {
  const auto text = read_file(file);
  if (!text) return {std::nullopt, {text.error()}};
  return load_text(*text, file, kinds, environment);
}

std::expected<std::filesystem::path, Diagnostic> data_folder(const std::filesystem::path& file,
                                                             const Environment& environment) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  Diagnostics problems;
  const Node root = parse_yaml(*text, problems);
  std::error_code ignored;
  ReadContext context{problems, std::filesystem::absolute(file, ignored).parent_path(),
                      environment};
  const Node* engine = root.find("engine");
  const Engine read = parse_engine(engine == nullptr ? Node{} : only(*engine, "data"), context);
  for (const Diagnostic& problem : problems.sorted())
    if (problem.severity == Severity::error && problem.code != "E1004")
      return std::unexpected(problem);
  return read.data;
}

}  // namespace pelton::config
