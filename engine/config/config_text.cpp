// SPDX-License-Identifier: Apache-2.0
#include "engine/config/config_text.h"

#include "engine/config/yaml/tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

namespace pelton::config {
namespace {

std::unexpected<Diagnostic> unreadable(const std::filesystem::path& file, int error) {
  const std::string why =
      error == EISDIR ? "it is a folder" : std::generic_category().message(error);
  const bool input = file == kStandardInput;
  return std::unexpected(
      Diagnostic{{1, 1},
                 "E1001",
                 fmt::format("{} cannot be read: {}", input ? "standard input" : "the file", why),
                 Severity::error,
                 shown_name(file)});
}

// Until the end, or until there is more than a config file may have; nothing: errno says why.
std::optional<std::string> read_all(int fd) {
  std::string text(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

}  // namespace

std::expected<ConfigText, Diagnostic> read_config_text(const std::filesystem::path& file) {
  const bool input = file == kStandardInput;
  const int fd = input ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable(file, errno);
  auto text = read_all(fd);
  const int error = errno;
  if (!input) ::close(fd);
  if (!text) return unreadable(file, error);
  return ConfigText{file, std::move(*text)};
}

std::string shown_name(const std::filesystem::path& file) {
  return file == kStandardInput ? "<stdin>" : file.string();
}

std::string shown_names(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> names;
  for (const std::filesystem::path& file : files) names.push_back(shown_name(file));
  return joined(names);
}

std::filesystem::path absolute_file(const std::filesystem::path& file) {
  std::error_code ignored;
  return file == kStandardInput ? file
                                : std::filesystem::absolute(file, ignored).lexically_normal();
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  std::error_code ignored;
  return file == kStandardInput ? std::filesystem::current_path(ignored)
                                : absolute_file(file).parent_path();
}

}  // namespace pelton::config
