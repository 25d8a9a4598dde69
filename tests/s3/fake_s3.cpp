// SPDX-License-Identifier: Apache-2.0
#include "tests/s3/fake_s3.h"

#include "engine/base/ensure.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

namespace pelton::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;
using Parameters = std::map<std::string, std::string>;

std::string md5_hex(std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  ENSURE(EVP_Digest(bytes.data(), bytes.size(), out, &size, EVP_md5(), nullptr) == 1, "MD5");
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", out[i]);
  return text;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  return out;
}

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '-'
               ? std::string(1, c)
               : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

Parameters parameters_of(std::string_view query) {
  Parameters out;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out[decoded(pair.substr(0, equals))] = decoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return out;
}

std::string error_xml(const std::string& code) {
  return fmt::format("<Error><Code>{}</Code><Message>as the test wants</Message></Error>", code);
}

}  // namespace

class FakeS3::Server {
 public:
  Server() : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    port_ = acceptor_.local_endpoint().port();
    thread_ = std::thread([this] { run(); });
  }
  ~Server() { stop(); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void stop() {
    if (!thread_.joinable()) return;
    {
      std::lock_guard lock(mutex);
      stopping_ = true;
    }
    // Wakes the thread, which accepts one at a time.
    boost::system::error_code ignored;
    tcp::socket knock(io_);
    knock.connect({asio::ip::address_v4::loopback(), port_}, ignored);
    thread_.join();
    acceptor_.close(ignored);
  }
  void start_again() {
    if (thread_.joinable()) return;
    stopping_ = false;
    const tcp::endpoint at(asio::ip::address_v4::loopback(), port_);
    acceptor_.open(at.protocol());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen();
    thread_ = std::thread([this] { run(); });
  }
  std::uint16_t port() const { return port_; }

  mutable std::mutex mutex;
  std::map<std::string, Object> objects;
  std::vector<std::string> requests;
  std::size_t page_size = 1'000;
  Order order = std::less<>();
  int failures = 0;
  int failure_status = 0;
  std::string failure_code;

 private:
  bool stopping() const {
    std::lock_guard lock(mutex);
    return stopping_;
  }

  void run() {
    while (!stopping()) {
      boost::system::error_code error;
      tcp::socket socket(io_);
      acceptor_.accept(socket, error);
      if (!error && !stopping()) serve(socket);
    }
  }

  // One request a connection.
  void serve(tcp::socket& socket) {
    boost::system::error_code error;
    boost::beast::flat_buffer buffer;
    http::request_parser<http::string_body> parser;
    parser.body_limit(64U << 20);
    http::read(socket, buffer, parser, error);
    if (error) return;
    const Request request = parser.release();
    Response response = answer(request);
    response.keep_alive(false);
    if (response.find(http::field::content_length) == response.end()) response.prepare_payload();
    if (request.method() == http::verb::head) {
      http::response<http::empty_body> head(response.base());
      http::response_serializer<http::empty_body> serializer(head);
      http::write_header(socket, serializer, error);
    } else {
      http::write(socket, response, error);
    }
    socket.shutdown(tcp::socket::shutdown_both, error);
  }

  Response answer(const Request& request) {
    std::lock_guard lock(mutex);
    const std::string target(request.target());
    requests.push_back(std::string(request.method_string()) + " " + target);
    if (failures > 0) {
      --failures;
      return refuse(failure_status, failure_code);
    }
    if (request.find("authorization") == request.end()) return refuse(403, "AccessDenied");
    const std::size_t mark = std::min(target.find('?'), target.size());
    const std::string path = decoded(std::string_view(target).substr(0, mark));
    const Parameters query =
        parameters_of(std::string_view(target).substr(std::min(mark + 1, target.size())));
    if (path == "/bucket" && query.contains("list-type")) return list(query);
    if (!path.starts_with("/bucket/")) return refuse(404, "NoSuchBucket");
    const std::string key = path.substr(8);
    if (query.contains("uploads")) return begin_upload(request);
    if (query.contains("uploadId")) return upload(request, key, query);
    return object(request, key);
  }

  Response list(const Parameters& query) {
    const auto value = [&](const char* name) {
      const auto at = query.find(name);
      return at == query.end() ? std::string() : at->second;
    };
    std::vector<std::string> names;
    for (const auto& [key, ignored] : objects)
      if (key.starts_with(value("prefix"))) names.push_back(key);
    std::ranges::sort(names, order);
    std::size_t first = 0;
    if (const std::string token = value("continuation-token"); !token.empty())
      first =
          static_cast<std::size_t>(std::ranges::upper_bound(names, token, order) - names.begin());
    const std::size_t last = std::min(names.size(), first + page_size);
    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>";
    xml += fmt::format("<IsTruncated>{}</IsTruncated>", last < names.size());
    if (last < names.size())
      xml += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", names[last - 1]);
    for (std::size_t i = first; i < last; ++i) {
      const Object& object = objects.at(names[i]);
      xml += fmt::format(
          "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag>"
          "<Size>{}</Size></Contents>",
          encoded(names[i]), object.modified, object.etag, object.data.size());
    }
    return respond(200, xml + "</ListBucketResult>");
  }

  Response object(const Request& request, const std::string& key) {
    if (request.method() == http::verb::put) {
      if (request.find("if-none-match") != request.end() && objects.contains(key))
        return refuse(412, "PreconditionFailed");
      keep(request, key, request.body(), md5_hex(request.body()));
      return respond(200, "");
    }
    const auto at = objects.find(key);
    if (request.method() == http::verb::delete_) {
      if (at != objects.end()) objects.erase(at);
      return respond(204, "");
    }
    if (at == objects.end()) return refuse(404, "NoSuchKey");
    Response response = respond(200, at->second.data);
    response.set(http::field::etag, "\"" + at->second.etag + "\"");
    return response;
  }

  void keep(const http::fields& headers, const std::string& key, const std::string& data,
            const std::string& etag) {
    Object object{data, etag, "2026-11-29T10:00:00.000Z", {}};
    for (const auto& field : headers)
      if (field.name_string().starts_with("x-amz-meta-") ||
          field.name() == http::field::content_type)
        object.headers[std::string(field.name_string())] = std::string(field.value());
    objects[key] = object;
  }

  Response begin_upload(const Request& request) {
    parts_.clear();
    upload_headers_ = request.base();
    return respond(200,
                   "<InitiateMultipartUploadResult><UploadId>u 1</UploadId>"
                   "</InitiateMultipartUploadResult>");
  }

  Response upload(const Request& request, const std::string& key, const Parameters& query) {
    if (query.at("uploadId") != "u 1") return refuse(404, "NoSuchUpload");
    if (request.method() == http::verb::put) {
      const std::string etag = md5_hex(request.body());
      parts_[std::stoi(query.at("partNumber"))] = request.body();
      Response response = respond(200, "");
      response.set(http::field::etag, "\"" + etag + "\"");
      return response;
    }
    if (request.method() == http::verb::delete_) return respond(204, "");
    std::string data;
    for (const auto& [number, part] : parts_) data += part;
    keep(upload_headers_, key, data, fmt::format("{}-{}", md5_hex(data), parts_.size()));
    return respond(200, "<CompleteMultipartUploadResult/>");
  }

  static Response respond(int status, const std::string& body) {
    Response response{static_cast<http::status>(status), 11};
    response.body() = body;
    response.prepare_payload();
    return response;
  }
  static Response refuse(int status, const std::string& code) {
    return respond(status, error_xml(code));
  }

  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;             // guarded by mutex
  std::map<int, std::string> parts_;  // of the one upload
  http::fields upload_headers_;
  std::thread thread_;
};

