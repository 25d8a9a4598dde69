// SPDX-License-Identifier: Apache-2.0
// The dead-letter half of AdminRouter.
#include "engine/http/admin/dead_letter_json.h"
#include "engine/http/admin/dead_letter_stream.h"
#include "engine/http/admin/parameters.h"
#include "engine/http/admin/router.h"

#include <utility>

namespace pelton::http {

void AdminRouter::list_letters(const net::Request& request, std::string&&, net::Reply&& reply) {
  auto parameters = letter_parameters(request);
  if (!parameters) return reply(net::error_response(parameters.error()));
  reply(lines(std::make_shared<LetterStream>(backend_.dead_letters, std::move(*parameters))));
}

void AdminRouter::count_letters(const net::Request& request, std::string&&, net::Reply&& reply) {
  const auto parameters = letter_parameters(request);
  if (!parameters) return reply(net::error_response(parameters.error()));
  backend_.dead_letters.count_dead_letters(
      parameters->query, [reply = std::move(reply)](Result<std::uint64_t> total) mutable {
        if (!total) return reply(net::error_response(total.error()));
        reply({200, "application/json", fmt::format(R"({{"count":{}}})", *total) + "\n"});
      });
}

void AdminRouter::show_letter(const net::Request& request, std::string&&, net::Reply&& reply) {
  std::string id = request.path[2];
  for (std::size_t i = 3; i < request.path.size(); ++i) id += "/" + request.path[i];
  backend_.dead_letters.dead_letter(
      id, [reply = std::move(reply)](Result<model::DeadLetter> letter) mutable {
        if (!letter) return reply(net::error_response(letter.error()));
        reply({200, "application/json", letter_line(*letter)});
      });
}

void AdminRouter::find_letters(const net::Request&, std::string&& body, net::Reply&& reply) {
  const auto ids = ids_of(body);
  if (!ids) return reply(net::error_response(ids.error()));
  backend_.dead_letters.find_dead_letters(
      *ids, [reply = std::move(reply)](Result<std::vector<dead_letters::Brief>> letters) mutable {
        if (!letters) return reply(net::error_response(letters.error()));
        reply({200, "application/json", brief_letters(*letters)});
      });
}

void AdminRouter::replay(const net::Request&, std::string&& body, net::Reply&& reply) {
  const auto ids = ids_of(body);
  if (!ids) return reply(net::error_response(ids.error()));
  backend_.dead_letters.replay(
      *ids, [reply = std::move(reply)](Result<dead_letters::ReplayCount> count) mutable {
        if (!count) return reply(net::error_response(count.error()));
        reply({200, "application/json",
               fmt::format(R"({{"accepted":{},"missing":{},"running":{}}})", count->accepted,
                           count->missing, count->running) +
                   "\n"});
      });
}

void AdminRouter::purge(const net::Request&, std::string&& body, net::Reply&& reply) {
  const auto ids = ids_of(body);
  if (!ids) return reply(net::error_response(ids.error()));
  backend_.dead_letters.purge(
      *ids, [reply = std::move(reply)](Result<std::uint64_t> count) mutable {
        if (!count) return reply(net::error_response(count.error()));
        reply({200, "application/json", fmt::format(R"({{"purged":{}}})", *count) + "\n"});
      });
}

}  // namespace pelton::http
