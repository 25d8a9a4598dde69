// SPDX-License-Identifier: Apache-2.0
#include "engine/config/specs.h"

namespace pelton::config {
namespace {

using enum OptionType;

struct Extra {
  std::string fallback{};
  std::string at_least{};
  std::string at_most{};
  std::vector<std::string> choices{};
  std::string example{};
  bool required = false;
};

OptionSpec option(std::string name, OptionType type, std::string sentence, Extra extra = {}) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.type = type;
  spec.sentence = std::move(sentence);
  spec.fallback = std::move(extra.fallback);
  spec.at_least = std::move(extra.at_least);
  spec.at_most = std::move(extra.at_most);
  spec.choices = std::move(extra.choices);
  spec.example = std::move(extra.example);
  spec.required = extra.required;
  return spec;
}

SectionSpec batch_section() {
  return {"batch",
          "How many events a worker gets at once. Nothing waits for a fuller frame unless `window` "
          "says so.",
          {option("events", number, "Most events in a frame.",
                  {.fallback = "1024", .at_least = "1", .at_most = "65536"}),
           option("bytes", size, "Most payload in a frame; one larger event still goes, alone.",
                  {.fallback = "1MiB", .at_least = "1KiB", .at_most = "32MiB"}),
           option("window", duration, "Wait so long for a fuller frame. 0s: do not wait.",
                  {.fallback = "0s", .at_most = "5m"})},
          {}};
}

SectionSpec retry_section() {
  return {
      "retry",
      "What happens when the function fails: so many attempts, with growing delays, then a dead "
      "letter.",
      {option("attempts", number, "Deliveries in all, the first one included.",
              {.fallback = "5", .at_least = "1", .at_most = "1000000"}),
       option("max_age", duration, "No further attempt once so long has passed since the first.",
              {.at_least = "1s", .example = "6h"})},
      {{"backoff",
        "The delay before each next attempt.",
        {option("first", duration, "Delay after the first failure.",
                {.fallback = "200ms", .at_least = "1ms", .at_most = "24h"}),
         option("factor", real, "Each delay is the one before times this.",
                {.fallback = "2", .at_least = "1", .at_most = "100"}),
         option("max", duration, "Longest delay.",
                {.fallback = "5m", .at_least = "1ms", .at_most = "24h"}),
         option("jitter", real, "Each delay is spread by this part of it, up and down.",
                {.fallback = "0.2", .at_least = "0", .at_most = "1"})},
        {}}}};
}

OptionSpec order_option() {
  return option("order", choice,
                "What waits behind a failed event: later events of its `key`, of the whole "
                "`partition`, or `none`.",
                {.fallback = "key", .choices = {"key", "partition", "none"}});
}

OptionSpec window_option() {
  return option("window", number,
                "Most unsettled events of a partition; beyond it the stream is not read.",
                {.fallback = "10000", .at_least = "1", .at_most = "1000000"});
}

SectionSpec tls_section() {
  return {
      "tls",
      "Encrypt, and check the brokers' certificates. `tls: {}`: against the system's authorities.",
      {option("ca", path, "Authorities to trust (PEM)."),
       option("certificate", path, "The client's own certificate (PEM)."),
       option("key", path, "Its private key (PEM)."),
       option("key_password", text, "Password of the key.", {.example = "${env:KEY_PASSWORD}"}),
       option("verify_host", boolean, "The certificate must name the broker's host.",
              {.fallback = "true"})},
      {}};
}

SectionSpec sasl_section() {
  return {"sasl",
          "How the client says who it is.",
          {option("mechanism", choice, "The mechanism that the brokers expect.",
                  {.choices = {"plain", "scram-sha-256", "scram-sha-512", "oauthbearer"},
                   .required = true}),
           option("username", text, "For `plain` and `scram`."),
           option("password", text, "For `plain` and `scram`.", {.example = "${env:PASSWORD}"}),
           option("token_file", path,
                  "For `oauthbearer`: file with a JSON Web Token, read again before it ends.")},
          {}};
}

OptionSpec start_option(std::string sentence) {
  return option("start", text, std::move(sentence),
                {.fallback = "earliest", .example = "2026-01-01T00:00:00Z"});
}

std::vector<OptionSpec> group_options() {
  return {
      option("assignor", choice, "How partitions are shared out; all members of a group agree.",
             {.fallback = "range", .choices = {"range", "roundrobin", "cooperative-sticky"}}),
      option("instance", text,
             "Static membership: a name of this engine in the group, which keeps its partitions "
             "over a restart within `session_timeout`.",
             {.example = "node-1"}),
      option("session_timeout", duration,
             "A member that is silent for so long loses its partitions.",
             {.fallback = "45s", .at_least = "6s", .at_most = "30m"}),
      option("commit_interval", duration, "Settled offsets are committed at least so often.",
             {.fallback = "100ms", .at_least = "5ms", .at_most = "1m"}),
      option(
          "out_of_range", choice,
          "When the committed offset is not in the topic any more: `stop` the partition and call "
          "the operator, or go on at the `earliest` or `latest` event.",
          {.fallback = "stop", .choices = {"stop", "earliest", "latest"}})};
}

SectionSpec group_section() {
  SectionSpec spec{"kafka",
                   "How the binding is a member of its consumer group; for a stream on Kafka only.",
                   group_options(),
                   {}};
  spec.options.push_back(
      option("drain", duration,
             "When partitions move to another member, events with workers get so long to end.",
             {.fallback = "5s", .at_least = "0s", .at_most = "5m"}));
  return spec;
}

SectionSpec topic_section() {
  SectionSpec spec = kafka_topic_spec(
      "Makes the stream a Kafka topic: its partitions and retention are the topic's.");
  spec.options.push_back(
      option("content_mode", choice,
             "How outputs that are CloudEvents (with `id`, `source` and `type`) are written: their "
             "attributes as headers, or all of them as JSON in the value. Both are read.",
             {.fallback = "binary", .choices = {"binary", "structured"}}));
  return spec;
}

}  // namespace

