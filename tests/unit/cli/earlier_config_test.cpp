// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/earlier_config.h"

#include "tests/contract/temporary_folder.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class Earlier : public testing::Test {
 protected:
  void SetUp() override {
    write(one(), "version: 1");
    fs::create_directory(folder_.path() / "more");
    write(two(), "streams: {}");
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::trunc) << text;
  }
  static std::string text_of_file(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  fs::path one() const { return folder_.path() / "pelton.yaml"; }
  fs::path two() const { return folder_.path() / "more/serverless.yml"; }

  const test::TemporaryFolder folder_;
};

TEST_F(Earlier, TextsAreThoseOfTheMomentOrNone) {
  EXPECT_THAT(texts_of({one(), two()}), ElementsAre("version: 1", "streams: {}"));
  EXPECT_THAT(texts_of({one(), folder_.path() / "gone"}), IsEmpty());
}

TEST_F(Earlier, FilesStandBesideTheirOriginals) {
  const ConfigTexts texts = texts_of({one(), two()});
  write(one(), "broken: [");
  fs::path written;
  {
    const auto earlier = EarlierConfig::write({one(), two()}, texts);
    ASSERT_TRUE(earlier);
    ASSERT_EQ(earlier->files().size(), 2U);
    written = earlier->files()[0];
    EXPECT_EQ(written, folder_.path() / ".earlier-pelton.yaml");
    EXPECT_EQ(earlier->files()[1], folder_.path() / "more/.earlier-serverless.yml");
    EXPECT_EQ(text_of_file(written), "version: 1");
    EXPECT_EQ(fs::status(written).permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << "it may have secrets";
  }
  EXPECT_FALSE(fs::exists(written));
  EXPECT_EQ(text_of_file(one()), "broken: [");
}

TEST_F(Earlier, OneThatIsMovedRemovesItsFilesOnce) {
  auto earlier = EarlierConfig::write({one()}, {"a"});
  ASSERT_TRUE(earlier);
  const fs::path written = earlier->files()[0];
  {
    const EarlierConfig moved = std::move(*earlier);
    earlier.reset();
    EXPECT_TRUE(fs::exists(written));
  }
  EXPECT_FALSE(fs::exists(written));
}

TEST_F(Earlier, ALinkInItsPlaceIsNotFollowed) {
  fs::create_symlink(one(), folder_.path() / ".earlier-pelton.yaml");
  const auto earlier = EarlierConfig::write({one()}, {"other"});
  ASSERT_TRUE(earlier);
  EXPECT_EQ(text_of_file(earlier->files()[0]), "other");
  EXPECT_EQ(text_of_file(one()), "version: 1");
}

TEST_F(Earlier, WhatAProcessThatWasKilledLeftIsRemoved) {
  const fs::path left = folder_.path() / ".earlier-pelton.yaml";
  write(left, "text");
  EarlierConfig::remove_left({one(), two()});
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(one()));
}

TEST_F(Earlier, AFolderThatIsGoneGivesNone) {
  EXPECT_FALSE(EarlierConfig::write({folder_.path() / "gone/pelton.yaml"}, {"text"}));
}

}  // namespace
}  // namespace pelton::cli
