// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/describe.h"

#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/cli/print.h"
#include "engine/cli/registry.h"
#include "engine/config/spec/schema.h"
#include "engine/config/yaml/diagnostic.h"

#include <CLI/App.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>

namespace pelton::cli {
namespace {

struct DescribeOptions {
  std::string topic;
  std::string markdown;
  std::string format = "text";
};

Result<int> write_pages(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail_errno("E5020", "cannot create " + folder, error.value());
  for (const auto& [name, text] : config::reference_pages(kinds())) {
    const auto file = std::filesystem::path(folder) / name;
    errno = 0;
    std::ofstream out(file);
    out << text;
    out.close();
    if (!out) return fail_errno("E5020", "cannot write " + file.string(), errno);
  }
  return kOk;
}

// What was probably meant: a topic, or a connector or runtime by its name alone.
std::string kind_suggestion(const std::string& topic, const config::Kinds& known) {
  std::vector<std::string> names = config::describe_topics(known);
  for (const config::ConnectorOptions& type : known.connectors) names.push_back(type.type);
  for (const config::RuntimeOptions& runtime : known.runtimes) names.push_back(runtime.name);
  return config::did_you_mean(topic, names);
}

void print_topics(const DescribeOptions& options, const std::vector<std::string>& topics) {
  if (options.format == "json") {
    const boost::json::array names(topics.begin(), topics.end());
    print("{}\n", boost::json::serialize(boost::json::object{{"topics", names}}));
    return;
  }
  print("pelton describe TOPIC, one of:\n");
  for (const std::string& topic : topics) print("  {}\n", topic);
}

Result<int> describe(const DescribeOptions& options) {
  if (!options.markdown.empty()) return write_pages(options.markdown);
  const auto known = kinds();
  const auto text = config::describe(options.topic, known);
  const auto topics = config::describe_topics(known);
  if (text) {
    if (options.format == "json")
      print("{}\n",
            boost::json::serialize(boost::json::object{{"topic", options.topic}, {"text", *text}}));
    else
      print("{}", *text);
    return kOk;
  }
  if (options.topic.empty()) {
    print_topics(options, topics);
    return kOk;
  }
  return fail(ErrorKind::invalid, "E5001", "there is no topic \"{}\"{}; the topics are {}",
              options.topic, kind_suggestion(options.topic, known), config::joined(topics));
}

}  // namespace

void add_describe(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("describe", "the options of a config file");
  auto options = std::make_shared<DescribeOptions>();
  auto* topic = command->add_option("TOPIC", options->topic, "a section or a connector");
  command->add_option("--markdown", options->markdown, "write all reference pages into this folder")
      ->excludes(topic);
  add_format(*command, options->format);
  command->footer("`pelton schema` has the same for programs.\nExample: pelton describe binding");
  command->callback([&chosen, options] { chosen = [options] { return describe(*options); }; });
}

void add_schema(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("schema", "the JSON Schema of config files, for editors");
  auto format = std::make_shared<std::string>("json");
  command->add_option("-o,--output", *format, "json: it is nothing else")
      ->check(CLI::IsMember({"json"}));
  command->footer("Example: pelton schema > pelton.schema.json");
  command->callback([&chosen, format] {
    chosen = [] {
      print("{}\n", config::json_schema(kinds()));
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace pelton::cli