FakeS3::FakeS3() : server_(std::make_unique<Server>()) {}
FakeS3::~FakeS3() = default;

std::string FakeS3::url() const {
  return fmt::format("http://127.0.0.1:{}", server_->port());
}

void FakeS3::put(const std::string& key, const std::string& data, const std::string& modified) {
  std::lock_guard lock(server_->mutex);
  server_->objects[key] = {data, md5_hex(data), modified, {}};
}

void FakeS3::remove(const std::string& key) {
  std::lock_guard lock(server_->mutex);
  server_->objects.erase(key);
}

FakeS3::Object FakeS3::get(const std::string& key) const {
  std::lock_guard lock(server_->mutex);
  const auto at = server_->objects.find(key);
  return at == server_->objects.end() ? Object{} : at->second;
}

std::vector<std::string> FakeS3::keys() const {
  std::lock_guard lock(server_->mutex);
  std::vector<std::string> names;
  for (const auto& [key, ignored] : server_->objects) names.push_back(key);
  return names;
}

void FakeS3::set_page_size(std::size_t objects) {
  std::lock_guard lock(server_->mutex);
  server_->page_size = objects;
}

void FakeS3::set_order(Order order) {
  std::lock_guard lock(server_->mutex);
  server_->order = std::move(order);
}

void FakeS3::fail_next(int status, const std::string& code, int requests) {
  std::lock_guard lock(server_->mutex);
  server_->failure_status = status;
  server_->failure_code = code;
  server_->failures = requests;
}

std::vector<std::string> FakeS3::requests() const {
  std::lock_guard lock(server_->mutex);
  return server_->requests;
}

void FakeS3::set_down(bool down) {
  if (down)
    server_->stop();
  else
    server_->start_again();
}

}  // namespace pelton::test
