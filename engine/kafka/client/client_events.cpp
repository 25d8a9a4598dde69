// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/client_events.h"

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/token_refresh.h"
#include "engine/observe/log.h"

namespace pelton::kafka {
namespace {

Error error_of(rd_kafka_t* client, rd_kafka_event_t* event, const ClientOptions& settings,
               const std::string& doing) {
  char text[512];
  const auto fatal = rd_kafka_fatal_error(client, text, sizeof text);
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
    return {ErrorKind::corrupt, "E6105",
            fmt::format("{}: the client ended: {} ({})", doing, text, rd_kafka_err2name(fatal))};
  Error error = to_error(rd_kafka_event_error(event), doing);
  if (const char* detail = rd_kafka_event_error_string(event))
    error.message += fmt::format(": {}", detail);
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__AUTHENTICATION)
    error.message += login_advice(settings);
  return error;
}

void log(rd_kafka_event_t* event, const std::string& doing) {
  const char *facility = nullptr, *text = nullptr;
  int level = 0;
  if (rd_kafka_event_log(event, &facility, &text, &level) == 0)
    observe::log::debug(text, {{"client", doing}, {"facility", facility}});
}

}  // namespace

Result<rd_kafka_t*> new_client(rd_kafka_type_t type, ConfPtr conf) {
  // For what is in no queue, as at a client's end: the library would print it.
  rd_kafka_conf_set_log_cb(conf.get(),
                           [](const rd_kafka_t*, int, const char* facility, const char* line) {
                             observe::log::debug(line, {{"facility", facility}});
                           });
  char text[512];
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), text, sizeof text);
  if (client == nullptr) return fail(ErrorKind::invalid, "E6102", "{}", text);
  conf.release();  // the client's now
  return client;
}

void ask_for_events(rd_kafka_conf_t& conf, const ClientOptions& settings, int more) {
  // The library would not fetch tokens any more.
  if (gives_tokens(settings)) more |= RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
  rd_kafka_conf_set_events(&conf, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | more);
}

std::optional<Error> serve_event(rd_kafka_t* client, rd_kafka_event_t* event,
                                 const ClientOptions& settings, const std::string& doing) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_ERROR:
      // Beside it come the brokers' own errors, which say why.
      if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return std::nullopt;
      return error_of(client, event, settings, doing);
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH:
      if (auto ok = refresh_token(client, settings); !ok) return ok.error();
      return std::nullopt;
    case RD_KAFKA_EVENT_LOG:
      log(event, doing);
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace pelton::kafka
