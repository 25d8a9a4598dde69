// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pelton::importer {

// The keys that a part of a foreign file may have.
struct KnownKeys {
  enum class Meaning { used, ignored, without_effect, unknown };

  std::string_view where;  // "provider"
  // Separated by spaces.
  std::string_view used;
  std::string_view ignored;         // would change what the service does, and is told
  std::string_view without_effect;  // concerns deployment and AWS alone
  bool patterns = false;            // names that begin with `x-` or hold a variable are any

  Meaning meaning(std::string_view key) const;
  std::vector<std::string> names() const;
};

// Of the Serverless Framework.
extern const KnownKeys kServiceKeys, kProviderKeys, kFunctionKeys, kEventKeys, kHttpKeys,
    kHttpApiKeys, kS3Keys, kScheduleKeys, kSqsKeys, kStreamKeys, kKafkaKeys;
// Of AWS SAM.
extern const KnownKeys kTemplateKeys, kGlobalsKeys, kSamFunctionKeys, kSamEventKeys, kSamApiKeys,
    kSamS3Keys, kSamScheduleKeys, kSamSqsKeys;

}  // namespace pelton::importer