SectionSpec kafka_client_spec(std::string sentence) {
  return {"kafka",
          std::move(sentence),
          {option("brokers", text_list, "`host:port` of some of the brokers.",
                  {.example = "[localhost:9092]", .required = true}),
           option("properties", text_map,
                  "Further properties of the client library (librdkafka), by their names.",
                  {.example = "{ fetch.min.bytes: 100000 }"})},
          {tls_section(), sasl_section()}};
}

SectionSpec kafka_topic_spec(std::string sentence) {
  SectionSpec spec = kafka_client_spec(std::move(sentence));
  spec.options.push_back(option("topic", text, "The topic.", {.required = true}));
  return spec;
}

std::vector<OptionSpec> kafka_member_options() {
  std::vector<OptionSpec> options{
      option("group", text, "The consumer group; without it `pelton.<connector>`.",
             {.example = "archive"}),
      start_option("Where a new group begins: `earliest`, `latest` or a time (RFC 3339).")};
  for (OptionSpec& more : group_options()) options.push_back(std::move(more));
  return options;
}

const SectionSpec& engine_spec() {
  static const SectionSpec spec{
      "engine",
      "The engine itself.",
      {option("data", path,
              "Folder of its state (RocksDB) and of the admin socket. One engine a folder.",
              {.fallback = "./data"}),
       option("free_space", size,
              "Intake stops while the data folder's disk has less room than this.",
              {.fallback = "1GiB"}),
       option("shutdown_timeout", duration,
              "After SIGTERM, so long is waited for events in flight.",
              {.fallback = "30s", .at_most = "1h"}),
       option("tail", size,
              "Memory for the newest events of all streams, which bindings read without the disk.",
              {.fallback = "256MiB", .at_least = "1MiB", .at_most = "64GiB"})},
      {{"http",
        "The TCP listener of `/metrics`, `/livez` and `/readyz`. Without it there is none.",
        {option("listen", text, "Address and port; port 0 takes a free one.",
                {.example = "127.0.0.1:8080", .required = true})},
        {}},
       {"log",
        "The engine's log, on standard error.",
        {option("level", choice, "Least important lines that are written.",
                {.fallback = "info", .choices = {"debug", "info", "warn", "error"}}),
         option("format", choice, "`automatic`: pretty on a terminal, JSON otherwise.",
                {.fallback = "automatic", .choices = {"automatic", "pretty", "json"}})},
        {}}}};
  return spec;
}

const SectionSpec& stream_spec() {
  static const SectionSpec spec{
      "streams",
      "A named, partitioned, ordered log of events: kept by the engine, or a Kafka topic.",
      {option(
          "partitions", number,
          "Number of partitions: may grow, never shrink. Keys are spread as Kafka spreads them.",
          {.fallback = "1", .at_least = "1", .at_most = "1024"})},
      {{"retention",
        "How long events are kept. Without it they are kept for ever. What a binding has not "
        "settled is never dropped.",
        {option("time", duration, "Drop events older than this.",
                {.at_least = "1s", .example = "7d"}),
         option("size", size, "Drop the oldest events once the stream is larger.",
                {.at_least = "1MiB", .example = "10GiB"}),
         option("force", boolean, "Drop even what a binding has not settled; counted and logged.",
                {.fallback = "false"})},
        {}},
       topic_section()}};
  return spec;
}

