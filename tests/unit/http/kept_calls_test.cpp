// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/kept_calls.h"

#include "tests/unit/http/stored_call.h"

#include <gmock/gmock.h>

namespace pelton::http {
namespace {

using Refusal = KeptCalls::Refusal;
using Kind = CallFailure::Kind;

class SteppedClock final : public Clock {
 public:
  WallTime now() const override { return time; }
  WallTime time = from_us(1'700'000'000'000'000);
};

std::optional<RequestKey> key_of(const std::string& key, std::uint64_t request = 1) {
  return RequestKey{key, {request, 2}};
}

class Kept : public testing::Test {
 protected:
  Kept() {
    calls.set_limits({std::chrono::hours(1), 3, 4});
    calls.loaded();
  }

  KeptCalls::Answer begin(const std::optional<RequestKey>& key, const std::string& id) {
    const auto reply = [this, id](const net::Response& response) {
      replies[id] = fmt::format("{} {}", response.status, response.body);
    };
    const auto failed = [](Kind why) {
      return net::Response{why == Kind::timeout ? 504U : 503U, "", "none"};
    };
    return calls.begin(key, id, {deadline, reply, failed});
  }
  bool begins(const std::optional<RequestKey>& key, const std::string& id) {
    return std::holds_alternative<KeptCalls::Begun>(begin(key, id));
  }
  std::optional<Refusal> refused(const std::optional<RequestKey>& key, const std::string& id) {
    const auto answer = begin(key, id);
    const auto* why = std::get_if<Refusal>(&answer);
    return why == nullptr ? std::nullopt : std::optional(*why);
  }
  // Where the result is; -1: there is none.
  Offset stored(const std::optional<RequestKey>& key) {
    const auto answer = begin(key, "again");
    const auto* at = std::get_if<KeptCalls::Stored>(&answer);
    return at == nullptr ? -1 : at->result;
  }
  model::BatchPtr call(const std::optional<RequestKey>& key, const std::string& id) const {
    model::EventView event;
    event.id = id;
    event.time_us = to_us(clock.time);
    return stored_call(event, key, config::Exchange::native);
  }
  void result(const std::optional<RequestKey>& key, const std::string& id, Offset offset,
              const std::string& body = "done") {
    model::BatchBuilder builder;
    add_result(*call(key, id), {201, "text/plain", body}, clock.time, builder);
    calls.result(*builder.finish(), 0, offset);
  }

  SteppedClock clock;
  KeptCalls calls{clock};
  std::chrono::steady_clock::time_point deadline =
      std::chrono::steady_clock::now() + std::chrono::hours(1);
  std::map<std::string, std::string> replies;
};

TEST_F(Kept, TheRequestThatBeganACallHearsItsResult) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  result(key_of("a"), "1", 7);
  EXPECT_EQ(replies["1"], "201 done");
  EXPECT_EQ(stored(key_of("a")), 7);
}

TEST_F(Kept, ACallWithoutAKeyIsHeardOfOnce) {
  EXPECT_TRUE(begins(std::nullopt, "1"));
  result(std::nullopt, "1", 0);
  EXPECT_EQ(replies["1"], "201 done");
  EXPECT_TRUE(begins(std::nullopt, "2"));
  EXPECT_EQ(calls.counts().results, 0U);
}

TEST_F(Kept, AKeyThatIsUnderWayIsRefused) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  EXPECT_EQ(refused(key_of("a"), "2"), Refusal::under_way);
  EXPECT_TRUE(begins(key_of("b"), "3")) << "another one is not";
}

TEST_F(Kept, AKeyStandsForOneRequest) {
  EXPECT_TRUE(begins(key_of("a", 1), "1"));
  EXPECT_EQ(refused(key_of("a", 2), "2"), Refusal::other_request);
  result(key_of("a", 1), "1", 0);
  EXPECT_EQ(refused(key_of("a", 2), "3"), Refusal::other_request);
}

TEST_F(Kept, ACallThatWasNotStoredLeavesNothingBehind) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  EXPECT_TRUE(calls.withdraw(key_of("a"), "1"));
  EXPECT_FALSE(calls.withdraw(key_of("a"), "1"));
  EXPECT_TRUE(begins(key_of("a"), "2"));
}

TEST_F(Kept, KeysAreForgottenOnceTheirResultsHaveExpired) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  clock.time += std::chrono::hours(3);
  EXPECT_EQ(refused(key_of("a"), "2"), Refusal::under_way) << "however long it takes";
  result(key_of("a"), "1", 7);
  clock.time += std::chrono::minutes(59);
  EXPECT_EQ(stored(key_of("a")), 7) << "counted from the result";
  clock.time += std::chrono::minutes(1);
  EXPECT_TRUE(begins(key_of("a"), "2"));
  EXPECT_EQ(calls.counts().results, 0U);
}

