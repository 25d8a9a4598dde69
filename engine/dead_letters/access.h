// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/base/clock.h"
#include "engine/model/records.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::dead_letters {

// Value. Which letters, and how much of them at a time.
struct Query {
  std::string binding{};  // empty: all
  std::optional<std::uint32_t> partition{};
  std::string reason{};    // empty: any
  std::string contains{};  // in the last error's type or message, or the key; empty: any
  std::optional<WallTime> since{}, until{};  // when it became a dead letter
  std::optional<std::string> after{};        // id text: continue behind it
  std::size_t limit = 100;
  std::uint64_t bytes = 4U << 20;  // of events: a page ends with the letter that reaches so many
  bool goes_on = false;            // behind a page of the same answer: what is known will do
};
struct Page {
  std::vector<model::DeadLetter> letters;
  bool more = false;  // may match behind these
};
// What a command has to know of a letter that it acted on.
struct Brief {
  std::string id;
  std::uint32_t replays = 0;
};

struct ReplayCount {
  std::uint64_t accepted = 0;
  std::uint64_t missing = 0;  // no such letter (any more)
  std::uint64_t running = 0;  // is being replayed already
};

// Interface. The dead letters of the running engine. Errors are those of engine/stream/access.h.
// Called on the thread that answers admin requests, which may wait for a disk but for nothing else.
class Access {
 public:
  virtual ~Access() = default;
  // In the order of (binding in file order, partition, offset).
  virtual void dead_letters(const Query& query, Answer<Page> answer) = 0;
  // One letter; E5001 when it is not there.
  virtual void dead_letter(const std::string& id, Answer<model::DeadLetter> answer) = 0;
  // How many match, limit and `after` ignored.
  virtual void count_dead_letters(const Query& query, Answer<std::uint64_t> answer) = 0;
  // Those of the letters that are there, in no order.
  virtual void find_dead_letters(const std::vector<std::string>& ids,
                                 Answer<std::vector<Brief>> answer) = 0;
  // overloaded (E5010): as many as may be are being replayed; none of these is, yet.
  virtual void replay(const std::vector<std::string>& ids, Answer<ReplayCount> answer) = 0;
  // Removes the letters for good; answers how many there were.
  virtual void purge(const std::vector<std::string>& ids, Answer<std::uint64_t> answer) = 0;
};

}  // namespace pelton::dead_letters
