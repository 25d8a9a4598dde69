// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_pool.h"
#include "engine/worker/runtimes/native/options.h"
#include "tests/unit/worker/pool/pool_fixture.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace pelton::worker {
namespace {

std::vector<std::string> numbers(int count) {
  std::vector<std::string> data;
  for (int i = 0; i < count; ++i) data.push_back(std::to_string(i));
  return data;
}

TEST_F(PoolFixture, NothingRunsWithoutWork) {
  python("def handle(event, context): pass\n");
  start();
  EXPECT_TRUE(pool->stats().workers.empty());
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  EXPECT_EQ(pool->stats().workers.size(), 1U);
}

TEST_F(PoolFixture, AWakeWithoutWorkAsksForNone) {
  python("def handle(event, context): pass\n");
  function.scale.min = function.scale.max = 8;
  start();
  give({"1"});
  const auto idle = [](const WorkerInfo& worker) { return worker.state == "idle"; };
  ASSERT_TRUE(run_until(
      [&] { return source.done == 1 && std::ranges::count_if(pool->stats().workers, idle) == 8; }));
  const std::size_t before = source.pulls;
  for (int i = 0; i < 100; ++i) pool->wake();
  EXPECT_EQ(source.pulls, before);
}

TEST_F(PoolFixture, PythonAnswersDoneOutputsAndFailures) {
  python(R"(
import pelton
def handle(event, context):
    n = int(event.data)
    if n == 1: return {"n": n}
    if n == 2: raise ValueError("two")
    if n == 3: raise pelton.Fail("three")
    if n == 4: raise pelton.Retry(after=2.5)
    if n == 5: return [pelton.Event(b"a", key="k"), event]
)");
  start();
  give(numbers(6));
  ASSERT_TRUE(run_until([&] { return source.done == 6; })) << lines_text();
  std::map<std::string, model::Failure> failures;
  std::vector<std::string> outputs;
  for (const auto& result : source.results) {
    for (const auto& failure : result.not_done) failures[failure.message] = failure;
    if (result.outputs)
      for (std::size_t i = 0; i < result.outputs->size(); ++i)
        outputs.push_back(std::string(result.outputs->key(i)) + "=" +
                          std::string(result.outputs->data(i)));
  }
  EXPECT_EQ(failures.at("two").type, "ValueError");
  EXPECT_NE(failures.at("two").stack.find("function.py"), std::string::npos);
  EXPECT_EQ(failures.at("three").code, model::OutcomeCode::fail);
  EXPECT_EQ(*failures.at("the function asked for a retry").retry_after,
            std::chrono::milliseconds(2500));
  EXPECT_EQ(outputs, (std::vector<std::string>{"1={\"n\":1}", "k=a", "5=5"}));
}

TEST_F(PoolFixture, CppEchoes) {
  function.runtime = "cpp";
  function.settings = native::CppOptions{PELTON_TEST_NOOP};
  start();
  give(numbers(2000));
  ASSERT_TRUE(run_until([&] { return source.done == 2000; }));
  EXPECT_GT(source.frame_sizes.back() + source.frame_sizes[source.frame_sizes.size() / 2],
            8U);  // frames grow
}

TEST_F(PoolFixture, SlowWorkSpreadsOverWorkers) {
  function.scale.max = 3;
  python("import time\ndef handle(event, context):\n    time.sleep(0.1)\n");
  start();
  give(numbers(20));
  ASSERT_TRUE(run_until([&] { return source.done == 20; }));
  EXPECT_EQ(source.workers_used(), 3U);
  EXPECT_EQ(*std::max_element(source.frame_sizes.begin(), source.frame_sizes.end()), 1U);
}

TEST_F(PoolFixture, IdleWorkersEnd) {
  function.scale.idle = std::chrono::milliseconds(100);
  python("def handle(event, context): pass\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  ASSERT_TRUE(run_until([&] { return pool->stats().workers.empty(); }));
  EXPECT_EQ(pool->stats().reaped, 1U);
  give({"2"});  // and come back
  ASSERT_TRUE(run_until([&] { return source.done == 2; }));
  EXPECT_TRUE(source.losses.empty());
}

TEST_F(PoolFixture, WorkersAreRecycled) {
  function.recycle_events = 10;
  python("def handle(event, context): pass\n");
  start();
  give(numbers(100));
  ASSERT_TRUE(run_until([&] { return source.done == 100; }));
  EXPECT_GE(pool->stats().recycled, 1U);
  EXPECT_GE(source.workers_used(), 2U);
  EXPECT_TRUE(source.losses.empty());
}

TEST_F(PoolFixture, WorkersThatHaveGrownAreRecycled) {
  function.recycle_bytes = 60U << 20;
  python("kept = []\ndef handle(event, context):\n    kept.append(bytearray(70 << 20))\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return pool->stats().recycled == 1; }));
  give({"2"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; }));
  EXPECT_EQ(source.workers_used(), 2U);
  EXPECT_TRUE(source.losses.empty());
}

TEST_F(PoolFixture, AWorkerHasNoMoreMemoryThanItMay) {
  function.memory_bytes = 100U << 20;
  python("def handle(event, context):\n    return str(len(bytearray(int(event.data))))\n");
  start();
  give({"1000000", "200000000"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; })) << lines_text();
  std::vector<std::string> failed;
  for (const auto& result : source.results)
    for (const auto& failure : result.not_done) failed.push_back(failure.type);
  EXPECT_EQ(failed, std::vector<std::string>{"MemoryError"});
}

TEST_F(PoolFixture, SomeStayWhenTheConfigSaysSo) {
  function.scale = {2, 3, std::chrono::milliseconds(50)};
  python("def handle(event, context): pass\n");
  start();
  ASSERT_TRUE(run_until([&] { return pool->stats().workers.size() == 2; })) << "without work";
  give(numbers(50));
  ASSERT_TRUE(run_until([&] { return source.done == 50; }));
  EXPECT_FALSE(
      run_until([&] { return pool->stats().workers.size() < 2; }, std::chrono::milliseconds(300)));
  EXPECT_LE(pool->stats().reaped, 1U) << "a third one, if there was one";
}

TEST_F(PoolFixture, AMissingModuleIsAStartError) {
  python("import no_such_module\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return pool->stats().start_error.has_value(); }));
  EXPECT_NE(pool->stats().start_error->find("no_such_module"), std::string::npos);
  EXPECT_EQ(source.waiting.size(), 1U);
  python("def handle(event, context): pass\n");  // mended: the next try works
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  EXPECT_FALSE(pool->stats().start_error);
}

TEST_F(PoolFixture, AMissingInterpreterIsNamed) {
  python("");
  std::any_cast<native::PythonOptions&>(function.settings).interpreter = "/no/such/python";
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return pool->stats().start_error.has_value(); }));
  EXPECT_NE(pool->stats().start_error->find("/no/such/python"), std::string::npos);
}

