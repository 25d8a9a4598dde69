// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/router.h"
#include "engine/http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <poll.h>

#include <memory>
#include <mutex>
#include <optional>
#include <set>

namespace pelton::http {

// The way back to the http thread for answers, which may come from any thread and after the server
// is gone: then they are dropped.
class ReturnPath {
 public:
  explicit ReturnPath(boost::asio::io_context& io) : io_(&io) {}
  template <typename Function>
  void post(Function&& function) {
    std::lock_guard lock(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::forward<Function>(function));
  }
  void close() {
    std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;  // guarded by mutex_; null once closed
};

template <typename Protocol>
class Session;

// What the sessions of one listener share. The http thread's.
template <typename Protocol>
struct SessionHost {
  Router router;
  const ServerLimits limits;
  // Shared by the server and the answers that are still to come.
  std::shared_ptr<ReturnPath> path;
  std::size_t& bodies;  // bytes claimed by all requests of all listeners
  // Shared by this list and the operations under way; answers hold weak ones, since the last owner
  // must let go on this thread.
  std::set<std::shared_ptr<Session<Protocol>>> open = {};
};

// One connection: requests one after another. Internal to server.cpp.
template <typename Protocol>
class Session : public std::enable_shared_from_this<Session<Protocol>> {
 public:
  using Error = boost::beast::error_code;

