// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pelton::schema::test {

// An HTTP server that answers what it was told to, and 404 to all else. One request a connection.
class FakeRegistry {
 public:
  FakeRegistry() : thread_([this] { serve(); }) {}
  ~FakeRegistry() {
    stopping_ = true;
    boost::system::error_code ignored;
    Tcp::socket wake(io_);
    wake.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  std::string url() const {
    return fmt::format("http://127.0.0.1:{}", acceptor_.local_endpoint().port());
  }
  // "GET /schemas/ids/1": what it is answered from now on.
  void answer(const std::string& request, int status, std::string body) {
    std::lock_guard lock(mutex_);
    answers_[request] = {status, std::move(body)};
  }
  // Everything gets this status.
  void down(int status) { down_ = status; }
  // Heads and bodies, in order.
  std::vector<std::string> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  using Tcp = boost::asio::ip::tcp;

  void serve() {
    while (!stopping_) {
      boost::system::error_code error;
      Tcp::socket peer(io_);
      acceptor_.accept(peer, error);
      if (error || stopping_) continue;
      std::string in;
      const std::size_t head =
          boost::asio::read_until(peer, boost::asio::dynamic_buffer(in), "\r\n\r\n", error);
      if (error) continue;
      std::size_t size = 0;
      if (const auto at = in.find("Content-Length: "); at != std::string::npos)
        size = std::stoul(in.substr(at + 16));
      while (in.size() < head + size && !error) {
        std::string more(head + size - in.size(), '\0');
        more.resize(boost::asio::read(peer, boost::asio::buffer(more), error));
        in += more;
      }
      const auto [status, body] = take(in);
      boost::asio::write(peer,
                         boost::asio::buffer(fmt::format(
                             "HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                             status, body.size(), body)),
                         error);
    }
  }
  std::pair<int, std::string> take(const std::string& request) {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (down_ != 0) return {down_, "{\"message\":\"down\"}"};
    const auto found = answers_.find(request.substr(0, request.find(" HTTP/")));
    if (found == answers_.end())
      return {404, R"({"error_code":40403,"message":"Schema not found"})"};
    return found->second;
  }

  boost::asio::io_context io_;
  Tcp::acceptor acceptor_{io_, Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::atomic<bool> stopping_{false};
  std::atomic<int> down_{0};
  mutable std::mutex mutex_;
  std::map<std::string, std::pair<int, std::string>> answers_;  // guarded by mutex_
  std::vector<std::string> requests_;                           // guarded by mutex_
  std::thread thread_;
};

}  // namespace pelton::schema::test
