// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/options.h"

#include "connectors/directory/file_name.h"
#include "engine/config/spec/fields.h"

#include <charconv>

namespace pelton::directory {
namespace {

using config::Fields;
using config::Location;
using config::ReadContext;
using config::Section;

constexpr const char* kCreate =
    "Create the folder if it does not exist. Otherwise the connector waits for it.";

template <typename Options>
Fields<Options> fields(std::string path_sentence, std::string example) {
  return Fields<Options>("directory", "")
      .shorthand("path")
      .option("path", &Options::path, std::move(path_sentence),
              {.example = std::move(example), .required = true})
      .flag("create", &Options::create, CreateFolder::yes, CreateFolder::no, kCreate);
}

void check_source(const Section& section, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  const auto refuse = [&](const char* option, std::string message) {
    context.problems.error(section.place(option), "E2004",
                           fmt::format("connector {}: {}", context.part, message));
  };
  options.connector = context.part;
  options.names = NameFilter(options.match, options.ignore);
  if (options.match.empty()) refuse("match", "`match` has no pattern, so no file would be read");
  if (options.after == After::move && options.move_to.empty())
    refuse("after", "`after: move` requires `move_to`");
  else if (options.after != After::move && !options.move_to.empty())
    refuse("move_to", "`move_to` requires `after: move`");
  else if (!options.move_to.empty() && options.move_to == options.path)
    refuse("move_to", "`move_to` is the watched folder itself");
}

Result<mode_t> mode_of(const std::string& text) {
  mode_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777)
    return fail(ErrorKind::invalid, "E2004", "is not three octal digits, such as 0644");
  return mode;
}

std::string mode_text(const mode_t& mode) {
  return fmt::format("{:04o}", mode);
}

void check_sink(const Section& section, const std::string&, ReadContext& context,
                SinkOptions& options) {
  options.connector = context.part;
  if (auto ok = check_template(options.name); !ok)
    context.problems.error(section.place("name"), ok.error().code,
                           fmt::format("connector {}: {}", context.part, ok.error().message));
}

Fields<SourceOptions> source_fields() {
  return fields<SourceOptions>("Folder to watch.", "./inbox")
      .option("match", &SourceOptions::match,
              "Patterns (`*`, `?`, `[a-z]`) of the files to read. A pattern without a slash is "
              "compared with the file's name, one with a slash with its path inside the folder. "
              "Case-sensitive.",
              {.example = "[\"*.jpg\", \"*.png\"]"})
      .option("ignore", &SourceOptions::ignore,
              "Patterns of files and subfolders to skip. The default covers hidden files and the "
              "names that programs give to files they have not finished.",
              {.example = "[\".*\", \"archive\"]"})
      .option("recursive", &SourceOptions::recursive, "Also read subfolders.")
      .option("inline_limit", &SourceOptions::inline_limit,
              "Larger files become events without data. Their header `path` contains the path of "
              "the file.",
              {.at_least = "0B", .at_most = "16MiB"})
      .option("settle", &SourceOptions::settle,
              "A file that is found by a scan is read once it has not changed for this long. Files "
              "that the kernel reports as closed or moved in are read at once.",
              {.at_least = "0s", .at_most = "1h"})
      .option("rescan", &SourceOptions::rescan,
              "Interval between scans of the whole folder, which find what the kernel does not "
              "report, for example on network file systems.",
              {.at_least = "100ms", .at_most = "1d"})
      .choice(
          "after", &SourceOptions::after,
          {{"keep", After::keep}, {"delete", After::remove}, {"move", After::move}},
          "What to do with a file once every binding of the stream has settled its event. Until "
          "then the file stays in place.")
      .option("move_to", &SourceOptions::move_to,
              "Folder for `after: move`, on the same file system. If the name is already taken, "
              "the file's version is appended to it.",
              {.example = "./inbox-done"})
      .then(check_source);
}

Fields<SinkOptions> sink_fields() {
  return fields<SinkOptions>("Folder to write to.", "./outbox")
      .option("name", &SinkOptions::name,
              "Path of the file inside the folder. `{subject}`, `{key}`, `{id}`, `{stream}`, "
              "`{partition}` and `{offset}` are replaced. The default is the event's subject, or "
              "its id, or `<stream>-<partition>-<offset>`.",
              {.example = "{stream}/{key}.json"})
      .choice("if_exists", &SinkOptions::if_exists,
              {{"replace", IfExists::replace},
               {"keep", IfExists::keep},
               {"version", IfExists::version}},
              "What to do if a file of that name exists: `replace` it, `keep` it and drop the new "
              "one, or write the new one beside it under a `version` of its own "
              "(`a.txt.<16 hex digits>`). With `keep` and `version` no file is ever deleted.")
      .parsed("mode", &SinkOptions::mode, mode_of, mode_text, "Permissions of the files, in octal.",
              "0644", {.example = "0640"})
      .option("sync", &SinkOptions::sync,
              "Flush each file to disk before its event counts as done. If disabled, a power "
              "failure can lose the files of the last 30 seconds.")
      .then(check_sink);
}

// A source that deletes or moves its files changes the folder that it reads.
std::vector<Location> source_locations(const SourceOptions& options) {
  std::vector<Location> locations{config::folder_location(options.path, false)};
  if (options.after != After::keep)
    locations.push_back(config::folder_location(options.path, true));
  if (!options.move_to.empty()) locations.push_back(config::folder_location(options.move_to, true));
  return locations;
}

std::vector<Location> sink_locations(const SinkOptions& options) {
  return {config::folder_location(options.path, true)};
}

}  // namespace

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "directory";
  options.sentence =
      "Files in a folder. As a source, each complete file, and each new version of one, becomes an "
      "event. As a sink, each event is written to a file, atomically.";
  options.source = config::connector_side(source_fields(), source_locations);
  options.sink = config::connector_side(sink_fields(), sink_locations);
  return options;
}

}  // namespace pelton::directory
