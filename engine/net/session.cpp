// SPDX-License-Identifier: Apache-2.0
#include "engine/net/session.h"

#include "engine/net/farewell.h"
#include "engine/net/request_parser.h"
#include "engine/net/response_head.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace pelton::net {
namespace {

using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds kPollEvery{50};

Pace::Time now() {
  return std::chrono::steady_clock::now();
}

std::string_view date_of(SessionHost& host) {
  return host.date.of(SystemClock().now());
}

Socket::wait_type wait_of(const Moved& moved) {
  return moved.then == Moved::Then::wait_write ? Socket::wait_write : Socket::wait_read;
}

}  // namespace

class Session final : public Peer, public std::enable_shared_from_this<Session> {
 public:
  Session(Channel&& channel, SessionHost& host, Crowd::Admission admission)
      : channel_(std::move(channel)),
        host_(host),
        reserved_(admission == Crowd::Admission::reserve),
        note_(host.log),
        deadline_(channel_.socket().get_executor(), Pace::Time::max()),
        pause_(channel_.socket().get_executor()) {
    host_.crowd.add(*this);
  }

  void read_request() {
    parser_.emplace(host_.limits.body, host_.limits.head);
    sending_ = head_only_ = broken_ = false;
    pace_.restart();
    next_head();
  }
  void want_body(Answer<std::string>&& answer);
  BodyEnd body_end() const;

  std::optional<Pace::Span> behind(Pace::Time at) const override {
    if (pace_.waiting()) return pace_.behind(at);
    return channel_.has_gone() ? std::optional(Pace::Span::max()) : std::nullopt;
  }
  std::size_t held() const override { return claimed_; }
  void give_way() override { close(); }

 private:
  using Next = void (Session::*)();

  void next_head();
  void on_head();
  void next_body();
  void receive(milliseconds patience, Next next, Socket::wait_type until = Socket::wait_read);
  void on_readable();
  void expect_progress(milliseconds patience);
  void refuse(const Refusal& refusal) { write_last(error_response(error_of(refusal)), refusal); }
  void refuse_for_now(const char* why);
  void write_last(Response&& response, const Refusal& refusal);

  template <typename Value>
  std::move_only_function<void(Value)> returning(void (Session::*then)(Value&&));
  void respond(Response&& response);
  void on_first(Result<Piece>&& first);
  void write(Response&& response);
  void send_piece();
  void after_piece();
  void ask_for_piece() { response_.stream->next(returning<Result<Piece>>(&Session::on_piece)); }
  void on_piece(Result<Piece>&& piece);
  void end_stream();
  void after_response();
  void send(std::array<std::string_view, 3> parts, milliseconds patience, Next next);
  void push();
  void part();
  void release_claim();
  void close();

  Channel channel_;
  SessionHost& host_;
  const bool reserved_;
  RequestNote note_;
  boost::asio::steady_timer deadline_;  // armed while the peer is waited for
  boost::asio::steady_timer pause_;
  Pace pace_;
  std::string bytes_;  // received, not yet parsed
  std::optional<RequestParser> parser_;
  Answer<std::string> body_answer_;
  std::size_t claimed_ = 0;
  bool keep_alive_ = true;
  bool sending_ = false;    // a response has begun
  bool head_only_ = false;  // HEAD
  bool broken_ = false;     // a streamed body has no proper end
  bool open_ = true;
  std::string head_;   // being sent: a response's, or a chunk's
  Response response_;  // being sent, or whose body is being streamed
  Piece piece_;        // being sent
  std::array<std::string_view, 3> parts_;
  milliseconds patience_{};
  Next next_ = nullptr;
};

namespace {

// The way to a session's body from any thread.
class ConnectionBody final : public RequestBody {
 public:
  ConnectionBody(std::shared_ptr<ReturnPath> path, std::weak_ptr<Session> session)
      : path_(std::move(path)), session_(std::move(session)) {}
  void read(Answer<std::string> answer) override {
    path_->post([weak = session_, answer = std::move(answer)]() mutable {
      if (auto session = weak.lock()) session->want_body(std::move(answer));
    });
  }
  BodyEnd end() const override {
    const auto session = session_.lock();
    return session ? session->body_end() : BodyEnd{{}, true};
  }

 private:
  const std::shared_ptr<ReturnPath> path_;  // shared with the server
  const std::weak_ptr<Session> session_;
};

}  // namespace

void Session::next_head() {
  const auto whole = parser_->head(bytes_);
  if (!whole) return refuse(whole.error());
  if (*whole) return on_head();
  receive(host_.limits.header_time, &Session::next_head);
}

