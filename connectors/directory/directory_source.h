// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/after_action.h"
#include "connectors/directory/candidates.h"
#include "connectors/directory/file_ledger.h"
#include "connectors/directory/file_reader.h"
#include "connectors/directory/options.h"
#include "connectors/directory/unsettled_files.h"
#include "connectors/directory/warnings.h"
#include "engine/connector/source.h"

#include <memory>
#include <string>
#include <vector>

namespace pelton::directory {

// Turns the files of a folder into events, one for each version of each file, once it is complete
// (docs/connectors.md says what an event looks like). Sees changes by inotify and, at start, after
// lost notifications and periodically, by scanning; the ledger tells which versions are done.
//
// Errors of connect(): E2001, E2003 unavailable; E2002, E2004, E2009 invalid. Of read(): E2003
// unavailable, and the ledger's. Files that are refused or cannot be read are warnings (E2005,
// E2006) and never stop the others.
class DirectorySource final : public connector::Source {
 public:
  DirectorySource(SourceOptions options, connector::Ledger& ledger,
                  connector::Consumption& consumption);

  Status connect() override;
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override;
  Status settle(connector::AckToken token, connector::Settlement how) override;
  void close() override;
  std::vector<std::string> take_warnings() override { return warnings_.take(); }

 private:
  enum class Took { event, nothing, no_room };

  Result<Took> take(Candidate& found, model::BatchBuilder& into, std::size_t max_bytes);
  Result<Took> take_content(const std::string& name, model::BatchBuilder& into);
  void add_event(const std::string& name, const std::string& id, FileLedger::Known known,
                 model::BatchBuilder& into) const;
  void refuse(const std::string& name, const char* what);
  void unreadable(const std::string& name, int error_number);
  Status apply_after(std::chrono::steady_clock::time_point now);
  Status forget_missing();

  const SourceOptions options_;
  const std::string source_;  // the events' source attribute
  NameFilter names_;
  Warnings warnings_;
  FileLedger ledger_;
  AfterAction after_;
  UnsettledFiles unsettled_;  // empty with `after: keep`
  Folder root_;
  Candidates candidates_;
  FileContent content_;  // reused from file to file
  connector::AckToken token_ = 0;
  bool forgetting_ = false;  // marks of missing files are being looked for
};

}  // namespace pelton::directory
