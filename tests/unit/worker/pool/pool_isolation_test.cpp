// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/pool_isolation.h"

#include "engine/worker/runtimes/native/options.h"
#include "engine/worker/sandbox/sandbox_launch.h"
#include "tests/unit/worker/pool/pool_fixture.h"

#include <gmock/gmock.h>
#include <unistd.h>

namespace pelton::worker {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(IsolationNews, AreToldOnce) {
  std::optional<sandbox::Outcome> known;
  EXPECT_FALSE(news_of_isolation(std::nullopt, known)) << "a function that is not isolated";
  const sandbox::Outcome whole{{"files"}, {}, false};
  EXPECT_FALSE(news_of_isolation(whole, known)) << "nothing is missing";
  EXPECT_EQ(known, whole);
  const sandbox::Outcome less{{}, {{"files", "Landlock: Function not implemented"}}, false};
  EXPECT_THAT(
      news_of_isolation(less, known).value_or(""),
      HasSubstr("E7311: its workers are not isolated in every way: the kernel refuses files "
                "(Landlock: Function not implemented)"));
  EXPECT_FALSE(news_of_isolation(less, known)) << "said already";
  EXPECT_TRUE(missing_isolation(known));
}

class IsolatedPool : public PoolFixture {
 protected:
  void SetUp() override {
    options.places = {sandbox::launcher_in(PELTON_TEST_SDKS), folder.path() / "data", {}};
    function.isolation.level = config::Isolation::Level::standard;
    function.files = {{"code", folder.path() / "function.py"}};
    const auto outcome = sandbox::probe(function, options.places);
    ASSERT_TRUE(outcome) << outcome.error().text();
    if (!outcome->missing.empty())
      GTEST_SKIP() << "the kernel refuses " << sandbox::text_of_missing(*outcome);
    function.isolation.level = config::Isolation::Level::required;
  }
  void isolated(const std::string& text) {
    python(text);
    function.files = {{"code", folder.path()}};
    options.state = folder.path() / "state";
  }
  void without_zygote() {
    std::any_cast<native::PythonOptions&>(function.settings).zygote = Duration{0};
  }
};

constexpr const char* kTellsItsNumber = R"(
import os
def handle(event, context): print("number", os.getpid(), flush=True)
)";

TEST_F(IsolatedPool, AWorkerServesInANamespaceOfItsOwn) {
  isolated(kTellsItsNumber);
  without_zygote();
  start();
  give({"1", "2"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; })) << lines_text();
  EXPECT_THAT(lines_text(), HasSubstr("number 2 @"));
  ASSERT_TRUE(pool->stats().isolation);
  EXPECT_THAT(
      pool->stats().isolation->active,
      UnorderedElementsAre("files", "mounts", "processes", "ipc", "privileges", "system_calls"));
  EXPECT_TRUE(stop());
}

TEST_F(IsolatedPool, CopiesOfAZygoteServe) {
  isolated(kTellsItsNumber);
  function.recycle_events = 1;
  start();
  for (std::size_t i = 1; i <= 4; ++i) {
    give({"x"});
    ASSERT_TRUE(run_until([&] { return source.done == i && pool->stats().workers.empty(); }))
        << lines_text();
  }
  EXPECT_EQ(lines_text().find("E7300"), std::string::npos) << lines_text();
  EXPECT_TRUE(pool->stats().isolation);
  EXPECT_TRUE(stop());
}

TEST_F(IsolatedPool, AFolderThatIsReplacedIsReadByTheNextWorker) {
  isolated("def handle(event, context): print('old', flush=True)\n");
  test::write_file(folder.path() / "next/function.py",
                   "def handle(event, context): print('new', flush=True)\n");
  test::write_file(folder.path() / "first/function.py",
                   "def handle(event, context): print('old', flush=True)\n");
  const auto current = folder.path() / "current";
  std::filesystem::create_directory_symlink("first", current);
  std::any_cast<native::PythonOptions&>(function.settings).code = current;
  function.files = {{"code", current}};
  function.recycle_events = 1;
  start();
  const auto one = [&](std::size_t done) {
    give({"x"});
    ASSERT_TRUE(run_until([&] { return source.done == done && pool->stats().workers.empty(); }))
        << lines_text();
  };
  one(1);
  std::filesystem::remove(current);
  std::filesystem::create_directory_symlink("next", current);
  one(2);
  EXPECT_THAT(lines_text(), HasSubstr("new"));
  EXPECT_EQ(lines_text().find("E7300"), std::string::npos) << lines_text();
  EXPECT_TRUE(stop());
}

TEST_F(IsolatedPool, ATimeOutEndsItAndWhatItStarted) {
  isolated("import subprocess\ndef handle(event, context): subprocess.run(['sleep', '600'])\n");
  without_zygote();
  function.timeout = std::chrono::milliseconds(300);
  start();
  give({"x"});
  ASSERT_TRUE(run_until([&] { return pool->stats().timed_out == 1; })) << lines_text();
  EXPECT_TRUE(stop());
}

TEST_F(IsolatedPool, AHandlerOutsideItsCodeIsNotFound) {
  isolated(kTellsItsNumber);
  without_zygote();
  function.files.clear();
  start();
  give({"x"});
  ASSERT_TRUE(run_until([&] { return pool->stats().start_error.has_value(); }));
  EXPECT_THAT(*pool->stats().start_error, HasSubstr("function"));
}

// Without isolation, and as root, nobody else counts.
TEST_F(PoolFixture, AWorkerWithMoreProcessesThanItsLimitIsKilled) {
  python(R"(
import os, time
def handle(event, context):
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(600)
    time.sleep(600)
)");
  function.processes = 10;
  start();
  give({"x"});
  ASSERT_TRUE(run_until([&] { return pool->stats().crashed == 1; })) << lines_text();
  EXPECT_THAT(lines_text(), HasSubstr("it had more than its limit of 10 processes"));
}

TEST_F(PoolFixture, AWorkerWithAsManyProcessesAsItsLimitServes) {
  python(R"(
import os, subprocess
def handle(event, context): subprocess.run(["sleep", "0.4"])
)");
  function.processes = 2;
  start();
  give({"x"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; })) << lines_text();
  EXPECT_EQ(pool->stats().crashed, 0U);
}

}  // namespace
}  // namespace pelton::worker
