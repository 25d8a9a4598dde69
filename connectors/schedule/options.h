// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/expression.h"
#include "connectors/schedule/planner.h"
#include "connectors/schedule/recurrence.h"
#include "connectors/schedule/zone.h"
#include "engine/config/spec/connector_options.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace pelton::schedule {

// Value. An expression as it was written and as it was understood.
template <typename T>
struct Written {
  std::string text;
  T meaning;
  friend bool operator==(const Written& a, const Written& b) { return a.text == b.text; }
};

// What an event's data is unless it is given.
enum class Document { pelton, eventbridge };

// Value. A source's options, whose defaults stand here.
struct SourceOptions {
  std::string connector;
  // One of the three.
  std::optional<Written<Crontab>> cron;
  std::optional<Duration> every;
  std::optional<Written<std::variant<Calendar, Rate>>> aws;
  Zone timezone;
  std::optional<WallTime> start;
  Missed missed = Missed::one;
  Overlap overlap = Overlap::allow;
  Duration jitter{0};
  std::optional<std::string> data;  // JSON
  Document document = Document::pelton;
  std::optional<std::string> key;

  // "cron 0 3 * * *": the expression as the file has it, with the name of its option.
  std::string expression() const;
  // What decides about slots: another text is another schedule, which begins when it is first seen.
  std::string identity() const;
  // Options without problems have one.
  Recurrence recurrence() const;
  Policy policy() const;
};

// Their settings are SourceOptions. E7040: an expression; E7041: options that contradict one
// another; E7042: a time zone; E7043: a schedule without slots; E7044 (a warning): without any
// more.
config::ConnectorOptions describe_options();

}  // namespace pelton::schedule
