// SPDX-License-Identifier: Apache-2.0
#include "engine/net/crowd.h"

#include <gtest/gtest.h>

#include <deque>

namespace pelton::net {
namespace {

using namespace std::chrono_literals;

class CrowdTest : public ::testing::Test {
 protected:
  class FakePeer final : public Peer {
   public:
    FakePeer(Crowd& crowd, std::optional<Pace::Span> behind) : crowd_(crowd), behind_(behind) {
      crowd_.add(*this);
    }
    std::optional<Pace::Span> behind(Pace::Time) const override { return behind_; }
    std::size_t held() const override { return held_; }
    void give_way() override {
      crowd_.release(held_);
      held_ = 0;
      crowd_.remove(*this);
      gone = true;
    }
    bool claim(std::size_t bytes) {
      const bool got = crowd_.claim(*this, bytes, {});
      if (got) held_ += bytes;
      return got;
    }
    bool gone = false;

   private:
    Crowd& crowd_;
    const std::optional<Pace::Span> behind_;
    std::size_t held_ = 0;
  };

  static Limits limits() {
    Limits limits;
    limits.connections = 2;
    limits.reserve = 1;
    limits.pot = 100;
    return limits;
  }
  FakePeer& peer(std::optional<Pace::Span> behind) { return peers.emplace_back(crowd, behind); }

  Crowd crowd{limits()};
  std::deque<FakePeer> peers;
};

TEST_F(CrowdTest, ThePeerFurthestBehindGivesItsPlace) {
  FakePeer& slow = peer(9s);
  FakePeer& fast = peer(1s);
  EXPECT_EQ(crowd.make_room({}), Crowd::Admission::any);
  EXPECT_TRUE(slow.gone);
  EXPECT_FALSE(fast.gone);
}

TEST_F(CrowdTest, WhereNobodyOwesAnythingThereIsTheReserve) {
  peer(std::nullopt);
  peer(std::nullopt);
  EXPECT_EQ(crowd.make_room({}), Crowd::Admission::reserve);
  FakePeer& reserved = peer(std::nullopt);
  EXPECT_EQ(crowd.make_room({}), Crowd::Admission::none);
  reserved.give_way();
  FakePeer& idle = peer(1s);
  EXPECT_EQ(crowd.make_room({}), Crowd::Admission::reserve) << "a place of the reserve stays one";
  EXPECT_TRUE(idle.gone);
}

TEST_F(CrowdTest, DispersedNobodyIsLeft) {
  for (const std::optional<Pace::Span> behind : {std::optional<Pace::Span>(1s), {}, {2s}})
    peer(behind).claim(10);
  crowd.disperse();
  EXPECT_EQ(crowd.size(), 0U);
  EXPECT_EQ(crowd.used(), 0U);
}

TEST_F(CrowdTest, TheSlowestThatHoldsSomethingMakesRoomForBytes) {
  FakePeer& slow = peer(9s);
  FakePeer& fast = peer(1s);
  EXPECT_TRUE(slow.claim(60));
  EXPECT_TRUE(fast.claim(60));
  EXPECT_TRUE(slow.gone);
  EXPECT_EQ(crowd.used(), 60U);
}

TEST_F(CrowdTest, TheSlowestItselfIsRefused) {
  FakePeer& fast = peer(1s);
  FakePeer& slow = peer(9s);
  EXPECT_TRUE(fast.claim(60));
  EXPECT_FALSE(slow.claim(60));
  EXPECT_FALSE(fast.gone);
}

TEST_F(CrowdTest, RequestsThatAreBeingAnsweredKeepWhatTheyHold) {
  FakePeer& answered = peer(std::nullopt);
  EXPECT_TRUE(answered.claim(90));
  EXPECT_FALSE(peer(1s).claim(20));
  EXPECT_FALSE(answered.gone);
}

TEST_F(CrowdTest, ASinglePeerGetsMoreThanThePotHolds) {
  EXPECT_TRUE(peer(1s).claim(1000));
}

TEST(Pace, CountsOnlyTheTimeThatThePeerTakes) {
  const Pace::Time start{};
  Pace pace;
  pace.begin_wait(start);
  EXPECT_EQ(pace.behind(start + 3s), 3s);
  pace.end_wait(start + 3s, kLeastBytesPerSecond);
  EXPECT_EQ(pace.behind(start + 100s), 2s) << "a second's bytes have come";
  pace.begin_wait(start + 100s);
  EXPECT_EQ(pace.behind(start + 101s), 3s);
  pace.end_wait(start + 101s, 1U << 30);
  pace.begin_wait(start + 101s);
  EXPECT_EQ(pace.behind(start + 102s), 1s) << "who was fast may not rest for longer";
}

}  // namespace
}  // namespace pelton::net
