// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/dead_letter_commands.h"

#include "tests/unit/cli/command_fixture.h"

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Letters : public CommandTest {
 protected:
  Letters() {
    engine.letter(1, "no rate for \x1b[31mEUR");
    engine.letter(2, "timed out", std::string(300, 'k'));
  }
  static constexpr const char* kFirst = "job/0/1/0000000000000000";
  static constexpr const char* kSecond = "job/0/2/0000000000000000";
};

TEST_F(Letters, AreATableWithACount) {
  const Ran ran = ask({"dead-letters", "list"});
  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_THAT(ran.out, testing::MatchesRegex("ID +TIME +REASON +ATTEMPTS +REPLAYS +KEY +ERROR\n"
                                             "(.|\n)*"));
  EXPECT_THAT(ran.out, HasSubstr(kFirst));
  EXPECT_THAT(ran.out, HasSubstr("attempts  3         0        k"));
  EXPECT_THAT(ran.out, HasSubstr(std::string(100, 'k') + "..."));
  EXPECT_THAT(ran.out, HasSubstr("\n2 of 2 dead letters; "));
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos) << "an error must not steer a terminal";
  EXPECT_THAT(ask({"dead-letters", "list", "--limit", "1"}).out,
              HasSubstr("\n1 of 2 dead letters"));
}

TEST_F(Letters, WithoutAnyItSaysSo) {
  EXPECT_EQ(ask({"dead-letters", "list", "--contains", "nothing like it"}).out,
            "no dead letters\n");
}

TEST_F(Letters, AsJsonAreOneALine) {
  for (const char* command : {"list", "export"}) {
    const Ran ran = ask({"dead-letters", command, "-o", "json"});
    EXPECT_EQ(std::ranges::count(ran.out, '\n'), 2) << command;
    EXPECT_THAT(ran.out, HasSubstr("{\"big\":12345678901234567890123}")) << "numbers stay exact";
  }
}

TEST_F(Letters, OneIsShownWithItsHistoryAndWhatToDo) {
  const Ran ran = ask({"dead-letters", "show", "job/0/2"});
  EXPECT_EQ(ran.code, kNotFound) << "the fake knows full ids only";
  const Ran shown = ask({"dead-letters", "show", kSecond});
  EXPECT_EQ(shown.code, kOk);
  EXPECT_THAT(shown.out, HasSubstr("reason    attempts\n"));
  EXPECT_THAT(shown.out, HasSubstr("  attempt 3 at "));
  EXPECT_THAT(shown.out, HasSubstr("    ValueError: timed out\n    | line 1\n    | line 2\n"));
  EXPECT_THAT(shown.out, HasSubstr("12345678901234567890123"));
  EXPECT_THAT(shown.out, HasSubstr("pelton functions restart work"));
  EXPECT_THAT(shown.out, HasSubstr(std::string("pelton dead-letters replay ") + kSecond));
}

TEST_F(Letters, OneThatIsNotThereIsExitCode5) {
  for (const char* command : {"show", "replay", "purge"}) {
    const Ran ran = ask({"dead-letters", command, "job/0/77"});
    EXPECT_EQ(ran.code, kNotFound) << command;
    EXPECT_THAT(ran.err, HasSubstr("E5001")) << command;
  }
}

TEST_F(Letters, ADryRunOnlyCounts) {
  EXPECT_EQ(ask({"dead-letters", "replay", "--dry-run"}).out, "2 dead letters would be replayed\n");
  EXPECT_EQ(ask({"dead-letters", "purge", "--dry-run"}).out,
            "2 dead letters would be removed for good\n");
  EXPECT_EQ(ask({"dead-letters", "replay", "--dry-run", "--contains", "timed"}).out,
            "1 dead letter would be replayed\n");
  EXPECT_TRUE(engine.replayed.empty() && engine.purged.empty());
}

TEST_F(Letters, AreReplayedInTheirOrder) {
  const Ran ran = ask({"dead-letters", "replay", "--wait"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.out, "2 dead letters to be replayed\n2 done, 0 failed again\n");
  EXPECT_THAT(engine.replayed, ElementsAre(kFirst, kSecond));
  EXPECT_EQ(ask({"dead-letters", "replay"}).out, "0 dead letters to be replayed\n");
}

TEST_F(Letters, ThatFailAgainAreAFailure) {
  engine.replays_fail_again = true;
  const Ran ran = ask({"dead-letters", "replay", "--wait"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.out, HasSubstr("0 done, 2 failed again\n"));
  EXPECT_THAT(ask({"dead-letters", "replay", "--wait", "-o", "json"}).out,
              "{\"matching\":2,\"accepted\":2,\"missing\":0,\"running\":0,\"failed_again\":2}\n");
}

TEST_F(Letters, OneThatIsBeingReplayedIsAConflict) {
  engine.already_running = true;
  const Ran one = ask({"dead-letters", "replay", kFirst});
  EXPECT_EQ(one.code, kConflict);
  EXPECT_THAT(one.err, HasSubstr("is being replayed already"));
  EXPECT_EQ(ask({"dead-letters", "replay", "-o", "json"}).out,
            "{\"matching\":1,\"accepted\":0,\"missing\":0,\"running\":1,\"failed_again\":0}\n");
}

TEST_F(Letters, ArePurgedOnlyWithConsent) {
  const Ran ran = ask({"dead-letters", "purge"});
  EXPECT_EQ(ran.code, kUsage);
  EXPECT_THAT(ran.err, HasSubstr("purging needs --yes"));
  EXPECT_TRUE(engine.purged.empty());
  EXPECT_EQ(ask({"dead-letters", "purge", "--yes"}).out,
            "2 dead letters to be removed for good\n2 removed\n");
  EXPECT_THAT(engine.purged, ElementsAre(kFirst, kSecond));
  EXPECT_EQ(ask({"dead-letters", "purge", kFirst, "--yes", "-o", "json"}).out,
            "{\"matching\":1,\"purged\":1}\n");
}

TEST_F(Letters, ManyAreSentInPieces) {
  for (Offset offset = 3; offset <= 250; ++offset) engine.letter(offset, "e");
  EXPECT_EQ(ask({"dead-letters", "replay", "-o", "json"}).out,
            "{\"matching\":250,\"accepted\":250,\"missing\":0,\"running\":0,\"failed_again\":0}\n");
  EXPECT_EQ(engine.replayed.size(), 250U);
}

TEST(LetterQuery, EncodesWhatIsGiven) {
  LetterOptions options;
  EXPECT_EQ(letter_query(options), "?");
  options.binding = "a b";
  options.contains = "x&y=z";
  options.partition = 3;
  EXPECT_EQ(letter_query(options), "?binding=a%20b&contains=x%26y%3Dz&partition=3&");
  EXPECT_EQ(letter_target("job/0/1"), "/v1/dead-letters/job/0/1");
  EXPECT_EQ(letter_target("j b/0/1/ff"), "/v1/dead-letters/j%20b/0/1/ff");
  EXPECT_THAT(letter_target("../0/1"), Not(HasSubstr("//")));
}

}  // namespace
}  // namespace pelton::cli
