// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/registry_client.h"

#include "engine/base/base64.h"
#include "engine/base/utf8.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <utility>

namespace pelton::schema {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Of a schema with all that it refers to.
constexpr std::size_t kMostBytes = 1U << 20, kMostReferences = 256;
constexpr int kMostHops = 16;
constexpr milliseconds kSlice{100};
constexpr const char* kType = "application/vnd.schemaregistry.v1+json";

net::HttpClientOptions http_options(const RegistryOptions& options) {
  net::HttpClientOptions http;
  if (options.tls) http.tls = *options.tls;
  http.time = std::chrono::ceil<milliseconds>(options.timeout);
  http.connect_time = std::min(http.time, http.connect_time);
  http.max_body = 8 * kMostBytes;
  return http;
}

std::string escaped(std::string_view segment) {
  std::string text;
  for (const char c : segment) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

const boost::json::value* member(const boost::json::value& of, std::string_view name) {
  const auto* object = of.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const boost::json::value& of, std::string_view name) {
  const auto* value = member(of, name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<std::uint32_t> id_of(const boost::json::value& answer) {
  const auto* id = member(answer, "id");
  if (id == nullptr || !id->is_int64() || id->get_int64() < 0 || id->get_int64() > UINT32_MAX)
    return fail(ErrorKind::unavailable, "E6164", "the schema registry's answer has no id");
  return static_cast<std::uint32_t>(id->get_int64());
}

// Of the registry's own API: 404xx of what it does not have. Whatever else answers at a URL (a
// proxy, another server, a path that is wrong) has no such number.
bool says_not_there(const net::HttpResponse& response) {
  boost::system::error_code error;
  const auto json = boost::json::parse(response.body, error);
  const auto* code = error ? nullptr : member(json, "error_code");
  return code != nullptr && code->is_int64() && code->get_int64() / 100 == 404;
}

std::optional<Format> format_named(const std::string& type) {
  if (type.empty() || type == "AVRO") return Format::avro;
  if (type == "PROTOBUF") return Format::protobuf;
  if (type == "JSON") return Format::json_schema;
  return std::nullopt;
}

const char* type_of(Format format) {
  return format == Format::avro ? "AVRO" : format == Format::protobuf ? "PROTOBUF" : "JSON";
}

// What the registry says of an error, or the beginning of whatever else it is.
std::string complaint(const net::HttpResponse& response) {
  boost::system::error_code error;
  const auto json = boost::json::parse(response.body, error);
  std::string text = error ? std::string() : text_of(json, "message");
  if (text.empty()) text = response.body;
  std::ranges::replace(text, '\n', ' ');
  return fmt::format("HTTP {}: {}", response.status, shortened(to_utf8(text), 300));
}

}  // namespace

RegistryClient::RegistryClient(RegistryOptions options, const std::atomic<bool>& stopping)
    : options_(std::move(options)), stopping_(stopping), http_(http_options(options_)) {}

// What one says that it does not have, another may have already.
Result<RegistryClient::Json> RegistryClient::ask(std::string_view method, const std::string& path,
                                                 const std::string& body) {
  std::optional<Error> answered, away;
  for (std::size_t i = 0; i < options_.urls.size() && !stopping_; ++i) {
    const std::size_t at = (first_ + i) % options_.urls.size();
    auto answer = ask_at(options_.urls[at], method, path, body);
    if (answer) {
      first_ = at;
      return answer;
    }
    (answer.error().kind == ErrorKind::invalid ? answered : away) = std::move(answer.error());
  }
  if (answered) return std::unexpected(std::move(*answered));
  if (away) return std::unexpected(std::move(*away));
  return fail(ErrorKind::cancelled, "", "the engine is stopping");
}

Result<RegistryClient::Json> RegistryClient::ask_at(const std::string& url, std::string_view method,
                                                    const std::string& path,
                                                    const std::string& body) {
  net::HttpRequest request{std::string(method), url + path, {{"Accept", kType}}, body};
  if (!body.empty()) request.headers.push_back({"Content-Type", kType});
  if (!options_.token.empty())
    request.headers.push_back({"Authorization", "Bearer " + options_.token});
  if (!options_.username.empty())
    request.headers.push_back(
        {"Authorization", "Basic " + to_base64(options_.username + ":" + options_.password)});
  http_.start(request);
  std::optional<Result<net::HttpResponse>> response;
  while (!response && !stopping_) response = http_.wait(steady_clock::now() + kSlice);
  if (!response) return fail(ErrorKind::cancelled, "", "the engine is stopping");
  if (!*response)
    return fail(ErrorKind::unavailable, "E6164", "the schema registry {} does not answer: {}", url,
                response->error().message);
  const int status = (*response)->status;
  if (status == 404 && says_not_there(**response))
    return fail(ErrorKind::invalid, "E6161", "{} ({}{})", complaint(**response), url, path);
  if ((status == 409 || status == 422) && method == "POST")
    return fail(ErrorKind::invalid, "E6166", "{} ({}{})", complaint(**response), url, path);
  if (status == 404)
    return fail(
        ErrorKind::unavailable, "E6164",
        "{} does not answer as a schema registry ({}, asked for {}): is the path of the URL "
        "right?",
        url, complaint(**response), path);
  if (status < 200 || status > 299)
    return fail(ErrorKind::unavailable, "E6164", "the schema registry {} does not answer: {}", url,
                complaint(**response));
  boost::system::error_code error;
  auto json = boost::json::parse((*response)->body, error);
  if (error)
    return fail(ErrorKind::unavailable, "E6164",
                "the answer of the schema registry {} is not JSON ({}): is it one?", url,
                error.message());
  return json;
}

Result<Source> RegistryClient::by_id(std::uint32_t id) {
  // Clients and registries have them as signed numbers.
  if (id > INT32_MAX) return fail(ErrorKind::invalid, "E6161", "ids are at most {}", INT32_MAX);
  const auto answer = ask("GET", fmt::format("/schemas/ids/{}", id));
  if (!answer) return std::unexpected(answer.error());
  return source_of(*answer);
}

Result<RegistryClient::Version> RegistryClient::latest(const std::string& subject) {
  const auto answer = ask("GET", "/subjects/" + escaped(subject) + "/versions/latest");
  if (!answer) return std::unexpected(answer.error());
  const auto id = id_of(*answer);
  if (!id) return std::unexpected(id.error());
  auto source = source_of(*answer);
  if (!source) return std::unexpected(source.error());
  return Version{*id, std::move(*source)};
}

Result<std::uint32_t> RegistryClient::look_up(const std::string& subject, const Source& source) {
  return post("/subjects/" + escaped(subject), source);
}

Result<std::uint32_t> RegistryClient::add(const std::string& subject, const Source& source) {
  return post("/subjects/" + escaped(subject) + "/versions", source);
}

Result<std::uint32_t> RegistryClient::post(const std::string& path, const Source& source) {
  const boost::json::object body{{"schema", source.text}, {"schemaType", type_of(source.format)}};
  const auto answer = ask("POST", path, boost::json::serialize(body));
  if (!answer) return std::unexpected(answer.error());
  return id_of(*answer);
}

Result<Source> RegistryClient::source_of(const Json& answer) {
  const auto format = format_named(text_of(answer, "schemaType"));
  if (!format)
    return fail(ErrorKind::invalid, "E6162", "schemas of the type {} are not supported",
                text_of(answer, "schemaType"));
  Source source{*format, text_of(answer, "schema")};
  if (source.text.empty())
    return fail(ErrorKind::unavailable, "E6164", "the schema registry's answer has no schema");
  if (source.text.size() > kMostBytes)
    return fail(ErrorKind::invalid, "E6162", "the schema has more than {} bytes", kMostBytes);
  Seen seen{{}, source.text.size()};
  if (auto ok = add_references(answer, source, seen, 0); !ok) return std::unexpected(ok.error());
  return source;
}

Status RegistryClient::add_references(const Json& answer, Source& into, Seen& seen, int depth) {
  const Json* references = member(answer, "references");
  if (references == nullptr || !references->is_array()) return {};
  for (const Json& each : references->get_array())
    if (auto ok = add_reference(each, into, seen, depth + 1); !ok) return ok;
  return {};
}

Status RegistryClient::add_reference(const Json& reference, Source& into, Seen& seen, int depth) {
  const std::string name = text_of(reference, "name");
  const Json* version = member(reference, "version");
  // What is deleted under its subject is there for those that refer to it.
  if (!seen.names.insert(name).second) return {};
  const auto answer = ask(
      "GET",
      fmt::format("/subjects/{}/versions/{}?deleted=true", escaped(text_of(reference, "subject")),
                  version != nullptr && version->is_int64() ? version->get_int64() : -1));
  if (!answer) return std::unexpected(answer.error());
  Source::Reference found{name, text_of(*answer, "schema")};
  seen.bytes += found.text.size();
  if (depth > kMostHops || seen.names.size() > kMostReferences || seen.bytes > kMostBytes)
    return fail(ErrorKind::invalid, "E6162",
                "the schema has more than {} references, {} in a row, or {} bytes", kMostReferences,
                kMostHops, kMostBytes);
  // What it refers to comes first.
  if (auto ok = add_references(*answer, into, seen, depth); !ok) return ok;
  into.references.push_back(std::move(found));
  return {};
}

}  // namespace pelton::schema
