// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace pelton::net {

// Bounds of a request's head; what is beyond is answered with 431 or 414 (E5008) and closed.
inline constexpr std::size_t kMaxHeaderBytes = 16U << 10;
inline constexpr std::size_t kMaxHeaderFields = 100;
inline constexpr std::size_t kMaxTargetBytes = 8U << 10;

// What a client may say until its TLS handshake is complete, certificates included.
inline constexpr std::size_t kMaxHandshakeBytes = 32U << 10;
// What a handshake takes of the memory for bodies (pot): those bytes and OpenSSL's own.
inline constexpr std::size_t kHandshakeMemory = 64U << 10;

// A peer that has had its time must on average move at least this much: what it is slower by is
// how far it is behind (pace.h).
inline constexpr std::size_t kLeastBytesPerSecond = 1024;

// Of one listener.
struct Limits {
  std::size_t connections = 256;
  std::size_t reserve = 16;                         // beyond those, for health checks only
  std::size_t head = kMaxHeaderBytes;               // of one request
  std::size_t body = 64U << 20;                     // of one request
  std::size_t pot = 256U << 20;                     // all bodies together: bytes that have come
  bool pot_of_answers = false;                      // whole responses take from it as well
  std::chrono::milliseconds header_time{10'000};    // between requests, and for a head
  std::chrono::milliseconds body_time{10'000};      // how far behind a body may be
  std::chrono::milliseconds response_time{60'000};  // how far behind a reader may be
  std::chrono::milliseconds stall_time{600'000};    // the same of a body that is streamed
};

}  // namespace pelton::net
