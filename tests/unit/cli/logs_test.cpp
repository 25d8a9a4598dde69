// SPDX-License-Identifier: Apache-2.0
// pelton logs, and the files that it reads while they are replaced.
#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/cli/log_reader.h"
#include "tests/unit/cli/command_fixture.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Logs : public testing::Test {
 protected:
  Logs() { std::filesystem::create_directories(files.newest.parent_path()); }
  static void append(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::app) << text;
  }
  std::vector<std::string> read() {
    std::vector<std::string> lines;
    reader.read([&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
  Ran logs(std::vector<std::string> words) const {
    words.insert(words.begin(), {"logs", "f", "--data", folder.path().string()});
    return run_words(words);
  }

  const test::TemporaryFolder folder;
  const observe::FunctionLogFiles files = observe::function_log_files(folder.path(), "f");
  LogReader reader{files};
};

TEST_F(Logs, AreReadFromOldToNewAndOn) {
  EXPECT_FALSE(reader.open());
  append(files.older, "1\n2\n");
  append(files.newest, "3\n4");
  ASSERT_TRUE(reader.open());
  EXPECT_THAT(read(), ElementsAre("1", "2", "3"));
  append(files.newest, "5\n6\n");
  EXPECT_THAT(read(), ElementsAre("45", "6"));
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(Logs, AreFollowedWhereFilesAreReplaced) {
  append(files.newest, "1\n");
  ASSERT_TRUE(reader.open());
  EXPECT_THAT(read(), ElementsAre("1"));
  append(files.newest, "2\n");
  std::filesystem::rename(files.newest, files.older);
  append(files.newest, "3\n");
  EXPECT_THAT(read(), ElementsAre("2", "3"));
  std::filesystem::rename(files.newest, files.older);
  EXPECT_THAT(read(), IsEmpty());
  append(files.newest, "4\n");
  EXPECT_THAT(read(), ElementsAre("4"));
}

TEST_F(Logs, AreSelectedAndShown) {
  append(
      files.newest,
      R"({"time":"2026-11-29T01:00:00Z","level":"info","text":"a\u001b","event":"s/0/1","invocation":"i"})"
      "\ntorn{\n"
      R"({"time":"2026-11-29T02:00:00Z","level":"report","text":"REPORT RequestId: j\tDuration","invocation":"j"})"
      "\n");
  EXPECT_EQ(logs({}).out,
            "2026-11-29T01:00:00Z info   s/0/1: a\\x1b\n"
            "2026-11-29T02:00:00Z        REPORT RequestId: j\tDuration\n");
  EXPECT_THAT(logs({"--invocation", "s/0/1"}).out, HasSubstr("a\\x1b"));
  EXPECT_EQ(logs({"--invocation", "i", "--since", "2026-11-29T01:30:00Z"}).out, "");
  EXPECT_THAT(logs({"--since", "2026-11-29T01:30:00Z", "-o", "json"}).out,
              testing::StartsWith(R"({"time":"2026-11-29T02)"));
}

TEST_F(Logs, OfNothingAreAnError) {
  EXPECT_EQ(logs({}).code, kNotFound);
  EXPECT_THAT(logs({"--since", "yesterday"}).err, HasSubstr("E5004"));
  EXPECT_EQ(run_words({"logs", "../f"}).code, kUsage);
}

TEST_F(Logs, OfAFunctionThatIsStillSilentAreReadOnceItWrites) {
  EXPECT_FALSE(reader.open());
  EXPECT_THAT(read(), IsEmpty());
  append(files.newest, "1\n");
  EXPECT_THAT(read(), ElementsAre("1"));
}

TEST_F(Logs, WithOnlyAnOlderFileAreRead) {
  append(files.older, "1\n");
  ASSERT_TRUE(reader.open());
  EXPECT_THAT(read(), ElementsAre("1"));
  append(files.newest, "2\n\n3\n");  // an empty line ends what an engine left behind
  EXPECT_THAT(read(), ElementsAre("2", "3"));
}

TEST_F(Logs, MayHaveLongLinesInPieces) {
  const std::string half(100'000, 'x');
  append(files.newest, half);
  ASSERT_TRUE(reader.open());
  EXPECT_THAT(read(), IsEmpty());
  append(files.newest, half + "\nnext\n");
  EXPECT_THAT(read(), ElementsAre(half + half, "next"));
}

TEST_F(Logs, BeginAtATimeOrSomeTimeAgo) {
  const std::string line = R"({"time":"TIME","level":"warn","text":"t"})";
  const auto at = [&](const std::string& time) {
    std::string text = line;
    append(files.newest, text.replace(text.find("TIME"), 4, time) + "\n");
  };
  at("2020-01-01T00:00:00.5Z");
  at(format_time(SystemClock{}.now()));
  at("no time");
  const auto lines = [&](const std::string& since) {
    const Ran ran = logs({"--since", since});
    EXPECT_EQ(ran.code, kOk) << ran.err;
    return std::ranges::count(ran.out, '\n');
  };
  EXPECT_EQ(lines("2020-01-01T00:00:00Z"), 2);
  EXPECT_EQ(lines("2020-01-01T00:00:01Z"), 1);
  EXPECT_EQ(lines("1h"), 1);
  EXPECT_EQ(std::ranges::count(logs({}).out, '\n'), 3);
}

}  // namespace
}  // namespace pelton::cli
