// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/token_refresh.h"

#include "engine/kafka/client/oauth_token.h"

namespace pelton::kafka {
namespace {

Status give(rd_kafka_t* client, const OauthToken& token) {
  char text[512];
  if (rd_kafka_oauthbearer_set_token(client, token.text.c_str(), to_us(token.ends) / 1000,
                                     token.principal.c_str(), nullptr, 0, text,
                                     sizeof text) == RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return fail(ErrorKind::invalid, "E6103", "{}", text);
}

}  // namespace

bool gives_tokens(const ClientOptions& settings) {
  return settings.sasl && !settings.sasl->token_file.empty();
}

Status refresh_token(rd_kafka_t* client, const ClientOptions& settings, bool tell) {
  const auto token = read_token(settings.sasl ? settings.sasl->token_file : std::filesystem::path{},
                                SystemClock().now());
  Status given = token ? give(client, *token) : std::unexpected(token.error());
  if (!given && tell) rd_kafka_oauthbearer_set_token_failure(client, given.error().message.c_str());
  return given;
}

}  // namespace pelton::kafka
