// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/s3/event_names.h"
#include "engine/base/clock.h"

#include <cstdint>
#include <string>

namespace pelton::s3 {

// Value. What happened to an object, as S3 tells it.
struct Happening {
  EventName name = EventName::put;
  std::string bucket, region;
  std::string configuration;  // who asked to be told: the connector
  std::string key;
  std::string etag;           // not of a removal
  std::uint64_t size = 0;     // not of a removal
  std::int64_t sequence = 0;  // microseconds of Unix time, or as many more as the order needs
  WallTime time{};
};

// 32 hex digits: the same for the same event of the same version.
std::string event_id(const Happening& happening);

// The document with its one record.
std::string notification_json(const Happening& happening);

// Text that orders the events of one key as S3's own does: 18 hex digits that begin with the
// seconds.
std::string sequencer(std::int64_t sequence);

}  // namespace pelton::s3
