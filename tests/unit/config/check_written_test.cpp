// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::config {
namespace {

// A config with data in ./state, the function ./code/f, a source on ./in and a sink on `written`.
class Written : public ConfigTest {
 protected:
  Written() {
    make_folder("code");
    write("code/f", "");
    std::filesystem::permissions(folder_ / "code/f", std::filesystem::perms::owner_all);
  }

  std::size_t refused(const std::string& written) const {
    const auto all = codes(
        fmt::format("version: 1\nengine: {{ data: ./state }}\nstreams: {{ a: {{}}, b: {{}} }}\n"
                    "functions: {{ f: {{ runtime: cpp, code: ./code/f }} }}\n"
                    "connectors: {{ in: {{ files: {{ path: ./in }}, to: a }}, "
                    "out: {{ files: {{ path: {} }}, from: b }} }}\n",
                    written));
    return static_cast<std::size_t>(std::ranges::count(all, "E1030"));
  }
};

TEST_F(Written, FoldersOfTheirOwnAreAllowed) {
  for (const char* path : {"./out", "./in2", "./state2", "../elsewhere", "./out/in"})
    EXPECT_EQ(refused(path), 0U) << path;
}

TEST_F(Written, TheDataFolderIsRefused) {
  for (const char* path : {"./state", "./state/db", "./x/../state"})
    EXPECT_EQ(refused(path), 1U) << path;
}

TEST_F(Written, TheCodeOfAFunctionIsRefused) {
  for (const char* path : {"./code", "./code/f"}) EXPECT_EQ(refused(path), 1U) << path;
}

TEST_F(Written, TheFolderOfAnotherSourceIsRefused) {
  for (const char* path : {"./in", "./in/done"}) EXPECT_EQ(refused(path), 1U) << path;
}

TEST_F(Written, AFolderThatHoldsEverythingIsRefusedForEachOfThem) {
  EXPECT_EQ(refused("."), 4U);
  EXPECT_EQ(refused("/"), 4U);
}

TEST_F(Written, SymbolicLinksAreFollowed) {
  make_folder("state/db");
  std::filesystem::create_directory_symlink(folder_ / "state/db", folder_ / "link");
  EXPECT_EQ(refused("./link"), 1U);
  EXPECT_EQ(refused("./link/not-there-yet"), 1U);
}

}  // namespace
}  // namespace pelton::config