const SectionSpec& function_spec() {
  static const SectionSpec spec{
      "functions",
      "User code, how it runs, and its limits.",
      {option("runtime", choice, "How it runs.", {.choices = {"python", "cpp"}, .required = true}),
       option("code", path, "The folder of the modules (`python`) or the executable (`cpp`).",
              {.required = true}),
       option("handler", text, "`module:callable` (`python` only).",
              {.example = "thumbnail:handle"}),
       option("interpreter", text,
              "Command or path of the Python interpreter, or the folder of a virtual environment.",
              {.fallback = "python3", .example = "/usr/bin/python3"}),
       option("timeout", duration,
              "Longest time for one event; then its worker is killed and the event tried again.",
              {.fallback = "30s", .at_least = "10ms", .at_most = "24h"}),
       option("memory", size, "Limit of each worker's data memory.",
              {.at_least = "16MiB", .example = "512MiB"}),
       option("environment", text_map,
              "Variables for the workers. Of the engine's own only a few pass (`PATH`, `HOME`, "
              "`LANG`, `LC_*`, `TZ`, `TMPDIR`, `USER`).")},
      {{"scale",
        "How many worker processes.",
        {option("min", number, "Kept running also without work.",
                {.fallback = "0", .at_least = "0", .at_most = "1024"}),
         option("max", number, "Most at a time.",
                {.fallback = "1", .at_least = "1", .at_most = "1024"}),
         option("idle", duration, "A worker above `min` without work for so long ends.",
                {.fallback = "60s", .at_least = "100ms", .at_most = "24h"})},
        {}},
       {"recycle",
        "When a worker is replaced by a fresh one.",
        {option("events", number, "After so many events.", {.at_least = "1", .example = "100000"}),
         option("memory", size, "Once it holds so much memory.",
                {.at_least = "16MiB", .example = "400MiB"})},
        {}}}};
  return spec;
}

const SectionSpec& binding_spec() {
  static const SectionSpec spec{
      "bindings",
      "Gives the events of a stream to a function. Each binding has a cursor of its own.",
      {option("from", text, "The stream.", {.required = true}),
       option("function", text, "The function.", {.required = true}),
       option("to", text, "Stream of the function's outputs; without it they are dropped."),
       option("delivery", choice,
              "From topic to topic: `exactly_once` commits outputs and offsets in one transaction. "
              "Between the engine's own streams effects are exactly once in any case.",
              {.fallback = "at_least_once", .choices = {"at_least_once", "exactly_once"}}),
       order_option(),
       start_option("Where a new binding begins: `earliest`, `latest` or a time (RFC 3339)."),
       window_option(),
       option("concurrency", number,
              "Most workers of the function that handle events of this binding at the same time.",
              {.at_least = "1", .at_most = "1024", .example = "2"}),
       option("group", text, "Stream on Kafka: the consumer group; without it `pelton.<binding>`.",
              {.example = "billing"}),
       option("filter", filter,
              "Only events that hold all of these conditions; the others are done at once.",
              {.example = "{ type: reading, data.celsius: { above: 80 } }"})},
      {batch_section(),
       retry_section(),
       {"idempotency",
        "An event whose key was completed within `ttl` is done without an invocation.",
        {option("key", text_list,
                "Field or fields whose values are the key: `id`, `key`, `subject`, "
                "`headers.NAME`, `data.PATH`, ...",
                {.example = "data.order_id", .required = true}),
         option("ttl", duration, "How long a completed key is remembered.",
                {.fallback = "24h", .at_least = "1s", .at_most = "90d"})},
        {}},
       {"dead_letters",
        "Where dead letters are kept; without it, in the engine's data folder.",
        {option("topic", text,
                "A topic on the brokers that the binding reads from. Records are kept byte for "
                "byte, the reasons are in their headers; what it refuses stays in the data folder.",
                {.example = "orders.dead", .required = true})},
        {}},
       group_section()}};
  return spec;
}

const SectionSpec& connector_spec() {
  static const SectionSpec spec{"connectors",
                                "Reads one external system into a stream (a source, with `to`) or "
                                "writes a stream's events out (a sink, with "
                                "`from`). Its own options stand under the name of its type.",
                                {option("to", text, "Source: the stream that it fills."),
                                 option("from", text, "Sink: the stream that it writes out."),
                                 order_option(), window_option()},
                                {batch_section(), retry_section()}};
  return spec;
}

SectionSpec connector_type_spec(const ConnectorOptions& type, Direction direction) {
  return {type.type, type.sentence,
          direction == Direction::source ? type.source_options : type.sink_options,
          direction == Direction::source ? type.source_sections : type.sink_sections};
}

std::vector<TopLevel> top_levels() {
  return {{"engine", &engine_spec(), false},
          {"streams", &stream_spec(), true},
          {"connectors", &connector_spec(), true},
          {"functions", &function_spec(), true},
          {"bindings", &binding_spec(), true}};
}

}  // namespace pelton::config
