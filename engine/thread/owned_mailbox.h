// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/mailbox.h"

#include <memory>
#include <utility>

namespace pelton::thread {

// The mailbox of one object, a member of it: what is still queued when the object goes is dropped
// instead of finding it gone. post() on any thread, as long as the object is there; destroyed on
// the shard.
class OwnedMailbox {
 public:
  explicit OwnedMailbox(Mailbox& mailbox) : mailbox_(mailbox) {}
  OwnedMailbox(const OwnedMailbox&) = delete;
  OwnedMailbox& operator=(const OwnedMailbox&) = delete;

  // Value. For whoever may answer after the object has gone. Any thread.
  class Sender {
   public:
    void post(Mailbox::Call call) const {
      mailbox_.post([alive = alive_, call = std::move(call)]() mutable {
        if (!alive.expired()) call();
      });
    }

   private:
    friend class OwnedMailbox;
    Sender(Mailbox& mailbox, std::weak_ptr<char> alive)
        : mailbox_(mailbox), alive_(std::move(alive)) {}
    Mailbox& mailbox_;
    std::weak_ptr<char> alive_;
  };
  Sender sender() const { return {mailbox_, alive_}; }
  void post(Mailbox::Call call) const { sender().post(std::move(call)); }

 private:
  Mailbox& mailbox_;
  // Shared with nobody: what is queued asks whether it is still there.
  const std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace pelton::thread
