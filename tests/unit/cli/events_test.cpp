// SPDX-License-Identifier: Apache-2.0
// produce and consume.
#include "tests/unit/cli/command_fixture.h"

namespace pelton::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using Produce = CommandTest;

TEST_F(Produce, LinesAreEvents) {
  Ran ran = ask({"produce", "s"}, "one\ntwo\n\nthree");
  EXPECT_EQ(ran.code, kOk) << ran.err;
  EXPECT_EQ(ran.out, "4 events are durable in s\n");
  EXPECT_EQ(data_of("s"), "one\ntwo\n\nthree\n");
  EXPECT_EQ(ask({"produce", "s"}, "x").out, "1 event is durable in s\n");
  EXPECT_EQ(ask({"produce", "s", "-o", "json"}, "x\ny\n").out, "{\"count\":2}\n");
}

TEST_F(Produce, OptionsAreAttributesOfEveryEvent) {
  EXPECT_EQ(ask({"produce", "s", "--key", "k", "--type", "t", "--content-type", "text/csv",
                 "--header", "a=b=c", "--header", "d="},
                "one\n")
                .code,
            kOk);
  const std::string event = ask({"consume", "s"}).out;
  for (const char* part : {R"("key":"k")", R"("type":"t")", R"("content_type":"text/csv")",
                           R"(["a","b=c"])", R"(["d",""])"})
    EXPECT_THAT(event, HasSubstr(part));
}

TEST_F(Produce, BytesThatAreNotTextAreSentWhole) {
  EXPECT_EQ(ask({"produce", "s"}, std::string_view("\xff\x00\x01\n", 4)).code, kOk);
  EXPECT_EQ(data_of("s"), std::string("\xff\x00\x01\n", 4));
  EXPECT_THAT(ask({"consume", "s"}).out, HasSubstr("\"data_base64\":\"/wAB\""));
}

TEST_F(Produce, FilesAreEventsWithTheirNames) {
  const std::string one = file("one.txt", "1\n2\n"), two = file("two.bin", "");
  EXPECT_EQ(ask({"produce", "s", "--file", one, two}).out, "2 events are durable in s\n");
  const std::string events = ask({"consume", "s"}).out;
  EXPECT_THAT(events, HasSubstr(R"("subject":"one.txt")"));
  EXPECT_THAT(events, HasSubstr(R"("key":"two.bin")"));
  EXPECT_THAT(events, HasSubstr(R"("data":"1\n2\n")"));
  const Ran missing = ask({"produce", "s", "--file", "/no/such"});
  EXPECT_EQ(missing.code, kFailure);
  EXPECT_THAT(missing.err, HasSubstr("E5020: /no/such: No such file"));
}

TEST_F(Produce, ABadLineIsNamedAndNothingOfItsRequestIsAppended) {
  const Ran ran = ask({"produce", "s", "--ndjson"}, "{\"data\":1}\n\n{\"dta\":2}\n");
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("line 3: "));
  EXPECT_EQ(ran.out, "");
  const std::vector<std::string> json{"produce", "s", "--ndjson", "-o", "json"};
  EXPECT_EQ(ask(json, "{\"data\":1}\nbad\n").out, "{\"count\":0}\n");
  EXPECT_EQ(engine.stored("s"), 0U);
}

TEST_F(Produce, AStreamThatIsNotThereIsExitCode5AlsoForNoInput) {
  EXPECT_EQ(ask({"produce", "orders"}, "x\n").code, kNotFound);
  const Ran nothing = ask({"produce", "orders"});
  EXPECT_EQ(nothing.code, kNotFound);
  EXPECT_THAT(nothing.err, HasSubstr("no stream named \"orders\""));
  EXPECT_EQ(ask({"produce", "s"}).out, "0 events are durable in s\n");
}

TEST_F(Produce, WaitsWhileTheEngineIsOverloadedAndSaysSoOnce) {
  engine.fail_appends({ErrorKind::overloaded, "E4108", "the disk is full"}, 0, 2);
  const Ran ran = ask({"produce", "s"}, "one\n");
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(ran.err, "pelton: waiting: E4108: the disk is full\n");
  EXPECT_EQ(data_of("s"), "one\n") << "sent again, stored once";
}

TEST_F(Produce, DoesNotWaitWhenToldSo) {
  engine.fail_appends({ErrorKind::overloaded, "E4108", "the disk is full"}, 0, 1);
  const Ran ran = ask({"produce", "s", "--no-wait"}, "one\n");
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, Not(HasSubstr("waiting")));
  EXPECT_EQ(engine.stored("s"), 0U);
}

