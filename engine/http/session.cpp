// SPDX-License-Identifier: Apache-2.0
#include "engine/http/session.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <sstream>

namespace pelton::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bh = boost::beast::http;

}  // namespace

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket&& socket, SessionHost& host)
      : stream_(std::move(socket)), host_(host), pause_(stream_.get_executor()) {}

  void read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(host_.limits.body);
    stream_.expires_after(host_.limits.header_time);
    bh::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_header(error); });
  }

 private:
  using ErrorCode = beast::error_code;
  static constexpr auto kPollEvery = std::chrono::milliseconds(50);

  void on_header(ErrorCode error) {
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
    if (beast::iequals(header[bh::field::expect], "100-continue"))
      return send({"HTTP/1.1 100 Continue\r\n\r\n"}, &Session::read_body);
    read_body({});
  }

  void read_body(ErrorCode error) {
    if (error) return close();
    bh::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](ErrorCode failed, std::size_t) {
                     return failed ? self->refuse(failed) : self->on_request();
                   });
  }

  // What is no request is told so; a peer that is gone or slow is not.
  void refuse(ErrorCode error) {
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
    return [path = host_.path, weak = weak_from_this(), then](Value value) {
      path->post([weak, then, value = std::move(value)]() mutable {
        if (auto self = weak.lock()) (self.get()->*then)(std::move(value));
      });
    };
  }

  void respond(Response&& response) {
    if (!response.stream) return write(std::move(response));
    response_ = std::move(response);
    response_.stream->next(returning<Result<Piece>>(&Session::on_first));
  }

  void on_first(Result<Piece>&& first) {
    if (!first) return write(error_response(first.error()));
    if (first->then == Piece::Then::end) {
      Response whole = std::move(response_);
      whole.stream.reset();
      whole.body = std::move(first->bytes);
      return write(std::move(whole));
    }
    piece_ = std::move(*first);
    bh::response<bh::empty_body> head = head_of(response_);
    // What came before chunks were known ends where the connection does.
    if (version_ < 11) keep_alive_ = false;
    head.keep_alive(keep_alive_);
    if (version_ >= 11) head.chunked(true);
    text_of(head);
    stream_.expires_after(host_.limits.stall_time);
    send({head_}, &Session::send_piece);
  }

  void send_piece(ErrorCode error) {
    if (error) return close();
    if (piece_.bytes.empty()) return after_piece({});
    stream_.expires_after(host_.limits.stall_time);
    if (version_ < 11) return send({piece_.bytes}, &Session::after_piece);
    head_ = fmt::format("{:x}\r\n", piece_.bytes.size());
    send({head_, piece_.bytes, "\r\n"}, &Session::after_piece);
  }

  void after_piece(ErrorCode error) {
    if (error) return close();
    stream_.expires_never();
    if (piece_.then == Piece::Then::end) return end_stream();
    if (piece_.then == Piece::Then::more) return ask_for_piece();
    pause_.expires_after(kPollEvery);
    pause_.async_wait([self = shared_from_this()](ErrorCode failed) {
      return failed || self->peer_gone() ? self->close() : self->ask_for_piece();
    });
  }

  // A peer that closed both ways; one that only said all it had to say still listens.
  bool peer_gone() {
    pollfd entry{stream_.socket().native_handle(), 0, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
  }

  void ask_for_piece() { response_.stream->next(returning<Result<Piece>>(&Session::on_piece)); }

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
    response_.stream.reset();
    if (broken_ || version_ < 11) return close();
    stream_.expires_after(host_.limits.body_time);
    send({"0\r\n\r\n"}, &Session::after_response);
  }

  void write_last(Response&& response) {
    keep_alive_ = false;
    write(std::move(response));
  }

  void write(Response&& response) {
    response_ = std::move(response);
    bh::response<bh::empty_body> head = head_of(response_);
    head.keep_alive(keep_alive_);
    head.content_length(response_.body.size());
    text_of(head);
    stream_.expires_after(host_.limits.body_time);
    send({head_, response_.body}, &Session::after_response);
  }

  bh::response<bh::empty_body> head_of(const Response& response) const {
    bh::response<bh::empty_body> head;
    head.version(version_);
    head.result(response.status);
    head.set(bh::field::server, "pelton");
    head.set(bh::field::content_type, response.content_type);
    head.set(bh::field::cache_control, "no-store");
    for (const auto& [name, value] : response.headers) head.set(name, value);
    return head;
  }

  void text_of(const bh::response<bh::empty_body>& head) {
    std::ostringstream text;
    text << head.base();
    head_ = std::move(text).str();
  }

  // Sends the parts, which stay where they are until `then`. All is sent here, by one type of
  // buffers: each type that Beast and Asio write costs seconds of a build.
  void send(std::array<std::string_view, 3> parts, void (Session::*then)(ErrorCode)) {
    std::array<asio::const_buffer, 3> buffers;
    std::ranges::transform(parts, buffers.begin(), [](std::string_view part) {
      return asio::const_buffer(part.data(), part.size());
    });
    asio::async_write(stream_, buffers,
                      [self = shared_from_this(), then](ErrorCode error, std::size_t) {
                        (self.get()->*then)(error);
                      });
  }

  void after_response(ErrorCode error) {
    release_claim();
    if (error || !keep_alive_) return close();
    response_ = {};
    read();
  }

  void release_claim() {
    host_.bodies -= claimed_;
    claimed_ = 0;
  }

  void close() {
    release_claim();
    ErrorCode ignored;
    stream_.socket().shutdown(Socket::shutdown_both, ignored);
    stream_.close();
    host_.open.erase(shared_from_this());
  }

  beast::basic_stream<Stream, Executor> stream_;
  SessionHost& host_;
  asio::steady_timer pause_;
  beast::flat_buffer buffer_{kMaxHeaderBytes + (64U << 10)};
  std::optional<bh::request_parser<bh::string_body>> parser_;
  std::size_t claimed_ = 0;  // of the host's bodies
  unsigned version_ = 11;
  bool keep_alive_ = true;
  std::string head_;   // being sent: a response's, or a chunk's
  Response response_;  // being sent, or whose body is being streamed
  Piece piece_;        // being sent
  bool broken_ = false;
};

void open_session(Socket&& socket, SessionHost& host) {
  (*host.open.insert(std::make_shared<Session>(std::move(socket), host)).first)->read();
}

}  // namespace pelton::http
