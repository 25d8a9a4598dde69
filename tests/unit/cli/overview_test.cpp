// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/overview.h"

#include "connectors/builtin.h"
#include "engine/config/load.h"
#include "engine/runtime/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pelton::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string overview_of(const std::string& text) {
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  const auto loaded =
      config::load_text("version: 1\nengine: { data: /tmp/d }\n" + text, "/tmp/pelton.yaml",
                        runtime::kinds(builtin_connectors()), none);
  for (const auto& problem : loaded.problems)
    EXPECT_NE(problem.severity, config::Severity::error) << problem.text();
  return loaded.config ? overview(*loaded.config) : "";
}

constexpr const char* kFunctions = "functions: { f: { runtime: cpp, code: /bin/true } }\n";

TEST(Overview, RoutesHaveCommandsToPaste) {
  const std::string text = overview_of(std::string(kFunctions) + R"(
listeners: { web: { address: "127.0.0.1:3000" } }
routes:
  get: { method: GET, path: "/users/{id}", function: f }
  put: { method: [PUT, POST], path: "/users/{id}/files/{path+}", function: f }
  any: { path: /, function: f }
  remove: { method: DELETE, path: /users, function: f }
)");
  EXPECT_THAT(text, HasSubstr("METHOD    PATH                       FUNCTION  TRY\n"));
  EXPECT_THAT(text, HasSubstr("curl http://127.0.0.1:3000/users/1\n"));
  EXPECT_THAT(text, HasSubstr("curl -X PUT --json '{}' http://127.0.0.1:3000/users/1/files/1\n"));
  EXPECT_THAT(text, HasSubstr("curl http://127.0.0.1:3000/\n"));
  EXPECT_THAT(text, HasSubstr("curl -X DELETE http://127.0.0.1:3000/users\n"));
  EXPECT_THAT(text, Not(HasSubstr("SCHEDULE")));
  EXPECT_THAT(text, Not(HasSubstr("STREAM")));
}

TEST(Overview, SchedulesHaveTheirNextSlot) {
  const std::string text = overview_of(std::string(kFunctions) + R"text(
streams: { ticks: {} }
connectors: { nightly: { schedule: { aws: "cron(0 12 * * ? *)" }, to: ticks } }
bindings: { b: { from: ticks, function: f } }
)text");
  EXPECT_THAT(text, HasSubstr("SCHEDULE            NEXT                  FUNCTION  TRY\n"));
  EXPECT_THAT(text, HasSubstr("cron(0 12 * * ? *)  2"));
  EXPECT_THAT(text, HasSubstr("T12:00:00Z  f         pelton event new schedule | pelton invoke f "
                              "--event - --data '/tmp/d'\n"));
  EXPECT_THAT(text, Not(HasSubstr("STREAM")));
}

TEST(Overview, OtherBindingsHaveTheirStream) {
  const std::string text = overview_of(std::string(kFunctions) + R"(
streams: { jobs: {} }
bindings: { b: { from: jobs, function: f } }
)");
  EXPECT_EQ(text,
            "STREAM  FUNCTION  TRY\n"
            "jobs    f         echo '{}' | pelton produce jobs --data '/tmp/d'\n");
}

TEST(Overview, OfNothingIsNothing) {
  EXPECT_EQ(overview_of(""), "");
}

}  // namespace
}  // namespace pelton::cli