void Session::on_head() {
  Request request = std::move(parser_->request());
  const std::string connected = request.peer = channel_.peer_address();
  request.encrypted = channel_.encrypted();
  if (host_.forwarding) believe_proxies(*host_.forwarding, request);
  note_.begin(request, connected, !parser_->chunks_known());
  head_only_ = request.method == "HEAD";
  pace_.restart();
  if (reserved_ && !host_.handler.is_health_check(request))
    return refuse_for_now("all connections are taken: try again");
  // Shared by the request and the reads that are under way.
  request.body = std::make_shared<ConnectionBody>(host_.path, weak_from_this());
  host_.handler.handle(std::move(request), returning<Response>(&Session::respond));
}

void Session::want_body(Answer<std::string>&& answer) {
  if (!open_ || sending_) return;
  body_answer_ = std::move(answer);
  if (parser_->expects_continue() && claimed_ == 0 && bytes_.empty() && !parser_->done())
    return send({"HTTP/1.1 100 Continue\r\n\r\n"}, host_.limits.response_time, &Session::next_body);
  next_body();
}

void Session::next_body() {
  auto piece = parser_->body(bytes_);
  if (!piece) return refuse(piece.error());
  if (piece->empty() && !parser_->done())
    return receive(host_.limits.body_time, &Session::next_body);
  if (!host_.crowd.claim(*this, piece->size(), now()))
    return refuse_for_now("the bodies of other requests fill the memory: try again");
  claimed_ += piece->size();
  std::exchange(body_answer_, nullptr)(std::move(*piece));
}

// Waits for the peer until it is `patience` behind.
void Session::expect_progress(milliseconds patience) {
  pace_.begin_wait(now());
  deadline_.expires_at(now() + (patience - pace_.behind(now())));
  deadline_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->deadline_.expiry() <= now()) self->close();
  });
}

void Session::receive(milliseconds patience, Next next, Socket::wait_type until) {
  next_ = next;
  patience_ = patience;
  expect_progress(patience);
  auto ready = [self = shared_from_this()](const error_code& error) {
    if (self->open_) error ? self->close() : self->on_readable();
  };
  if (channel_.has_more())
    return boost::asio::post(channel_.socket().get_executor(), [ready] { ready(error_code()); });
  channel_.socket().async_wait(until, std::move(ready));
}

void Session::on_readable() {
  deadline_.expires_at(Pace::Time::max());
  // Of a head no more is taken than it may be long.
  const auto most = std::min(claimed_ == 0 ? host_.limits.head : SIZE_MAX, host_.scratch.size());
  const Moved got = channel_.receive(std::span(host_.scratch).first(most));
  if (got.then != Moved::Then::end && got.bytes == 0)
    return receive(patience_, next_, wait_of(got));
  pace_.end_wait(now(), got.bytes);
  if (got.then == Moved::Then::end) return close();
  bytes_.append(host_.scratch.data(), got.bytes);
  (this->*next_)();
}

void Session::refuse_for_now(const char* why) {
  write_last(error_response({ErrorKind::overloaded, "E5008", why}), {503, why});
}

void Session::write_last(Response&& response, const Refusal& refusal) {
  note_.begin_unread(channel_.peer_address());
  body_answer_ = nullptr;
  keep_alive_ = false;
  response.status = refusal.status;
  write(std::move(response));
}

// A function that any thread may call, once: it runs `then` on the transport's thread, if the
// session still is.
template <typename Value>
std::move_only_function<void(Value)> Session::returning(void (Session::*then)(Value&&)) {
  return [path = host_.path, weak = weak_from_this(), then](Value value) {
    path->post([weak, then, value = std::move(value)]() mutable {
      if (auto self = weak.lock(); self && self->open_) (self.get()->*then)(std::move(value));
    });
  };
}

void Session::respond(Response&& response) {
  if (sending_) return;
  keep_alive_ = parser_->keep_alive() && parser_->done();
  if (!response.stream && !host_.crowd.claim_answer(*this, claimed_, response.body.size(), now()))
    return refuse_for_now("the responses to other requests fill the memory: try again");
  if (!response.stream) return write(std::move(response));
  sending_ = true;
  response_ = std::move(response);
  response_.stream->next(returning<Result<Piece>>(&Session::on_first));
}

