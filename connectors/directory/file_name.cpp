// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/file_name.h"

#include "connectors/directory/names.h"
#include "engine/base/hash.h"
#include "engine/connector/name_template.h"

namespace pelton::directory {

Status check_template(const std::string& text) {
  if (const auto field = connector::unknown_field(text))
    return fail(ErrorKind::invalid, "E2004", "name has an unknown field \"{}\"; the fields are {}",
                *field, connector::kTemplateFields);
  return {};
}

Result<std::string> file_name(const std::string& text, const model::Batch& batch, std::size_t i,
                              const connector::SinkPosition& position) {
  auto name = connector::fill_template(text, batch, i, position);
  if (!name)
    return fail(ErrorKind::invalid, "E2020",
                "cannot write a file: the event has no {}, which the file is to be named after",
                name.error());
  if (auto ok = check_name(*name); !ok) return std::unexpected(std::move(ok).error());
  return std::move(*name);
}

std::string temporary_name(const std::string& connector, const connector::SinkPosition& position,
                           Offset offset) {
  const Hash128 hash = hash128(
      fmt::format("{} {} {} {}", connector, position.stream, position.partition.value, offset));
  return fmt::format("{}{:016x}{:016x}.part", kTemporaryPrefix, hash.high, hash.low);
}

}  // namespace pelton::directory
