// SPDX-License-Identifier: Apache-2.0
#include "engine/config/yaml/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace pelton::config {
namespace {

constexpr std::size_t kMessageBytes = 800;

// Levenshtein's distance, or `enough` once it cannot be less. Own code: no Debian library has it.
std::size_t distance(std::string_view a, std::string_view b, std::size_t enough) {
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) >= enough) return enough;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
    if (*std::ranges::min_element(row) >= enough) return enough;
  }
  return row.back();
}

// Values of the file stand in messages: no control character of theirs reaches a terminal or log.
std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0xFFU;
    const bool start = (c & 0xC0U) != 0x80U;
    if (start && out.size() >= kMessageBytes) return out + "...";
    if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else if (c == 0xC2 && next < 0xA0) {
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

// Whether the text at this position is one of the file, and not the message's own.
bool is_shown_text(std::string_view message, std::size_t at) {
  if (std::ranges::count(message.substr(0, at), '"') % 2 == 1) return true;
  const auto space = message.find_last_of(' ', at);
  const std::size_t begin = space == std::string_view::npos ? 0 : space + 1;
  std::string_view token = message.substr(begin, message.find(' ', at) - begin);
  if (token.starts_with('`') || token.starts_with("${")) return false;
  while (token.ends_with(':')) token.remove_suffix(1);
  return token.find_first_of("/:@=\"") != std::string_view::npos;
}

}  // namespace

std::string Diagnostic::text() const {
  return fmt::format("{}:{}:{}: {}{} {}", file, place.line, place.column,
                     severity == Severity::warning ? "warning " : "", code, message);
}

void Diagnostics::error(Place place, std::string code, std::string message) {
  const auto relaxed = relaxed_.find(place.file);
  if (relaxed != relaxed_.end() && relaxed->second.warned.contains(code))
    return warning(place, std::move(code), std::move(message));
  ++errors_;
  add({place, std::move(code), std::move(message)});
}

void Diagnostics::warning(Place place, std::string code, std::string message) {
  const auto relaxed = relaxed_.find(place.file);
  if (relaxed != relaxed_.end() && relaxed->second.left_out.contains(code)) return;
  add({place, std::move(code), std::move(message), Severity::warning});
}

void Diagnostics::relax(std::uint32_t file, std::set<std::string> warned,
                        std::set<std::string> left_out) {
  relaxed_[file] = {std::move(warned), std::move(left_out)};
}

void Diagnostics::take(const Diagnostics& found, std::uint32_t file) {
  for (Diagnostic problem : found.all_) {
    problem.place.file = file;
    add(std::move(problem));
  }
  for (const auto& [text, instead] : found.hidden_) hide(text, instead);
  errors_ += found.errors_;
  left_out_ += found.left_out_;
}

void Diagnostics::add(Diagnostic&& problem) {
  if (full()) {
    ++left_out_;
    return;
  }
  problem.message = printable(without_hidden(std::move(problem.message)));
  all_.push_back(std::move(problem));
}

void Diagnostics::hide(const std::string& text, const std::string& instead) {
  if (text.size() >= kHidden) hidden_.try_emplace(text, instead);
}

std::string Diagnostics::without_hidden(std::string message) const {
  for (const auto& [text, instead] : hidden_)
    for (std::size_t at = 0; (at = message.find(text, at)) != std::string::npos;) {
      const bool shown = !is_word(text) || is_shown_text(message, at);
      if (shown) message.replace(at, text.size(), instead);
      at += shown ? instead.size() : text.size();
    }
  return message;
}

bool Diagnostics::has_only(std::string_view code) const {
  const auto of_code = std::ranges::count_if(all_, [&](const Diagnostic& problem) {
    return problem.severity == Severity::error && problem.code == code;
  });
  return static_cast<std::size_t>(of_code) == errors_;
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> sorted = all_;
  std::ranges::stable_sort(sorted, {}, [](const Diagnostic& d) {
    return std::tuple(d.place.file, d.place.line, d.place.column);
  });
  if (left_out_ > 0)
    sorted.push_back({sorted.back().place,
                      "E1003",
                      fmt::format("... and {} more problems that are not shown", left_out_),
                      has_errors() ? Severity::error : Severity::warning,
                      {}});
  return sorted;
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  if (name.empty()) return best;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(name.size() / 2, 3)) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(name, candidate, least);
    // Nothing of the name would be left.
    if (d >= least || d >= name.size()) continue;
    least = d;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string best = nearest(name, candidates);
  return best.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", best);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<std::string> split(std::string_view joined) {
  std::vector<std::string> words;
  for (;;) {
    const auto comma = joined.find(", ");
    words.emplace_back(joined.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    joined.remove_prefix(comma + 2);
  }
}

}  // namespace pelton::config
