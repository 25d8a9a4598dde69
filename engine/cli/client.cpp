// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/client.h"

#include "engine/base/unique_fd.h"
#include "engine/base/units.h"
#include "engine/cli/json.h"
#include "engine/cli/patient_socket.h"
#include "engine/config/load.h"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <fcntl.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>

namespace pelton::cli {
namespace {

namespace bh = boost::beast::http;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxAnswer = 1U << 30;
// The engine closes a connection that rests for ten seconds.
constexpr auto kRest = std::chrono::seconds(5);

std::unexpected<Error> not_reachable(const std::filesystem::path& socket, const std::string& why) {
  return fail(ErrorKind::unavailable, "E5006",
              "no engine answers at {} ({}); start one with `pelton run CONFIG`, or say where it "
              "is with --config, --data, --socket, PELTON_CONFIG or PELTON_SOCKET",
              socket.string(), why);
}

std::unexpected<Error> silent(const std::filesystem::path& socket, Client::Patience patience) {
  return fail(ErrorKind::unavailable, "E5006",
              "the engine at {} accepts connections but has not answered for {}", socket.string(),
              format_duration(patience));
}

std::unexpected<Error> went_away(const std::string& why) {
  return fail(ErrorKind::unavailable, "E5006", "the engine went away during the answer ({})", why);
}

ErrorKind kind_named(std::string_view name) {
  for (const ErrorKind kind : {ErrorKind::invalid, ErrorKind::unavailable, ErrorKind::overloaded,
                               ErrorKind::corrupt, ErrorKind::cancelled})
    if (name == to_string(kind)) return kind;
  return ErrorKind::unavailable;
}

// {"error": {"code", "kind", "message"}}
std::optional<Error> engine_error(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return std::nullopt;
  const json::value* inner = object->if_contains("error");
  if (inner == nullptr || !inner->is_object()) return std::nullopt;
  const json::object& error = inner->get_object();
  return Error{kind_named(text_of(error, "kind")), text_of(error, "code"),
               text_of(error, "message")};
}

Error answer_error(const std::string& body, unsigned status) {
  return engine_error(body).value_or(
      Error{ErrorKind::unavailable, "E5006", fmt::format("the engine answered {}", status)});
}

}  // namespace

class Client::Impl {
 public:
  Impl(std::filesystem::path path, Patience patience)
      : path_(std::move(path)), patience_(patience) {}

  Status connect() {
    // A socket's path is at most 107 bytes: its folder is named by a descriptor instead.
    const auto folder =
        path_.parent_path().empty() ? std::filesystem::path(".") : path_.parent_path();
    const UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return not_reachable(path_, "there is no such folder");
    error_code error;
    socket_.emplace();
    buffer_.clear();
    answers_ = 0;
    socket_->be_patient(patience_);
    socket_->connect(fmt::format("/proc/self/fd/{}/{}", fd.get(), path_.filename().string()),
                     error);
    if (error == boost::asio::error::timed_out) return silent(path_, patience_);
    if (error) return not_reachable(path_, error.message());
    used_ = std::chrono::steady_clock::now();
    return {};
  }

  void disconnect() { socket_.reset(); }

  Status send(const char* method, const std::string& target, const std::string& body) {
    if (!socket_ || std::chrono::steady_clock::now() - used_ > kRest)
      if (auto ok = connect(); !ok) return ok;
    closed_unanswered_ = false;
    const std::string head =
        fmt::format("{} {} HTTP/1.1\r\nHost: pelton\r\nContent-Length: {}\r\n\r\n", method, target,
                    body.size());
    error_code error;
    socket_->be_patient(patience_);
    boost::asio::write(*socket_, std::array{boost::asio::buffer(head), boost::asio::buffer(body)},
                       error);
    if (error == boost::asio::error::timed_out) return give_up();
    // An engine that refuses a body has answered before it took it all.
    if (error && error != boost::asio::error::broken_pipe)
      return not_reachable(path_, error.message());
    return {};
  }

  // The connection has served requests before, and was closed before any of the answer to the last
  // one came: by an engine that took it for idle. Only what changes nothing may be asked again.
  bool may_repeat(const char* method) const {
    return closed_unanswered_ && std::string_view(method) == "GET";
  }

  // Impatient: the engine may not be silent for longer than the client's patience.
  Result<std::string> receive(bool any_status, bool impatient) {
    std::string body;
    socket_->be_patient(impatient ? std::optional(patience_) : std::nullopt);
    auto head = read_response([&](unsigned, std::string_view bytes) -> Result<bool> {
      body += bytes;
      if (body.size() > kMaxAnswer) return went_away("its answer is longer than 1 GiB");
      return true;
    });
    used_ = std::chrono::steady_clock::now();
    if (!head || !head->keep_alive) disconnect();
    if (!head) return std::unexpected(head.error());
    if (any_status && !engine_error(body) && parse_object(body)) return body;
    if (head->status != kOk) return std::unexpected(answer_error(body, head->status));
    return body;
  }

