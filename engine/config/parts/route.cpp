// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/route.h"

#include "engine/config/spec/fields.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace pelton::config {
namespace {

constexpr const char* kOfFunctions[] = {"timeout", "event", "concurrency", "durable"};
constexpr const char* kOfStreams[] = {"key", "subject", "type", "headers"};

// A method's name, or `any`.
std::optional<std::string> read_method(const std::string& text, Place place,
                                       Diagnostics& problems) {
  std::string method = text;
  std::ranges::transform(method, method.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  const bool good = std::ranges::all_of(method, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (good && !method.empty() && method.size() <= 20) return method;
  problems.error(place, "E1008", fmt::format("method: \"{}\" is not an HTTP method", text));
  return std::nullopt;
}

std::string method_text(const std::string& method) {
  return method;
}

// As browsers send it, which is compared as a whole.
bool good_origin(std::string_view text) {
  if (text == "*" || text == "null") return true;
  const auto scheme = text.find("://");
  if (scheme == 0 || scheme == std::string_view::npos || scheme + 3 == text.size()) return false;
  return std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         text.find_first_of("/*?# \t\r\n", scheme + 3) == std::string_view::npos;
}

void check_cors(const Section& section, const std::string& prefix, ReadContext& context,
                Cors& cors) {
  if (cors.credentials && std::ranges::find(cors.origins, "*") != cors.origins.end())
    context.problems.error(section.place(section_of(prefix)), "E7063",
                           fmt::format("{}: `cors.credentials` requires that `cors.origins` lists "
                                       "the origins: browsers refuse it together with `*`",
                                       section.label()));
  for (const std::string& origin : cors.origins)
    if (!good_origin(origin))
      context.problems.error(
          section.place(section_of(prefix)), "E1008",
          fmt::format("cors.origins: \"{}\" is not `*` or an origin such as "
                      "https://app.example.com, in lower case and without a path",
                      origin));
}

Fields<Cors> cors_fields() {
  return Fields<Cors>("cors",
                      "Lets pages of other origins use the route: the engine answers preflight "
                      "requests and adds the headers to responses, unless the function has set "
                      "them itself. Disabled if omitted.")
      .option("origins", &Cors::origins, "Origins that may use it, or `*`.",
              {.example = "https://app.example.com"})
      .option("headers", &Cors::headers, "Request headers that pages may send: any if omitted.",
              {.example = "content-type"})
      .option("expose", &Cors::expose, "Response headers that pages may read.",
              {.example = "x-request-id"})
      .option("credentials", &Cors::credentials, "Whether pages may send cookies.")
      .option("max_age", &Cors::max_age, "How long a browser may keep the answer to a preflight.",
              {.at_most = "24h"})
      .then(check_cors);
}

// What is sent so arrives so: blanks at its ends do not.
bool good_header_value(std::string_view text) {
  return !text.starts_with(' ') && !text.ends_with(' ') && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

// `any` among them stands for all.
void keep_route_places(const Section& section, const std::string&, ReadContext& context,
                       Route& route) {
  route.listener_place = section.place("on");
  route.path_place = section.place("path");
  route.notify_place = section.place("notify");
  route.schema_place = section.place("schema");
  if (route.durable && !route.durable->enabled) route.durable.reset();
  // An empty list would let in everybody.
  if (section.node("api_keys") != nullptr && route.api_keys.empty())
    context.problems.error(
        section.place("api_keys"), "E1006",
        fmt::format("{}: `api_keys` is empty: list a key, or leave it out", section.label()));
  if (std::ranges::any_of(route.api_keys, [](const auto& key) { return !good_header_value(key); }))
    context.problems.error(section.place("api_keys"), "E1008",
                           fmt::format("{}: an entry of `api_keys` cannot be sent as a header: it "
                                       "begins or ends with a blank, or has a control character",
                                       section.label()));
  if (std::ranges::find(route.methods, "ANY") != route.methods.end()) route.methods.clear();
}

// Most bytes of a schema.
constexpr std::size_t kMostSchema = 1U << 20;

void read_schema(const Section& section, const std::string&, ReadContext& context, Route& route) {
  if (route.schema.empty()) return;
  const auto refuse = [&](const char* why) {
    context.problems.error(
        section.place("schema"), "E1008",
        fmt::format("{}: the file {} {}", section.label(), route.schema.string(), why));
  };
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(route.schema, ignored)) return refuse("does not exist");
  std::ifstream file(route.schema, std::ios::binary);
  if (!file) return refuse("cannot be read");
  std::string text(kMostSchema + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostSchema) return refuse("is larger than 1 MiB");
  route.schema_text = std::move(text);
}

void refuse_options(const Section& section, ReadContext& context, std::span<const char* const> keys,
                    const char* kind) {
  for (const char* key : keys)
    if (section.node(key) != nullptr)
      context.problems.error(
          section.place(key), "E7063",
          fmt::format("{}: `{}` applies to routes to a {} only", section.label(), key, kind));
}

void check_target(const Section& section, const std::string&, ReadContext& context, Route& route) {
  constexpr std::array kTargets{"to", "function", "notify"};
  const auto given = [&](const char* key) { return section.node(key) != nullptr; };
  const auto targets = std::ranges::count_if(kTargets, given);
  if (targets != 1)
    context.problems.error(
        section.place(targets == 0 ? "" : *std::ranges::find_if(kTargets, given)), "E7063",
        fmt::format("{}: set {} `to` (a stream), `function` or `notify` (a source)",
                    section.label(), targets == 0 ? "one of" : "only one of"));
  if (targets == 1 && !given("function"))
    refuse_options(section, context, kOfFunctions, "function");
  if (targets == 1 && !given("to")) refuse_options(section, context, kOfStreams, "stream");
  if (targets == 1 && given("notify") && given("schema"))
    context.problems.error(section.place("schema"), "E7063",
                           fmt::format("{}: `schema` applies to routes to a stream or function "
                                       "only",
                                       section.label()));
  const auto check_field = [&](const char* option, const std::optional<RequestField>& field) {
    if (field && field->kind == RequestField::Kind::path && !route.path.has_parameter(field->name))
      context.problems.error(section.place(option), "E7063",
                             fmt::format("{}: `{}` names the path parameter {}, which {} does not "
                                         "have",
                                         section.label(), option, field->name, route.path.text()));
  };
  check_field("key", route.key);
  check_field("subject", route.subject);
  if (route.durable) check_field("durable.per", route.durable->per);
}

std::string pattern_text(const PathPattern& pattern) {
  return pattern.text();
}

Fields<Route> target_fields(Fields<Route> fields) {
  return fields
      .option("to", &Route::to,
              "Stream to append requests to. The response is sent once the events are durable.")
      .option("function", &Route::function, "Function that answers the requests.")
      .option("notify", &Route::notify,
              "Source of type `s3` that requests notify of new objects: their bodies are S3's "
              "notifications. It looks at those objects at once, not only at the next `poll`.",
              {.example = "photos"})
      .option("timeout", &Route::timeout,
              "Time limit for an answer of the function, including the time for which a request "
              "waits for a worker. The client is answered with 504 when it expires.",
              {.at_least = "10ms", .at_most = "1h"})
      .choice("event", &Route::event,
              {{"native", Exchange::native},
               {"apigateway/v1", Exchange::gateway_v1},
               {"apigateway/v2", Exchange::gateway_v2}},
              "What the function receives and returns: an event whose data is the body (`native`), "
              "or the JSON of a proxy integration of Amazon API Gateway: of a REST API "
              "(`apigateway/v1`) or an HTTP API (`apigateway/v2`). Default: `apigateway/v2` for "
              "functions for AWS Lambda, `native` otherwise.")
      .option("concurrency", &Route::concurrency,
              "Maximum number of requests of this route at the same time. Further ones are "
              "answered with 429.",
              {.at_least = "1", .at_most = "65536", .example = "100"})
      .section(&Route::durable, durable_fields())
      .parsed("key", &Route::key, parse_request_field, request_field_text,
              "Part of the request that becomes the event's key: `path.NAME`, `query.NAME` or "
              "`header.NAME`.",
              "", {.example = "path.id"})
      .parsed("subject", &Route::subject, parse_request_field, request_field_text,
              "Part of the request that becomes the event's subject; its path if omitted.", "",
              {.example = "query.subject"})
      .option("type", &Route::type, "Type of events that are made of plain bodies.")
      .option("headers", &Route::headers,
              "Request headers that are kept as headers of the event: names, or `*` for all.",
              {.example = "x-tenant"});
}

const Fields<Route>& route_fields() {
  static const Fields<Route> fields =
      target_fields(
          Fields<Route>("routes",
                        "What the engine does with HTTP requests of a method and path: appends "
                        "them to a stream, lets a function answer them, or notifies a source.")
              .option("on", &Route::listener,
                      "Listener that serves it. It may be omitted when there is only one.")
              .each("method", &Route::methods, read_method, method_text,
                    "Method or methods, such as `POST`; any if omitted.", {.example = "POST"})
              .parsed("path", &Route::path, PathPattern::parse, pattern_text,
                      "Path, in which `{name}` stands for one segment and `{name+}`, at the end, "
                      "for one or more. Where several routes fit, the most specific one is used.",
                      "", {.example = "/users/{id}", .required = true})
              .option("max_body", &Route::max_body,
                      "Maximum size of a request body. Larger ones are answered with 413.",
                      {.at_least = "1KiB", .at_most = "64MiB"})
              .option("api_keys", &Route::api_keys,
                      "Keys, one of which every request must have as its header `X-Api-Key`. "
                      "Others are answered with 403. Not asked for if omitted.",
                      {.example = "${env:API_KEY}", .secret = true, .guards = true})
              .section(&Route::signature, signature_fields())
              .option("schema", &Route::schema,
                      "JSON Schema (a file) that bodies, or the data of CloudEvents, must match. "
                      "Others are answered with 400 and the place of the fault.",
                      {.example = "schemas/order.json", .guards = true})
              .section(&Route::cors, cors_fields()))
          .then(keep_route_places)
          .then(read_schema)
          .then(check_target);
  return fields;
}

}  // namespace

const SectionSpec& route_spec() {
  return route_fields().spec();
}

Route parse_route(const std::string& name, const Node& node, ReadContext& context) {
  const Section section = read_section(node, route_spec(), "route " + name, context);
  refer(section, "to", Reference::Kind::stream, context);
  refer(section, "function", Reference::Kind::function, context);
  Route route;
  route.name = name;
  route.place = node.place;
  route_fields().fill(section, "", context, route);
  return route;
}

OptionChanges differences(const Route& before, const Route& after) {
  OptionChanges changes = route_fields().differences(before, after);
  if (before.schema == after.schema && before.schema_text != after.schema_text)
    changes.push_back({"schema", before.schema.string(), after.schema.string() + " (new content)"});
  return changes;
}

std::string methods_text(const Route& route) {
  return route.methods.empty() ? "ANY" : fmt::format("{}", fmt::join(route.methods, ","));
}

std::string curl_command(const Route& route, const std::string& origin) {
  const bool gets =
      route.methods.empty() || std::ranges::find(route.methods, "GET") != route.methods.end();
  const bool get = gets && route.function;
  const std::string method = get ? "GET" : route.methods.empty() ? "POST" : route.methods.front();
  const bool body = method != "GET" && method != "HEAD" && method != "DELETE";
  const bool key = route.durable && route.durable->require_key;
  // With --json it is a POST. A body of another type might reach a function in base64.
  const bool implied = get || method == "POST";
  return fmt::format("curl {}{}{}{}{}{}", implied ? "" : fmt::format("-X {} ", method),
                     route.api_keys.empty() ? "" : "-H 'X-Api-Key: ...' ",
                     key ? "-H 'Idempotency-Key: 1' " : "", body ? "--json '{}' " : "", origin,
                     route.path.example());
}

}  // namespace pelton::config
