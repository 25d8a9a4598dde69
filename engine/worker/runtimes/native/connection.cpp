// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/connection.h"

#include "engine/worker/runtimes/native/codec.h"

#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <utility>

namespace pelton::worker::native {
namespace {

using boost::system::error_code;
constexpr std::size_t kReadBytes = 256U << 10;

}  // namespace

Connection::Connection(boost::asio::io_context& io) : socket_(io) {}

Status Connection::open(UniqueFd socket, Handlers handlers) {
  error_code error;
  socket_.assign(boost::asio::local::stream_protocol(), socket.get(), error);
  if (error) return fail_errno("E3001", "watching a worker", error.value());
  socket.release();
  handlers_ = std::move(handlers);
  read();
  return {};
}

void Connection::send(std::string header, model::BatchPtr batch) {
  outgoing_.push_back({std::move(header), std::move(batch)});
  write_next();
}

void Connection::write_next() {
  if (writing_) return;
  if (outgoing_.empty()) {
    if (output_closed_) ::shutdown(socket_.native_handle(), SHUT_WR);
    return;
  }
  writing_ = true;
  const Outgoing& next = outgoing_.front();
  const std::string_view batch = next.batch ? next.batch->bytes() : std::string_view{};
  const std::array<boost::asio::const_buffer, 2> buffers{
      boost::asio::buffer(next.header), boost::asio::buffer(batch.data(), batch.size())};
  boost::asio::async_write(
      socket_, buffers,
      [this, alive = std::weak_ptr(alive_)](const error_code& error, std::size_t) {
        if (alive.expired()) return;
        writing_ = false;
        // A broken socket shows in the read as well, which tells of the end.
        if (error) return;
        outgoing_.pop_front();
        write_next();
      });
}

void Connection::close_output() {
  output_closed_ = true;
  write_next();
}

void Connection::read() {
  if (input_.size() < used_ + kReadBytes) input_.resize(used_ + kReadBytes);
  socket_.async_read_some(
      boost::asio::buffer(input_.data() + used_, input_.size() - used_),
      [this, alive = std::weak_ptr(alive_)](const error_code& error, std::size_t count) {
        if (alive.expired()) return;
        if (error) return handlers_.ended();
        on_bytes(count);
      });
}

void Connection::on_bytes(std::size_t count) {
  used_ += count;
  while (take_frame()) {
  }
  // A large frame does not keep its room for ever.
  if (used_ == 0 && input_.size() > 4 * kReadBytes) input_ = std::string();
  if (!broken_) read();
}

bool Connection::take_frame() {
  if (broken_) return false;
  const std::string_view bytes(input_.data(), used_);
  const auto length = codec::frame_length(bytes);
  if (!length) return false;
  if (*length > codec::kMaxFrameBytes) {
    break_off(fmt::format("a frame of {} bytes", *length));
    return false;
  }
  const std::size_t whole = std::size_t{4} + *length;
  if (bytes.size() < whole) {
    if (input_.size() < whole) input_.resize(whole);
    return false;
  }
  if (auto ok = handlers_.frame(bytes.substr(4, *length)); !ok) {
    break_off(ok.error().message);
    return false;
  }
  used_ -= whole;
  std::memmove(input_.data(), input_.data() + whole, used_);
  return true;
}

void Connection::break_off(std::string why) {
  broken_ = true;
  handlers_.broken(std::move(why));
}

}  // namespace pelton::worker::native
