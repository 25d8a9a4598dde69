// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/database.h"
#include "connectors/postgres/options.h"
#include "connectors/postgres/position.h"
#include "connectors/postgres/replication.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::postgres {

// Whether reading can go on at the stored position without a gap. E7086 invalid: the slot has been
// moved beyond it; E7087 invalid: the server is another one, or was set back; E7088 invalid: the
// server has removed what is missing. Pure.
Status check_resume(const Position& stored, const ServerFacts& server, const SlotFacts& slot,
                    const std::string& name);

// Value. Where reading begins.
struct Start {
  Position position;     // with a snapshot, where one is to be taken or continued
  std::string snapshot;  // exported by the slot that was just created; empty: it existed
  std::vector<std::string> warnings;
};

// Sees to it that publication and slot are there, and says where reading begins. With `snapshot:
// when_needed` a gap begins a snapshot, and a warning says why. Errors: those of
// Database, Replication and check_resume(), and
//   E7084 unavailable  another reader has the slot
//   E7085 invalid  there is no slot, or no publication, and it must not be created, or a stored
//                  position needs it
//   E7090 invalid  no table matches
//   E7094 invalid  the slot is not of this plug-in or database
//   E7095 invalid  the application could no longer change a table once it is published
Result<Start> prepare(const SourceOptions& options, Database& database, Replication& replication,
                      const std::optional<Position>& stored);

}  // namespace pelton::postgres
