// SPDX-License-Identifier: Apache-2.0
#include "engine/config/config_text.h"

#include "engine/base/unique_fd.h"
#include "engine/config/yaml/tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

namespace pelton::config {
namespace {

std::unexpected<Diagnostic> unreadable(const std::filesystem::path& file, const std::string& why) {
  const bool input = file == kStandardInput;
  return std::unexpected(
      Diagnostic{{1, 1},
                 "E1001",
                 fmt::format("{} cannot be read: {}", input ? "standard input" : "the file", why),
                 Severity::error,
                 shown_name(file)});
}

std::unexpected<Diagnostic> unreadable(const std::filesystem::path& file, int error) {
  return unreadable(file,
                    error == EISDIR ? "it is a folder" : std::generic_category().message(error));
}

// Why an open file is not read, although it could be; empty: it is regular.
std::string irregular(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return std::generic_category().message(errno);
  if (S_ISDIR(status.st_mode)) return "it is a folder";
  return S_ISREG(status.st_mode) ? "" : "it is not a regular file";
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

std::expected<ConfigText, Diagnostic> read_open(const std::filesystem::path& file, int fd) {
  auto text = read_all(fd);
  if (!text) return unreadable(file, errno);
  return ConfigText{file, std::move(*text)};
}

}  // namespace

std::expected<ConfigText, Diagnostic> read_config_text(const std::filesystem::path& file,
                                                       Readable readable) {
  if (file == kStandardInput) return read_open(file, STDIN_FILENO);
  // Opening a FIFO waits for a writer, and O_NONBLOCK changes nothing about regular files.
  const bool regular = readable == Readable::regular_files;
  const UniqueFd fd(
      ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0)));
  if (!fd) return unreadable(file, errno);
  if (const std::string why = regular ? irregular(fd.get()) : ""; !why.empty())
    return unreadable(file, why);
  return read_open(file, fd.get());
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
