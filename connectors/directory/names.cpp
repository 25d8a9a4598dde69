// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/names.h"

#include "connectors/directory/folder.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace pelton::directory {
namespace {

constexpr std::size_t kMaxPart = 255;
constexpr std::size_t kMaxName = 4'000;

// Ascending by extension.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kContentTypes{{
    {"avif", "image/avif"},
    {"avro", "application/avro"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonl", "application/x-ndjson"},
    {"log", "text/plain"},
    {"md", "text/markdown"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"ndjson", "application/x-ndjson"},
    {"ogg", "audio/ogg"},
    {"parquet", "application/vnd.apache.parquet"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"xml", "application/xml"},
    {"yaml", "application/yaml"},
    {"zip", "application/zip"},
}};
static_assert(std::ranges::is_sorted(kContentTypes, {},
                                     &std::pair<std::string_view, std::string_view>::first));

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  const std::string leaf = leaf_of(name);
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return pattern.find('/') == std::string::npos
               ? ::fnmatch(pattern.c_str(), leaf.c_str(), 0) == 0
               : ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0;
  });
}

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// The length of the UTF-8 sequence at the start (no overlong forms, no surrogates); 0 when there is
// none.
std::size_t utf8_length(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte_at(text, 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90))
    return 0;
  return length;
}

bool plain(std::string_view text, std::size_t length) {
  return length > 1 || (length == 1 && byte_at(text, 0) >= 0x20 && byte_at(text, 0) != 0x7f);
}

// A percent sign that would read as one of our escapes.
bool looks_escaped(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
  return text.size() >= 3 && text[0] == '%' && hex(text[1]) && hex(text[2]);
}

Status check_part(std::string_view name, std::string_view part) {
  const char* wrong = nullptr;
  if (part.empty()) wrong = "has an empty part";
  if (part == "." || part == "..") wrong = "leads elsewhere by \".\" or \"..\"";
  if (part.size() > kMaxPart) wrong = "has a part of more than 255 bytes";
  if (part.starts_with(kTemporaryPrefix)) wrong = "begins as temporary files do (.pelton-)";
  if (wrong == nullptr) return {};
  return fail(ErrorKind::invalid, "E2020", "cannot write a file: the name \"{}\" {}",
              subject_of(name), wrong);
}

}  // namespace

bool NameFilter::wants_file(const std::string& name) const {
  return matches_any(match_, name) && !matches_any(ignore_, name) &&
         !leaf_of(name).starts_with(kTemporaryPrefix);
}

bool NameFilter::wants_folder(const std::string& name) const {
  return !matches_any(ignore_, name) && (excluded_.empty() || name != excluded_);
}

std::string subject_of(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t length = utf8_length(name);
    if (plain(name, length) && !looks_escaped(name)) {
      out.append(name.substr(0, length));
      name.remove_prefix(length);
    } else {
      out += fmt::format("%{:02X}", byte_at(name, 0));
      name.remove_prefix(1);
    }
  }
  return out;
}

std::string_view content_type_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    std::string extension(name.substr(dot + 1));
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto at = std::ranges::lower_bound(kContentTypes, std::string_view(extension), {},
                                             [](const auto& entry) { return entry.first; });
    if (at != kContentTypes.end() && at->first == extension) return at->second;
  }
  return "application/octet-stream";
}

Status check_name(std::string_view name) {
  const char* wrong = nullptr;
  if (name.empty()) wrong = "is empty";
  if (name.starts_with('/')) wrong = "is absolute";
  if (name.find('\0') != std::string_view::npos) wrong = "holds a NUL byte";
  if (name.size() > kMaxName) wrong = "is longer than 4,000 bytes";
  if (wrong != nullptr)
    return fail(ErrorKind::invalid, "E2020", "cannot write a file: the name \"{}\" {}",
                subject_of(name.substr(0, kMaxPart)), wrong);
  for (std::size_t from = 0; from <= name.size();) {
    const std::size_t slash = std::min(name.find('/', from), name.size());
    if (auto ok = check_part(name, name.substr(from, slash - from)); !ok) return ok;
    from = slash + 1;
  }
  return {};
}

}  // namespace pelton::directory
