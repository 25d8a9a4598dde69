// SPDX-License-Identifier: Apache-2.0
#include "engine/store/segment_file.h"

#include "engine/base/unique_fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace pelton::store {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(const char* what, const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return fail(full ? ErrorKind::overloaded : ErrorKind::unavailable, "E4106", "{} {}: {}", what,
              path.string(), std::strerror(error));
}

// Takes `done` bytes off the front of the parts.
std::span<iovec> without_front(std::span<iovec> parts, std::size_t done) {
  while (!parts.empty() && done >= parts.front().iov_len) {
    done -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (done > 0) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + done;
    parts.front().iov_len -= done;
  }
  return parts;
}

class PosixFile final : public SegmentFile {
 public:
  PosixFile(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status write(std::span<iovec> parts, std::uint64_t position) override {
    parts = without_front(parts, 0);
    while (!parts.empty()) {
      const auto count = static_cast<int>(std::min<std::size_t>(parts.size(), IOV_MAX));
      const ssize_t done = ::pwritev(fd_.get(), parts.data(), count, static_cast<off_t>(position));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return failed("writing", path_, errno);
      position += static_cast<std::uint64_t>(done);
      parts = without_front(parts, static_cast<std::size_t>(done));
    }
    return {};
  }
  Status sync() override {
    if (::fdatasync(fd_.get()) == 0) return {};
    // Whatever the cause: a second sync may succeed without what the first one lost.
    auto error = failed("syncing", path_, errno);
    error.error().kind = ErrorKind::unavailable;
    return error;
  }
  Result<std::size_t> read(char* into, std::size_t size, std::uint64_t position) override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got =
          ::pread(fd_.get(), into + done, size - done, static_cast<off_t>(position + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("reading", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }
  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return failed("reading", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }
  Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
      return failed("truncating", path_, errno);
    return {};
  }

 private:
  const UniqueFd fd_;
  const fs::path path_;
};

class PosixFolder final : public SegmentFolder {
 public:
  explicit PosixFolder(fs::path folder) : folder_(std::move(folder)) {}

  Result<std::vector<std::uint32_t>> list() override {
    std::error_code error;
    if (fs::create_directories(folder_, error))
      if (auto ok = sync(folder_.parent_path()); !ok) return std::unexpected(ok.error());
    if (error) return failed("creating", folder_, error.value());
    std::vector<std::uint32_t> numbers;
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error))
      if (const auto number = number_of(at->path())) numbers.push_back(*number);
    if (error) return failed("reading", folder_, error.value());
    std::ranges::sort(numbers);
    return numbers;
  }
  Result<std::unique_ptr<SegmentFile>> open(std::uint32_t number) override {
    const fs::path file = path(number);
    bool created = false;
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd && errno == ENOENT) {
      created = true;
      fd.reset(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    }
    if (!fd) return failed("opening", file, errno);
    if (created)
      if (auto ok = sync(folder_); !ok) return std::unexpected(ok.error());
    return std::make_unique<PosixFile>(std::move(fd), file);
  }
  Status remove(std::uint32_t number) override {
    if (::unlink(path(number).c_str()) != 0) return failed("removing", path(number), errno);
    return {};
  }

 private:
  // Only the exact names: a copy such as 00000001.old.log is not the file that it was made of.
  std::optional<std::uint32_t> number_of(const fs::path& file) const {
    const auto number = static_cast<std::uint32_t>(std::strtoul(file.stem().c_str(), nullptr, 10));
    return file == path(number) ? std::optional(number) : std::nullopt;
  }
  fs::path path(std::uint32_t number) const { return folder_ / fmt::format("{:08}.log", number); }
  static Status sync(const fs::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return failed("syncing", folder, errno);
    return {};
  }

  const fs::path folder_;
};

}  // namespace

std::unique_ptr<SegmentFolder> segment_folder(const fs::path& folder) {
  return std::make_unique<PosixFolder>(folder);
}

}  // namespace pelton::store
