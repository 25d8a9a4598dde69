// SPDX-License-Identifier: Apache-2.0
// Moving bindings, restarting functions, forgetting, and changing the config.
#include "tests/unit/cli/command_fixture.h"

#include <sys/stat.h>

namespace pelton::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Offsets = CommandTest;

TEST_F(Offsets, AreATableOfAllOrOne) {
  const Ran ran = ask({"offsets", "list"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.out,
            "BINDING  STREAM  PARTITION  CURSOR  END  LAG  OLDEST\n"
            "job      input   0          5       9    4    1.5s\n");
  EXPECT_EQ(ask({"offsets", "list", "job"}).out, ran.out);
  EXPECT_EQ(ask({"offsets", "list", "jbo"}).code, kNotFound);
  EXPECT_THAT(ask({"offsets", "list", "-o", "json"}).out, StartsWith("{\"offsets\":[{\"binding\""));
}

// The engine in memory moves partition 0 back by 5, leaves 1 and does not have 2.
TEST_F(Offsets, ASeekShowsWhatItMovedAndFailsForWhatItCouldNot) {
  const Ran ran = ask({"offsets", "seek", "job", "--by", "-5"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_EQ(ran.out,
            "PARTITION  FROM  TO  EVENTS\n"
            "0          9     4   5 again\n"
            "1          2     2   none\n");
  EXPECT_EQ(ran.err, "partition 2 was not moved: E5022: another engine has it\n");
  EXPECT_EQ(engine.last_seek.to, http::SeekRequest::To::by);
  EXPECT_EQ(engine.last_seek.offset, -5);
  EXPECT_FALSE(engine.last_seek.dry_run);
}

TEST_F(Offsets, ADryRunSaysThatNothingHappened) {
  const Ran ran = ask({"offsets", "seek", "job", "--to-latest", "--partition", "1", "--dry-run"});
  EXPECT_THAT(ran.out, HasSubstr("nothing was changed (--dry-run)\n"));
  EXPECT_TRUE(engine.last_seek.dry_run);
  EXPECT_EQ(engine.last_seek.partition, 1U);
}

TEST_F(Offsets, EachWayToSayWhereToIsUnderstood) {
  using To = http::SeekRequest::To;
  for (const auto& [words, to] : std::vector<std::pair<std::vector<std::string>, To>>{
           {{"--to-offset", "7"}, To::offset},
           {{"--to-time", "2026-11-23T10:00:00Z"}, To::time},
           {{"--to-earliest"}, To::earliest},
           {{"--to-latest"}, To::latest}}) {
    std::vector<std::string> line{"offsets", "seek", "job", "--yes"};
    line.insert(line.end(), words.begin(), words.end());
    ask(line);
    EXPECT_EQ(engine.last_seek.to, to) << words.front();
  }
}

TEST_F(Offsets, ASeekOfNobodyIsExitCode5) {
  EXPECT_EQ(ask({"offsets", "seek", "jbo", "--to-earliest"}).code, kNotFound);
}

// The engine reads the file itself and would wait for a writer.
TEST(Plan, OfWhatIsNoRegularFileIsRefusedBeforeTheEngineIsAsked) {
  const test::TemporaryFolder folder;
  const std::string fifo = (folder.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& file : {fifo, std::string("/dev/zero")}) {
    const Ran ran = run_words({"plan", file, "--data", "/no/such"});
    EXPECT_EQ(ran.code, kUsage);
    EXPECT_THAT(ran.err, HasSubstr("E5004: " + file + " is not a regular file"));
  }
  const Ran missing = run_words({"plan", "/no/such.yaml", "--data", "/no/such"});
  EXPECT_EQ(missing.code, kNotReachable) << "that is the engine's to say";
}

class PassedOver : public CommandTest {
 protected:
  PassedOver() { engine.seek_outcome = {{{0, 4, 1204}, {1, 9, 3}}, {}}; }
};

TEST_F(PassedOver, EventsNeedConsent) {
  const Ran ran = ask({"offsets", "seek", "job", "--to-latest"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_THAT(ran.err, HasSubstr("1,200 unsettled events of job would be passed over and never "
                                 "delivered; add --yes"));
  EXPECT_TRUE(engine.last_seek.dry_run) << "it only asked";
  const Ran moved = ask({"offsets", "seek", "job", "--to-latest", "--yes"});
  EXPECT_EQ(moved.code, kOk);
  EXPECT_THAT(moved.out, HasSubstr("1,200 passed over\n"));
  EXPECT_THAT(moved.out, HasSubstr("6 again\n"));
  EXPECT_FALSE(engine.last_seek.dry_run);
}

TEST_F(PassedOver, ToTheEarliestNothingIs) {
  EXPECT_EQ(ask({"offsets", "seek", "job", "--to-earliest"}).code, kOk);
}

using Functions = CommandTest;

TEST_F(Functions, AreRestartedByName) {
  EXPECT_EQ(ask({"functions", "restart", "work"}).out,
            "work runs the new code; 2 old workers end when their current events are done\n");
  EXPECT_EQ(ask({"functions", "restart", "work", "-o", "json"}).out, "{\"workers\":2}\n");
  EXPECT_EQ(ask({"functions", "restart", "a b/c"}).code, kNotFound);
}

using Pause = CommandTest;

TEST_F(Pause, ThatIsNotAnsweredIsAFailure) {
  const Ran ran = ask({"bindings", "pause", "jbo"});
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("E5001"));
  EXPECT_THAT(ran.err, HasSubstr("jbo"));
}

TEST_F(Pause, NeedsAName) {
  EXPECT_EQ(ask({"bindings", "pause"}).code, kUsage);
  EXPECT_EQ(ask({"bindings", "resume"}).code, kUsage);
  EXPECT_EQ(ask({"bindings"}).code, kUsage);
}

TEST_F(Pause, TakesNamesAsTheyAre) {
  for (const char* name : {"a b/c", "../job", "job?x=1", "%6aob"}) {
    const Ran ran = ask({"bindings", "pause", name});
    EXPECT_EQ(ran.code, kNotFound) << name;
    EXPECT_THAT(ran.err, HasSubstr(name));
  }
}

TEST_F(Pause, AndResumeNameTheBinding) {
  EXPECT_THAT(ask({"bindings", "pause", "job"}).out, HasSubstr("pelton bindings resume job"));
  EXPECT_EQ(ask({"bindings", "resume", "job"}).out, "job is resumed\n");
  EXPECT_EQ(ask({"bindings", "pause", "job", "-o", "json"}).out, "{\"paused\":true}\n");
  EXPECT_EQ(ask({"bindings", "pause", "jbo"}).code, kNotFound);
}

using Forget = CommandTest;

TEST_F(Forget, NeedsConsentAndNamesWhatIsGone) {
  EXPECT_EQ(ask({"bindings", "forget", "old-binding", "--yes"}).out, "old-binding is forgotten\n");
  EXPECT_EQ(ask({"streams", "forget", "old-stream", "--yes", "-o", "json"}).out,
            "{\"forgotten\":\"old-stream\",\"configured\":false}\n");
  const Ran ran = ask({"streams", "forget", "old-binding", "--yes"});
  EXPECT_EQ(ran.code, kNotFound);
  EXPECT_THAT(ran.err, HasSubstr("E4109"));
}

TEST_F(Forget, OfWhatIsConfiguredItSaysWhatStays) {
  EXPECT_EQ(
      ask({"bindings", "forget", "job", "--yes"}).out,
      "job is configured and keeps its state; its progress on streams that it no longer reads "
      "was deleted\n");
  EXPECT_EQ(ask({"bindings", "forget", "job", "--yes", "-o", "json"}).out,
            "{\"forgotten\":\"job\",\"configured\":true}\n");
}

class Changes : public CommandTest {
 protected:
  using Outcome = http::ConfigReview::Outcome;
};

TEST_F(Changes, AReloadSaysWhatItDid) {
  engine.review = R"({"outcome":"applied","file":"/a.yaml, /b.yaml","problems":[],"changes":[
      {"kind":"stream","name":"new","action":"add","options":[]}],"refusals":[]})";
  const Ran ran = ask({"reload"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.out, "+ stream new\n\n1 to add\nreloaded /a.yaml, /b.yaml\n");
}

TEST_F(Changes, AnInvalidConfigIsExitCode3WithItsPlaces) {
  engine.outcome = Outcome::invalid;
  engine.review = R"({"outcome":"invalid","file":"/a.yaml, /b.yaml","changes":[],"refusals":[],
      "problems":[{"file":"/b.yaml","line":2,"column":3,"code":"E1005","severity":"error",
                   "message":"unknown key"}]})";
  const Ran ran = ask({"reload"});
  EXPECT_EQ(ran.code, kConfigInvalid);
  EXPECT_EQ(ran.err,
            "/b.yaml:2:3: E1005 unknown key\n"
            "pelton: nothing was reloaded; the engine continues with the old config\n");
}

