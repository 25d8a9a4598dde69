// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/sdk_folder.h"
#include "engine/config/yaml/diagnostic.h"
#include "engine/observe/log.h"

#include <CLI/App.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "pelton.yaml";

struct InitOptions {
  std::string name = "python";
  std::string folder = ".";
  bool list = false;
};

// The comment that a template's config begins with: a sentence, an empty line, commands.
std::vector<std::string> introduction(const fs::path& config) {
  std::ifstream file(config);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line) && line.starts_with('#');)
    lines.push_back(line.substr(std::min<std::size_t>(2, line.size())));
  return lines;
}

std::vector<std::string> names_in(const fs::path& templates) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(templates, error), end; !error && at != end; at.increment(error))
    if (fs::exists(at->path() / kConfig)) names.push_back(at->path().filename());
  std::ranges::sort(names);
  return names;
}

int show_all(const fs::path& templates) {
  Table table({"TEMPLATE", "WHAT IT DOES"});
  for (const std::string& name : names_in(templates)) {
    const auto lines = introduction(templates / name / kConfig);
    table.add({name, lines.empty() ? "" : lines.front()});
  }
  print("{}", table.text());
  return kOk;
}

std::unexpected<Error> cannot(const fs::path& path, const std::error_code& why) {
  return fail(ErrorKind::unavailable, "E5020", "cannot write {}: {}",
              observe::log::escaped(path.native()), why.message());
}

// The files of the template, relative to it; directories before what is in them.
Result<std::vector<fs::path>> files_of(const fs::path& source) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(source, error), end; !error && at != end;
       at.increment(error))
    files.push_back(at->path().lexically_relative(source));
  if (error) return cannot(source, error);
  std::ranges::sort(files);
  return files;
}

// All or nothing: what is there already is found before anything is written.
Status copy(const fs::path& source, const fs::path& target, const std::vector<fs::path>& files) {
  std::error_code error;
  for (const fs::path& file : files)
    if (!fs::is_directory(source / file) &&
        fs::symlink_status(target / file, error).type() != fs::file_type::not_found)
      return fail(ErrorKind::invalid, "E5050", "{} exists; nothing was written",
                  observe::log::escaped((target / file).native()));
  fs::create_directories(target, error);
  if (error) return cannot(target, error);
  for (const fs::path& file : files) {
    if (fs::is_directory(source / file))
      fs::create_directories(target / file, error);
    else
      fs::copy_file(source / file, target / file, error);
    if (error) return cannot(target / file, error);
  }
  return {};
}

void show_next_steps(const std::string& folder, const std::vector<std::string>& introduction) {
  print("\nNext:\n\n");
  if (fs::path(folder).lexically_normal() != ".") print("  cd {}\n", folder);
  for (std::size_t i = 2; i < introduction.size(); ++i) print("{}\n", introduction[i]);
}

Result<int> init(const InitOptions& options) {
  const fs::path templates = find_sdks() / "templates";
  if (options.list) return show_all(templates);
  const auto names = names_in(templates);
  if (std::ranges::find(names, options.name) == names.end())
    return fail(ErrorKind::invalid, "E5051",
                "there is no template \"{}\"{}; see pelton init --list",
                observe::log::escaped(options.name), config::did_you_mean(options.name, names));
  const auto files = files_of(templates / options.name);
  if (!files) return std::unexpected(files.error());
  if (auto ok = copy(templates / options.name, options.folder, *files); !ok)
    return std::unexpected(ok.error());
  for (const fs::path& file : *files)
    if (!fs::is_directory(templates / options.name / file))
      print("created {}\n", (fs::path(options.folder) / file).lexically_normal().native());
  show_next_steps(options.folder, introduction(templates / options.name / kConfig));
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("init", "a new project: a config, a function, sample events");
  auto options = std::make_shared<InitOptions>();
  command->add_option("FOLDER", options->folder, "where (default: the working folder)");
  command->add_option("-t,--template", options->name, "what it begins with (default: python)");
  command->add_flag("--list", options->list, "the templates");
  command->footer("Example: pelton init orders --template kafka");
  command->callback([&chosen, options] { chosen = [options] { return init(*options); }; });
}

}  // namespace pelton::cli
