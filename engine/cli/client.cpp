// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/client.h"

#include "engine/base/unique_fd.h"
#include "engine/cli/registry.h"
#include "engine/config/load.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <fcntl.h>

namespace pelton::cli {
namespace {

namespace bh = boost::beast::http;
using Local = boost::asio::local::stream_protocol;

constexpr std::size_t kMaxAnswer = 1U << 30;

std::unexpected<Error> not_reachable(const std::filesystem::path& socket, const std::string& why) {
  return fail(ErrorKind::unavailable, "E5006",
              "no engine answers at {} ({}); start one with `pelton run CONFIG`, or say where it "
              "is with --config, --data or "
              "--socket",
              socket.string(), why);
}

Result<std::filesystem::path> find_socket(const EngineAddress& address) {
  if (!address.socket.empty()) return address.socket;
  if (!address.data.empty()) return std::filesystem::path(address.data) / "admin.sock";
  if (address.config.empty()) return std::filesystem::path("data/admin.sock");
  const auto loaded =
      config::load(address.config, connector_options(), config::process_environment);
  if (loaded.config) return loaded.config->engine.data / "admin.sock";
  for (const config::Diagnostic& problem : loaded.problems)
    if (problem.severity == config::Severity::error)
      return fail(ErrorKind::invalid, problem.code, "{}", problem.text(address.config));
  return fail(ErrorKind::invalid, "E1001", "{} cannot be read", address.config);
}

ErrorKind kind_named(std::string_view name) {
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::unavailable, ErrorKind::overloaded,
                               ErrorKind::corrupt, ErrorKind::cancelled})
    if (name == to_string(kind)) return kind;
  return ErrorKind::unavailable;
}

Error engine_error(const std::string& body, unsigned status) {
  boost::system::error_code bad;
  const auto value = boost::json::parse(body, bad);
  const auto* object = bad ? nullptr : value.if_object();
  const auto* inner = object == nullptr ? nullptr : object->if_contains("error");
  const auto* error = inner == nullptr ? nullptr : inner->if_object();
  if (error == nullptr)
    return {ErrorKind::unavailable, "E5006", fmt::format("the engine answered {}", status)};
  auto text = [&](const char* name) {
    const auto* at = error->if_contains(name);
    return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
  };
  return {kind_named(text("kind")), text("code"), text("message")};
}

}  // namespace

class Client::Impl {
 public:
  explicit Impl(std::filesystem::path path) : path_(std::move(path)), stream_(io_) {}

  Status connect() {
    // A socket's path is at most 107 bytes: its folder is named by a descriptor instead.
    const auto folder =
        path_.parent_path().empty() ? std::filesystem::path(".") : path_.parent_path();
    const UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return not_reachable(path_, "there is no such folder");
    boost::system::error_code error;
    stream_.connect(
        Local::endpoint(fmt::format("/proc/self/fd/{}/{}", fd.get(), path_.filename().string())),
        error);
    if (error) return not_reachable(path_, error.message());
    return {};
  }

  Result<Answer> request(const char* method, const std::string& target, const std::string& body) {
    bh::request<bh::string_body> request(bh::string_to_verb(method), target, 11);
    request.set(bh::field::host, "pelton");
    request.body() = body;
    request.prepare_payload();
    boost::system::error_code error;
    bh::write(stream_, request, error);
    bh::response_parser<bh::string_body> parser;
    parser.body_limit(kMaxAnswer);
    if (!error) bh::read(stream_, buffer_, parser, error);
    if (error) return not_reachable(path_, error.message());
    auto response = parser.release();
    if (response.result_int() != 200)
      return std::unexpected(engine_error(response.body(), response.result_int()));
    Answer answer{std::move(response.body()), {}};
    for (const auto& field : response) {
      std::string name(field.name_string());
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = std::string(field.value());
    }
    return answer;
  }

 private:
  const std::filesystem::path path_;
  boost::asio::io_context io_;
  Local::socket stream_;
  boost::beast::flat_buffer buffer_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const EngineAddress& address) {
  auto socket = find_socket(address);
  if (!socket) return std::unexpected(socket.error());
  auto impl = std::make_unique<Impl>(*socket);
  if (auto ok = impl->connect(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Result<Answer> Client::request(const char* method, const std::string& target,
                               const std::string& body) {
  return impl_->request(method, target, body);
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' ||
                       c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace pelton::cli