// 5,000 events are one request.
TEST_F(Produce, SaysHowFarItGotAndWhereToContinue) {
  std::string input;
  for (int i = 0; i < 12'000; ++i) input += "x\n";
  engine.fail_appends({ErrorKind::overloaded, "E4108", "full"}, 2, 1);
  const Ran ran = ask({"produce", "s", "--no-wait", "-o", "json"}, input);
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("10000 events are durable; continue from line 10001"));
  EXPECT_EQ(engine.stored("s"), 10'000U);
  EXPECT_EQ(ran.out, "{\"count\":10000}\n") << "for a script";
}

TEST_F(Produce, AFaultThatIsNotOverloadIsNotTriedAgain) {
  engine.fail_appends({ErrorKind::corrupt, "E4103", "broken"}, 0, 1);
  const Ran ran = ask({"produce", "s"}, "one\n");
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_EQ(ran.err, "pelton: E4103: broken\n");
}

class Consume : public CommandTest {
 protected:
  Consume() {
    engine.stream("wide", 3);
    engine.append("wide", 0, {"a", "b"});
    engine.append("wide", 2, {"c"});
  }
};

TEST_F(Consume, IsOneEventALine) {
  const Ran ran = ask({"consume", "wide"});
  EXPECT_EQ(ran.code, kOk);
  EXPECT_EQ(std::ranges::count(ran.out, '\n'), 3);
  EXPECT_THAT(ran.out, HasSubstr(R"("partition":2,"offset":0)"));
  EXPECT_EQ(ask({"consume", "wide", "--partition", "1"}).out, "");
  EXPECT_EQ(data_of("wide"), "a\nb\nc\n");
}

TEST_F(Consume, BeginsAndEndsWhereItIsTold) {
  EXPECT_EQ(ask({"consume", "wide", "-o", "raw", "--limit", "2"}).out, "a\nb\n");
  EXPECT_EQ(ask({"consume", "wide", "-o", "raw", "--from", "1", "--partition", "0"}).out, "b\n");
  EXPECT_EQ(ask({"consume", "wide", "--from", "latest"}).out, "");
}

TEST_F(Consume, GlobsChooseByKeyTypeAndSubject) {
  ask({"produce", "s", "--ndjson"},
      "{\"key\":\"user-1\",\"type\":\"t.a\",\"subject\":\"x/1\",\"data\":1}\n"
      "{\"key\":\"user-2\",\"type\":\"t.b\",\"data\":2}\n{\"data\":3}\n");
  EXPECT_EQ(ask({"consume", "s", "-o", "raw", "--key", "user-*"}).out, "1\n2\n");
  EXPECT_EQ(ask({"consume", "s", "-o", "raw", "--key", "user-*", "--type", "*.b"}).out, "2\n");
  EXPECT_EQ(ask({"consume", "s", "-o", "raw", "--subject", "x/?"}).out, "1\n");
  EXPECT_EQ(ask({"consume", "s", "-o", "raw", "--key", "user-*", "--limit", "1"}).out, "1\n")
      << "the limit counts what is shown";
}

TEST_F(Consume, RawIsTheDataAsItWasWritten) {
  ask({"produce", "s", "--ndjson"},
      "{\"data\":{\"n\":12345678901234567890123,\"f\":1.10}}\n{\"data\":\"text\"}\n"
      "{\"data\":null}\n{\"data_base64\":\"/wA=\"}\n");
  EXPECT_EQ(data_of("s"),
            std::string("{\"n\":12345678901234567890123,\"f\":1.10}\ntext\n\n\xff\0\n", 48));
}

TEST_F(Consume, WhatIsNotThereIsExitCode5) {
  const Ran ran = ask({"consume", "nowhere"});
  EXPECT_EQ(ran.code, kNotFound);
  EXPECT_THAT(ran.err, StartsWith("pelton: E5001: "));
  EXPECT_EQ(ask({"consume", "wide", "--partition", "7"}).code, kNotFound);
}

TEST_F(Consume, AnErrorInTheMiddleIsAFailure) {
  ask({"status"});
  engine.fail_with(Error{ErrorKind::unavailable, "E4108", "the disk went away"});
  const Ran ran = ask({"consume", "wide"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("the disk went away"));
}

}  // namespace
}  // namespace pelton::cli
