// SPDX-License-Identifier: Apache-2.0
#include "engine/config/describe.h"

#include "engine/cli/commands.h"
#include "engine/cli/output.h"
#include "engine/cli/registry.h"
#include "engine/config/diagnostic.h"
#include "engine/config/schema.h"

#include <CLI/App.hpp>

#include <filesystem>
#include <fstream>
#include <memory>

namespace pelton::cli {
namespace {

struct Options {
  std::string topic;
  std::string markdown;
};

int describe(const Options& options) {
  const auto connectors = connector_options();
  if (!options.markdown.empty()) {
    std::filesystem::create_directories(options.markdown);
    for (const auto& [name, text] : config::reference_pages(connectors))
      std::ofstream(std::filesystem::path(options.markdown) / name) << text;
    return kOk;
  }
  const auto text = config::describe(options.topic, connectors);
  if (text) {
    fmt::print("{}", *text);
    return kOk;
  }
  const auto topics = config::describe_topics(connectors);
  std::string known;
  for (const std::string& topic : topics) known += "  " + topic + "\n";
  if (options.topic.empty()) {
    fmt::print("pelton describe TOPIC, one of:\n{}", known);
    return kOk;
  }
  fmt::print(stderr, "pelton: nothing is named \"{}\"{}; there are\n{}", options.topic,
             config::did_you_mean(options.topic, topics), known);
  return kNotFound;
}

}  // namespace

void add_describe(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("describe", "what can stand in a config file");
  auto options = std::make_shared<Options>();
  command->add_option("TOPIC", options->topic, "a section or a connector");
  command->add_option("--markdown", options->markdown,
                      "write the reference pages into this folder");
  command->footer("Example: pelton describe binding");
  command->callback([&chosen, options] { chosen = [options] { return describe(*options); }; });
}

void add_schema(CLI::App& app, Run& chosen) {
  auto* command = app.add_subcommand("schema", "the JSON Schema of config files, for editors");
  command->footer("Example: pelton schema > pelton.schema.json");
  command->callback([&chosen] {
    chosen = [] {
      fmt::print("{}\n", config::json_schema(connector_options()));
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace pelton::cli
