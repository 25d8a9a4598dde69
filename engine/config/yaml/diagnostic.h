// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/yaml/place.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::config {

enum class Severity { error, warning };

// Value. One problem of a config file, at its place. Codes have a page in docs/errors. The message
// is one line of printable text, whatever the file holds.
struct Diagnostic {
  Place place;
  std::string code;
  std::string message;
  Severity severity = Severity::error;
  std::string file{};  // its name, as it was given
  // "pelton.yaml:3:5: E1005 message"; warnings say so.
  std::string text() const;
};

// Collects problems: all of a file are reported at once, up to a bound.
class Diagnostics {
 public:
  // Further problems are only counted.
  static constexpr std::size_t kMost = 500;

  void error(Place place, std::string code, std::string message);
  void warning(Place place, std::string code, std::string message);
  // Shows `instead` wherever a later message has this text, which is or may be a secret. A word
  // (letters, `_`, `-`) is looked for only where messages show texts of the file: in quotes and in
  // paths, addresses and URLs; "plain" may be a password, and a message says "plain text". Texts of
  // less than kHidden bytes are not looked for.
  void hide(const std::string& text, const std::string& instead);
  static constexpr std::size_t kHidden = 4;

  // From now on errors of these codes that are found in this file are warnings, and warnings of
  // those codes are left out.
  void relax(std::uint32_t file, std::set<std::string> warned, std::set<std::string> left_out);

  // The problems that were found in one of several files.
  void take(const Diagnostics& found, std::uint32_t file);

  bool has_errors() const { return errors_ > 0; }
  // There are no errors but of this code.
  bool has_only(std::string_view code) const;
  // Nothing more will be kept: what is costly to word can be left out.
  bool full() const { return all_.size() >= kMost; }
  // In the order of the files; the last says how many were left out, if any.
  std::vector<Diagnostic> sorted() const;

 private:
  void add(Diagnostic&& problem);
  std::string without_hidden(std::string message) const;

  struct Relaxed {
    std::set<std::string> warned, left_out;
  };

  std::vector<Diagnostic> all_;
  std::map<std::uint32_t, Relaxed> relaxed_;  // by file
  std::size_t errors_ = 0;
  std::size_t left_out_ = 0;
  // The longest first: one may begin with another.
  struct Longer {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::map<std::string, std::string, Longer> hidden_;
};

// The candidate that was probably meant: by edit distance, if it is near enough; else empty.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);
// " (did you mean \"x\"?)", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// "a, b, c", and back.
std::string joined(const std::vector<std::string>& words);
std::vector<std::string> split(std::string_view joined);

}  // namespace pelton::config
