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

// A config file may have secrets in it.
constexpr mode_t kPrivate = 0600;

bool write_file(const std::filesystem::path& path, const std::string& text) {
  ::unlink(path.c_str());  // of a process that was killed
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kPrivate));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

ConfigTexts texts_of(const Files& files) {
  ConfigTexts texts;
  for (const std::filesystem::path& file : files) {
    auto read = config::read_config_text(file, config::Readable::regular_files);
    if (!read) return {};
    texts.push_back(std::move(read->text));
  }
  return texts;
}

std::optional<EarlierConfig> EarlierConfig::write(const Files& files, const ConfigTexts& texts) {
  EarlierConfig earlier;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    earlier.files_.push_back(config::folder_of(files[i]) /
                             (".earlier-" + files[i].filename().string()));
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
  for (const std::filesystem::path& file : files_) std::filesystem::remove(file, ignored);
}

}  // namespace pelton::cli
