// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/slot.h"
#include "engine/base/result.h"

#include <chrono>
#include <string>

namespace date {
class time_zone;
}

namespace pelton::schedule {

// Value. A time zone of the system's database (/usr/share/zoneinfo), which knows clock changes up
// to 2037. Thread-safe.
class Zone {
 public:
  Zone() = default;  // UTC, which needs no database
  // invalid (E7042): there is none of that name, or no database. The message follows the name.
  static Result<Zone> find(const std::string& name);

  // A time during which clocks show UTC plus `offset`. `before`: the same for the time before it.
  struct Span {
    Slot begin, end;
    std::chrono::seconds offset{0}, before{0};
  };
  Span span_at(Slot time) const;
  // RFC 3339 with the offset: "2026-11-29T03:00:00+01:00".
  std::string text(Slot time) const;
  const std::string& name() const { return name_; }
  friend bool operator==(const Zone& a, const Zone& b) { return a.name_ == b.name_; }

 private:
  std::string name_ = "UTC";
  const date::time_zone* zone_ = nullptr;  // the database's, for ever; null: UTC
};

}  // namespace pelton::schedule