TEST_F(Kept, KeysAndRequestsThatWaitAreBounded) {
  for (const char* key : {"a", "b", "c"}) EXPECT_TRUE(begins(key_of(key), key));
  EXPECT_EQ(refused(key_of("d"), "d"), Refusal::full);
  EXPECT_TRUE(begins(std::nullopt, "e"));
  EXPECT_EQ(refused(std::nullopt, "f"), Refusal::waiting);
  result(key_of("a"), "a", 0);
  EXPECT_EQ(refused(key_of("d"), "d"), Refusal::full) << "its result is remembered";
  clock.time += std::chrono::hours(2);
  EXPECT_TRUE(begins(key_of("d"), "d"));
}

TEST_F(Kept, WhoWaitsTooLongIsAnswered) {
  int first = 0;
  calls.on_waiting([&] { ++first; });
  EXPECT_TRUE(begins(key_of("a"), "1"));
  EXPECT_TRUE(begins(key_of("b"), "2"));
  EXPECT_EQ(first, 1) << "the second one is not the first that waits";
  EXPECT_TRUE(calls.look(deadline - std::chrono::seconds(1)));
  EXPECT_TRUE(replies.empty());
  EXPECT_FALSE(calls.look(deadline));
  EXPECT_EQ(replies["1"], "504 none");
  EXPECT_EQ(refused(key_of("a"), "3"), Refusal::under_way) << "the call is";
  result(key_of("a"), "1", 5);
  EXPECT_EQ(replies["1"], "504 none");
  EXPECT_EQ(stored(key_of("a")), 5);
}

TEST_F(Kept, WhoWaitsHearsThatTheEngineStops) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  calls.stop();
  EXPECT_EQ(replies["1"], "503 none");
  EXPECT_EQ(refused(std::nullopt, "2"), Refusal::loading);
}

TEST_F(Kept, ALaterResultOfACallReplacesItsResult) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  result(key_of("a"), "1", 5);
  clock.time += std::chrono::minutes(30);
  result(key_of("a"), "1", 6);  // its dead letter was replayed
  EXPECT_EQ(stored(key_of("a")), 6);
  clock.time += std::chrono::minutes(40);
  EXPECT_EQ(stored(key_of("a")), 6) << "kept from then on";
}

TEST_F(Kept, AReplayOfAnEarlierCallDoesNotTakeItsKey) {
  EXPECT_TRUE(begins(key_of("a"), "1"));
  result(key_of("a"), "1", 0);
  clock.time += std::chrono::hours(2);
  EXPECT_TRUE(begins(key_of("a", 9), "2"));
  result(key_of("a"), "1", 1, "replayed");
  EXPECT_EQ(refused(key_of("a", 9), "3"), Refusal::under_way);
  result(key_of("a", 9), "2", 2);
  result(key_of("a"), "1", 3, "and again");
  EXPECT_EQ(stored(key_of("a", 9)), 2);
}

TEST_F(Kept, AKeyOfSomebodyElseIsAnotherKey) {
  auto mine = key_of("a");
  auto yours = key_of("a");
  mine->whose = hash128("me");
  yours->whose = hash128("you");
  EXPECT_TRUE(begins(mine, "1"));
  EXPECT_TRUE(begins(yours, "2"));
  EXPECT_TRUE(begins(key_of("a"), "3"));
  result(yours, "2", 8);
  EXPECT_EQ(refused(mine, "4"), Refusal::under_way);
  EXPECT_EQ(stored(yours), 8);
}