  Session(typename Protocol::socket&& socket, SessionHost<Protocol>& host)
      : stream_(std::move(socket)), host_(host), pause_(stream_.get_executor()) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(host_.limits.body);
    stream_.expires_after(host_.limits.header_time);
    boost::beast::http::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](Error error, std::size_t) { self->on_header(error); });
  }

 private:
  using Http = boost::beast::http::request_parser<boost::beast::http::string_body>;
  static constexpr auto kPollEvery = std::chrono::milliseconds(50);

  void on_header(Error error) {
    namespace bh = boost::beast::http;
    if (error) return refuse(error);
    const auto& header = parser_->get();
    if (std::distance(header.begin(), header.end()) > static_cast<std::ptrdiff_t>(kMaxHeaderFields))
      return refuse(431, "too many header fields");
    if (header.target().size() > kMaxTargetBytes) return refuse(414, "the target is too long");
    claimed_ = parser_->content_length() ? static_cast<std::size_t>(*parser_->content_length())
                                         : (parser_->chunked() ? host_.limits.body : 0);
    if (host_.bodies + claimed_ > host_.limits.all_bodies) {
      claimed_ = 0;
      return write_last(error_response(
          {ErrorKind::overloaded, "E5008", "other requests are being read: try again"}));
    }
    host_.bodies += claimed_;
    stream_.expires_after(host_.limits.body_time);
    if (boost::beast::iequals(header[bh::field::expect], "100-continue")) return invite_body();
    read_body();
  }

  void invite_body() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    boost::asio::async_write(stream_, boost::asio::buffer(kContinue),
                             [self = this->shared_from_this()](Error error, std::size_t) {
                               return error ? self->close() : self->read_body();
                             });
  }

  void read_body() {
    boost::beast::http::async_read(stream_, buffer_, *parser_,
                                   [self = this->shared_from_this()](Error error, std::size_t) {
                                     return error ? self->refuse(error) : self->on_request();
                                   });
  }

  // What is no request is told so; a peer that is gone or slow is not.
  void refuse(Error error) {
    namespace bh = boost::beast::http;
    if (error == bh::error::end_of_stream || error == bh::error::partial_message ||
        error.category() != bh::make_error_code(bh::error::bad_target).category())
      return close();
    if (error == bh::error::body_limit) return refuse(413, "the body is too large");
    if (error == bh::error::header_limit) return refuse(431, "the header is too large");
    write_last(error_response({ErrorKind::invalid, "E5002", "not a request: " + error.message()}));
  }

  void refuse(unsigned status, const char* why) {
    Response response = error_response({ErrorKind::invalid, "E5008", why});
    response.status = status;
    write_last(std::move(response));
  }

  void on_request() {
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    Request request;
    request.method = std::string(message.method_string());
    request.body = std::move(message.body());
    const auto target = message.target();
    if (!parse_target(std::string_view(target.data(), target.size()), request))
      return write_last(
          error_response({ErrorKind::invalid, "E5002", "the request's target is malformed"}));
    stream_.expires_never();
    host_.router.handle(std::move(request), returning<Response>(&Session::respond));
  }

  // A function that any thread may call, once: it runs `then` on the http thread, if the session
  // still is.
  template <typename Value>
  std::move_only_function<void(Value)> returning(void (Session::*then)(Value&&)) {
    return [path = host_.path, weak = this->weak_from_this(), then](Value value) {
      path->post([weak, then, value = std::move(value)]() mutable {
        if (auto self = weak.lock()) (self.get()->*then)(std::move(value));
      });
    };
  }

  void respond(Response&& response) {
    if (!response.stream) return write(std::move(response));
    pending_ = std::move(response);
    pending_.stream->next(returning<Result<Piece>>(&Session::on_first));
  }

  void on_first(Result<Piece>&& first) {
    if (!first) return write(error_response(first.error()));
    if (first->then == Piece::Then::end) {
      pending_.stream.reset();
      pending_.body = std::move(first->bytes);
      return write(std::move(pending_));
    }
    piece_ = std::move(*first);
    prepare(pending_);
    // What came before chunks were known ends where the connection does.
    if (version_ < 11) keep_alive_ = false;
    out_->keep_alive(keep_alive_);
    if (version_ >= 11) out_->chunked(true);
    stream_.expires_after(host_.limits.stall_time);
    serializer_.emplace(*out_);
    boost::beast::http::async_write_header(
        stream_, *serializer_,
        [self = this->shared_from_this()](Error error, std::size_t) { self->send_piece(error); });
  }

  void send_piece(Error error) {
    if (error) return close();
    if (piece_.bytes.empty()) return after_piece({});
    stream_.expires_after(host_.limits.stall_time);
    auto done = [self = this->shared_from_this()](Error failed, std::size_t) {
      self->after_piece(failed);
    };
    const boost::asio::const_buffer bytes(piece_.bytes.data(), piece_.bytes.size());
    if (version_ < 11) return boost::asio::async_write(stream_, bytes, std::move(done));
    boost::asio::async_write(stream_, boost::beast::http::make_chunk(bytes), std::move(done));
  }

  void after_piece(Error error) {
    if (error) return close();
    stream_.expires_never();
    if (piece_.then == Piece::Then::end) return end_stream();
    if (piece_.then == Piece::Then::more) return ask_for_piece();
    pause_.expires_after(kPollEvery);
    pause_.async_wait([self = this->shared_from_this()](Error failed) {
      return failed || self->peer_gone() ? self->close() : self->ask_for_piece();
    });
  }

  // A peer that closed both ways; one that only said all it had to say still listens.
  bool peer_gone() {
    pollfd entry{stream_.socket().native_handle(), 0, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
  }

  void ask_for_piece() { pending_.stream->next(returning<Result<Piece>>(&Session::on_piece)); }

  void on_piece(Result<Piece>&& piece) {
    if (piece) {
      piece_ = std::move(*piece);
      return send_piece({});
    }
    // Too late for a status: the last line is the error, and the body has no proper end.
    piece_ = {error_line(piece.error()), Piece::Then::end};
    broken_ = true;
    send_piece({});
  }

  void end_stream() {
    pending_.stream.reset();
    if (broken_ || version_ < 11) return close();
    stream_.expires_after(host_.limits.body_time);
    boost::asio::async_write(stream_, boost::beast::http::make_chunk_last(),
                             [self = this->shared_from_this()](Error error, std::size_t) {
                               self->after_response(error);
                             });
  }

  void prepare(const Response& response) {
    namespace bh = boost::beast::http;
    out_.emplace();
    out_->version(version_);
    out_->result(response.status);
    out_->set(bh::field::server, "pelton");
    out_->set(bh::field::content_type, response.content_type);
    out_->set(bh::field::cache_control, "no-store");
    for (const auto& [name, value] : response.headers) out_->set(name, value);
  }

  void write_last(Response&& response) {
    keep_alive_ = false;
    write(std::move(response));
  }

  void write(Response&& response) {
    prepare(response);
    out_->keep_alive(keep_alive_);
    out_->body() = std::move(response.body);
    out_->prepare_payload();
    stream_.expires_after(host_.limits.body_time);
    boost::beast::http::async_write(stream_, *out_,
                                    [self = this->shared_from_this()](Error error, std::size_t) {
                                      self->after_response(error);
                                    });
  }

  void after_response(Error error) {
    release_claim();
    if (error || !keep_alive_) return close();
    serializer_.reset();
    read();
  }

  void release_claim() {
    host_.bodies -= claimed_;
    claimed_ = 0;
  }

  void close() {
    release_claim();
    Error ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
    host_.open.erase(this->shared_from_this());
  }

  boost::beast::basic_stream<Protocol> stream_;
  SessionHost<Protocol>& host_;
  boost::asio::steady_timer pause_;
  boost::beast::flat_buffer buffer_{kMaxHeaderBytes + (64U << 10)};
  std::optional<Http> parser_;
  std::size_t claimed_ = 0;  // of the host's bodies
  unsigned version_ = 11;
  bool keep_alive_ = true;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> out_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>>
      serializer_;
  Response pending_;  // whose body is being streamed
  Piece piece_;       // being sent
  bool broken_ = false;
};

}  // namespace pelton::http
