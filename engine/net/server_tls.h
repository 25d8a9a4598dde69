// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/config/parts/listener_tls.h"

#include <openssl/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace pelton::net {

struct SslFree {
  void operator()(SSL* ssl) const;
};
using Ssl = std::unique_ptr<SSL, SslFree>;

// The certificates of a listener: TLS 1.2 and 1.3, HTTP/1.1. Files that have been replaced are
// read again within a second, without a reload; while they cannot be used, the old ones stay. One
// thread.
class Certificates {
 public:
  // Told when files were replaced. E5014: the new ones cannot be used, and why. E5030: they are
  // used, but clients will not accept them.
  using Report = std::function<void(const Status&)>;
  // E5014: the files are no certificate with its key, and why.
  static Result<std::unique_ptr<Certificates>> load(const config::ListenerTls& settings,
                                                    Report report);
  ~Certificates();
  // What load() would come to. E5030: it would, with a certificate that is not valid at this time.
  static Status check(const config::ListenerTls& settings, WallTime now);

  // The server's end of a connection. Null: out of memory.
  Ssl accept(int descriptor, std::chrono::steady_clock::time_point now);

 private:
  struct ContextFree {
    void operator()(SSL_CTX* context) const;
  };
  using Context = std::unique_ptr<SSL_CTX, ContextFree>;

  Certificates(const config::ListenerTls& settings, Report report);
  static Result<Context> read(const config::ListenerTls& settings);
  // What tells a replaced file from the one that was read.
  std::string state_of_files() const;
  void look();

  const config::ListenerTls settings_;
  const Report report_;
  Context context_;
  std::string read_state_;
  std::string failed_state_;
  std::chrono::steady_clock::time_point next_look_{};
};

}  // namespace pelton::net
