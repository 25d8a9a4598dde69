// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace pelton::schedule {
namespace {

using std::chrono::seconds;

// Times with years of four digits: what the database says of others is no use to anybody.
constexpr Slot kFirst{seconds{-62'135'596'800}};
constexpr Slot kLast{seconds{253'402'300'799}};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The zone whose name is the same but for case, or whose last part is: "berlin".
std::string suggestion(const date::tzdb& database, const std::string& name) {
  const std::string wanted = lower(name);
  for (const date::time_zone& zone : database.zones) {
    const std::string known = lower(zone.name());
    if (known == wanted || known.substr(known.rfind('/') + 1) == wanted)
      return fmt::format(" (did you mean \"{}\"?)", zone.name());
  }
  return "";
}

}  // namespace

Result<Zone> Zone::find(const std::string& name) {
  Zone found;
  if (name == found.name_) return found;
  try {
    const date::tzdb& database = date::get_tzdb();
    // By the list: the library would look for any file name.
    const auto at = std::ranges::find_if(
        database.zones, [&](const date::time_zone& zone) { return zone.name() == name; });
    if (at == database.zones.end())
      return fail(ErrorKind::invalid, "E7042",
                  "is not a time zone of the database, such as Europe/Berlin{}",
                  suggestion(database, name));
    at->get_info(date::sys_seconds{});  // the file is read on first use
    found.zone_ = &*at;
  } catch (const std::exception& error) {
    return fail(ErrorKind::invalid, "E7042",
                "needs the time zone database, which cannot be read (package tzdata): {}",
                error.what());
  }
  found.name_ = name;
  return found;
}

Zone::Span Zone::span_at(Slot time) const {
  if (zone_ == nullptr) return {kFirst, kLast};
  const date::sys_info info = zone_->get_info(time);
  const Slot begin = std::max<Slot>(info.begin, kFirst);
  const Slot end = std::min<Slot>(info.end, kLast);
  const seconds before = begin > kFirst ? zone_->get_info(begin - seconds{1}).offset : info.offset;
  return {begin, end, info.offset, before};
}

std::string Zone::text(Slot time) const {
  const seconds offset = span_at(time).offset;
  const Slot shown = time + offset;
  const auto day = std::chrono::floor<std::chrono::days>(shown);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{shown - day};
  const auto minutes = std::chrono::abs(offset).count() / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(),
                     offset < seconds{0} ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace pelton::schedule
