// SPDX-License-Identifier: Apache-2.0
#include "engine/dead_letters/dead_letter_log.h"

#include "engine/observe/log.h"

#include <gmock/gmock.h>

namespace pelton::dead_letters {
namespace {

using testing::HasSubstr;
using testing::Not;

class LetterLog : public ::testing::Test {
 protected:
  LetterLog() {
    observe::log::configure(observe::log::Level::info, observe::log::Format::json, false);
  }
  static std::string told(model::DeadLetter letter) {
    model::Transaction transaction;
    const std::string binding = letter.binding;
    transaction.dead_letters.push_back(std::move(letter));
    return told(binding, transaction);
  }
  static std::string told(const std::string& binding, const model::Transaction& transaction) {
    testing::internal::CaptureStderr();
    tell_failures(binding, transaction);
    return testing::internal::GetCapturedStderr();
  }
  // Of a binding that no other test names, so that no limit is reached.
  static model::DeadLetter letter(const std::string& binding) {
    model::DeadLetter letter;
    letter.binding = binding;
    letter.stream = "orders";
    letter.id = {BindingId{1}, PartitionId{3}, 17, Incarnation{0xab}};
    letter.reason = "attempts";
    letter.retry.attempts = 5;
    return letter;
  }
  static model::Attempt attempt(std::string type, std::string message) {
    model::Attempt attempt;
    attempt.type = std::move(type);
    attempt.message = std::move(message);
    return attempt;
  }
};

TEST_F(LetterLog, SaysWhereAndWhy) {
  model::DeadLetter one = letter("bill");
  one.retry.history = {attempt("KeyError", "first"), attempt("ValueError", "no rate")};
  const std::string line = told(one);
  for (const char* part :
       {R"("level":"warn")", R"("binding":"bill")", R"("id":"bill/3/17/00000000000000ab")",
        R"("stream":"orders")", R"("reason":"attempts")", R"("attempts":5)",
        R"("error":"ValueError: no rate")"})
    EXPECT_THAT(line, HasSubstr(part));
}

TEST_F(LetterLog, ALongOrOddErrorStaysOneShortLine) {
  model::DeadLetter one = letter("odd");
  one.retry.history = {attempt("", "a\n\x1b[2J\xff" + std::string(100'000, 'x'))};
  const std::string line = told(one);
  EXPECT_LT(line.size(), 1000U);
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

TEST_F(LetterLog, WithoutAHistoryThereIsNoError) {
  EXPECT_THAT(told(letter("large")), HasSubstr(R"("reason":"attempts")"));
}

TEST_F(LetterLog, AFloodIsLimited) {
  model::Transaction transaction;
  for (int i = 0; i < 1000; ++i) transaction.dead_letters.push_back(letter("flood"));
  EXPECT_EQ(std::ranges::count(told("flood", transaction), '\n'), 10);
}

class AttemptLog : public LetterLog {
 protected:
  // An event between attempts, and one that is settled.
  static model::Transaction failed_once() {
    model::Transaction transaction;
    model::RetryState state;
    state.attempts = 1;
    state.next = from_us(1'000'000);
    model::Attempt failed = attempt("ValueError", "no rate");
    failed.number = 1;
    failed.worker = "f-2";
    failed.cause = "error";
    state.history = {failed};
    transaction.retries.push_back({BindingId{1}, {StreamId{1}, PartitionId{3}}, 17, state, true});
    transaction.retries.push_back({BindingId{1}, {StreamId{1}, PartitionId{3}}, 18, {}, false});
    return transaction;
  }
};

TEST_F(AttemptLog, HasALineAtTheLevelDebug) {
  observe::log::configure(observe::log::Level::debug, observe::log::Format::json, false);
  const std::string line = told("bill", failed_once());
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  for (const char* part :
       {R"("level":"debug")", R"("binding":"bill")", R"("partition":3)", R"("offset":17)",
        R"("attempt":1)", R"("worker":"f-2")", R"("cause":"error")",
        R"("error":"ValueError: no rate")", R"("next":"1970-01-01T00:00:01)"})
    EXPECT_THAT(line, HasSubstr(part));
}

TEST_F(AttemptLog, HasNoneAtOtherLevels) {
  EXPECT_EQ(told("bill", failed_once()), "");
}

}  // namespace
}  // namespace pelton::dead_letters
