// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/limits.h"
#include "engine/net/pace.h"

#include <optional>
#include <vector>

namespace pelton::net {

// Interface. A connection as the crowd sees it.
class Peer {
 public:
  virtual ~Peer() = default;
  // How far it is behind its pace; nothing when the engine is at work and the peer owes nothing.
  virtual std::optional<Pace::Span> behind(Pace::Time now) const = 0;
  // Bytes that it has claimed.
  virtual std::size_t held() const = 0;
  // Ends it: it leaves the crowd and gives back what it holds before this returns.
  virtual void give_way() = 0;
};

// The connections of one listener, and the bytes that their requests hold. When either is full the
// peer that is furthest behind gives way. One thread.
class Crowd {
 public:
  explicit Crowd(const Limits& limits) : limits_(limits) {}

  enum class Admission {
    any,      // may send any request
    reserve,  // health checks only
    none,     // not now
  };
  // Makes room for one more connection if it can; the caller then adds it.
  Admission make_room(Pace::Time now);
  void add(Peer& peer) { peers_.push_back(&peer); }
  void remove(Peer& peer) { std::erase(peers_, &peer); }
  // All of them give way.
  void disperse();

  // False: `peer` is itself the one that must give way. A single peer always gets what it wants.
  bool claim(const Peer& peer, std::size_t bytes, Pace::Time now);
  // The same for a response, if they count, in place of the `held` bytes of its request.
  bool claim_answer(const Peer& peer, std::size_t& held, std::size_t bytes, Pace::Time now);
  void release(std::size_t bytes) { used_ -= bytes; }

  std::size_t used() const { return used_; }
  std::size_t size() const { return peers_.size(); }

 private:
  // Among those that hold something or all; null: nobody owes anything.
  Peer* slowest(Pace::Time now, bool holding) const;

  const Limits limits_;
  std::vector<Peer*> peers_;
  std::size_t used_ = 0;
};

}  // namespace pelton::net
