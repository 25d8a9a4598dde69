// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/file_ledger.h"
#include "engine/connector/consumption.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pelton::directory {

// Files whose events are stored and that must stay where their events say until every binding has
// settled those. Holds at most `max_files`; what does not fit is left to a later scan, as are all
// after a restart. One thread.
class UnsettledFiles {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  UnsettledFiles(connector::Consumption& consumption, std::size_t max_files)
      : consumption_(consumption), max_files_(max_files) {}

  // The events of these files are stored. Error: the store's.
  Status add(std::vector<Taken> files);
  // Whether this version of the file is waiting here.
  bool contains(const Taken& file) const;
  // Those whose events have been settled since; asks the store at most every 50 ms.
  Result<std::vector<Taken>> take_settled(TimePoint now);
  // True once after some were left out and those here have been settled: a scan finds the others.
  bool take_left_out() { return groups_.empty() && std::exchange(left_out_, false); }
  void clear();

 private:
  struct Group {
    connector::Checkpoint checkpoint;
    std::vector<Taken> files;
  };

  connector::Consumption& consumption_;
  const std::size_t max_files_;
  std::deque<Group> groups_;                             // ascending by checkpoint
  std::unordered_map<std::string, FileVersion> newest_;  // of each name here
  bool left_out_ = false;
  TimePoint ask_again_{};
};

}  // namespace pelton::directory
