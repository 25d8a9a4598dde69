// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/worker/runtimes/http/message.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace pelton::worker::http {

// Where a worker listens.
struct Address {
  std::uint16_t port = 0;
  bool v6 = false;  // ::1 instead of 127.0.0.1
};

// One connection within the machine, which is kept from request to request. One request at a time.
// Reads all the time, so that it notices a peer that closes it while it is idle. Shard-confined;
// destroying it closes it, and nothing is called back after that.
class Connection {
 public:
  explicit Connection(boost::asio::io_context& io);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False: nobody listens there.
  void open(const Address& address, std::move_only_function<void(bool)> opened);
  // It is open, and takes a request.
  bool idle() const;
  // It has had no answer yet.
  bool fresh() const;
  // The code of an error is one of the types above. ConnectionClosed: nothing of an answer came.
  // `answered` may destroy the connection.
  void send(Request&& request, std::move_only_function<void(Result<Answer>)> answered);
  // The request that it was given last; to be taken when it failed.
  Request take_request();

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace pelton::worker::http
