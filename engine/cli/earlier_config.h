// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/cli/config_file.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::cli {

// Value. The texts of config files, as they were when they were read.
using ConfigTexts = std::vector<std::string>;

// Empty: one of the files cannot be read.
ConfigTexts texts_of(const Files& files);

// Resource. Texts of config files in files of their own for as long as this lives: hidden ones,
// beside those that they come from, so that relative paths begin in the same folders.
class EarlierConfig {
 public:
  // Removes those of a process that was killed.
  static void remove_left(const Files& files);
  // Nothing: they could not be written.
  static std::optional<EarlierConfig> write(const Files& files, const ConfigTexts& texts);
  EarlierConfig(EarlierConfig&&) noexcept = default;
  EarlierConfig& operator=(EarlierConfig&& other) noexcept;
  ~EarlierConfig();

  const Files& files() const { return files_; }

 private:
  EarlierConfig() = default;

  Files files_;
};

}  // namespace pelton::cli
