// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/expand.h"

#include "engine/base/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

namespace pelton::config {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> missing(std::string message) {
  return std::unexpected(Error{ErrorKind::invalid, "E1016", std::move(message)});
}

// The text of a file without its last line end, as secrets in files are kept. Only regular files: a
// device or a FIFO may never end.
Result<std::string> file_text(const fs::path& path, const std::string& shown) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return missing(fmt::format("the file {} does not exist", shown));
  if (!fs::is_regular_file(status)) return missing(fmt::format("{} is not a file", shown));
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return missing(fmt::format("the file {} cannot be read: {}", shown,
                               std::generic_category().message(errno)));
  std::string text(kMaxSecretBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxSecretBytes)
    return missing(fmt::format("the file {} is larger than {} bytes", shown, kMaxSecretBytes));
  if (text.find('\0') != std::string::npos)
    return missing(fmt::format("the file {} contains a NUL byte, so it is not text", shown));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

bool good_reference(std::string_view name) {
  const auto good = [](char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && std::ranges::all_of(name, good);
}

// "NAME", "NAME:-default", "NAME:?message": the last two also where the variable is empty.
Result<std::string> variable(const std::string& text, const ReadContext& context) {
  const auto colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool fallback = rest.starts_with('-');
  const bool demand = rest.starts_with('?');
  if (!good_reference(name) || (colon != std::string::npos && !fallback && !demand))
    return missing(
        fmt::format("${{env:{}}} is not ${{env:NAME}}, ${{env:NAME:-default}} or "
                    "${{env:NAME:?message}}",
                    text));
  auto value = context.environment(name);
  if (value && !(value->empty() && (fallback || demand))) {
    context.problems.hide(*value, "${env:" + name + "}");
    return std::move(*value);
  }
  if (fallback) return rest.substr(1);
  if (demand && rest.size() > 1)
    return missing(fmt::format("the variable {} is not set: {}", name, rest.substr(1)));
  return missing(fmt::format("the variable {} is not set", name));
}

// What stands for the inside of a ${...}.
Result<std::string> looked_up(const std::string& inside, Place place, const ReadContext& context) {
  const std::string what = inside.substr(inside.find(':') + 1);
  if (inside.starts_with("env:")) return variable(what, context);
  auto text = file_text(context.folder_of(place) / what, what);
  if (text) context.problems.hide(*text, "${file:" + what + "}");
  return text;
}

}  // namespace

bool has_expansion(const Node& scalar) {
  const std::string& text = scalar.text;
  for (std::size_t at = 0; (at = text.find("${", at)) != std::string::npos; at += 2)
    if (at == 0 || text[at - 1] != '$') return true;
  return false;
}

bool has_expansion_within(const Node& node) {
  return has_expansion(node) || std::ranges::any_of(node.items, has_expansion_within) ||
         std::ranges::any_of(node.entries,
                             [](const auto& entry) { return has_expansion_within(entry.second); });
}

std::optional<std::string> expand(const Node& scalar, ReadContext& context) {
  const std::string& text = scalar.text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      out += "${";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "${") != 0) {
      out += text[at++];
      continue;
    }
    const auto end = std::min(text.find('}', at), text.size());
    const std::string inside = text.substr(at + 2, end - at - 2);
    if (inside.find("${") != std::string::npos) {
      context.problems.error(
          scalar.place, "E1016",
          fmt::format("\"${{{}\" contains another ${{: references are not nested", inside));
      return std::nullopt;
    }
    const bool known = inside.starts_with("env:") || inside.starts_with("file:");
    if (end == text.size() || !known || inside == "env:" || inside == "file:") {
      context.problems.error(
          scalar.place, "E1016",
          fmt::format(
              "\"{}\" is neither ${{env:NAME}} nor ${{file:path}}; write $${{ for a literal "
              "${{",
              text.substr(at, end - at + 1)));
      return std::nullopt;
    }
    auto value = looked_up(inside, scalar.place, context);
    if (!value) {
      context.problems.error(scalar.place, value.error().code, value.error().message);
      return std::nullopt;
    }
    out += *value;
    at = end + 1;
  }
  return out;
}

}  // namespace pelton::config
