// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/router.h"
#include "engine/http/server.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <memory>
#include <optional>

namespace pelton::http {

// One connection: requests one after another. Internal to server.cpp. Kept alive by the operation
// under way or by the answer it waits for (the two owners of its shared_ptr).
template <typename Protocol>
class Session : public std::enable_shared_from_this<Session<Protocol>> {
 public:
  using Stream = boost::beast::basic_stream<Protocol>;

  Session(typename Protocol::socket&& socket, Router& router, std::size_t& open)
      : stream_(std::move(socket)), router_(router), open_(open) {
    ++open_;
  }
  ~Session() { --open_; }

  void read() {
    namespace bh = boost::beast::http;
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    parser_->body_limit(kMaxBodyBytes);
    stream_.expires_after(kIdle);
    bh::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](boost::beast::error_code error, std::size_t) {
          self->on_header(error);
        });
  }

 private:
  // Between requests and for a header; then for a body, which may be large but not slow for ever.
  static constexpr auto kIdle = std::chrono::seconds(10);
  static constexpr auto kBody = std::chrono::seconds(60);
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void on_header(boost::beast::error_code error) {
    namespace bh = boost::beast::http;
    if (error) return refuse(error);
    stream_.expires_after(kBody);
    bh::async_read(stream_, buffer_, *parser_,
                   [self = this->shared_from_this()](boost::beast::error_code failed, std::size_t) {
                     if (failed) return self->refuse(failed);
                     self->on_request();
                   });
  }

  void refuse(boost::beast::error_code error) {
    namespace bh = boost::beast::http;
    if (error == bh::error::end_of_stream || error == boost::beast::error::timeout ||
        error == boost::asio::error::operation_aborted ||
        error.category() != bh::make_error_code(bh::error::bad_target).category())
      return close();
    Response response =
        error_response({ErrorKind::invalid, "E5002", "not a request: " + error.message()});
    if (error == bh::error::body_limit) response.status = 413;
    if (error == bh::error::header_limit) response.status = 431;
    keep_alive_ = false;
    write(std::move(response));
  }

  void on_request() {
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    Request request;
    request.method = std::string(message.method_string());
    const std::string target(message.target());
    request.body = std::move(message.body());
    if (!parse_target(target, request))
      return write(
          error_response({ErrorKind::invalid, "E5002", "the request's target is malformed"}));
    stream_.expires_never();
    router_.handle(
        std::move(request), [self = this->shared_from_this()](Response response) mutable {
          auto executor = self->stream_.get_executor();
          boost::asio::post(executor,
                            [self = std::move(self), response = std::move(response)]() mutable {
                              self->write(std::move(response));
                            });
        });
  }

  void write(Response&& response) {
    namespace bh = boost::beast::http;
    out_.emplace();
    out_->result(response.status);
    out_->set(bh::field::server, "pelton");
    out_->set(bh::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) out_->set(name, value);
    out_->keep_alive(keep_alive_);
    out_->body() = std::move(response.body);
    out_->prepare_payload();
    stream_.expires_after(kBody);
    bh::async_write(stream_, *out_,
                    [self = this->shared_from_this()](boost::beast::error_code error, std::size_t) {
                      if (error || !self->keep_alive_) return self->close();
                      self->read();
                    });
  }

  void close() {
    boost::beast::error_code ignored;
    stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    stream_.close();
  }

  Stream stream_;
  Router& router_;
  std::size_t& open_;
  boost::beast::flat_buffer buffer_{kMaxBodyBytes + kMaxHeaderBytes};
  std::optional<Parser> parser_;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> out_;
  bool keep_alive_ = true;
};

}  // namespace pelton::http
