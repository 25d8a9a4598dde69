// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/line_writer.h"

#include "engine/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

namespace pelton::observe {
namespace {

// A pipe whose reader decides when it reads.
class LineWriterTest : public testing::Test {
 protected:
  LineWriterTest() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    reading_ = UniqueFd(ends[0]);
    writing_ = UniqueFd(ends[1]);
    writer_.emplace(writing_.get(),
                    [](std::uint64_t lines) { return fmt::format("dropped {}", lines); });
  }

  // All that was written, once the writer has ended.
  std::string read_all() {
    std::string out;
    std::thread reader([&] {
      std::array<char, 65536> bytes;
      for (ssize_t n = 0; (n = ::read(reading_.get(), bytes.data(), bytes.size())) > 0;)
        out.append(bytes.data(), static_cast<std::size_t>(n));
    });
    writer_->stop(std::chrono::hours(1));
    writer_.reset();
    writing_ = UniqueFd();
    reader.join();
    return out;
  }

  UniqueFd reading_, writing_;
  std::optional<LineWriter> writer_;
};

TEST_F(LineWriterTest, WritesLinesInOrder) {
  writer_->push("one");
  writer_->push("two");
  EXPECT_EQ(read_all(), "one\ntwo\n");
}

TEST_F(LineWriterTest, ABlockedReaderBlocksNobodyAndLostLinesAreCounted) {
  const std::string line(1023, 'x');
  const std::size_t lines = 3 * LineWriter::kMaxBytes / 1024;
  for (std::size_t i = 0; i < lines; ++i) writer_->push(line);
  std::istringstream out(read_all());
  std::size_t kept = 0, reported = 0;
  for (std::string text; std::getline(out, text);)
    if (text.starts_with("dropped "))
      reported += std::stoul(text.substr(8));
    else
      kept += text == line ? 1 : 0;
  EXPECT_LT(kept, lines);
  EXPECT_EQ(kept + reported, lines);
}

TEST_F(LineWriterTest, EndsAlthoughNobodyReads) {
  for (int i = 0; i < 1000; ++i) writer_->push(std::string(1023, 'x'));
  writer_->stop(std::chrono::milliseconds(1));
  writer_->push("too late");
  EXPECT_EQ(read_all().find("too late"), std::string::npos);
}

TEST_F(LineWriterTest, AClosedReaderEndsIt) {
  ::signal(SIGPIPE, SIG_IGN);
  reading_ = UniqueFd();
  writer_->push("nobody reads this");
  writer_->stop(std::chrono::hours(1));
}

}  // namespace
}  // namespace pelton::observe
