// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/file_version.h"
#include "connectors/directory/options.h"
#include "connectors/directory/scan.h"
#include "connectors/directory/warnings.h"
#include "connectors/directory/watch.h"

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace pelton::directory {

// A file that may have a new version, with what lstat said just now. Nothing else is known of it.
struct Candidate {
  std::string name;
  struct stat stat {};
};

// Finds the files of a folder worth a look: those that the kernel reports as complete, and those
// that scans come upon and that have not changed for the settle time. Every queue is bounded; what
// does not fit is found by a further scan. One thread.
class Candidates {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Candidates(const SourceOptions& options, const NameFilter& names, Warnings& warnings)
      : options_(options), names_(names), warnings_(warnings) {}

  // Watches and scans the folder from the start. `root` outlives the next close().
  void open(const Folder& root);
  void close();

  // The next one, without waiting. Nothing: call again at once while busy(), else after wait().
  std::optional<Candidate> next();
  bool busy() const {
    return !ready_.empty() || (scan_ && scan_->active() && settling_.size() < options_.max_queued);
  }
  // Until something may have happened, at most until the deadline.
  void wait(TimePoint deadline) const;

  // To be looked at again now, or once unchanged from this version for the settle time.
  void again(std::string name);
  void again_when_settled(std::string name, const FileVersion& version);

  // Scans the whole folder without waiting for the period to end.
  void scan_soon() { next_scan_ = {}; }

  // True once after each whole scan that saw a file and missed nothing: what it did not see is
  // gone.
  bool take_scanned() { return std::exchange(scanned_, false); }
  // E2003: the folder is not where it was.
  Status check_root() const;

 private:
  enum class Why { complete, linked };
  struct Ready {
    std::string name;
    Why why;
  };
  struct Settling {
    std::string name;
    FileVersion version;
    TimePoint due;
  };

  void look_at_events();
  void take_event(WatchEvent& event);
  std::optional<Candidate> next_ready();
  std::optional<Candidate> next_found();
  std::optional<Candidate> next_settled();
  void watch_folder(int folder, const std::string& name);
  void start_scan();
  void end_scan();
  bool may_be_growing(const struct stat& stat) const;
  bool being_written(const std::string& name) const;
  std::chrono::microseconds scan_period() const;

  const SourceOptions& options_;
  const NameFilter& names_;
  Warnings& warnings_;
  const Folder* root_ = nullptr;
  std::optional<Watch> watch_;
  std::optional<Scan> scan_;

  std::deque<Ready> ready_;
  std::deque<Settling> settling_;  // ascending by `due`
  std::unordered_set<std::string> settling_names_;
  std::unordered_map<std::string, TimePoint> writing_;  // last sign of a writer
  std::vector<WatchEvent> events_;

  TimePoint next_scan_{};
  bool whole_scan_ = false;  // the active scan began at the root
  bool scan_again_ = false;  // ... and another must follow
  bool saw_files_ = false;
  bool scanned_ = false;
  bool unwatched_ = false;  // some folder has no watch
  bool root_gone_ = false;
  bool turn_ = false;
};

}  // namespace pelton::directory
