// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/log_reader.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A log that the test writes and replaces as an engine does.
class ReadLog : public testing::Test {
 protected:
  ReadLog() { fs::create_directories(files_.newest.parent_path()); }
  ~ReadLog() override { fs::remove_all(data_); }

  void write(const std::string& text) {
    std::ofstream(files_.newest, std::ios::app | std::ios::binary) << text;
  }
  void replace() { fs::rename(files_.newest, files_.older); }
  std::vector<std::string> read() {
    std::vector<std::string> lines;
    reader_.read([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }

  const fs::path data_ =
      fs::path(testing::TempDir()) / ("log_reader." + std::to_string(::getpid()));
  const observe::FunctionLogFiles files_ = observe::function_log_files(data_, "greet");
  LogReader reader_{files_};
};

TEST_F(ReadLog, ThereMayBeNone) {
  EXPECT_FALSE(reader_.open());
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(ReadLog, OneThatAppearsLaterIsRead) {
  EXPECT_FALSE(reader_.open());
  EXPECT_THAT(read(), IsEmpty());
  write("a\n");
  EXPECT_THAT(read(), ElementsAre("a"));
}

TEST_F(ReadLog, EachLineIsGivenOnce) {
  write("a\nb\n");
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre("a", "b"));
  EXPECT_THAT(read(), IsEmpty());
  write("c\n");
  EXPECT_THAT(read(), ElementsAre("c"));
}

TEST_F(ReadLog, ALineIsGivenOnceItsEndIsThere) {
  write("a\nbe");
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre("a"));
  write("gun");
  EXPECT_THAT(read(), IsEmpty());
  write("\nc\n");
  EXPECT_THAT(read(), ElementsAre("begun", "c"));
}

TEST_F(ReadLog, EmptyLinesAreNone) {
  write("\n\na\n\n");
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre("a"));
}

TEST_F(ReadLog, TheOlderFileComesFirst) {
  write("old\n");
  replace();
  write("new\n");
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre("old", "new"));
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(ReadLog, OnlyAnOlderFileIsALogToo) {
  write("old\n");
  replace();
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre("old"));
  write("new\n");
  EXPECT_THAT(read(), ElementsAre("new"));
}

TEST_F(ReadLog, TheRestOfAFileThatIsReplacedIsReadBeforeTheNextOne) {
  write("a\n");
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre("a"));
  write("b\n");
  replace();
  write("c\n");
  EXPECT_THAT(read(), ElementsAre("b", "c"));
  write("d\n");
  EXPECT_THAT(read(), ElementsAre("d"));
}

TEST_F(ReadLog, AFileThatIsReplacedBeforeItsSuccessorExistsIsNotLost) {
  write("a\n");
  ASSERT_TRUE(reader_.open());
  read();
  write("b\n");
  replace();
  EXPECT_THAT(read(), ElementsAre("b"));
  write("c\n");
  EXPECT_THAT(read(), ElementsAre("c"));
}

TEST_F(ReadLog, LinesMayBeLongerThanOneRead) {
  const std::string line(200'000, 'x');
  write(line + "\nshort\n");
  ASSERT_TRUE(reader_.open());
  const auto lines = read();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0], line);
  EXPECT_EQ(lines[1], "short");
}

TEST_F(ReadLog, BytesAreGivenAsTheyAre) {
  write(std::string("a\0b\xff\n", 5));
  ASSERT_TRUE(reader_.open());
  EXPECT_THAT(read(), ElementsAre(std::string("a\0b\xff", 4)));
}

}  // namespace
}  // namespace pelton::cli
