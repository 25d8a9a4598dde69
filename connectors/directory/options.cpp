// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/options.h"

#include "connectors/directory/file_name.h"

#include <charconv>

namespace pelton::directory {
namespace {

using config::OptionSpec;
using config::OptionType;

OptionSpec option(const char* name, OptionType type, const char* fallback, const char* sentence,
                  const char* example = "") {
  OptionSpec spec;
  spec.name = name;
  spec.type = type;
  spec.sentence = sentence;
  spec.fallback = fallback;
  spec.example = example;
  return spec;
}

OptionSpec required(OptionSpec spec) {
  spec.required = true;
  return spec;
}

OptionSpec between(const char* at_least, const char* at_most, OptionSpec spec) {
  spec.at_least = at_least;
  spec.at_most = at_most;
  return spec;
}

OptionSpec one_of(std::vector<std::string> choices, OptionSpec spec) {
  spec.choices = std::move(choices);
  return spec;
}

OptionSpec create_option() {
  return option("create", OptionType::boolean, "true",
                "Makes the folder when it is missing; otherwise the connector waits for it.");
}

std::vector<OptionSpec> which_files_options() {
  return {
      required(option("path", OptionType::path, "", "The folder to watch.", "./inbox")),
      create_option(),
      option("match", OptionType::text_list, "*",
             "Patterns (`*`, `?`, `[a-z]`) of the files that become events. One without a slash is "
             "held against the file's name, one with a slash against its path inside the folder. "
             "Case matters.",
             "[\"*.jpg\", \"*.png\"]"),
      option("ignore", OptionType::text_list, "",
             "Patterns of files and subfolders that are left alone. By default the names that "
             "programs give to files they have not finished, and hidden ones: `.*`, `*.part`, "
             "`*.tmp`, `*~`, `*.crdownload`.",
             "[\".*\", \"archive\"]"),
      option("recursive", OptionType::boolean, "true", "Looks into subfolders as well."),
  };
}

std::vector<OptionSpec> source_options() {
  std::vector<OptionSpec> options = which_files_options();
  const OptionSpec more[] = {
      between("0B", "16MiB",
              option("inline_limit", OptionType::size, "1MiB",
                     "Larger files become events without data; the header `path` says where they "
                     "are.")),
      between("0s", "1h",
              option("settle", OptionType::duration, "500ms",
                     "A file that a scan comes upon must not have changed for so long. Files that "
                     "the kernel reports as closed or moved in do not wait.")),
      between(
          "100ms", "1d",
          option("rescan", OptionType::duration, "60s",
                 "How often the whole folder is looked at again: finds what the kernel does not "
                 "report, as on network file systems.")),
      one_of({"keep", "delete", "move"},
             option("after", OptionType::choice, "keep",
                    "What becomes of a file once its event is durable.")),
      option("move_to", OptionType::path, "",
             "Where `after: move` puts files, on the same file system. A name that is taken there "
             "gets its version appended.",
             "./inbox-done"),
  };
  options.insert(options.end(), std::begin(more), std::end(more));
  return options;
}

std::vector<OptionSpec> sink_options() {
  return {
      required(option("path", OptionType::path, "", "The folder to write to.", "./outbox")),
      create_option(),
      option("name", OptionType::text, "",
             "The file's path inside the folder, with `{subject}`, `{key}`, `{id}`, `{stream}`, "
             "`{partition}` and `{offset}` filled in. By default the event's subject, without one "
             "its id, without that `<stream>-<partition>-<offset>`.",
             "{stream}/{key}.json"),
      option("mode", OptionType::text, "0644", "Permissions of the files, in octal.", "0640"),
      option("sync", OptionType::boolean, "true",
             "Writes each file through to the disk before its event counts as done. Without it a "
             "power failure can lose the files of the last half minute."),
  };
}

template <typename T>
T value_or(const config::OptionValues& values, const char* name, T fallback) {
  const auto at = values.find(name);
  return at == values.end() ? std::move(fallback) : std::get<T>(at->second);
}

std::filesystem::path tidy(const std::filesystem::path& path) {
  std::filesystem::path tidied = path.lexically_normal();
  return tidied.has_filename() ? tidied : tidied.parent_path();
}

CreateFolder create_of(const config::OptionValues& values) {
  return value_or(values, "create", true) ? CreateFolder::yes : CreateFolder::no;
}

}  // namespace

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "directory";
  options.sentence =
      "Files: as a source, each complete file (and each new version of one) in a folder becomes an "
      "event; as a sink, each event becomes a file, whole or not at all.";
  options.source = true;
  options.sink = true;
  options.source_options = source_options();
  options.sink_options = sink_options();
  options.place_option = "path";
  return options;
}

Result<SourceOptions> parse_source_options(const config::Connector& connector) {
  using Texts = std::vector<std::string>;
  const config::OptionValues& values = connector.options;
  SourceOptions out;
  out.connector = connector.name;
  out.path = tidy(value_or(values, "path", std::filesystem::path()));
  out.create = create_of(values);
  out.names =
      NameFilter(value_or(values, "match", Texts{"*"}),
                 value_or(values, "ignore", Texts{".*", "*.part", "*.tmp", "*~", "*.crdownload"}));
  out.recursive = value_or(values, "recursive", out.recursive);
  out.inline_limit = value_or(values, "inline_limit", out.inline_limit);
  out.settle = value_or(values, "settle", Duration(out.settle));
  out.rescan = value_or(values, "rescan", Duration(out.rescan));
  const std::string after = value_or(values, "after", std::string("keep"));
  out.after = after == "move" ? After::move : after == "delete" ? After::remove : After::keep;
  out.move_to = value_or(values, "move_to", std::filesystem::path());
  if (out.path.empty())
    return fail(ErrorKind::invalid, "E2004", "connector {} has no path", connector.name);
  if ((out.after == After::move) == out.move_to.empty())
    return fail(ErrorKind::invalid, "E2004",
                "connector {}: after: move and move_to belong together, one of them is missing",
                connector.name);
  if (out.after == After::move) out.move_to = tidy(out.move_to);
  if (out.move_to == out.path)
    return fail(ErrorKind::invalid, "E2004", "connector {}: move_to is the folder itself",
                connector.name);
  return out;
}

Result<SinkOptions> parse_sink_options(const config::Connector& connector) {
  const config::OptionValues& values = connector.options;
  SinkOptions out;
  out.connector = connector.name;
  out.path = tidy(value_or(values, "path", std::filesystem::path()));
  out.create = create_of(values);
  out.name = value_or(values, "name", std::string());
  out.sync = value_or(values, "sync", out.sync);
  if (out.path.empty())
    return fail(ErrorKind::invalid, "E2004", "connector {} has no path", connector.name);
  const std::string mode = value_or(values, "mode", std::string("0644"));
  const auto [end, error] = std::from_chars(mode.data(), mode.data() + mode.size(), out.mode, 8);
  if (error != std::errc{} || end != mode.data() + mode.size() || out.mode > 0777)
    return fail(ErrorKind::invalid, "E2004",
                "connector {}: mode \"{}\" is not three octal digits, such as 0644", connector.name,
                mode);
  if (auto ok = check_template(out.name); !ok)
    return std::unexpected(std::move(ok).error().within("connector " + connector.name));
  return out;
}

}  // namespace pelton::directory
