// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/connection.h"

#include "engine/worker/runtimes/http/fields.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <optional>
#include <utility>

namespace pelton::worker::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// Of responses before an answer.
constexpr int kMostInterim = 16;

std::unexpected<Error> fault(const char* type, std::string what) {
  return std::unexpected(Error{ErrorKind::unavailable, type, std::move(what)});
}

}  // namespace

class Connection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(asio::io_context& io) : socket_(io) {}

  void open(const Address& address, std::move_only_function<void(bool)> opened) {
    const asio::ip::address to = address.v6 ? asio::ip::address(asio::ip::address_v6::loopback())
                                            : asio::ip::address(asio::ip::address_v4::loopback());
    socket_.async_connect(
        {to, address.port},
        [self = shared_from_this(), opened = std::move(opened)](error_code error) mutable {
          if (self->closed_) return;
          opened(!error && self->opened());
        });
  }

  bool idle() const { return open_ && !answered_ && !parser_->got_some(); }
  bool fresh() const { return answers_ == 0; }

  void send(Request&& request, std::move_only_function<void(Result<Answer>)> answered) {
    request_ = std::move(request);
    answered_ = std::move(answered);
    written_ = false;
    interim_ = 0;
    parser_->skip(request_.no_answer_body);
    const std::string_view body = request_.body();
    const std::array<asio::const_buffer, 2> parts{asio::buffer(request_.head),
                                                  asio::buffer(body.data(), body.size())};
    // What it cannot write, it finds closed when it reads.
    asio::async_write(socket_, parts, [self = shared_from_this()](error_code error, std::size_t) {
      self->written_ = !error;
    });
  }

  Request take_request() { return std::move(request_); }

  void close() {
    closed_ = true;
    open_ = false;
    answered_ = nullptr;
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  // A port of the machine's own range that nobody listens on may connect to itself.
  bool opened() {
    error_code error;
    const auto local = socket_.local_endpoint(error);
    if (error || local == socket_.remote_endpoint(error) || error) return false;
    socket_.set_option(tcp::no_delay(true), error);
    open_ = true;
    expect();
    return true;
  }

  void expect() {
    parser_.emplace();
    parser_->header_limit(kMaxAnswerHead);
    parser_->body_limit(kMaxAnswerBody);
    parser_->skip(answered_ && request_.no_answer_body);
    beast::async_read(socket_, buffer_, *parser_,
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (!self->closed_) self->on_read(error);
                      });
  }

  void on_read(error_code error) {
    // It was closed while it was idle, or sent what nobody asked for.
    if (!answered_) return shut();
    if (error) return give(fault_of(error));
    auto& message = parser_->get();
    const unsigned status = message.result_int();
    if (status == 101 || status < 100)
      return give(fault(kMalformed, fmt::format("the status {} is not one of an answer", status)));
    if (status < 200 && ++interim_ > kMostInterim)
      return give(fault(kMalformed, "it sends interim responses (1xx) without end"));
    if (status < 200) return expect();
    Answer answer{status, {}, std::move(message.body())};
    for (const auto& field : message)
      answer.fields.push_back({lower_case({field.name_string().data(), field.name_string().size()}),
                               std::string(field.value().data(), field.value().size())});
    const bool keeps = parser_->keep_alive() && written_;
    ++answers_;
    auto answered = std::exchange(answered_, nullptr);
    keeps ? expect() : shut();
    answered(std::move(answer));
  }

  Result<Answer> fault_of(error_code error) const {
    const bool body = error == beast::error::body_limit;
    if (body || error == beast::error::header_limit)
      return fault(kTooLarge,
                   fmt::format("the answer has more than {} bytes of {}",
                               body ? kMaxAnswerBody : kMaxAnswerHead, body ? "body" : "fields"));
    const error_code closed = beast::make_error_code(beast::error::end_of_stream);
    const bool of_socket = error.category() != closed.category();
    if (error == beast::error::partial_message || (of_socket && parser_->got_some()))
      return fault(kCutOff, "the connection was closed in the middle of an answer");
    if (of_socket || error == closed)
      return fault(kClosed, "the connection was closed without an answer");
    return fault(kMalformed, "it is not an answer of HTTP: " + error.message());
  }

  void give(Result<Answer>&& answer) {
    auto answered = std::exchange(answered_, nullptr);
    shut();
    answered(std::move(answer));
  }

  void shut() {
    open_ = false;
    error_code ignored;
    socket_.close(ignored);
  }

  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  std::optional<beast::response_parser<beast::string_body>> parser_;
  Request request_;
  std::move_only_function<void(Result<Answer>)> answered_;
  std::uint64_t answers_ = 0;
  int interim_ = 0;  // before the answer to this request
  bool open_ = false;
  bool written_ = false;
  bool closed_ = false;  // by its owner, who wants to hear nothing more
};

Connection::Connection(asio::io_context& io) : impl_(std::make_shared<Impl>(io)) {}
Connection::~Connection() {
  impl_->close();
}

void Connection::open(const Address& address, std::move_only_function<void(bool)> opened) {
  impl_->open(address, std::move(opened));
}
bool Connection::idle() const {
  return impl_->idle();
}
bool Connection::fresh() const {
  return impl_->fresh();
}
void Connection::send(Request&& request, std::move_only_function<void(Result<Answer>)> answered) {
  impl_->send(std::move(request), std::move(answered));
}
Request Connection::take_request() {
  return impl_->take_request();
}

}  // namespace pelton::worker::http
