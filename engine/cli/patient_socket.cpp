// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/patient_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace pelton::cli {
namespace {

using boost::system::error_code;

// How soon a full queue of connections is tried again: nothing tells when it has room.
constexpr std::chrono::milliseconds kQueueLook{20};

error_code last_error() {
  return {errno, boost::system::system_category()};
}

}  // namespace

PatientSocket::Deadline PatientSocket::deadline() const {
  if (!patience_) return std::nullopt;
  return std::chrono::steady_clock::now() + *patience_;
}

// connect(2) itself: Asio takes EAGAIN, a full queue, for a connection under way.
void PatientSocket::connect(const std::string& path, error_code& error) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    error = boost::system::errc::make_error_code(boost::system::errc::filename_too_long);
    return;
  }
  const Local::endpoint endpoint(path);
  socket_.open(Local(), error);
  if (!error) socket_.non_blocking(true, error);
  const Deadline end = deadline();
  while (!error) {
    if (::connect(socket_.native_handle(), endpoint.data(),
                  static_cast<socklen_t>(endpoint.size())) == 0)
      return;
    if (errno != EAGAIN && errno != EINTR) error = last_error();
    if (!error && end && std::chrono::steady_clock::now() >= *end)
      error = boost::asio::error::timed_out;
    if (!error) std::this_thread::sleep_for(kQueueLook);
  }
}

void PatientSocket::wait_for(short events, Deadline end, error_code& error) {
  error = {};
  for (;;) {
    int milliseconds = -1;
    if (end) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*end - std::chrono::steady_clock::now());
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
    }
    pollfd one{socket_.native_handle(), events, 0};
    const int ready = ::poll(&one, 1, milliseconds);
    if (ready > 0) return;
    if (ready == 0) {
      error = boost::asio::error::timed_out;
      return;
    }
    if (errno != EINTR) {
      error = last_error();
      return;
    }
  }
}

}  // namespace pelton::cli
