// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/directory/folder.h"
#include "connectors/directory/options.h"
#include "engine/connector/sink.h"

#include <map>
#include <string>
#include <vector>

namespace pelton::directory {

// Writes each event as a file, whole or not at all: a temporary file beside it (its name begins
// with kTemporaryPrefix and is the same at every attempt, so that none is left behind), fsync,
// rename; at the end of the batch every folder concerned is fsynced. A file of the name is
// replaced and an event without data deletes it, unless `if_exists` says otherwise.
//
// Errors of connect(): as the source's. Of write(): E2021 unavailable (no space, read-only, ...),
// E2003. Failures of single events: E2020, E2022, E2023 invalid; E2021 unavailable (no permission
// in that folder).
class DirectorySink final : public connector::Sink {
 public:
  explicit DirectorySink(SinkOptions options) : options_(std::move(options)) {}

  Status connect() override;
  Result<std::vector<connector::SinkFailure>> write(
      const model::Batch& batch, const connector::SinkPosition& position) override;
  void close() override;

 private:
  Status write_event(const model::Batch& batch, std::size_t i,
                     const connector::SinkPosition& position);
  Result<int> folder_of(const std::string& name);
  Status put(int folder, const std::string& name, const std::string& temporary,
             std::string_view data);
  bool put_beside(int folder, const std::string& leaf, const std::string& temporary,
                  std::string_view data) const;
  Status write_temporary(int folder, const std::string& temporary, std::string_view data) const;
  Status remove(int folder, const std::string& name) const;
  Status sync_folders();

  const SinkOptions options_;
  Folder root_;
  std::map<std::string, UniqueFd> folders_;  // open during one write, by name
};

}  // namespace pelton::directory
