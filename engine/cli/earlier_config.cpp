// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/earlier_config.h"

#include "engine/base/unique_fd.h"
#include "engine/config/config_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>
#include <utility>

namespace pelton::cli {
namespace {

namespace fs = std::filesystem;

// A config file may have secrets in it.
constexpr mode_t kPrivate = 0600;

fs::path beside(const fs::path& file) {
  return config::folder_of(file) / (".earlier-" + file.filename().string());
}

bool write_file(const fs::path& path, const std::string& text) {
  ::unlink(path.c_str());  // of a process that was killed
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

ConfigTexts texts_of(const Files& files) {
  ConfigTexts texts;
  for (const fs::path& file : files) {
    auto read = config::read_config_text(file, config::Readable::regular_files);
    if (!read) return {};
    texts.push_back(std::move(read->text));
  }
  return texts;
}

void EarlierConfig::remove_left(const Files& files) {
  std::error_code ignored;
  for (const fs::path& file : files) fs::remove(beside(file), ignored);
}

std::optional<EarlierConfig> EarlierConfig::write(const Files& files, const ConfigTexts& texts) {
  EarlierConfig earlier;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    earlier.files_.push_back(beside(files[i]));
    if (!write_file(earlier.files_.back(), texts[i])) return std::nullopt;
  }
  return earlier;
}

EarlierConfig& EarlierConfig::operator=(EarlierConfig&& other) noexcept {
  std::swap(files_, other.files_);
  return *this;
}

EarlierConfig::~EarlierConfig() {
  std::error_code ignored;
  for (const fs::path& file : files_) fs::remove(file, ignored);
}

}  // namespace pelton::cli
