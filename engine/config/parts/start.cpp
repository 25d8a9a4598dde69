// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/start.h"

#include "engine/base/units.h"

namespace pelton::config {

Result<Start> parse_start(const std::string& text) {
  if (text == "earliest") return Start{};
  if (text == "latest") return Start{Start::Kind::latest, {}, {}};
  if (const auto time = parse_time(text)) return Start{Start::Kind::time, *time, {}};
  if (const auto ago = parse_duration(text); ago && *ago > Duration{0})
    return Start{Start::Kind::time, {}, *ago};
  return fail(ErrorKind::invalid, "E1008",
              "is not `earliest`, `latest`, a time such as {} or a duration such as 24h",
              kStartExample);
}

std::string start_text(const Start& start) {
  if (start.ago) return format_duration(*start.ago);
  if (start.kind == Start::Kind::time) return format_time(start.time);
  return start.kind == Start::Kind::latest ? "latest" : "earliest";
}

Start begin_at(const Start& start, WallTime now) {
  return start.ago ? Start{Start::Kind::time, now - *start.ago, {}} : start;
}

}  // namespace pelton::config
