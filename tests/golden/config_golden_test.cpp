// SPDX-License-Identifier: Apache-2.0
// What `validate` says about each bad config of tests/golden/config: a file, or a folder whose
// files are one config. UPDATE_GOLDEN=1 writes the expectations again.
#include "connectors/kafka/options.h"
#include "connectors/s3/options.h"
#include "engine/config/load.h"
#include "engine/config/spec/fields.h"
#include "engine/import/import.h"
#include "engine/kafka/options.h"
#include "engine/worker/runtimes/builtin.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

struct Sample {
  std::filesystem::path place;
  bool moves = false;
};

std::vector<ConnectorOptions> connectors() {
  const auto fields = [] {
    return Fields<Sample>("", "").shorthand("place").option("place", &Sample::place, "The folder.",
                                                            {.required = true});
  };
  ConnectorOptions type{"sample", "Files.", {}, {}};
  auto source = fields().option("moves", &Sample::moves, "Whether files are moved away.");
  type.source = connector_side<Sample>(std::move(source), [](const Sample& sample) {
    return std::vector{folder_location(sample.place, sample.moves)};
  });
  type.sink = connector_side<Sample>(fields(), [](const Sample& sample) {
    return std::vector{folder_location(sample.place, true)};
  });
  struct Nothing {};
  ConnectorOptions readonly{"readonly", "Has one direction.", {}, {}};
  readonly.source = connector_side<Nothing>(Fields<Nothing>("", ""),
                                            [](const Nothing&) { return std::vector<Location>{}; });
  return {type, readonly, kafka_connector::describe_options(), s3::describe_options()};
}

// With the runtimes of the engine, whose messages are part of what `validate` says.
Kinds kinds() {
  Kinds kinds{connectors(), {}, kafka::topic_kind()};
  for (const worker::RuntimeSpec& runtime : worker::builtin_runtimes())
    kinds.runtimes.push_back(runtime.options);
  kinds.dialect = importer::dialect({});
  return kinds;
}

constexpr const char* kSecret = "hunter2-sesame";

std::optional<std::string> environment(const std::string& name) {
  if (name == "SECRET") return kSecret;
  return std::nullopt;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> files_of(const std::string& name) {
  const fs::path folder = fs::path(PELTON_GOLDEN) / name;
  if (!fs::is_directory(folder)) return {folder.string() + ".yaml"};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

class ConfigGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(ConfigGolden, SaysTheSame) {
  const fs::path folder = PELTON_GOLDEN;
  const auto loaded = load(files_of(GetParam()), kinds(), environment);
  std::string said;
  for (Diagnostic problem : loaded.problems) {
    problem.file = fs::path(problem.file).lexically_relative(folder).string();
    said += problem.text() + "\n";
  }
  // Messages name absolute paths; the folder is not the same everywhere.
  for (std::size_t at = 0; (at = said.find(folder.string(), at)) != std::string::npos;)
    said.replace(at, folder.string().size(), "FOLDER");
  EXPECT_FALSE(loaded.problems.empty());
  EXPECT_EQ(said.find(kSecret), std::string::npos);
  const fs::path expected = folder / (GetParam() + ".expected");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << said;
  EXPECT_EQ(said, text_of(expected));
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(PELTON_GOLDEN))
    if (entry.is_directory() || entry.path().extension() == ".yaml")
      all.push_back(entry.path().stem().string());
  std::sort(all.begin(), all.end());
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, ConfigGolden, ::testing::ValuesIn(names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace pelton::config
