// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/binlog_event.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pelton::mysql {

// Passes on the events of a log without those that were rolled back: a server logs a transaction
// that ends with ROLLBACK, or has ROLLBACK TO SAVEPOINT in it, when something in it cannot be
// undone (a temporary table was created). A transaction is therefore held back until its end is
// there. Of one that is larger than kMostHeld only what is undone is remembered: it has to be read
// again from its beginning, and passes through then. Pure.
//
//   events.take(bytes);
//   while (const auto event = events.next()) ...
//   if (events.must_read_again()) ...  // a new connection, behind the transaction before
class CommittedEvents {
 public:
  static constexpr std::size_t kMostHeld = std::size_t{8} << 20U;

  // A new connection.
  void begin();
  // The next event of the log, once next() has given all. Its bytes must stay until then. E7232
  // corrupt: it cannot be read.
  Status take(std::string_view event);
  // An event that counts, whose bytes stay until the next take(); nothing: more has to be taken.
  std::optional<std::string_view> next();
  bool must_read_again() const { return again_; }

 private:
  enum class Mode : std::uint8_t {
    pass,  // not within a transaction, or its end is known
    hold,
    scan,  // it is too large to be held
  };
  // Which events of a transaction, by their number in it, do not count.
  struct Verdict {
    std::string transaction;
    std::vector<std::pair<std::size_t, std::size_t>> undone;  // from, to (not included)
  };
  struct Savepoint {
    std::string name;
    std::size_t count = 0;  // of events before it
    std::size_t held = 0;   // of those, as far as they are held
  };

  Status take_outside(std::string_view event, EventType type);
  Status take_inside(std::string_view event, EventType type);
  Result<std::string_view> statement_of(std::string_view event);
  void begin_transaction();
  void keep(std::string_view event);
  void undo_to(std::string_view savepoint);
  void hold(std::string_view event);
  void forget_held();
  void end(std::string_view event);
  void drop();
  bool is_undone(std::size_t number) const;

  EventReader reader_;
  std::string plain_;        // a statement that came compressed
  std::string transaction_;  // the event that begins it
  Mode mode_ = Mode::pass;
  bool inside_ = false;
  std::size_t count_ = 0;  // of its events that were kept
  std::vector<Savepoint> savepoints_;
  Verdict verdict_;
  bool again_ = false;

  std::string held_;               // the bytes of events
  std::vector<std::size_t> ends_;  // of each in held_
  std::size_t given_ = 0;          // of those
  bool complete_ = false;          // they may be given
  std::optional<std::string_view> passing_;
};

}  // namespace pelton::mysql
