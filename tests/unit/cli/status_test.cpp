// SPDX-License-Identifier: Apache-2.0
// What `pelton status` shows, and what scripts get of it.
#include "tests/unit/cli/command_fixture.h"

#include <atomic>
#include <climits>
#include <sstream>

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class StatusTest : public CommandTest {
 protected:
  // The words of the line that begins so.
  std::vector<std::string> row(const std::string& begin) {
    std::istringstream lines(ask({"status"}).out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(begin)) continue;
      std::vector<std::string> words;
      std::istringstream in(line);
      for (std::string word; in >> word;) words.push_back(word);
      return words;
    }
    return {};
  }
};

TEST_F(StatusTest, APausedBindingSaysHowItIsResumed) {
  EXPECT_THAT(ask({"status"}).out, Not(HasSubstr("paused by an operator")));
  EXPECT_THAT(ask({"status", "-o", "json"}).out, HasSubstr("\"paused_by_operator\":false"));
  engine.change_report = [](observe::StatusReport& report) {
    report.bindings.at(0).name = "thumbnails";
    report.bindings.at(0).paused_by_operator = true;
  };
  EXPECT_THAT(
      ask({"status"}).out,
      HasSubstr("  thumbnails is paused by an operator; `pelton bindings resume thumbnails` "
                "continues it\n"));
  EXPECT_THAT(ask({"status", "-o", "json"}).out, HasSubstr("\"paused_by_operator\":true"));
}

TEST_F(StatusTest, ABindingIsARowOverAllItsPartitions) {
  engine.change_report = [](observe::StatusReport& report) {
    observe::BindingStatus& b = report.bindings.at(0);
    b.partitions.push_back({1, 0, 2000, 2000, 90, 4, 0, 1});
    b.done = 12'345;
    b.filtered = 6;
    b.done_per_second = 1234.5;
    b.dead_letters = 7;
  };
  EXPECT_THAT(row("job "), ElementsAre("job", "work", "input", "12,345", "6", "1,234/s", "2,004",
                                       "1m30s", "5", "2", "4", "7"));
}

TEST_F(StatusTest, WithoutLagNothingIsOld) {
  engine.change_report = [](observe::StatusReport& report) {
    report.bindings.at(0).partitions = {{0, 9, 9, 0, 77, 0, 0, 0}};
    report.bindings.at(0).function = "";
  };
  const auto words = row("job ");
  ASSERT_GE(words.size(), 8U);
  EXPECT_EQ(words[1], "(sink)");
  EXPECT_EQ(words[7], "-");
}

TEST_F(StatusTest, AStreamCountsWhatIsStored) {
  engine.stream("wide", 3);
  engine.append("wide", 1, {"a", "b"});
  EXPECT_THAT(row("wide "), ElementsAre("wide", "3", "2", "300", "B", "0.0/s"));
}

TEST_F(StatusTest, AConnectorShowsItsLagOnlyWhereItKnowsIt) {
  engine.change_report = [](observe::StatusReport& report) {
    observe::ConnectorStatus topic;
    topic.name = "from-topic";
    topic.type = "kafka";
    topic.direction = "source";
    topic.stream = "s";
    topic.state = "running";
    topic.events = 1000;
    topic.lag_events = 1'500;
    report.connectors = {topic,
                         {"inbox",
                          "directory",
                          "source",
                          "s",
                          "backing_off",
                          3,
                          4,
                          2,
                          "E2020: no folder",
                          0,
                          {},
                          {},
                          {},
                          {},
                          {},
                          {},
                          {}},
                         {"nightly",
                          "schedule",
                          "source",
                          "s",
                          "running",
                          1,
                          1,
                          0,
                          "",
                          0,
                          0,
                          {},
                          {},
                          "",
                          from_us(0),
                          from_us(60'000'000),
                          {{"missed", 7}}}};
  };
  EXPECT_THAT(row("from-topic"),
              ElementsAre("from-topic", "kafka", "source", "s", "running", "1,000", "1,500", "0"));
  EXPECT_THAT(row("nightly   1970"),
              ElementsAre("nightly", "1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z", "7", "0"));
  EXPECT_THAT(row("inbox"), ElementsAre("inbox", "directory", "source", "s", "backing_off", "3",
                                        "2", "E2020:", "no", "folder"));
}

TEST_F(StatusTest, WorkersAreRowsAndAFunctionThatCannotStartSaysWhy) {
  engine.change_report = [](observe::StatusReport& report) {
    observe::FunctionStatus busy;
    busy.name = "busy";
    busy.workers = {{"w1", 4711, "busy", 10, 3700, 64 << 20}, {"w2", 4712, "idle", 0, 1, 0}};
    report.functions.at(0).start_error = "no module named \"x\"";
    report.functions.push_back(busy);
  };
  EXPECT_THAT(row("busy "), ElementsAre("busy", "w1", "4711", "busy", "10", "1h1m", "64.0", "MiB"));
  EXPECT_THAT(row("work "), ElementsAre("work", "-", "none:", "no", "work"));
  EXPECT_THAT(ask({"status"}).out,
              HasSubstr("\nfunction work cannot start a worker:\n  no module named \"x\"\n"));
}

