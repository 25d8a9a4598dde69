// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/start.h"

#include "engine/base/units.h"

namespace pelton::config {

Result<Start> parse_start(const std::string& text) {
  if (text == "earliest") return Start{};
  if (text == "latest") return Start{Start::Kind::latest, {}};
  if (const auto time = parse_time(text)) return Start{Start::Kind::time, *time};
  return fail(ErrorKind::invalid, "E1008", "is not `earliest`, `latest` or a time such as {}",
              kStartExample);
}

std::string start_text(const Start& start) {
  if (start.kind == Start::Kind::time) return format_time(start.time);
  return start.kind == Start::Kind::latest ? "latest" : "earliest";
}

}  // namespace pelton::config
