// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/cli/client.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The commands on dead letters, and what they share.
namespace pelton::cli {

struct LetterOptions {
  EngineAddress address;
  std::string format = "text";
  std::string id;
  std::string binding, reason, contains, since, until;
  std::optional<std::uint32_t> partition;
  std::uint64_t limit = 100;
  bool dry_run = false;
  bool yes = false;
  bool wait = false;
  double rate = 0;
};

Result<int> list_letters(const LetterOptions& options);
Result<int> show_letter(const LetterOptions& options);
Result<int> export_letters(const LetterOptions& options);
Result<int> replay_letters(const LetterOptions& options);
Result<int> purge_letters(const LetterOptions& options);

// The filters as the query of a target, its end open: "?binding=a&".
std::string letter_query(const LetterOptions& options);
Result<std::uint64_t> count_letters(Client& client, const LetterOptions& options);
// The path of one: BINDING/PARTITION/OFFSET behind the route.
std::string letter_target(std::string_view id);

}  // namespace pelton::cli
