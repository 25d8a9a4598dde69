// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pelton::directory {

// Every file that a sink writes is called so until it is complete; sources and sinks refuse the
// prefix.
inline constexpr std::string_view kTemporaryPrefix = ".pelton-";

// Value. Which files of a folder are meant. A pattern (fnmatch: * ? [abc]) without a slash is held
// against the last part of a name, one with a slash against the whole name relative to the folder.
// What matches `ignore` is out, folders with all that is in them.
class NameFilter {
 public:
  NameFilter(std::vector<std::string> match, std::vector<std::string> ignore)
      : match_(std::move(match)), ignore_(std::move(ignore)) {}

  // Leaves out one folder by its exact name, whatever the patterns say.
  void exclude(std::string folder) { excluded_ = std::move(folder); }

  // The parts of the name above the last are not looked at again: the folder was already wanted.
  bool wants_file(const std::string& name) const;
  bool wants_folder(const std::string& name) const;

 private:
  std::vector<std::string> match_;
  std::vector<std::string> ignore_;
  std::string excluded_;
};

// The name for an event's subject, which must be UTF-8 without control characters: as it is when it
// can be, else with its bad bytes and every "%" percent-encoded.
std::string subject_of(std::string_view name);

// The content type that the file's extension stands for; "application/octet-stream" when unknown.
std::string_view content_type_of(std::string_view name);

// Whether a sink may write a file of this name: relative, no empty part, no ".", "..", NUL or
// temporary prefix, parts of at most 255 bytes, 4,000 in all. Error E2020, invalid.
Status check_name(std::string_view name);

}  // namespace pelton::directory
