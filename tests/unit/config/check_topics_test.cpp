// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Streams t (topic orders) and u (topic bills) on one cluster, s of the engine, function f.
class Topics : public ConfigTest {
 protected:
  // Without E1101: not every case uses all streams.
  std::vector<std::string> found(const std::string& connectors, const std::string& bindings) const {
    auto all =
        problems(fmt::format("version: 1\nstreams:\n"
                             "  t: {{ kafka: {{ brokers: [\"x:1\"], topic: orders }} }}\n"
                             "  u: {{ kafka: {{ brokers: [\"x:1\"], topic: bills }} }}\n"
                             "  s: {{}}\n"
                             "functions: {{ f: {{ runtime: cpp, code: /bin/true }} }}\n"
                             "connectors: {{ {} }}\nbindings: {{ {} }}\n",
                             connectors, bindings));
    std::erase_if(all, [](const std::string& one) { return one.contains(" E1101 "); });
    return all;
  }
};

TEST_F(Topics, ConnectorsWriteToThemAndReadFromThem) {
  EXPECT_THAT(found("in: { files: { path: a }, to: t }, out: { files: { path: b }, from: u }",
                    "x: { from: t, function: f, to: u }, y: { from: s, function: f }"),
              IsEmpty());
}

TEST_F(Topics, ASinkIsAMemberOfAGroupThatNobodyElseHas) {
  EXPECT_THAT(found("out: { files: { path: b }, from: t }",
                    "x: { from: t, function: f, group: pelton.out }, y: { from: s, function: f }"),
              ElementsAre(HasSubstr("E1026 binding x and connector out read the topic orders")));
  EXPECT_THAT(found("out: { files: { path: b }, from: t }",
                    "x: { from: u, function: f }, y: { from: s, function: f }"),
              IsEmpty())
      << "another topic";
}

TEST_F(Topics, TwoConnectorsThatMakeALoopOverATopicAreRefused) {
  EXPECT_THAT(found("out: { kafka: { brokers: [\"x:1\"], topic: bills }, from: t }, "
                    "in: { kafka: { brokers: [\"x:1\"], topic: bills }, to: t }",
                    "y: { from: s, function: f }"),
              ElementsAre(HasSubstr("E1013 a loop: stream t -> sink out -> stream u -> "
                                    "source in -> stream t")));
}

TEST_F(Topics, ASinkIntoItsOwnTopicIsRefused) {
  EXPECT_THAT(found("out: { kafka: { brokers: [\"x:1\"], topic: orders }, from: t }",
                    "y: { from: s, function: f }"),
              ElementsAre(HasSubstr("E1013 a loop: stream t -> sink out -> stream t")));
}

}  // namespace
}  // namespace pelton::config
