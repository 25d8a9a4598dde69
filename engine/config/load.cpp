// SPDX-License-Identifier: Apache-2.0
#include "engine/config/load.h"

#include "engine/config/build.h"
#include "engine/config/check.h"
#include "engine/config/config_text.h"
#include "engine/config/merge.h"
#include "engine/config/parts/engine.h"
#include "engine/config/specs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

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

// The mapping with this entry alone.
Node only(Node node, std::string_view key) {
  std::erase_if(node.entries, [&](const auto& entry) { return entry.first.text != key; });
  return node;
}

void set_file(Node& node, std::uint32_t file) {
  node.place.file = file;
  for (Node& item : node.items) set_file(item, file);
  for (auto& [key, value] : node.entries) {
    set_file(key, file);
    set_file(value, file);
  }
}

// A file of the dialect as the config that equals it.
Node translated(const ConfigText& source, const Dialect& dialect, const Environment& environment,
                Diagnostics& problems) {
  Node root = parse_yaml(source.text, problems, Syntax::tagged);
  if (problems.has_errors()) return root;
  return dialect.translate({source.file, root, environment}, problems);
}

std::vector<ParsedFile> parse_all(const std::vector<ConfigText>& sources,
                                  const std::optional<Dialect>& dialect,
                                  const Environment& environment, Loaded& loaded,
                                  Diagnostics& problems) {
  std::vector<ParsedFile> files;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    Diagnostics found;
    Node root = parse_yaml(sources[i].text, found);
    if (dialect && dialect->recognises(sources[i].file, root)) {
      found = {};
      loaded.translated = true;
      root = translated(sources[i], *dialect, environment, found);
      problems.relax(i, dialect->warned, dialect->left_out);
    }
    files.push_back({shown_name(sources[i].file), std::move(root)});
    set_file(files.back().root, i);
    problems.take(found, i);
  }
  return files;
}

std::vector<std::filesystem::path> folders_of(const std::vector<ConfigText>& sources) {
  std::vector<std::filesystem::path> folders;
  for (const ConfigText& source : sources) folders.push_back(folder_of(source.file));
  return folders;
}

// The config, or problems why there is none.
std::optional<Config> read_config(const Node& root, const std::vector<ConfigText>& sources,
                                  const Kinds& kinds, const Environment& environment,
                                  Diagnostics& problems) {
  ReadContext context{problems, folders_of(sources), environment};
  check_version(root, problems);
  check_top_keys(root, problems);
  Config config = build_config(root, kinds, context);
  for (const ConfigText& source : sources) config.files.push_back(absolute_file(source.file));
  config.hidden = std::move(context.hidden);
  check_config(config, problems);
  if (problems.has_errors()) return std::nullopt;
  return config;
}

Loaded load_sources(const std::vector<ConfigText>& sources, const Kinds& kinds,
                    const Environment& environment) {
  Loaded loaded;
  Diagnostics problems;
  const std::vector<ParsedFile> files =
      parse_all(sources, kinds.dialect, environment, loaded, problems);
  // A tree that is not whole would only give wrong problems; with a duplicate key it is.
  if (problems.has_only("E1004")) {
    const Node root = merge(files, problems);
    if (problems.has_only("E1004"))
      loaded.config = read_config(root, sources, kinds, environment, problems);
  }
  loaded.problems = problems.sorted();
  for (Diagnostic& problem : loaded.problems)
    problem.file = shown_name(sources[problem.place.file].file);
  return loaded;
}

}  // namespace

const Stream* Config::find_stream(std::string_view name) const {
  const auto at = std::ranges::find(streams, name, &Stream::name);
  return at == streams.end() ? nullptr : &*at;
}

bool Config::has_part(std::string_view name) const {
  return find_stream(name) != nullptr ||
         std::ranges::find(bindings, name, &Binding::name) != bindings.end() ||
         std::ranges::find(connectors, name, &Connector::name) != connectors.end();
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
  return load_sources({{file, text}}, kinds, environment);
}

Loaded load(const std::vector<std::filesystem::path>& files, const Kinds& kinds,
            const Environment& environment, Readable readable) {
  std::vector<ConfigText> sources;
  std::vector<Diagnostic> unreadable;
  std::set<std::filesystem::path> named;
  for (const std::filesystem::path& file : files) {
    // Otherwise each of its keys would be a duplicate of itself.
    if (!named.insert(absolute_file(file)).second)
      return {std::nullopt,
              {{{1, 1}, "E1004", "the file is given twice", Severity::error, shown_name(file)}}};
    auto read = read_config_text(file, readable);
    if (read)
      sources.push_back(std::move(*read));
    else
      unreadable.push_back(std::move(read.error()));
  }
  if (!unreadable.empty()) return {std::nullopt, std::move(unreadable)};
  return load_sources(sources, kinds, environment);
}

std::expected<std::filesystem::path, Diagnostic> data_folder(
    const std::filesystem::path& file, const Environment& environment,
    const std::optional<Dialect>& dialect) {
  const auto read = read_config_text(file);
  if (!read) return std::unexpected(read.error());
  Diagnostics problems;
  const Node root = parse_yaml(read->text, problems);
  if (dialect && dialect->recognises(file, root)) return folder_of(file) / dialect->data;
  ReadContext context{problems, {folder_of(file)}, environment};
  const Node* engine = root.find("engine");
  const Engine options = parse_engine(engine == nullptr ? Node{} : only(*engine, "data"), context);
  for (const Diagnostic& problem : problems.sorted())
    if (problem.severity == Severity::error && problem.code != "E1004") {
      Diagnostic first = problem;
      first.file = shown_name(file);
      return std::unexpected(std::move(first));
    }
  return options.data;
}

}  // namespace pelton::config