TEST_F(Changes, ARefusalIsExitCode6AndAFailureExitCode1) {
  engine.outcome = Outcome::refused;
  engine.review = R"({"outcome":"refused","problems":[],"changes":[],
      "refusals":[{"code":"E5012","message":"came from standard input"}]})";
  const Ran refused = ask({"reload"});
  EXPECT_EQ(refused.code, kConflict);
  EXPECT_THAT(refused.err, StartsWith("pelton: E5012: came from standard input\n"));
  engine.outcome = Outcome::failed;
  engine.review = R"({"outcome":"failed","error":"E5013: no worker of f starts\nno module x"})";
  const Ran failed = ask({"reload"});
  EXPECT_EQ(failed.code, kFailure);
  EXPECT_THAT(failed.err, StartsWith("pelton: E5013: no worker of f starts\n  no module x\n"));
}

TEST_F(Changes, APlanIsAnExitCodeForScripts) {
  engine.review =
      R"({"outcome":"changes","changes":[{"kind":"binding","name":"b","action":"remove"}]})";
  EXPECT_EQ(ask({"plan"}).code, kOk);
  EXPECT_EQ(ask({"plan", "--exit-code"}).code, kChanges);
  engine.review = R"({"outcome":"unchanged"})";
  const Ran ran = ask({"plan", "--exit-code"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.out, "no changes\n");
}

TEST_F(Changes, AllFilesOfAPlanGoToTheEngine) {
  EXPECT_EQ(ask({"plan", "/a.yaml", "/b c.yaml", "-o", "json"}).out,
            "{\"file\":\"/a.yaml, /b c.yaml\"}\n");
}

TEST_F(Changes, APlanOfTwoConfigsNeedsNoEngine) {
  const std::string one =
      file("one.yaml", "version: 1\nstreams: { a: { retention: { time: 1d } } }\n");
  const std::string two = file("two.yaml", "streams: { b: { retention: { time: 1d } } }\n");
  const Ran ran = run_words({"plan", "--from", one, one, two});
  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("+ stream b\n"));
  EXPECT_EQ(run_words({"plan", "--from", one, "--from", two, two, one}).out, "no changes\n");
  const Ran bad = run_words({"plan", "--from", one, file("bad.yaml", "version: 2\n")});
  EXPECT_EQ(bad.code, kConfigInvalid);
  EXPECT_THAT(bad.err, HasSubstr("bad.yaml:1:10: E1010 "));
}

