// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/code_watch.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Watched : public testing::Test {
 protected:
  Watched() : root_(fs::path(testing::TempDir()) / ("watch." + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "code");
    write("pelton.yaml");
    write("code/main.py");
    EXPECT_TRUE(watch_.open());
  }
  ~Watched() override { fs::remove_all(root_); }

  void write(const std::string& name) { std::ofstream(root_ / name) << "text"; }
  void begin() { watch_.watch({root_ / "pelton.yaml", root_ / "code"}, root_ / "data"); }
  // Names of the watched paths that have changed.
  std::vector<std::string> changed() {
    std::vector<std::string> names;
    for (const fs::path& path : watch_.changed()) names.push_back(path.filename());
    return names;
  }

  const fs::path root_;
  CodeWatch watch_;
};

TEST_F(Watched, WhatIsWrittenBelongsToTheFolderThatWasGiven) {
  begin();
  EXPECT_THAT(changed(), IsEmpty());
  write("code/main.py");
  EXPECT_THAT(changed(), ElementsAre("code"));
  write("pelton.yaml");
  write("code/other.py");
  EXPECT_THAT(changed(), UnorderedElementsAre("pelton.yaml", "code"));
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(Watched, NeighboursOfAFileAreNoChange) {
  begin();
  write("notes.txt");
  fs::create_directory(root_ / "data");
  write("data/CURRENT");
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(Watched, AFileThatIsReplacedOrRemovedHasChanged) {
  begin();
  write("new");
  fs::rename(root_ / "new", root_ / "pelton.yaml");
  EXPECT_THAT(changed(), ElementsAre("pelton.yaml"));
  fs::remove(root_ / "code/main.py");
  EXPECT_THAT(changed(), ElementsAre("code"));
}

TEST_F(Watched, FoldersThatAppearAreWatched) {
  begin();
  fs::create_directories(root_ / "code/lib");
  changed();
  fs::create_directories(root_ / "code/lib/deep");
  changed();
  write("code/lib/deep/module.py");
  EXPECT_THAT(changed(), ElementsAre("code"));
}

TEST_F(Watched, AFolderWithFilesMayBeMovedIn) {
  begin();
  fs::create_directories(root_ / "lib/deep");
  fs::rename(root_ / "lib", root_ / "code/lib");
  EXPECT_THAT(changed(), ElementsAre("code"));
  write("code/lib/deep/module.py");
  EXPECT_THAT(changed(), ElementsAre("code"));
}

TEST_F(Watched, WhatToolsAndEditorsLeaveIsNoChange) {
  for (const char* folder : {"node_modules", "__pycache__", ".git", "venv"})
    fs::create_directories(root_ / "code" / folder);
  begin();
  write("code/node_modules/index.js");
  write("code/__pycache__/main.pyc");
  write("code/.git/index");
  write("code/venv/pyvenv.cfg");
  write("code/.main.py.swp");
  write("code/main.py~");
  write("code/4913");
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(Watched, TheDataFolderMayBeAmongTheCode) {
  fs::create_directories(root_ / "code/data/log");
  watch_.watch({root_ / "code"}, root_ / "code/data");
  write("code/data/CURRENT");
  write("code/data/log/1");
  fs::create_directories(root_ / "code/data/db");
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(Watched, APathThatIsNotThereYetIsNoticedWhenItAppears) {
  watch_.watch({root_ / "built"}, {});
  write("built");
  EXPECT_THAT(changed(), ElementsAre("built"));
}

TEST_F(Watched, OtherPathsTakeThePlaceOfTheFirst) {
  begin();
  watch_.watch({root_ / "pelton.yaml"}, {});
  write("code/main.py");
  EXPECT_THAT(changed(), IsEmpty());
  write("pelton.yaml");
  EXPECT_THAT(changed(), ElementsAre("pelton.yaml"));
}

// Whoever is told of a change looks which paths there are now, and the next one is saved meanwhile.
TEST_F(Watched, AChangeIsNotLostWhenThePathsAreGivenAgain) {
  begin();
  write("pelton.yaml");
  write("code/main.py");
  begin();
  EXPECT_THAT(changed(), UnorderedElementsAre("pelton.yaml", "code"));
}

TEST_F(Watched, AFileIsOneOfSeveralFoldersThatContainIt) {
  fs::create_directories(root_ / "code/inner");
  watch_.watch({root_ / "code", root_ / "code/inner"}, {});
  write("code/inner/main.py");
  EXPECT_THAT(changed(), UnorderedElementsAre("code", "inner"));
}

TEST_F(Watched, AHiddenFileThatWasGivenIsNoticed) {
  write(".secret");
  write(".other");
  watch_.watch({root_ / ".secret"}, {});
  EXPECT_THAT(changed(), IsEmpty());
  write(".other");
  EXPECT_THAT(changed(), IsEmpty());
  write(".secret");
  EXPECT_THAT(changed(), ElementsAre(".secret"));
}

}  // namespace
}  // namespace pelton::cli
