// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/engine_address.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>

namespace pelton::cli {
namespace {

class AddressTest : public ::testing::Test {
 protected:
  AddressTest() { std::filesystem::create_directories(folder_); }
  ~AddressTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) {
    const auto path = folder_ / "pelton.yaml";
    std::ofstream(path) << text;
    return path.string();
  }
  Result<std::filesystem::path> socket(const EngineAddress& address) const {
    return admin_socket(address, [this](const std::string& name) -> std::optional<std::string> {
      const auto at = variables_.find(name);
      return at == variables_.end() ? std::nullopt : std::optional(at->second);
    });
  }
  std::string error(const std::string& text) {
    const auto found = socket({.config = file(text)});
    return found ? "found " + found->string() : found.error().text();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("address." + std::to_string(::getpid()));
  std::map<std::string, std::string> variables_;
};

TEST_F(AddressTest, TheNearestWordCounts) {
  EXPECT_EQ(*socket({}), "data/admin.sock");
  variables_["PELTON_CONFIG"] = file("engine: { data: from_variable }");
  EXPECT_EQ(*socket({}), folder_ / "from_variable/admin.sock");
  variables_["PELTON_SOCKET"] = "/run/p.sock";
  EXPECT_EQ(*socket({}), "/run/p.sock");
  EXPECT_EQ(*socket({.config = file("engine: { data: /srv/pelton }")}), "/srv/pelton/admin.sock");
  EXPECT_EQ(*socket({.data = "d"}), "d/admin.sock");
  EXPECT_EQ(*socket({.data = "d", .socket = "s"}), "s");
  variables_ = {{"PELTON_SOCKET", ""}, {"PELTON_CONFIG", ""}};
  EXPECT_EQ(*socket({}), "data/admin.sock");
}

TEST_F(AddressTest, OfAConfigFileOnlyTheDataFolderIsRead) {
  variables_["WHERE"] = "here";
  EXPECT_EQ(*socket({.config = file("version: 7\n"
                                    "engine: { data: \"${env:WHERE}\", free_space: many }\n"
                                    "functions: { f: { code: ./not_there, environment: { S: "
                                    "\"${env:NO_SECRET}\" } } }\n"
                                    "bindings: { b: { from: nowhere } }\n")}),
            folder_ / "here/admin.sock");
  EXPECT_EQ(*socket({.config = file("streams: {}")}), folder_ / "data/admin.sock");
}

TEST_F(AddressTest, WhatStandsInTheWayIsNamedWithItsPlace) {
  EXPECT_NE(error("engine: { data: [1] }").find("pelton.yaml:1:17: "), std::string::npos);
  EXPECT_NE(error("engine: { data: \"${env:NOT_SET}\" }").find("NOT_SET"), std::string::npos);
  EXPECT_NE(error("engine: { data: \"a").find("E1002"), std::string::npos);
  const auto missing = socket({.config = (folder_ / "none.yaml").string()});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "E1001");
}

TEST_F(AddressTest, StandardInputIsNoConfigOfAnEngine) {
  const auto found = socket({.config = "-"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "E5004");
}

}  // namespace
}  // namespace pelton::cli