  Status receive_lines(const std::function<bool(std::string_view)>& visit) {
    std::string waiting;
    std::size_t searched = 0;  // that much of it has no line end
    socket_->be_patient(std::nullopt);
    auto head = read_response([&](unsigned status, std::string_view bytes) {
      waiting += bytes;
      return status == kOk ? visit_lines(waiting, searched, visit) : Result<bool>(true);
    });
    if (!head) return std::unexpected(head.error());
    if (head->status != kOk) return std::unexpected(answer_error(waiting, head->status));
    return {};
  }

 private:
  static constexpr unsigned kOk = 200;
  struct Head {
    unsigned status = 0;
    bool keep_alive = false;
  };

  // What comes late must not be taken for the next answer.
  std::unexpected<Error> give_up() {
    disconnect();
    return silent(path_, patience_);
  }

  // Gives the body's bytes to `visit`, with the status, as they come, until that wants no more.
  Result<Head> read_response(const std::function<Result<bool>(unsigned, std::string_view)>& visit) {
    bh::response_parser<bh::buffer_body> parser;
    parser.body_limit(boost::none);
    error_code error;
    bh::read_header(*socket_, buffer_, parser, error);
    if (error == boost::asio::error::timed_out) return give_up();
    if (error) {
      closed_unanswered_ = answers_ > 0 && buffer_.size() == 0;
      return went_away(error.message());
    }
    ++answers_;
    const Head head{parser.get().result_int(), parser.get().keep_alive()};
    while (!parser.is_done()) {
      char bytes[64U << 10];
      parser.get().body().data = bytes;
      parser.get().body().size = sizeof bytes;
      bh::read_some(*socket_, buffer_, parser, error);
      if (error == boost::asio::error::timed_out) return give_up();
      const std::string_view read(bytes, sizeof bytes - parser.get().body().size);
      auto going_on = visit(head.status, read);
      if (!going_on) return std::unexpected(going_on.error());
      if (!*going_on) return head;
      if (error && error != bh::error::need_buffer) return went_away(error.message());
    }
    return head;
  }

  // Takes the whole lines off `waiting`, in time proportional to what is new in it. False: no more
  // are wanted.
  static Result<bool> visit_lines(std::string& waiting, std::size_t& searched,
                                  const std::function<bool(std::string_view)>& visit) {
    std::size_t begin = 0;
    for (std::size_t end = searched; (end = waiting.find('\n', end)) != std::string::npos;
         begin = ++end) {
      const std::string_view line = std::string_view(waiting).substr(begin, end - begin);
      if (line.starts_with(R"({"error":{)"))
        if (auto error = engine_error(line)) return std::unexpected(std::move(*error));
      if (!visit(line)) return false;
    }
    waiting.erase(0, begin);
    searched = waiting.size();
    return true;
  }

  const std::filesystem::path path_;
  const Patience patience_;
  std::optional<PatientSocket> socket_;
  boost::beast::flat_buffer buffer_;
  SteadyTime used_{};
  std::uint64_t answers_ = 0;  // on this connection
  bool closed_unanswered_ = false;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::connect(const EngineAddress& address, Patience patience) {
  auto socket = admin_socket(address, config::process_environment);
  if (!socket) return std::unexpected(socket.error());
  auto impl = std::make_unique<Impl>(*socket, patience);
  if (auto ok = impl->connect(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Result<std::string> Client::ask(const Question& question) {
  const auto once = [&]() -> Result<std::string> {
    if (auto ok = impl_->send(question.method, question.target, question.body); !ok)
      return std::unexpected(ok.error());
    return impl_->receive(question.any_status, question.impatient);
  };
  auto answer = once();
  return answer || !impl_->may_repeat(question.method) ? answer : once();
}

Result<std::string> Client::get(const std::string& target) {
  return ask({.method = "GET", .target = target, .body = "", .impatient = true});
}

Result<std::string> Client::post(const std::string& target, const std::string& body) {
  return ask({.method = "POST", .target = target, .body = body});
}

Result<std::string> Client::review(const char* method, const std::string& target) {
  return ask({.method = method, .target = target, .body = "", .any_status = true});
}

Status Client::lines(const std::string& target,
                     const std::function<bool(std::string_view)>& visit) {
  if (auto ok = impl_->send("GET", target, ""); !ok) return ok;
  auto read = impl_->receive_lines(visit);
  impl_->disconnect();
  if (read || !impl_->may_repeat("GET")) return read;
  if (auto ok = impl_->send("GET", target, ""); !ok) return ok;
  read = impl_->receive_lines(visit);
  impl_->disconnect();
  return read;
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
