// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"

#include <string>
#include <vector>

namespace pelton::config {

enum class Severity { error, warning };

// Value. One problem of a config file, at its place. Codes have a page in docs/errors.
struct Diagnostic {
  Place place;
  std::string code;
  std::string message;
  Severity severity = Severity::error;
  // "pelton.yaml:3:5: E1005 message"; warnings say so.
  std::string text(const std::string& file) const;
};

// Collects problems: all of a file are reported at once.
class Diagnostics {
 public:
  void error(Place place, std::string code, std::string message) {
    all_.push_back({place, std::move(code), std::move(message), Severity::error});
  }
  void warning(Place place, std::string code, std::string message) {
    all_.push_back({place, std::move(code), std::move(message), Severity::warning});
  }
  bool has_errors() const;
  // In the order of the file.
  std::vector<Diagnostic> sorted() const;

 private:
  std::vector<Diagnostic> all_;
};

// The candidate that was probably meant: by edit distance, if it is near enough; else empty.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);
// " (did you mean \"x\"?)", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace pelton::config