TEST_F(Kept, KeysAreClaimedOfTheMemory) {
  MemoryBudget memory(MemoryBudget::kLeast);
  KeptCalls many{clock, &memory};
  many.set_limits({std::chrono::hours(1), 10'000'000, 4});
  many.loaded();
  const auto ask = [&](int i) {
    return many.begin(key_of(std::to_string(i)), std::to_string(i),
                      {deadline, [](net::Response) {}, [](Kind) { return net::Response{}; }});
  };
  for (int i = 0; i < 100'000; ++i)
    many.restore({key_of(std::to_string(i))->fingerprint(), 1, 1, i, to_us(clock.time)});
  EXPECT_GT(memory.claimed(MemoryUse::keys), 4'000'000U);
  EXPECT_LT(memory.claimed(MemoryUse::keys), 7'000'000U) << "some 60 bytes each";
  EXPECT_TRUE(std::holds_alternative<KeptCalls::Begun>(ask(100'000)));
  memory.claim(MemoryUse::unsettled, MemoryBudget::kLeast);
  EXPECT_EQ(std::get<Refusal>(ask(100'001)), Refusal::memory);
  clock.time += std::chrono::hours(2);
  EXPECT_EQ(many.counts().results, 0U);
  EXPECT_TRUE(std::holds_alternative<KeptCalls::Begun>(ask(100'001))) << "those have expired";
  memory.give_back(MemoryUse::unsettled, MemoryBudget::kLeast);
}

class RestoredCalls : public Kept {
 protected:
  void restore(const std::optional<RequestKey>& key, const std::string& id) {
    fresh.restore(*call(key, id), 0);
  }
  KeptCalls fresh{clock};
};

TEST_F(RestoredCalls, AreKnownAfterAStart) {
  KeptCalls before{clock};
  before.set_limits({std::chrono::hours(1), 10, 4});
  const auto ask = [&](const std::optional<RequestKey>& key) {
    return before.begin(key, "new",
                        {deadline, [](net::Response) {}, [](Kind) { return net::Response{}; }});
  };
  EXPECT_EQ(std::get<Refusal>(ask(key_of("a"))), Refusal::loading);
  before.restore(*call(key_of("a"), "1"), 0);
  before.restore(*call(key_of("b"), "2"), 0);
  model::BatchBuilder builder;
  add_result(*call(key_of("a"), "1"), {200, "", ""}, clock.time, builder);
  before.result(*builder.finish(), 0, 3);
  before.loaded();
  EXPECT_EQ(std::get<KeptCalls::Stored>(ask(key_of("a"))).result, 3);
  EXPECT_EQ(std::get<Refusal>(ask(key_of("b"))), Refusal::under_way);
  EXPECT_EQ(before.counts().under_way, 1U);
  EXPECT_EQ(before.counts().results, 1U);
}

TEST_F(RestoredCalls, AnEarlierCallOfAKeyDoesNotHideALaterOne) {
  fresh.set_limits({std::chrono::hours(10), 10, 4});
  const model::BatchPtr first = call(key_of("a", 1), "1");
  clock.time += std::chrono::hours(2);
  const model::BatchPtr second = call(key_of("a", 2), "2");
  model::BatchBuilder builder;
  add_result(*second, {200, "", ""}, clock.time, builder);
  fresh.result(*builder.finish(), 0, 9);  // heard of while calls are still being read
  fresh.restore(*first, 0);
  fresh.restore(*second, 0);
  fresh.loaded();
  const auto answer = fresh.begin(
      key_of("a", 2), "3", {deadline, [](net::Response) {}, [](Kind) { return net::Response{}; }});
  EXPECT_EQ(std::get<KeptCalls::Stored>(answer).result, 9);
}

TEST(StoredCall, KeepsWhatItsAnswerDependsOn) {
  model::EventView event;
  event.id = "7";
  event.data = "{}";
  event.headers = {{"a", "b"}};
  model::BatchBuilder builder;
  builder.add(event);
  const model::BatchPtr plain = builder.finish();
  const model::BatchPtr stored =
      stored_call(event, key_of("k\"ey", ~0ULL), config::Exchange::gateway_v2);
  EXPECT_EQ(request_key(*stored, 0)->key, "k\"ey");
  EXPECT_EQ(request_key(*stored, 0)->request, (Hash128{~0ULL, 2}));
  EXPECT_FALSE(request_key(*plain, 0));
  EXPECT_EQ(response_of(*stored, CallFailure{}).status, 500U) << "as a version 2 has it";
  EXPECT_EQ(response_of(*plain, CallFailure{}).status, 502U);
  EXPECT_EQ(response_of(*stored, nullptr)->body, "null");
}

TEST(StoredCall, AResultIsTheResponseAgain) {
  model::EventView event;
  event.id = "7";
  const model::BatchPtr stored = stored_call(event, key_of("k"), config::Exchange::native);
  net::Response response{418, "text/x", std::string("\0\xff", 2)};
  response.headers = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
  model::BatchBuilder builder;
  add_result(*stored, response, from_us(5), builder);
  const model::BatchPtr result = builder.finish();
  const net::Response again = stored_response(*result, 0);
  EXPECT_EQ(again.status, 418U);
  EXPECT_EQ(again.content_type, "text/x");
  EXPECT_EQ(again.body, response.body);
  ASSERT_EQ(again.headers.size(), 2U) << "none of the engine's own";
  EXPECT_EQ(again.headers[1].value, "b=2");
  EXPECT_EQ(result->id(0), "7");
}

}  // namespace
}  // namespace pelton::http
