// SPDX-License-Identifier: Apache-2.0
#include "engine/net/http_client.h"

#include "engine/base/ensure.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>

namespace pelton::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct ListFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListFree>;

struct Easy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct Multi {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// Once a process, before its first handle.
void initialise() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  ENSURE(done == CURLE_OK, "libcurl starts: {}", curl_easy_strerror(done));
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Only what the request has: without a value a name leaves out what libcurl would add by itself.
List header_list(const HttpRequest& request) {
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  bool typed = false;
  for (const HttpHeader& header : request.headers) {
    typed = typed || lower_case(header.name) == "content-type";
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  for (const char* own : {"Expect:", "Accept:", "User-Agent: pelton"}) add(own);
  if (!typed) add("Content-Type:");
  return List(list);
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const {
  const auto at = std::ranges::find(headers, name, &HttpHeader::name);
  return at == headers.end() ? nullptr : &at->value;
}

class HttpClient::Transfer {
 public:
  explicit Transfer(HttpClientOptions options) : options_(std::move(options)) {
    initialise();
    multi_.reset(curl_multi_init());
    easy_.reset(curl_easy_init());
    ENSURE(multi_ && easy_, "libcurl gives handles");
  }
  ~Transfer() { cancel(); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void start(const HttpRequest& request) {
    cancel();
    response_ = {};
    header_bytes_ = 0;
    too_large_ = false;
    rest_ = request.body;
    headers_ = header_list(request);
    // Keeps its connections, names and sessions.
    curl_easy_reset(easy_.get());
    set_up(request);
    set_up_tls();
    curl_multi_add_handle(multi_.get(), easy_.get());
    active_ = true;
  }

  std::optional<Result<HttpResponse>> wait(steady_clock::time_point deadline) {
    ENSURE(active_, "an answer is waited for once a request has begun");
    while (true) {
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      if (auto done = ended()) return done;
      const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
      if (left <= 0) return std::nullopt;
      curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(std::min<long>(left, 60'000)),
                      nullptr);
    }
  }

  void cancel() {
    if (std::exchange(active_, false)) curl_multi_remove_handle(multi_.get(), easy_.get());
  }

 private:
  template <typename T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }
  void set_file(CURLoption option, const std::filesystem::path& path) {
    if (!path.empty()) set(option, path.c_str());
  }

  void set_up(const HttpRequest& request) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HTTPHEADER, headers_.get());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_time.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.time.count()));
    set(CURLOPT_ERRORBUFFER, fault_);
    fault_[0] = '\0';
    set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
    set(CURLOPT_HEADERDATA, this);
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    if (request.method == "PUT") {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_READFUNCTION, &Transfer::give_body);
      set(CURLOPT_READDATA, this);
      set(CURLOPT_SEEKFUNCTION, &Transfer::rewind);
      set(CURLOPT_SEEKDATA, this);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(rest_.size()));
      body_ = rest_;
    } else if (request.method == "POST") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(rest_.size()));
      set(CURLOPT_POSTFIELDS, rest_.data() == nullptr ? "" : rest_.data());
    }
  }

  void set_up_tls() {
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set_file(CURLOPT_CAINFO, options_.tls.ca);
    set_file(CURLOPT_SSLCERT, options_.tls.certificate);
    set_file(CURLOPT_SSLKEY, options_.tls.key);
    if (!options_.tls.key_password.empty())
      set(CURLOPT_KEYPASSWD, options_.tls.key_password.c_str());
    if (!options_.tls.verify_host) set(CURLOPT_SSL_VERIFYHOST, 0L);
  }

  std::optional<Result<HttpResponse>> ended() {
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    if (message == nullptr) return std::nullopt;
    const CURLcode code = message->data.result;
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    cancel();
    if (code != CURLE_OK) return std::unexpected(error_of(code));
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }

  Error error_of(CURLcode code) const {
    if (too_large_)
      return {ErrorKind::invalid, "",
              fmt::format("the response is larger than {} bytes of body or {} of headers",
                          options_.max_body, options_.max_headers)};
    const bool invalid = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    std::string text = fault_[0] != '\0' ? fault_ : curl_easy_strerror(code);
    while (text.ends_with('.') || text.ends_with('\n')) text.pop_back();
    return {invalid ? ErrorKind::invalid : ErrorKind::unavailable, "", std::move(text)};
  }

  static std::size_t take_body(const char* bytes, std::size_t, std::size_t count, void* self) {
    auto& own = *static_cast<Transfer*>(self);
    own.too_large_ = own.response_.body.size() + count > own.options_.max_body;
    if (own.too_large_) return 0;
    own.response_.body.append(bytes, count);
    return count;
  }

  static std::size_t take_header(const char* bytes, std::size_t, std::size_t count, void* self) {
    auto& own = *static_cast<Transfer*>(self);
    own.header_bytes_ += count;
    own.too_large_ = own.header_bytes_ > own.options_.max_headers;
    if (own.too_large_) return 0;
    const std::string_view line(bytes, count);
    // Of the last response: that of a proxy, or one of the kind 100, comes before it.
    if (line.starts_with("HTTP/")) own.response_.headers.clear();
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      own.response_.headers.push_back(
          {lower_case(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
    return count;
  }

  static std::size_t give_body(char* into, std::size_t, std::size_t room, void* self) {
    auto& own = *static_cast<Transfer*>(self);
    const std::size_t count = own.rest_.copy(into, room);
    own.rest_.remove_prefix(count);
    return count;
  }

  // A connection that was kept and turns out to be closed: libcurl sends again on another.
  static int rewind(void* self, curl_off_t offset, int origin) {
    auto& own = *static_cast<Transfer*>(self);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > own.body_.size())
      return CURL_SEEKFUNC_FAIL;
    own.rest_ = own.body_.substr(static_cast<std::size_t>(offset));
    return CURL_SEEKFUNC_OK;
  }

  const HttpClientOptions options_;
  std::unique_ptr<CURLM, Multi> multi_;
  std::unique_ptr<CURL, Easy> easy_;
  List headers_;
  char fault_[CURL_ERROR_SIZE] = "";
  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  bool active_ = false;
  std::string_view body_, rest_;  // of the request; what has not been sent
};

HttpClient::HttpClient(HttpClientOptions options)
    : transfer_(std::make_unique<Transfer>(std::move(options))) {}
HttpClient::~HttpClient() = default;

void HttpClient::start(const HttpRequest& request) {
  transfer_->start(request);
}

std::optional<Result<HttpResponse>> HttpClient::wait(steady_clock::time_point deadline) {
  return transfer_->wait(deadline);
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  transfer_->start(request);
  // Ends by its own time-out.
  while (true)
    if (auto done = transfer_->wait(steady_clock::now() + std::chrono::minutes(1)))
      return std::move(*done);
}

void HttpClient::cancel() {
  transfer_->cancel();
}

}  // namespace pelton::net
