// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/config/parts/isolation.h"
#include "engine/worker/sandbox/wire.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a worker is kept from, and how far that went. The program that does it is launcher/.
namespace pelton::worker::sandbox {

// Value. How a process is to be confined.
struct Plan {
  std::filesystem::path launcher;  // the program
  config::Isolation::Level level = config::Isolation::Level::standard;
  config::Isolation::Network network = config::Isolation::Network::all;
  bool stays = false;  // see Wish
  std::uint64_t temporary_bytes = 0;
  std::uint64_t processes = 0;  // 0: no limit
  std::vector<std::pair<Rule, std::string>> rules;
};

// Value. What became of a plan.
struct Outcome {
  std::vector<std::string> active;  // names of parts: "files", "network"
  // ... and why the kernel refused it: "user namespace: Operation not permitted".
  std::vector<std::pair<std::string, std::string>> missing;
  bool holds_processes = false;  // the kernel holds the limit on processes

  bool operator==(const Outcome&) const = default;
};

std::string_view name_of(Part part);
Outcome outcome_of(const Report& report);
// "network (network namespace: Operation not permitted), ..."
std::string text_of_missing(const Outcome& outcome);

// The plan as the launcher reads it. E7314: there is no memory for it, or it has more rules than
// the launcher takes.
Result<UniqueFd> encode(const Plan& plan);

}  // namespace pelton::worker::sandbox
