// SPDX-License-Identifier: Apache-2.0
#include "engine/import/import.h"

#include "engine/base/hash.h"
#include "engine/config/config_text.h"
#include "engine/import/config_document.h"
#include "engine/import/readers.h"
#include "engine/import/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::importer {
namespace {

namespace fs = std::filesystem;

enum class System { none, serverless, sam };

System system_of(const fs::path& file, const Node& root) {
  const Node* transform = root.find("Transform");
  if (root.find("AWSTemplateFormatVersion") != nullptr ||
      (transform != nullptr && transform->text.starts_with("AWS::Serverless")))
    return System::sam;
  if (root.find("service") != nullptr && root.find("provider") != nullptr)
    return System::serverless;
  const std::string name = file.filename().string();
  const bool named = name.starts_with("serverless.") || name.starts_with("serverless-");
  return named && (name.ends_with(".yml") || name.ends_with(".yaml")) &&
                 root.find("version") == nullptr
             ? System::serverless
             : System::none;
}

Result<std::string> read_below(const fs::path& folder, const std::string& path) {
  auto read = config::read_config_text(folder / path, config::Readable::regular_files);
  if (!read) return fail(ErrorKind::invalid, read.error().code, "{}", read.error().message);
  return std::move(read->text);
}

Service read_service(const config::Dialect::Input& input, const Options& options,
                     config::Diagnostics& problems) {
  const fs::path folder = config::folder_of(input.file);
  const auto read = [&](const std::string& path) {
    if (options.opened) options.opened(folder / path);
    return read_below(folder, path);
  };
  Variables variables(
      input.root,
      {input.environment, read, options.stage,
       fmt::format("{:016x}", hash64(config::absolute_file(input.file).string())), options.params},
      problems);
  Resources resources(variables, problems);
  Options all = options;
  Reader reader(variables, resources, problems, all);
  const bool template_of_sam = system_of(input.file, input.root) == System::sam;
  if (!template_of_sam) reader.services = read_services(input.root, reader, all.services);
  reader.services = with_services(std::move(reader.services), options.services);
  for (const auto& [name, url] : options.services) all.services[name] = url;
  const auto queues =
      all.services.contains("sqs") ? all.services.find("sqs") : all.services.find("");
  if (queues != all.services.end()) resources.set_queue_endpoint(queues->second);
  Service service =
      template_of_sam ? read_template(input.root, reader) : read_serverless(input.root, reader);
  service.services = std::move(reader.services);
  return service;
}

std::vector<std::string> heading_of(const fs::path& file, const Service& service,
                                    const std::vector<config::Diagnostic>& problems) {
  std::vector<std::string> lines{
      fmt::format("The service {} of {}, stage {}, as a config file of Pelton.", service.name,
                  file.filename().string(), service.stage),
      fmt::format("Made by `pelton convert`; paths begin in the folder of {}.",
                  file.filename().string())};
  if (!problems.empty()) lines.emplace_back("");
  for (const config::Diagnostic& problem : problems)
    lines.push_back(fmt::format("line {}: {}", problem.place.line, problem.message));
  return lines;
}

}  // namespace

config::Dialect dialect(const Options& options) {
  config::Dialect dialect;
  dialect.recognises = [](const fs::path& file, const Node& root) {
    return system_of(file, root) != System::none;
  };
  dialect.translate = [options](const config::Dialect::Input& input,
                                config::Diagnostics& problems) {
    return make_document(read_service(input, options, problems), options).root;
  };
  dialect.data = ".pelton";
  // A function whose code is missing breaks itself alone; one without events is there to be called.
  dialect.warned = {"E1014"};
  dialect.left_out = {"E1101"};
  return dialect;
}

Converted convert(const fs::path& file, const config::Environment& environment,
                  const Options& options) {
  const auto read = config::read_config_text(file);
  if (!read) return {{}, {read.error()}};
  config::Diagnostics problems;
  const Node root = config::parse_yaml(read->text, problems, config::Syntax::tagged);
  if (!problems.has_errors() && system_of(file, root) == System::none)
    problems.error({1, 1}, "E1042",
                   "the file is neither a serverless.yml nor a template of AWS SAM");
  Converted converted;
  if (!problems.has_errors()) {
    const Service service = read_service({file, root, environment}, options, problems);
    if (!problems.has_errors())
      converted.text =
          yaml_text(make_document(service, options), heading_of(file, service, problems.sorted()));
  }
  converted.problems = problems.sorted();
  for (config::Diagnostic& problem : converted.problems) problem.file = config::shown_name(file);
  return converted;
}

}  // namespace pelton::importer
