// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/file_version.h"
#include "connectors/directory/folder.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pelton::directory {

// Stands for the content of a file of which only the path is in its event.
inline constexpr std::string_view kNotInline = "-";

// One version of a file that was read.
struct Taken {
  std::string name;
  FileVersion version;
  std::string id;       // of its event
  std::string content;  // hex_hash() of its data; kNotInline for a file that is not inline
};

// Which versions of which files have become events: those settled are in the ledger (relative name
// -> its newest version and content), those read and not yet settled are here. The ledger is
// written only after the event is durable, so a crash in between repeats an event and never loses
// one. One thread.
class FileLedger {
 public:
  enum class Known {
    no,         // never seen under this name
    older,      // another version was
    in_flight,  // this version is read and not settled
    marked,     // this version is done
    touched,    // as one that is known, but for its ctime: perhaps overwritten, perhaps chmod
  };

  explicit FileLedger(connector::Ledger& ledger) : ledger_(ledger) {}

  Result<Known> look_up(const std::string& name, const FileVersion& version);
  // Whether the newest version known under the name, which was inline, had this content.
  Result<bool> has_content(const std::string& name, const std::string& content);
  void take(connector::AckToken token, Taken taken);
  // What was read under the token, which is now settled; not marked yet.
  std::vector<Taken> release(connector::AckToken token);
  // Marks them done in one write. After an error they stay in flight and are written with the next.
  Status mark(const std::vector<Taken>& done);
  // The version is that of a content which has been delivered; written with the next mark().
  void refresh(Taken taken) { to_mark_.push_back(std::move(taken)); }
  // They were not stored: free to be read again.
  void unmark(const std::vector<Taken>& failed);
  Status forget(const std::vector<std::string>& names);

  // Drops the marks of files that are gone, working at most for `budget`. True when all have been
  // looked at.
  Result<bool> forget_missing(const Folder& root, std::chrono::milliseconds budget);
  void clear();

 private:
  void end_flight(const Taken& taken);

  connector::Ledger& ledger_;
  std::unordered_map<std::string, std::string> in_flight_;  // name -> value of the newest version
  std::unordered_map<connector::AckToken, std::vector<Taken>> taken_;
  std::vector<Taken> to_mark_;  // done, not yet in the ledger
  std::string looked_at_;       // forget_missing() goes on behind this name
};

}  // namespace pelton::directory
