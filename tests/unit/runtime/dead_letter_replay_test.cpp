// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/dead_letter_replay.h"

#include "tests/unit/runtime/engine_parts.h"

namespace pelton::runtime {
namespace {

// Binding "b", whose function has no workers: what is replayed stays under way.
class LetterReplay : public EngineParts {
 protected:
  void SetUp() override {
    config.bindings[0].delivery.max_unsettled = 3;
    begin();
  }

  model::DeadLetter letter(Offset offset, const std::string& binding = "b") {
    model::DeadLetter letter;
    letter.binding = binding;
    letter.stream = "s";
    letter.id = {*store->binding_id("b"), PartitionId{0}, offset,
                 store->incarnation(*store->find_stream("s"))};
    letter.event = batch({"x"});
    return letter;
  }
  Result<dead_letters::ReplayCount> replay(std::vector<model::DeadLetter> some) {
    std::promise<Result<dead_letters::ReplayCount>> answer;
    replay_letters(*shard, std::move(some), [&](Result<dead_letters::ReplayCount> count) {
      answer.set_value(std::move(count));
    });
    return answer.get_future().get();
  }
};

TEST_F(LetterReplay, ALetterIsTakenOnceUntilItHasEnded) {
  auto count = replay({letter(1), letter(2)});
  ASSERT_TRUE(count);
  EXPECT_EQ(count->accepted, 2U);
  EXPECT_EQ(count->running, 0U);
  count = replay({letter(1)});
  ASSERT_TRUE(count);
  EXPECT_EQ(count->accepted, 0U);
  EXPECT_EQ(count->running, 1U);
}

TEST_F(LetterReplay, ALetterOfABindingThatDoesNotRunStays) {
  const auto count = replay({letter(1, "other")});
  ASSERT_TRUE(count);
  EXPECT_EQ(count->accepted, 0U);
}

TEST_F(LetterReplay, ABindingThatHasEnoughTakesNoneOfTheRequest) {
  ASSERT_TRUE(replay({letter(1), letter(2), letter(3)}));
  const auto count = replay({letter(4)});
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind, ErrorKind::overloaded);
  EXPECT_EQ(count.error().code, "E5010");
}

}  // namespace
}  // namespace pelton::runtime