TEST_F(StatusTest, ParkedKeysAreShortAndSteerNoTerminal) {
  engine.change_report = [](observe::StatusReport& report) {
    report.bindings.at(0).parked.push_back({3, 17, std::string(100, 'k'), 4, {}, "late"});
  };
  const std::string out = ask({"status"}).out;
  EXPECT_THAT(out, HasSubstr("PARKED KEY"));
  EXPECT_THAT(out, HasSubstr("key\\x1b[31m"));
  EXPECT_THAT(out, HasSubstr(std::string(40, 'k') + "...  job"));
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST_F(StatusTest, TheHeadSaysWhatTheOperatorHasToKnow) {
  engine.change_report = [](observe::StatusReport& report) {
    report.ready = false;
    report.not_ready = {"the disk is nearly full"};
    report.config = "/etc/a.yaml, /etc/b.yaml";
    report.config_status.generation = 3;
    report.config_status.last_error = "/etc/b.yaml:1:1: E1005 \x1b[2J";
    report.memory_limit = 64 << 20;
    report.memory = {{"unsettled", 3 << 20}, {"tail", 0}, {"appends", 1 << 20}};
    report.bindings.at(0).stopped = "E4301: a gap";
    report.bindings.at(0).trouble = "E6101: no broker";
  };
  const std::string out = ask({"status"}).out;
  for (const char* part :
       {"engine 1.2.3 ", ", running, NOT ready\n", "  not ready: the disk is nearly full\n",
        "config /etc/a.yaml, /etc/b.yaml (generation 3, ",
        "the last reload was not applied: ", "memory 4.0 MiB of 64.0 MiB: ", "unsettled 3.0 MiB",
        "  STOPPED: E4301: a gap\n", "  job: E6101: no broker\n"})
    EXPECT_THAT(out, HasSubstr(part));
  EXPECT_THAT(out, Not(HasSubstr("tail"))) << "who holds nothing is not named";
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST_F(StatusTest, AsJsonIsTheEnginesAnswer) {
  const Ran ran = ask({"status", "-o", "json"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_THAT(ran.out, StartsWith("{\"version\":\"1.2.3\""));
  EXPECT_THAT(ran.out, HasSubstr("\"discarded_outputs\":0"));
  EXPECT_THAT(ran.out, HasSubstr("\"last_done\":null"));
}

TEST_F(StatusTest, ACheckIsAnExitCodeAndItsReasons) {
  EXPECT_EQ(ask({"status", "--check"}).out, "ready\n");
  EXPECT_EQ(ask({"status", "--check", "-o", "json"}).out, "{\"ready\":true}\n");
  engine.change_report = [](observe::StatusReport& report) {
    report.ready = false;
    report.not_ready = {"it drains"};
    report.bindings.at(0).stopped = "E4301: a gap";
  };
  const Ran ran = ask({"status", "--check"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "pelton: E5021: not ready: it drains; job has stopped: E4301: a gap\n");
  EXPECT_THAT(ask({"status", "--check", "-o", "json"}).err,
              StartsWith("{\"error\":{\"code\":\"E5021\""));
}

class WaitTest : public CommandTest {
 protected:
  // The engine is ready, and has no lag, from its `n`th answer on.
  void ready_at(int n) {
    engine.change_report = [this, n](observe::StatusReport& report) {
      const bool ready = ++asked >= n;
      report.ready = ready;
      if (!ready) report.not_ready = {"it starts"};
      report.bindings.at(0).partitions = {{0, 9, 9, ready ? 0U : 4U, 0, 0, 0, 0}};
    };
  }
  std::atomic<int> asked = 0;
};

TEST_F(WaitTest, EndsAsSoonAsTheEngineIsReady) {
  ready_at(3);
  const Ran ran = ask({"wait", "--ready"});
  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(ask({"wait", "--ready", "-o", "json"}).out, "{\"ready\":true}\n");
}

TEST_F(WaitTest, EndsAsSoonAsBindingsHaveNoLag) {
  ready_at(2);
  EXPECT_EQ(ask({"wait", "--settled", "job", "-o", "json"}).out, "{\"settled\":[\"job\"]}\n");
  EXPECT_EQ(asked, 2);
}

TEST_F(WaitTest, AfterTheTimeOutItSaysWhatItWaitedFor) {
  ready_at(INT_MAX);
  const Ran ready = ask({"wait", "--ready", "--timeout", "1ms"});
  EXPECT_EQ(ready.code, kFailure);
  EXPECT_EQ(ready.err, "pelton: E5021: not ready after 1ms: it starts\n");
  EXPECT_EQ(ask({"wait", "--settled", "job", "--timeout", "1ms"}).err,
            "pelton: E5021: not settled after 1ms: job has a lag of 4\n");
}

TEST_F(WaitTest, WhatWillNeverBeIsAnErrorAtOnce) {
  ready_at(INT_MAX);
  const Ran ran = ask({"wait", "--settled", "jbo"});
  EXPECT_EQ(ran.code, kNotFound);
  EXPECT_EQ(asked, 1);
}

TEST(Wait, ForAnEngineThatDoesNotComeIsExitCode4) {
  const Ran ran = run_words({"wait", "--ready", "--timeout", "1ms", "--socket", "/no/such.sock"});
  EXPECT_EQ(ran.code, kNotReachable);
}

}  // namespace
}  // namespace pelton::cli
