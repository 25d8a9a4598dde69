// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <poll.h>

#include <chrono>
#include <optional>
#include <string>

namespace pelton::cli {

// A Unix socket whose blocking calls end with boost::asio::error::timed_out when the other side
// lets nothing through for too long. Asio's own blocking calls wait for ever, whatever SO_RCVTIMEO
// says. A SyncReadStream and SyncWriteStream, as Beast and boost::asio::write() take one. Of one
// thread.
class PatientSocket {
 public:
  using Patience = std::chrono::milliseconds;

  // How long one call may wait from now on; nothing: as long as it takes (as at first).
  void be_patient(std::optional<Patience> patience) { patience_ = patience; }

  void connect(const std::string& path, boost::system::error_code& error);

  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
    return until_ready(POLLIN, error, [&] { return socket_.read_some(buffers, error); });
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& error) {
    return until_ready(POLLOUT, error, [&] { return socket_.write_some(buffers, error); });
  }
  // The concepts ask for calls that throw as well; nobody uses them.
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code error;
    const std::size_t size = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return size;
  }
  template <typename Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::system::error_code error;
    const std::size_t size = write_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return size;
  }

 private:
  using Local = boost::asio::local::stream_protocol;
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  // `call` does not block: again and again until it is through.
  template <typename Call>
  std::size_t until_ready(short events, boost::system::error_code& error, const Call& call) {
    const Deadline end = deadline();
    for (;;) {
      const std::size_t size = call();
      if (error != boost::asio::error::would_block) return size;
      wait_for(events, end, error);
      if (error) return 0;
    }
  }
  Deadline deadline() const;
  void wait_for(short events, Deadline end, boost::system::error_code& error);

  boost::asio::io_context io_;
  Local::socket socket_{io_};
  std::optional<Patience> patience_;
};

}  // namespace pelton::cli