void Session::on_first(Result<Piece>&& first) {
  if (!first) return write(error_response(first.error()));
  if (first->then == Piece::Then::end) {
    Response whole = std::move(response_);
    whole.stream.reset();
    whole.body = std::move(first->bytes);
    return write(std::move(whole));
  }
  piece_ = std::move(*first);
  if (head_only_) piece_ = {"", Piece::Then::end};
  // What came before chunks were known ends where the connection does.
  if (!parser_->chunks_known()) keep_alive_ = false;
  head_ = response_head(response_,
                        {parser_->chunks_known(), keep_alive_, std::nullopt, date_of(host_)});
  note_.respond(response_.status, head_.size());
  pace_.restart();
  send({head_}, host_.limits.stall_time, &Session::send_piece);
}

void Session::send_piece() {
  if (piece_.bytes.empty()) return after_piece();
  pace_.restart();
  if (!parser_->chunks_known())
    return send({piece_.bytes}, host_.limits.stall_time, &Session::after_piece);
  head_ = fmt::format("{:x}\r\n", piece_.bytes.size());
  send({head_, piece_.bytes, "\r\n"}, host_.limits.stall_time, &Session::after_piece);
}

void Session::after_piece() {
  piece_.bytes = {};
  if (piece_.then == Piece::Then::end) return end_stream();
  if (piece_.then == Piece::Then::more) return ask_for_piece();
  pause_.expires_after(kPollEvery);
  pause_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!self->open_) return;
    error || self->channel_.has_gone() ? self->close() : self->ask_for_piece();
  });
}

BodyEnd Session::body_end() const {
  return {parser_ && parser_->done() ? parser_->trailers() : std::vector<Field>{},
          !open_ || channel_.says_no_more()};
}

void Session::on_piece(Result<Piece>&& piece) {
  // Too late for a status: the last line is the error, and the body has no proper end.
  broken_ = !piece;
  piece_ = piece ? std::move(*piece) : Piece{error_line(piece.error()), Piece::Then::end};
  send_piece();
}

void Session::end_stream() {
  response_.stream.reset();
  if (head_only_) return after_response();
  if (broken_ || !parser_->chunks_known()) return close();
  send({"0\r\n\r\n"}, host_.limits.response_time, &Session::after_response);
}

void Session::write(Response&& response) {
  sending_ = true;
  response_ = std::move(response);
  head_ = response_head(response_, {!parser_ || parser_->chunks_known(), keep_alive_,
                                    response_.body.size(), date_of(host_)});
  note_.respond(response_.status, head_.size());
  pace_.restart();
  send({head_, head_only_ ? std::string_view() : response_.body}, host_.limits.response_time,
       &Session::after_response);
}

// Sends the parts, which stay where they are until `next`.
void Session::send(std::array<std::string_view, 3> parts, milliseconds patience, Next next) {
  parts_ = parts;
  patience_ = patience;
  next_ = next;
  push();
}

void Session::push() {
  Moved sent;
  for (;;) {
    if (std::ranges::all_of(parts_, &std::string_view::empty)) return (this->*next_)();
    sent = channel_.send(parts_);
    if (sent.then == Moved::Then::end) return close();
    if (sent.then != Moved::Then::go_on) break;
    pace_.end_wait(now(), sent.bytes);
    note_.sent(sent.bytes);
    std::size_t gone = sent.bytes;
    for (std::string_view& part : parts_) {
      const std::size_t taken = std::min(gone, part.size());
      part.remove_prefix(taken);
      gone -= taken;
    }
  }
  expect_progress(patience_);
  channel_.socket().async_wait(wait_of(sent), [self = shared_from_this()](const error_code& error) {
    if (!self->open_) return;
    self->deadline_.expires_at(Pace::Time::max());
    self->pace_.end_wait(now(), 0);
    error ? self->close() : self->push();
  });
}

void Session::after_response() {
  note_.end();
  release_claim();
  response_ = {};
  keep_alive_ ? read_request() : part();
}

void Session::release_claim() {
  host_.crowd.release(std::exchange(claimed_, 0));
}

void Session::close() {
  if (!open_) return;
  open_ = false;
  note_.end();
  body_answer_ = nullptr;
  release_claim();
  host_.crowd.remove(*this);
  deadline_.cancel();
  pause_.cancel();
  channel_.close();
  host_.open.erase(shared_from_this());
}

// The peer may still be sending behind an early answer.
void Session::part() {
  if (!open_) return;
  Channel channel = std::move(channel_);
  const auto self = shared_from_this();
  close();
  say_farewell(std::move(channel), host_.crowd);
}

void open_session(Channel&& channel, SessionHost& host, Crowd::Admission admission) {
  (*host.open.insert(std::make_shared<Session>(std::move(channel), host, admission)).first)
      ->read_request();
}

void close_sessions(SessionHost& host) {
  host.crowd.disperse();
}

}  // namespace pelton::net
