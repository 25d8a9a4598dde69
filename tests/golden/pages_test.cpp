// SPDX-License-Identifier: Apache-2.0
// The pages that are made from code, or belong to it, are those of this code.
#include "connectors/builtin.h"
#include "engine/config/spec/describe.h"
#include "engine/kafka/options.h"
#include "engine/worker/runtimes/builtin.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace pelton {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = PELTON_SOURCE;

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::set<std::string> codes_in(const std::string& text) {
  static const std::regex code("E1[0-9]{3}");
  std::set<std::string> codes;
  for (std::sregex_iterator at(text.begin(), text.end(), code), end; at != end; ++at)
    codes.insert(at->str());
  return codes;
}

// Every code that files with this ending name.
std::set<std::string> codes_below(const fs::path& folder, const std::string& ending) {
  std::set<std::string> codes;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ending) codes.merge(codes_in(text_of(entry.path())));
  return codes;
}

// Those of the config and of options that others describe.
std::set<std::string> config_codes() {
  std::set<std::string> codes = codes_below(kSource / "engine/config", ".cpp");
  for (const char* folder :
       {"engine/worker/runtimes", "engine/kafka", "engine/net", "engine/import"})
    codes.merge(codes_below(kSource / folder, ".cpp"));
  return codes;
}

TEST(Reference, IsThatOfTheSpecs) {
  config::Kinds kinds;
  for (const auto& spec : builtin_connectors()) kinds.connectors.push_back(spec.options);
  for (const auto& spec : worker::builtin_runtimes()) kinds.runtimes.push_back(spec.options);
  kinds.topic = kafka::topic_kind();
  const auto pages = config::reference_pages(kinds);
  const fs::path folder = kSource / "docs/reference";
  for (const auto& [name, text] : pages)
    EXPECT_EQ(text_of(folder / name), text)
        << name << ": run pelton describe --markdown docs/reference";
  for (const auto& entry : fs::directory_iterator(folder))
    EXPECT_TRUE(pages.contains(entry.path().filename().string())) << entry.path();
}

TEST(ErrorPages, ThereIsOneForEachCodeOfTheConfig) {
  std::set<std::string> pages;
  for (const auto& entry : fs::directory_iterator(kSource / "docs/errors")) {
    const std::string name = entry.path().stem().string();
    if (!name.starts_with("E1")) continue;
    pages.insert(name);
    const std::string text = text_of(entry.path());
    EXPECT_TRUE(text.starts_with("# " + name + " ")) << name;
    EXPECT_NE(text.find("\n## Cause\n"), std::string::npos) << name;
    EXPECT_NE(text.find("\n## Remedy\n"), std::string::npos) << name;
  }
  EXPECT_EQ(config_codes(), pages);
}

TEST(Goldens, ShowEveryCodeOfTheConfig) {
  EXPECT_EQ(codes_below(PELTON_GOLDEN, ".expected"), config_codes());
}

}  // namespace
}  // namespace pelton
