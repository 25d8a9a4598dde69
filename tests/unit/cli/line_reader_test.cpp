// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/line_reader.h"

#include "engine/base/unique_fd.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LineReaderTest : public ::testing::Test {
 protected:
  LineReaderTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
  }
  void send(std::string_view text) {
    ASSERT_EQ(::write(write_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::vector<std::string> all(std::string_view text) {
    send(text);
    write_ = UniqueFd();
    LineReader reader(read_.get());
    std::vector<std::string> lines;
    for (std::string line; reader.next(line);) lines.push_back(line);
    EXPECT_TRUE(reader.status());
    return lines;
  }

  UniqueFd read_, write_;
};

TEST_F(LineReaderTest, TheLastLineNeedsNoEnd) {
  EXPECT_THAT(all("a\n\nb"), ElementsAre("a", "", "b"));
}

TEST_F(LineReaderTest, NothingIsNoLine) {
  EXPECT_THAT(all(""), IsEmpty());
}

TEST_F(LineReaderTest, ReadyOnlyWhenTheNextLineIsThere) {
  LineReader reader(read_.get());
  EXPECT_FALSE(reader.ready());
  send("one\ntwo\n");
  EXPECT_TRUE(reader.ready());
  std::string line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_TRUE(reader.ready());
  ASSERT_TRUE(reader.next(line));
  EXPECT_EQ(line, "two");
  EXPECT_FALSE(reader.ready());
}

TEST_F(LineReaderTest, ALineBeyondTheLimitIsAnError) {
  const UniqueFd file(::memfd_create("lines", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(file.get(), LineReader::kMaxLine + 1), 0);
  LineReader reader(file.get());
  std::string line;
  EXPECT_FALSE(reader.next(line));
  ASSERT_FALSE(reader.status());
  EXPECT_EQ(reader.status().error().code, "E5020");
}

TEST_F(LineReaderTest, AFolderCannotBeRead) {
  const UniqueFd folder(::open(testing::TempDir().c_str(), O_RDONLY | O_CLOEXEC));
  LineReader reader(folder.get());
  std::string line;
  EXPECT_FALSE(reader.next(line));
  ASSERT_FALSE(reader.status());
  EXPECT_EQ(reader.status().error().code, "E5020");
}

}  // namespace
}  // namespace pelton::cli
