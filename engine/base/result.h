// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace pelton {

// What the caller does next about an error. The set is closed: every layer can act on each.
enum class ErrorKind {
  invalid,      // will never work: refuse the config, dead-letter the event
  unavailable,  // a peer or a device is away: try again with backoff
  overloaded,   // no room now: try later; never counts as an attempt
  corrupt,      // stored data cannot be trusted: stop this partition, call the operator
  cancelled,    // we are stopping: nothing is counted
};

// The kind's name as logs and JSON show it.
const char* to_string(ErrorKind kind);

// Value. An operating error. `code` is empty or the name of a page in docs/errors ("E4108");
// `message` is a sentence for the operator, without a trailing full stop.
struct Error {
  ErrorKind kind = ErrorKind::unavailable;
  std::string code;
  std::string message;

  // The same error with what was being done in front: "opening stream orders: <message>".
  Error within(std::string_view context) &&;
  // "E4108: message", or the message alone.
  std::string text() const;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// return fail(ErrorKind::invalid, "E4108", "no stream named {}", name);
template <typename... Args>
std::unexpected<Error> fail(ErrorKind kind, std::string_view code,
                            fmt::format_string<Args...> sentence, Args&&... args) {
  return std::unexpected(
      Error{kind, std::string(code), fmt::format(sentence, std::forward<Args>(args)...)});
}

// The error of a failed system call: errno's text behind `what`. Kind unavailable.
std::unexpected<Error> fail_errno(std::string_view code, std::string_view what, int error_number);

}  // namespace pelton
