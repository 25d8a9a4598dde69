// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/json_text.h"

#include "engine/base/json_quoted.h"

#include <algorithm>

namespace pelton::database {

void append_quoted(std::string& out, std::string_view text) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
  if (!plain) {
    out += json_quoted(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

}  // namespace pelton::database
