// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/jar.h"
#include "tests/contract/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace pelton::worker::lambda {
namespace {

namespace fs = std::filesystem;

class Jar : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string make = fmt::format(
        "/usr/bin/python3 -c \"import zipfile\n"
        "jar = zipfile.ZipFile('{}', 'w')\n"
        "jar.writestr('META-INF/', '')\n"
        "jar.writestr('stored', 'as it is')\n"
        "jar.writestr('jni/packed', 'text ' * 1000, zipfile.ZIP_DEFLATED)\n"
        "jar.writestr('empty', '', zipfile.ZIP_DEFLATED)\n"
        "jar.comment = b'of several words'\n"
        "jar.close()\"",
        path().string());
    ASSERT_EQ(std::system(make.c_str()), 0);
    std::ifstream file(path(), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
  }
  fs::path path() const { return folder_.path() / "client.jar"; }
  void write(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string error(std::string_view entry) const {
    const auto read = read_entry(path(), entry);
    return read ? "none" : read.error().message;
  }

  std::string bytes_;

 private:
  const test::TemporaryFolder folder_;
};

TEST_F(Jar, EntriesAreRead) {
  EXPECT_EQ(read_entry(path(), "stored"), "as it is");
  EXPECT_EQ(read_entry(path(), "empty"), "");
  const auto packed = read_entry(path(), "jni/packed");
  ASSERT_TRUE(packed) << packed.error().message;
  EXPECT_EQ(packed->size(), 5'000U);
  EXPECT_EQ(packed->substr(4'990), "text text ");
}

TEST_F(Jar, WhatIsNotThereIsSaid) {
  EXPECT_NE(error("jni").find("it is not there"), std::string::npos) << error("jni");
  write("no jar");
  EXPECT_NE(error("stored").find("it is not there"), std::string::npos);
  write("");
  EXPECT_NE(error("stored").find("it is not there"), std::string::npos);
  fs::remove(path());
  EXPECT_NE(error("stored").find("cannot be read"), std::string::npos);
}

TEST_F(Jar, WhatIsCutOffOrDamagedIsNeverTakenForWhole) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    write(bytes_.substr(0, size));
    const auto read = read_entry(path(), "jni/packed");
    ASSERT_TRUE(!read || read->size() == 5'000U) << "cut off at " << size;
  }
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    std::string damaged = bytes_;
    damaged[at] = static_cast<char>(~damaged[at]);
    write(damaged);
    const auto read = read_entry(path(), "jni/packed");
    ASSERT_TRUE(!read || read->size() == 5'000U) << "damaged at " << at;
  }
}

}  // namespace
}  // namespace pelton::worker::lambda