TEST_F(PoolFixture, StoppingFinishesWhatIsInFlight) {
  python("import time\ndef handle(event, context):\n    time.sleep(0.2)\n");
  start();
  give({"1", "2"});
  ASSERT_TRUE(run_until([&] { return !source.out.empty(); }));
  ASSERT_TRUE(stop());
  EXPECT_TRUE(source.out.empty());
  EXPECT_TRUE(source.losses.empty());
  EXPECT_GE(source.done, 1U);
}

TEST_F(PoolFixture, StoppingAtTheDeadlineGivesBack) {
  python("import time\ndef handle(event, context):\n    time.sleep(60)\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return !source.out.empty(); }));
  ASSERT_TRUE(stop(std::chrono::milliseconds(100)));
  ASSERT_EQ(source.losses.size(), 1U);
  EXPECT_EQ(source.losses.front().cause, "engine");
}

TEST_F(PoolFixture, LinesNameTheEvent) {
  python(
      "def handle(event, context):\n    print('hello', event.data.decode(), flush=True)\n    "
      "import time; time.sleep(0.05)\n");
  start();
  give({"7"});
  ASSERT_TRUE(run_until([&] { return lines_text().find("hello 7") != std::string::npos; }));
  EXPECT_NE(lines_text().find("hello 7 @stream/0/"), std::string::npos) << lines_text();
}

TEST_F(PoolFixture, ASlowSourceDoesNotShrinkTheFramesOfAFastOne) {
  python(R"(
import time
def handle(event, context):
    if event.data.startswith(b'slow'): time.sleep(0.01)
)");
  start();
  give(numbers(20'000));
  give_second(std::vector<std::string>(30, "slow"));
  ASSERT_TRUE(run_until([&] { return source.done == 20'000 && second.done == 30; }))
      << lines_text();
  EXPECT_GT(*std::ranges::max_element(source.frame_sizes), 200U);
  EXPECT_EQ(*std::ranges::max_element(second.frame_sizes), 1U);
}

TEST_F(PoolFixture, ASourceHasNoMoreWorkersThanItsConcurrency) {
  function.scale.max = 3;
  source.most_workers = 1;
  python("import time\ndef handle(event, context):\n    time.sleep(0.02)\n");
  start();
  give(numbers(20));
  ASSERT_TRUE(run_until([&] { return source.done == 20; })) << lines_text();
  EXPECT_EQ(source.workers_used(), 1U);
  EXPECT_EQ(pool->stats().started, 1U) << "a second one would have had nothing to do";
  give(numbers(20));
  give_second(numbers(20));
  ASSERT_TRUE(run_until([&] { return second.done == 20; })) << lines_text();
  EXPECT_GE(second.workers_used(), 2U) << "the other source goes as wide as the function";
}

TEST_F(PoolFixture, AWorkerThatDiesIdleLeavesATrace) {
  python(R"(
import os, threading, time
def handle(event, context):
    threading.Thread(target=lambda: (time.sleep(0.05), os._exit(7))).start()
)");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return lines_text().find("ended (exit 7)") != std::string::npos; }))
      << lines_text();
  EXPECT_EQ(source.done, 1U);
}

// Its worker would have been done in a tenth of a second, had anything run meanwhile.
TEST_F(PoolFixture, TimeInWhichTheMachineStoodStillIsNoTimeOut) {
  python(R"(
import time
def handle(event, context):
    print("begun", flush=True)
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
)");
  function.timeout = std::chrono::seconds(2);
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return lines_text().find("begun") != std::string::npos; }));
  const int pid = pool->stats().workers.at(0).pid;
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  ::poll(nullptr, 0, 2500);  // the engine stands still: nothing runs its io_context
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  ASSERT_TRUE(run_until([&] { return source.done == 1 || !source.losses.empty(); }));
  EXPECT_THAT(source.losses, testing::IsEmpty());
  EXPECT_EQ(pool->stats().timed_out, 0U);
}

TEST_F(PoolFixture, AWorkerThatAloneStandsStillTimesOut) {
  python(
      "def handle(event, context):\n    print('begun', flush=True)\n    import time; "
      "time.sleep(60)\n");
  function.timeout = std::chrono::milliseconds(300);
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return !source.losses.empty(); }));
  EXPECT_EQ(source.losses.front().cause, "timeout");
}

