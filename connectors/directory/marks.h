// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/file_version.h"
#include "connectors/directory/folder.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <chrono>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace pelton::directory {

// One version of a file that was read.
struct Taken {
  std::string name;
  FileVersion version;
  std::string id;
};

// Which versions of which files have become events: those settled are in the ledger (relative name
// -> id of its newest version), those read and not yet settled are here. The ledger is written only
// after the event is durable, so a crash in between repeats an event and never loses one. One
// thread.
class Marks {
 public:
  enum class Known {
    no,         // never seen under this name
    older,      // another version was
    in_flight,  // this version is read and not settled
    marked,     // this version is done
  };

  explicit Marks(connector::Ledger& ledger) : ledger_(ledger) {}

  Result<Known> look_up(const std::string& name, const std::string& id);
  void take(connector::AckToken token, Taken taken);
  // What was read under the token, which is now settled; not marked yet.
  std::vector<Taken> release(connector::AckToken token);
  // Marks them done in one write. After an error they stay in flight and are written with the next.
  Status mark(const std::vector<Taken>& done);
  // They were not stored: free to be read again.
  void unmark(const std::vector<Taken>& failed);
  Status forget(const std::vector<std::string>& names);

  // Drops the marks of files that are gone, working at most for `budget`. True when all have been
  // looked at.
  Result<bool> forget_missing(const Folder& root, std::chrono::milliseconds budget);
  void clear();

 private:
  void land(const Taken& taken);

  connector::Ledger& ledger_;
  std::unordered_map<std::string, std::string> in_flight_;  // name -> id of the newest version read
  std::unordered_map<connector::AckToken, std::vector<Taken>> taken_;
  std::vector<Taken> to_mark_;  // done, not yet in the ledger
  std::string looked_at_;       // forget_missing() goes on behind this name
};

}  // namespace pelton::directory
