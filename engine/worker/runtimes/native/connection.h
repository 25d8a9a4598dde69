// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/model/batch.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::worker::native {

// Frames of bytes with their length in front (proto/pelton/v1/worker.proto) over a Unix socket.
// Shard-confined.
class Connection {
 public:
  struct Handlers {
    // A whole frame, without its length. invalid: it is none; nothing further is read.
    std::function<Status(std::string_view)> frame;
    std::function<void(std::string)> broken;  // why nothing further is read
    std::function<void()> ended;              // end of file
  };

  explicit Connection(boost::asio::io_context& io);

  // E3001.
  Status open(UniqueFd socket, Handlers handlers);
  // Queues a frame, whose length is in the header, and the batch that ends it (null: none), whose
  // bytes are sent from where they are. The caller bounds how much is queued.
  void send(std::string header, model::BatchPtr batch);
  // Once everything is sent, the other side sees the end of the file.
  void close_output();

 private:
  struct Outgoing {
    std::string header;
    model::BatchPtr batch;
  };
  void read();
  void on_bytes(std::size_t count);
  bool take_frame();
  void break_off(std::string why);
  void write_next();

  Handlers handlers_;
  boost::asio::local::stream_protocol::socket socket_;
  std::string input_;  // bytes of frames not yet whole
  std::size_t used_ = 0;
  std::deque<Outgoing> outgoing_;
  bool writing_ = false;
  bool output_closed_ = false;
  bool broken_ = false;
  // Owned by this alone; operations under way look whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker::native