class Validate : public CommandTest {
 protected:
  const std::string good = file("good.yaml",
                                "version: 1\nstreams: { a: { retention: { time: 1d } } }\n"
                                "connectors: { i: { to: a, directory: { path: ./in } } }\n");
};

TEST_F(Validate, SaysThatAllIsWellOrAllThatIsNot) {
  const Ran ran = run_words({"validate", good});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.out, good + " is valid\n");
  const std::string bad =
      file("bad.yaml", "version: 1\nsteams: {}\nbindings: { b: { from: a } }\n");
  const Ran wrong = run_words({"validate", bad});
  EXPECT_EQ(wrong.code, kConfigInvalid);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, StartsWith(bad + ":2:1: E1005 "));
  EXPECT_GE(std::ranges::count(wrong.err, '\n'), 2);
}

TEST_F(Validate, WarningsMayBeDenied) {
  const std::string unused = file("unused.yaml", "version: 1\nstreams: { a: {} }\n");
  const Ran ran = run_words({"validate", unused});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_THAT(ran.err, HasSubstr(": warning E1101 "));
  EXPECT_EQ(run_words({"validate", "--deny-warnings", unused}).code, kConfigInvalid);
}

TEST_F(Validate, TakesStandardInputAndSeveralFiles) {
  const std::string text = test::read_file(good);
  EXPECT_EQ(run_words({"validate", "-"}, text).out, "<stdin> is valid\n");
  const Ran both = run_words({"validate", good, "-"}, "streams: { a: {} }\n");
  EXPECT_EQ(both.code, kConfigInvalid);
  EXPECT_EQ(both.err, "<stdin>:1:12: E1004 duplicate key \"a\": it is also at " + good + ":2:12\n");
  EXPECT_THAT(run_words({"validate", good, "/no/such.yaml", "/none.yaml"}).err,
              HasSubstr("/none.yaml:1:1: E1001 "));
}

TEST_F(Validate, AsJsonIsOneObjectAlsoWhenItIsInvalid) {
  EXPECT_EQ(run_words({"validate", "-o", "json", good}).out, "{\"valid\":true,\"problems\":[]}\n");
  const Ran ran = run_words({"validate", "-o", "json", "-"}, "version: 2\n");
  EXPECT_EQ(ran.code, kConfigInvalid);
  EXPECT_THAT(ran.out, StartsWith(R"({"valid":false,"problems":[{"file":"<stdin>","line":1,)"
                                  R"("column":10,"code":"E1010","severity":"error",)"));
}

}  // namespace
}  // namespace pelton::cli
