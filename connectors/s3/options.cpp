// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/options.h"

#include "engine/config/spec/fields.h"
#include "engine/connector/name_template.h"

#include <algorithm>

namespace pelton::s3 {
namespace {

using config::Fields;
using config::Location;
using config::ReadContext;
using config::Section;

void refuse(const Section& section, ReadContext& context, const std::string& option,
            const std::string& message) {
  context.problems.error(section.place(option), "E7200",
                         fmt::format("connector {}: {}", context.part, message));
}

void check_bucket_options(const Section& section, const std::string&, ReadContext& context,
                          BucketOptions& options) {
  options.connector = context.part;
  // Without it the option itself has been reported.
  if (!options.bucket.empty())
    if (auto good = check_bucket(options.bucket); !good)
      refuse(section, context, "bucket", good.error().message);
  if (!options.endpoint.empty())
    if (auto good = check_endpoint(options.endpoint); !good)
      refuse(section, context, "endpoint", good.error().message);
  if (options.access_key.empty() != options.secret_key.empty())
    refuse(section, context, options.access_key.empty() ? "secret_key" : "access_key",
           "`access_key` and `secret_key` must be set together");
  if (!options.access_key.empty() && !options.profile.empty())
    refuse(section, context, "profile", "`profile` and `access_key` exclude each other");
}

Fields<BucketOptions> bucket_fields() {
  return Fields<BucketOptions>("", "")
      .option("bucket", &BucketOptions::bucket, "Name of the bucket.",
              {.example = "photos", .required = true})
      .option("endpoint", &BucketOptions::endpoint,
              "URL of a server that speaks S3's protocol. The default is the environment variable "
              "AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, or else AWS.",
              {.example = "http://localhost:9000"})
      .option("region", &BucketOptions::region,
              "Region of the bucket. The default is the environment variable AWS_REGION or "
              "AWS_DEFAULT_REGION, or else us-east-1.",
              {.example = "eu-central-1"})
      .choice("style", &BucketOptions::style,
              {{"auto", Style::automatic}, {"path", Style::path}, {"virtual", Style::virtual_host}},
              "Where requests name the bucket: in the URL's `path`, or as a `virtual` host "
              "(`BUCKET.ENDPOINT`). `auto`: as a host at AWS, in the path at an `endpoint`.")
      .option("access_key", &BucketOptions::access_key,
              "Access key id. The default is the environment variable AWS_ACCESS_KEY_ID with "
              "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or else the shared credentials file "
              "(`~/.aws/credentials`).",
              {.example = "${env:PHOTOS_ACCESS_KEY}"})
      .option("secret_key", &BucketOptions::secret_key, "Secret access key.",
              {.example = "${env:PHOTOS_SECRET_KEY}", .secret = true})
      .option("session_token", &BucketOptions::session_token,
              "Session token of temporary credentials.",
              {.example = "${env:PHOTOS_SESSION_TOKEN}", .secret = true})
      .option("profile", &BucketOptions::profile,
              "Profile of the shared credentials file. The default is AWS_PROFILE, or `default`.")
      .option("timeout", &BucketOptions::timeout,
              "How long one request may take. A request that failed for a reason that may pass is "
              "repeated up to three times.",
              {.at_least = "1s", .at_most = "15m"})
      .section(&BucketOptions::tls,
               net::tls_fields("Certificates of an endpoint with `https`. Without this section "
                               "the system's certificate authorities are trusted."))
      .then(check_bucket_options);
}

void check_source(const Section& section, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  for (const std::string& rule : options.events)
    if (names_of_rule(rule).empty())
      refuse(section, context, "events",
             fmt::format("`events`: \"{}\" is not an event that a listing can show; use "
                         "s3:ObjectCreated:*, s3:ObjectCreated:Put, "
                         "s3:ObjectCreated:CompleteMultipartUpload, s3:ObjectRemoved:* or "
                         "s3:ObjectRemoved:Delete",
                         rule));
  if (options.events.empty())
    refuse(section, context, "events", "`events` is empty, so nothing would become an event");
}

Fields<SourceOptions> source_fields() {
  return Fields<SourceOptions>("s3", "")
      .shorthand("bucket")
      .include(&SourceOptions::at, bucket_fields())
      .option("prefix", &SourceOptions::prefix, "Only objects whose keys begin with this.",
              {.example = "uploads/"})
      .option("suffix", &SourceOptions::suffix,
              "Only objects whose keys end with one of these. Case-sensitive.",
              {.example = "[.jpg, .png]"})
      .option("events", &SourceOptions::events,
              "What becomes an event: `s3:ObjectCreated:*`, `s3:ObjectCreated:Put`, "
              "`s3:ObjectCreated:CompleteMultipartUpload`, `s3:ObjectRemoved:*` or "
              "`s3:ObjectRemoved:Delete`.",
              {.example = "[\"s3:ObjectCreated:*\", \"s3:ObjectRemoved:*\"]"})
      .option("poll", &SourceOptions::poll,
              "Pause between two listings of the bucket. A listing takes one request for each "
              "1,000 objects.",
              {.at_least = "100ms", .at_most = "1d"})
      .choice("start", &SourceOptions::start,
              {{"earliest", Start::earliest}, {"latest", Start::latest}},
              "Whether the objects that are in the bucket at the first start become events "
              "(`earliest`) or only those that are created later (`latest`).")
      .choice("data", &SourceOptions::data,
              {{"notification", Data::notification}, {"object", Data::object}},
              "An event's data: S3's `notification` as JSON, or the `object` itself.")
      .option("inline_limit", &SourceOptions::inline_limit,
              "With `data: object`: larger objects become events without data.",
              {.at_least = "0B", .at_most = "16MiB"})
      .then(check_source);
}

void read_metadata(const config::Node& node, ReadContext& context, SinkOptions& options) {
  if (node.kind != config::Node::Kind::map)
    return context.problems.error(
        node.place, "E1007",
        fmt::format("metadata must be a mapping of names to texts, not {}", node.kind_name()));
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  for (const auto& [key, value] : node.entries) {
    if (value.kind != config::Node::Kind::scalar)
      context.problems.error(
          value.place, "E1007",
          fmt::format("the metadata {} must be a text, not {}", key.text, value.kind_name()));
    else if (key.text.empty() || !std::ranges::all_of(key.text, good))
      context.problems.error(key.place, "E7200",
                             fmt::format("metadata: \"{}\" is not a valid name: use lower-case "
                                         "letters, digits, `-` and `_`",
                                         key.text));
    else if (auto text = config::expand(value, context))
      options.metadata[key.text] = std::move(*text);
  }
}

std::map<std::string, std::string> metadata_of(const SinkOptions& options) {
  return options.metadata;
}

void check_sink(const Section& section, const std::string&, ReadContext& context,
                SinkOptions& options) {
  if (const auto field = connector::unknown_field(options.key))
    refuse(section, context, "key",
           fmt::format("`key` has an unknown field \"{}\"; the fields are {}", *field,
                       connector::kTemplateFields));
}

Fields<SinkOptions> sink_fields() {
  return Fields<SinkOptions>("s3", "")
      .shorthand("bucket")
      .include(&SinkOptions::at, bucket_fields())
      .option("key", &SinkOptions::key,
              "Key of the object. `{subject}`, `{key}`, `{id}`, `{stream}`, `{partition}` and "
              "`{offset}` are replaced. The default is the event's subject, or its id, or "
              "`<stream>-<partition>-<offset>`.",
              {.example = "thumbnails/{subject}"})
      .choice("if_exists", &SinkOptions::if_exists,
              {{"replace", IfExists::replace}, {"keep", IfExists::keep}},
              "What to do if the object exists: `replace` it, or `keep` it and drop the new one. "
              "With `keep` no object is ever deleted.")
      .option("content_type", &SinkOptions::content_type,
              "Content type of the objects. The default is that of the event.",
              {.example = "application/json"})
      .option("storage_class", &SinkOptions::storage_class,
              "Storage class of the objects. The default is the bucket's.",
              {.example = "STANDARD_IA"})
      .node("metadata", config::OptionType::text_map, read_metadata, metadata_of,
            "Metadata of each object (`x-amz-meta-NAME`).", {.example = "{ made-by: pelton }"})
      .option("part_size", &SinkOptions::part_size,
              "Objects larger than this are uploaded in parts of this size.",
              {.at_least = "5MiB", .at_most = "64MiB"})
      .then(check_sink);
}

config::Location place(const BucketOptions& at, const std::string& objects) {
  config::Location place;
  place.name = "bucket " + at.bucket + "/" + objects;
  place.at = {at.endpoint};
  place.bucket = at.bucket;
  return place;
}

std::vector<Location> source_locations(const SourceOptions& options) {
  Location read = place(options.at, options.prefix + "*");
  read.prefix = options.prefix;
  read.suffixes = options.suffix;
  return {read};
}

// What a field stands for may be anything.
std::vector<Location> sink_locations(const SinkOptions& options) {
  Location written = place(options.at, options.key.empty() ? "{subject}" : options.key);
  written.written = true;
  written.prefix = connector::fixed_head(options.key);
  if (const std::string tail = options.key.substr(options.key.rfind('}') + 1); !tail.empty())
    written.suffixes = {tail};
  return {written};
}

}  // namespace

bool SourceOptions::wants(EventName event) const {
  return std::ranges::any_of(events, [&](const std::string& rule) {
    const auto names = names_of_rule(rule);
    return std::ranges::find(names, event) != names.end();
  });
}

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "s3";
  options.sentence =
      "Objects in a bucket of S3 or of a server that speaks its protocol. As a source, each "
      "version "
      "of each object becomes an event, an S3 notification. As a sink, each event is written to an "
      "object.";
  options.source = config::connector_side(source_fields(), source_locations);
  options.source->takes_notices = true;
  options.sink = config::connector_side(sink_fields(), sink_locations);
  return options;
}

Result<std::unique_ptr<Bucket>> open_bucket(const BucketOptions& options,
                                            const Environment& environment, const Clock& clock) {
  auto credentials = find_credentials(
      {options.access_key, options.secret_key, options.session_token, options.profile},
      environment);
  if (!credentials) return std::unexpected(std::move(credentials).error());
  auto endpoint =
      find_endpoint(options.endpoint, options.region, options.style, options.bucket, environment);
  if (!endpoint) return std::unexpected(std::move(endpoint).error());
  net::HttpClientOptions client;
  if (options.tls) client.tls = *options.tls;
  client.time = std::chrono::ceil<std::chrono::milliseconds>(options.timeout);
  client.connect_time = std::min(client.connect_time, client.time);
  return std::make_unique<Bucket>(options.bucket, std::move(*endpoint), std::move(*credentials),
                                  std::move(client), clock, options.retries);
}

}  // namespace pelton::s3
