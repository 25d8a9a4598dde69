// SPDX-License-Identifier: Apache-2.0
#include "engine/net/crowd.h"

#include <utility>

namespace pelton::net {

Peer* Crowd::slowest(Pace::Time now, bool holding) const {
  Peer* found = nullptr;
  Pace::Span most{};
  for (Peer* peer : peers_) {
    if (holding && peer->held() == 0) continue;
    const auto behind = peer->behind(now);
    if (!behind || (found != nullptr && *behind <= most)) continue;
    found = peer;
    most = *behind;
  }
  return found;
}

Crowd::Admission Crowd::make_room(Pace::Time now) {
  if (peers_.size() < limits_.connections) return Admission::any;
  if (Peer* peer = slowest(now, false)) peer->give_way();
  if (peers_.size() < limits_.connections) return Admission::any;
  return peers_.size() < limits_.connections + limits_.reserve ? Admission::reserve
                                                               : Admission::none;
}

void Crowd::disperse() {
  while (!peers_.empty()) peers_.back()->give_way();
}

bool Crowd::claim(const Peer& peer, std::size_t bytes, Pace::Time now) {
  while (used_ + bytes > limits_.pot && used_ > peer.held()) {
    Peer* const slow = slowest(now, true);
    const auto own = peer.behind(now);
    if (slow == nullptr || slow == &peer || (own && *own >= slow->behind(now))) return false;
    slow->give_way();
  }
  used_ += bytes;
  return true;
}

bool Crowd::claim_answer(const Peer& peer, std::size_t& held, std::size_t bytes, Pace::Time now) {
  if (!limits_.pot_of_answers) return true;
  release(std::exchange(held, 0));
  if (!claim(peer, bytes, now)) return false;
  held = bytes;
  return true;
}

}  // namespace pelton::net
