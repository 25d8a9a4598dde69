// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/observe/status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::http {

struct SeekRequest {
  std::string binding;
  std::optional<std::uint32_t> partition;  // absent: all
  enum class To { offset, time, earliest, latest, by } to = To::offset;
  Offset offset = 0;  // offset; or by: events forward (+) or back (-)
  WallTime time{};
  bool dry_run = false;
};
struct SeekChange {
  std::uint32_t partition = 0;
  Offset from = 0;
  Offset to = 0;
};

// A partition that was not moved, and why.
struct SeekSkipped {
  std::uint32_t partition = 0;
  Error why;
};
struct SeekOutcome {
  std::vector<SeekChange> changes;
  std::vector<SeekSkipped> skipped;
};

struct ConfigReview {
  enum class Outcome { fine, invalid, refused, failed } outcome = Outcome::fine;
  std::string json;  // as docs/admin_api.md describes it
};

// What forgetting deleted. Of a binding that is configured: its progress on streams that it does
// not read.
enum class Forgotten { everything, progress_elsewhere };

// Interface. What an operator asks of the running engine. Errors are those of streams.h.
// Called on the thread that answers admin requests, which may wait for a disk but for nothing else.
class Operations {
 public:
  virtual ~Operations() = default;
  virtual void status(Answer<observe::StatusReport> answer) = 0;
  virtual void seek(const SeekRequest& request, Answer<SeekOutcome> answer) = 0;
  // New workers for the function once one has shown that it can start; answers how many old ones
  // end, each when it has answered what it has.
  // E3001: new ones cannot start, so the old ones stay.
  virtual void restart(const std::string& function, Answer<std::uint64_t> answer) = 0;
  // A paused binding gives its function (or sink) no more events until it is resumed, also after a
  // restart.
  virtual void pause(const std::string& binding, bool on, Answer<void> answer) = 0;
  // What the config files (none: the engine's own) would change; what a reload of the engine's own
  // has done.
  virtual void plan(const std::vector<std::string>& files, Answer<ConfigReview> answer) = 0;
  virtual void reload(Answer<ConfigReview> answer) = 0;
  // Deletes what is stored of something that is not configured any more (E4109, E4110). A sink is a
  // binding here.
  enum class Kept { binding, stream };
  virtual void forget(Kept what, const std::string& name, Answer<Forgotten> answer) = 0;
};

}  // namespace pelton::http
