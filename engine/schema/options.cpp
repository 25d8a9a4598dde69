// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/options.h"

#include "engine/config/spec/fields.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::schema {
namespace {

using config::Fields;
using config::ReadContext;
using config::Section;
using config::section_of;

// "host", "host:port", "[::1]:port".
bool is_authority(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const std::size_t colon = text.find(':', bracket);
  if (colon == 0 || text.empty()) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc{} && end == port.data() + port.size() && number > 0 && number <= 65'535;
}

void tidy_urls(const Section& section, const std::string& prefix, ReadContext& context,
               RegistryOptions& options) {
  const auto refuse = [&](std::string_view what, const char* why) {
    context.problems.error(section.place(prefix + "url"), "E1008",
                           fmt::format("{}: {} {}", section.label(), what, why));
  };
  for (std::string& url : options.urls) {
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    const std::string_view rest = std::string_view(url).substr(scheme);
    const std::string_view host = rest.substr(0, rest.find('/'));
    if (host.find('@') != std::string_view::npos)
      refuse("`url`", "contains a user: write `username` and `password`");
    else if (scheme == 0 || rest.find_first_of(" ?#") != std::string_view::npos ||
             !is_authority(host))
      refuse(fmt::format("\"{}\"", url),
             "is not the URL of a schema registry, such as http://localhost:8081");
    while (url.ends_with('/')) url.pop_back();
  }
  if (options.urls.empty() && section.node(prefix + "url") != nullptr)
    refuse("`url`", "has no URL of a schema registry");
}

void check_login(const Section& section, const std::string& prefix, ReadContext& context,
                 RegistryOptions& options) {
  const char* wrong = nullptr;
  if (options.username.empty() != options.password.empty())
    wrong = "`username` and `password` must be set together";
  else if (!options.token.empty() && !options.username.empty())
    wrong = "`token` and `username` exclude each other";
  else if (options.username.find(':') != std::string::npos)
    wrong = "`username` has a colon, which basic authentication does not allow";
  if (wrong != nullptr)
    context.problems.error(section.place(section_of(prefix)), "E1006",
                           fmt::format("{}: {}", section.label(), wrong));
}

void check_encode(const Section& section, const std::string& prefix, ReadContext& context,
                  EncodeOptions& options) {
  config::require_file(section, prefix + "file", options.file, context);
  const bool file = !options.file.empty();
  std::string wrong;
  if (file && options.id)
    wrong = "`id` and `file` exclude each other";
  else if (!file && options.register_file)
    wrong = "`register` needs a `file`";
  else if (!file && options.format)
    wrong = "`format` is that of a `file`";
  else if (file && !options.format && !format_of(options.file))
    wrong = fmt::format("the name of {} does not say what schema it is: set `format`",
                        options.file.string());
  else if (!file && !options.id && options.subject != SubjectStrategy::topic &&
           options.record.empty())
    wrong = "the subject contains the name of a record: set `record`";
  if (!wrong.empty())
    context.problems.error(section.place(section_of(prefix)), "E1006",
                           fmt::format("{}: {}", section.label(), wrong));
}

Fields<RegistryOptions> registry_fields() {
  return Fields<RegistryOptions>("", "")
      .option("url", &RegistryOptions::urls,
              "URLs of the registry. If one does not answer, the next is asked.",
              {.example = "[http://localhost:8081]", .required = true})
      .option("username", &RegistryOptions::username, "User name, for basic authentication.")
      .option("password", &RegistryOptions::password, "Password, for basic authentication.",
              {.example = "${env:PASSWORD}", .secret = true})
      .option("token", &RegistryOptions::token, "Bearer token, instead of a user name.",
              {.example = "${env:TOKEN}", .secret = true})
      .section(&RegistryOptions::tls,
               net::tls_fields("Certificates for URLs with `https`. Without this section the "
                               "system's certificate authorities are trusted."))
      .option("timeout", &RegistryOptions::timeout, "How long one request may take.",
              {.at_least = "100ms", .at_most = "5m"})
      .then(tidy_urls)
      .then(check_login);
}

Fields<EncodeOptions> encode_fields(const char* what, const char* subjects) {
  return Fields<EncodeOptions>("encode", what)
      .option("id", &EncodeOptions::id, "Use the schema with this id.",
              {.at_least = "1", .at_most = "2147483647"})
      .option("file", &EncodeOptions::file,
              "Use the schema in this file. The subject has to have it, unless `register` is set.",
              {.example = "order.avsc"})
      .choice("format", &EncodeOptions::format,
              {{"avro", Format::avro},
               {"protobuf", Format::protobuf},
               {"json_schema", Format::json_schema}},
              "Format of `file`. Without it, the name of the file says so: `.avsc`, `.proto` or "
              "`.json`.")
      .option("register", &EncodeOptions::register_file,
              "Register the schema in `file` under the subject if it is not there.")
      .choice("subject", &EncodeOptions::subject,
              {{"topic", SubjectStrategy::topic},
               {"record", SubjectStrategy::record},
               {"topic_record", SubjectStrategy::topic_record}},
              subjects)
      .option("record", &EncodeOptions::record,
              "Full name of the record, for a subject that contains it; of a Protobuf schema, the "
              "message that is written (the first one, if not set).",
              {.example = "com.example.Order"})
      .option("refresh", &EncodeOptions::refresh,
              "How often the subject's latest schema is asked for.",
              {.at_least = "1s", .at_most = "1d"})
      .then(check_encode);
}

struct PartWords {
  const char* name;
  const char* sentence;
  const char* decode;
  const char* plain;
};

Fields<PartOptions> part_fields(const PartWords& words, Fields<EncodeOptions> encode) {
  return Fields<PartOptions>(words.name, words.sentence)
      .choice("decode", &PartOptions::decode,
              {{"auto", Decode::automatic},
               {"avro", Decode::avro},
               {"protobuf", Decode::protobuf},
               {"json_schema", Decode::json_schema},
               {"off", Decode::off}},
              words.decode)
      .choice("plain", &PartOptions::plain,
              {{"dead_letter", Plain::dead_letter}, {"pass", Plain::pass}}, words.plain)
      .section(&PartOptions::encode, std::move(encode));
}

Fields<PartOptions> value_fields() {
  return part_fields(
      {"", "",
       "How values are decoded when they are read: as their schema says (`auto`), only if it is of "
       "that format, or not at all (`off`).",
       "What to do with a value that is not in the wire format: make it a dead letter, or pass it "
       "to the function as it is."},
      encode_fields("Encode what is written to the topic, and check it against the schema: the "
                    "subject's latest, unless `id` or `file` names another.",
                    "Name of the subject: `TOPIC-value` (`topic`), the full name of the record "
                    "(`record`), or `TOPIC-RECORD` (`topic_record`)."));
}

Fields<PartOptions> key_fields() {
  return part_fields(
      {"key",
       "Keys have schemas as well: functions see them as texts, or as JSON. Without this section "
       "keys are bytes.",
       "How keys are decoded when they are read: as their schema says (`auto`), only if it is of "
       "that format, or not at all (`off`).",
       "What to do with a record whose key is not in the wire format: make it a dead letter, or "
       "leave the key as it is."},
      encode_fields("Encode the keys of what is written to the topic: with the subject's latest "
                    "schema, unless `id` or `file` names another.",
                    "Name of the subject: `TOPIC-key` (`topic`), the full name of the record "
                    "(`record`), or `TOPIC-RECORD` (`topic_record`)."));
}

}  // namespace

std::optional<Format> format_of(const std::filesystem::path& file) {
  const std::string end = file.extension().string();
  if (end == ".avsc") return Format::avro;
  if (end == ".proto") return Format::protobuf;
  if (end == ".json") return Format::json_schema;
  return std::nullopt;
}

Fields<SchemaOptions> schema_fields() {
  return Fields<SchemaOptions>(
             "schema_registry",
             "Values are in the wire format of a schema registry (Confluent's, or one with the "
             "same API): Avro, Protobuf or JSON Schema with the id of their schema. Functions see "
             "them as JSON.")
      .include(&SchemaOptions::registry, registry_fields())
      .include(&SchemaOptions::value, value_fields())
      .section(&SchemaOptions::key, key_fields())
      .then([](const Section& section, const std::string& prefix, ReadContext&,
               SchemaOptions& options) { options.place = section.place(section_of(prefix)); });
}

}  // namespace pelton::schema
