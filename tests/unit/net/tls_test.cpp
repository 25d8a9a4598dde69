// SPDX-License-Identifier: Apache-2.0
#include "engine/net/tls.h"

#include "engine/config/spec/fields.h"

#include <gmock/gmock.h>

namespace pelton::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Read {
  Tls tls;
  std::vector<std::string> problems;  // "LINE:COLUMN CODE message"
};

// The section `tls` of a part that messages call "stream t".
Read read(const std::string& text) {
  config::Diagnostics problems;
  const config::Node node = config::parse_yaml(text, problems);
  const config::Environment environment = [](const std::string&) { return std::nullopt; };
  config::ReadContext context{problems, {"/etc"}, environment};
  const auto fields = tls_fields("Encrypt connections.");
  const config::Section section = config::read_section(node, fields.spec(), "stream t", context);
  Read out;
  fields.fill(section, "", context, out.tls);
  for (const config::Diagnostic& problem : problems.sorted())
    out.problems.push_back(fmt::format("{}:{} {} {}", problem.place.line, problem.place.column,
                                       problem.code, problem.message));
  return out;
}

TEST(Tls, AnEmptySectionTrustsTheSystemAndVerifiesTheHost) {
  const Read found = read("{}");
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_TRUE(found.tls.ca.empty());
  EXPECT_TRUE(found.tls.verify_host);
}

TEST(Tls, RelativePathsBeginInTheFolderOfTheFile) {
  const Read found = read("{ ca: hostname, verify_host: false }");
  EXPECT_EQ(found.tls.ca, "/etc/hostname");
  EXPECT_FALSE(found.tls.verify_host);
}

TEST(Tls, FilesMustExist) {
  EXPECT_THAT(read("{ ca: no-such.pem }").problems,
              ElementsAre("1:7 E1008 stream t: the file /etc/no-such.pem does not exist"));
}

TEST(Tls, ACertificateNeedsItsKey) {
  EXPECT_THAT(read("{ certificate: passwd }").problems,
              ElementsAre("1:1 E1023 stream t: `tls.certificate` and `tls.key` must be set "
                          "together"));
  EXPECT_THAT(read("{ certificate: passwd, key: group }").problems, IsEmpty());
}

TEST(Tls, APasswordInPlainTextIsWarnedOf) {
  const Read found = read("{ key_password: hunter2-sesame }");
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_NE(found.problems[0].find("E1102"), std::string::npos) << found.problems[0];
}

}  // namespace
}  // namespace pelton::net
