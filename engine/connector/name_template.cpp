// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/name_template.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace pelton::connector {
namespace {

constexpr std::array<std::string_view, 6> kFields{"subject", "key",       "id",
                                                  "stream",  "partition", "offset"};

// Splits the next piece off the template: a text, or a field without its braces (with the first
// when the second is missing, which makes it an unknown one).
struct Piece {
  std::string_view text;
  bool field = false;
};
Piece take_piece(std::string_view& rest) {
  if (rest.front() != '{') {
    const std::string_view text = rest.substr(0, rest.find('{'));
    rest.remove_prefix(text.size());
    return {text, false};
  }
  const std::size_t close = rest.find('}');
  if (close == std::string_view::npos) return {std::exchange(rest, {}), true};
  const std::string_view name = rest.substr(1, close - 1);
  rest.remove_prefix(close + 1);
  return {name, true};
}

std::string field_value(std::string_view field, const model::Batch& batch, std::size_t i,
                        const SinkPosition& position) {
  if (field == "subject") return std::string(batch.subject(i));
  if (field == "key") return std::string(batch.key(i));
  if (field == "id") return std::string(batch.id(i));
  if (field == "stream") return std::string(position.stream);
  if (field == "partition") return std::to_string(position.partition.value);
  return std::to_string(position.base + batch.delta(i));
}

std::string default_name(const model::Batch& batch, std::size_t i, const SinkPosition& position) {
  if (!batch.subject(i).empty()) return std::string(batch.subject(i));
  if (!batch.id(i).empty()) return std::string(batch.id(i));
  return fmt::format("{}-{}-{}", position.stream, position.partition.value,
                     position.base + batch.delta(i));
}

}  // namespace

const char* const kTemplateFields = "{subject}, {key}, {id}, {stream}, {partition} and {offset}";

std::optional<std::string> unknown_field(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const Piece piece = take_piece(rest);
    if (piece.field && std::ranges::find(kFields, piece.text) == kFields.end())
      return std::string(piece.text);
  }
  return std::nullopt;
}

std::string fixed_head(const std::string& text) {
  return text.substr(0, text.find('{'));
}

std::expected<std::string, std::string> fill_template(const std::string& text,
                                                      const model::Batch& batch, std::size_t i,
                                                      const SinkPosition& position) {
  if (text.empty()) return default_name(batch, i, position);
  std::string name;
  for (std::string_view rest = text; !rest.empty();) {
    const Piece piece = take_piece(rest);
    const std::string value =
        piece.field ? field_value(piece.text, batch, i, position) : std::string(piece.text);
    if (value.empty()) return std::unexpected(std::string(piece.text));
    name += value;
  }
  return name;
}

}  // namespace pelton::connector
