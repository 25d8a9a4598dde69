// SPDX-License-Identifier: Apache-2.0
#include "engine/model/dead_letter_text.h"

#include <fmt/format.h>

#include <charconv>
#include <ranges>
#include <vector>

namespace pelton::model {
namespace {

template <typename Number>
bool parse_number(std::string_view text, Number& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string dead_letter_text(std::string_view binding, const DeadLetterId& id) {
  return fmt::format("{}/{}/{}/{:016x}", binding, id.partition.value, id.offset, id.stream.value);
}

Result<ParsedDeadLetterId> parse_dead_letter(std::string_view text) {
  std::vector<std::string_view> parts;
  for (const auto part : std::views::split(text, '/')) parts.emplace_back(part.begin(), part.end());
  ParsedDeadLetterId id;
  Incarnation stream;
  const bool whole = parts.size() == 4;
  if ((!whole && parts.size() != 3) || !parse_number(parts[1], id.partition.value) ||
      !parse_number(parts[2], id.offset) || (whole && !parse_number(parts[3], stream.value, 16)))
    return fail(ErrorKind::invalid, "E5002",
                "\"{}\" is not the id of a dead letter, BINDING/PARTITION/OFFSET/STREAM", text);
  id.binding = parts[0];
  if (whole) id.stream = stream;
  return id;
}

}  // namespace pelton::model