TEST_F(PoolFixture, AProofIsOneWorkerThatGetsNoEvents) {
  python("def handle(event, context): pass\n");
  function.scale.min = function.scale.max = 2;
  make();
  std::optional<Status> proof;
  pool->prove([&](const Status& ready) { proof = ready; });
  give({"1"});
  ASSERT_TRUE(run_until([&] { return proof.has_value(); }));
  EXPECT_TRUE(*proof);
  EXPECT_EQ(pool->stats().workers.size(), 1U);
  EXPECT_EQ(source.done, 0U);
  pool->start();
  EXPECT_TRUE(run_until([&] { return source.done == 1 && pool->stats().workers.size() == 2; }));
}

TEST_F(PoolFixture, AProofThatFailsSaysWhyOnce) {
  python("raise RuntimeError('not today')\n");
  make();
  std::vector<Status> proofs;
  pool->prove([&](const Status& ready) { proofs.push_back(ready); });
  ASSERT_TRUE(run_until([&] { return !proofs.empty(); }));
  ASSERT_EQ(proofs.size(), 1U);
  ASSERT_FALSE(proofs.front());
  EXPECT_EQ(proofs.front().error().code, "E3001");
  EXPECT_THAT(proofs.front().error().message, ::testing::HasSubstr("not today"));
  EXPECT_TRUE(stop());
}

TEST_F(PoolFixture, ASourceThatIsAbandonedGetsItsEventsBackAndTheOthersGoOn) {
  python(
      "import time\ndef handle(event, context):\n    if event.data == b'hang': time.sleep(99)\n");
  function.scale.max = 2;
  start();
  give({"hang"});
  ASSERT_TRUE(run_until([&] { return !source.out.empty(); }));
  give_second({"1"});
  ASSERT_TRUE(run_until([&] { return second.done == 1; }));
  pool->abandon(source);
  ASSERT_TRUE(run_until([&] { return !source.losses.empty(); }));
  EXPECT_EQ(source.losses.front().cause, "engine");
  pool->remove(source);
  give({"2"});
  give_second({"3"});
  ASSERT_TRUE(run_until([&] { return second.done == 2; }));
  EXPECT_EQ(source.done, 0U);
}

}  // namespace
}  // namespace pelton::worker
