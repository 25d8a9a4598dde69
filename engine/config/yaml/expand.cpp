// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/expand.h"

#include "engine/base/result.h"

#include <fmt/format.h>

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
    return missing(fmt::format("the file {} holds a NUL: it is not text", shown));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// What stands for the inside of a ${...}.
Result<std::string> looked_up(const std::string& inside, const ReadContext& context) {
  const std::string what = inside.substr(inside.find(':') + 1);
  if (inside.starts_with("file:")) return file_text(context.folder / what, what);
  auto value = context.environment(what);
  if (!value) return missing(fmt::format("the variable {} is not set", what));
  return std::move(*value);
}

}  // namespace

bool has_expansion(const Node& scalar) {
  return scalar.text.find("${") != std::string::npos;
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
    const bool known = inside.starts_with("env:") || inside.starts_with("file:");
    if (end == text.size() || !known || inside.ends_with(':')) {
      context.problems.error(
          scalar.place, "E1016",
          fmt::format("\"{}\" is neither ${{env:NAME}} nor ${{file:path}}; write $${{ for a plain "
                      "${{",
                      text.substr(at, end - at + 1)));
      return std::nullopt;
    }
    auto value = looked_up(inside, context);
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
