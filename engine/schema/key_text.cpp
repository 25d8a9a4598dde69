// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/key_text.h"

#include "engine/base/json_quoted.h"
#include "engine/base/utf8.h"

#include <boost/json/parse.hpp>

namespace pelton::schema {
namespace {

Status encode(const Codec& codec, std::string_view json, std::string& out) {
  const std::size_t before = out.size();
  auto ok = codec.encode(json, out);
  if (!ok) out.resize(before);
  return ok;
}

}  // namespace

void unquote(std::string& json) {
  if (!json.starts_with('"')) return;
  boost::system::error_code error;
  const auto value = boost::json::parse(json, error);
  if (!error && value.is_string()) json = std::string(value.get_string());
}

Status encode_key(const Codec& codec, std::string_view key, std::string& out) {
  const bool nested = key.starts_with('{') || key.starts_with('[');
  const std::string quoted = is_utf8(key) ? json_quoted(key) : std::string(key);
  // What it is first says what is wrong with it.
  auto ok = encode(codec, nested ? key : quoted, out);
  if (!ok && encode(codec, nested ? quoted : key, out)) return {};
  return ok;
}

}  // namespace pelton::schema
