// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/config_file.h"
#include "engine/config/parts/aws_services.h"
#include "engine/config/parts/http_listen.h"
#include "engine/config/parts/services.h"

#include <CLI/App.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace pelton::cli {
namespace {

std::string check_param(const std::string& word) {
  const auto equal = word.find('=');
  return equal == std::string::npos || equal == 0 ? fmt::format("\"{}\" is not NAME=VALUE", word)
                                                  : "";
}

bool begins_as_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

// The service as written, and its URL; the service is empty where only a URL is given.
std::pair<std::string, std::string> service_of(const std::string& word) {
  if (begins_as_url(word)) return {"", word};
  const auto equal = std::min(word.find('='), word.size());
  return {word.substr(0, equal), word.substr(std::min(equal + 1, word.size()))};
}

std::string check_service(const std::string& word) {
  const auto [name, url] = service_of(word);
  if ((name.empty() && !begins_as_url(word)) || !config::check_service_url(url))
    return fmt::format("\"{}\" is not NAME=URL, such as s3=http://127.0.0.1:9000", word);
  if (!name.empty() && !config::aws_service(name))
    return fmt::format("\"{}\" is not a service of AWS{}", name, config::similar_aws_service(name));
  return "";
}

std::string check_address(const std::string& word) {
  const auto listen = config::parse_listen(word);
  return listen ? "" : fmt::format("\"{}\" {}", word, listen.error().message);
}

}  // namespace

importer::Options ImportWords::options() const {
  importer::Options options;
  options.stage = stage;
  for (const std::string& word : params) {
    const auto equal = word.find('=');
    options.params[word.substr(0, equal)] = word.substr(equal + 1);
  }
  for (const std::string& word : services) {
    auto [name, url] = service_of(word);
    options.services[config::aws_service(name).value_or("")] = std::move(url);
  }
  if (!listen.empty()) options.listen = listen;
  return options;
}

std::vector<std::string> ImportWords::arguments() const {
  std::vector<std::string> words;
  const auto add = [&](const char* option, const std::string& value) {
    words.insert(words.end(), {option, value});
  };
  if (!stage.empty()) add("--stage", stage);
  for (const std::string& param : params) add("--param", param);
  for (const std::string& service : services) add("--service", service);
  if (!listen.empty()) add("--listen", listen);
  return words;
}

void add_import_options(CLI::App& command, ImportWords& words) {
  const std::string group = "Options for serverless.yml and template.yaml";
  command
      .add_option("--service", words.services,
                  "NAME=URL: where functions find a service of AWS, such as\n"
                  "s3=http://127.0.0.1:9000; URL alone: all other services; may be repeated")
      ->allow_extra_args(false)
      ->check(check_service);
  command.add_option("--stage", words.stage, "the stage (default: the file's, or dev)")
      ->group(group);
  command
      .add_option("--param", words.params, "NAME=VALUE, which ${param:NAME} means; may be repeated")
      ->allow_extra_args(false)
      ->check(check_param)
      ->group(group);
  command.add_option("--listen", words.listen, "address for HTTP (default: 127.0.0.1:3000)")
      ->check(check_address)
      ->group(group);
}

}  // namespace pelton::cli
