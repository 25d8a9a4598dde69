// SPDX-License-Identifier: Apache-2.0
// The dead-letter half of Router.
#include "engine/http/admin/letter_json.h"
#include "engine/http/admin/letter_stream.h"
#include "engine/http/admin/parameters.h"
#include "engine/http/admin/router.h"

#include <utility>

namespace pelton::http {

void Router::list_letters(Request&& request, Reply reply) {
  auto parameters = letter_parameters(request);
  if (!parameters) return reply(error_response(parameters.error()));
  reply(lines(std::make_shared<LetterStream>(backend_, std::move(*parameters))));
}

void Router::count_letters(Request&& request, Reply reply) {
  const auto parameters = letter_parameters(request);
  if (!parameters) return reply(error_response(parameters.error()));
  backend_.count_dead_letters(
      parameters->query, [reply = std::move(reply)](Result<std::uint64_t> total) mutable {
        if (!total) return reply(error_response(total.error()));
        reply({200, "application/json", fmt::format(R"({{"count":{}}})", *total) + "\n"});
      });
}

void Router::show_letter(Request&& request, Reply reply) {
  const auto& path = request.path;
  backend_.dead_letter(path[2] + "/" + path[3] + "/" + path[4],
                       [reply = std::move(reply)](Result<model::DeadLetter> letter) mutable {
                         if (!letter) return reply(error_response(letter.error()));
                         reply({200, "application/json", letter_line(*letter)});
                       });
}

void Router::find_letters(Request&& request, Reply reply) {
  const auto ids = ids_of(request.body);
  if (!ids) return reply(error_response(ids.error()));
  backend_.find_dead_letters(
      *ids, [reply = std::move(reply)](Result<std::vector<DeadLetterBrief>> letters) mutable {
        if (!letters) return reply(error_response(letters.error()));
        reply({200, "application/json", brief_letters(*letters)});
      });
}

void Router::replay(Request&& request, Reply reply) {
  const auto ids = ids_of(request.body);
  if (!ids) return reply(error_response(ids.error()));
  backend_.replay(*ids, [reply = std::move(reply)](Result<ReplayCount> count) mutable {
    if (!count) return reply(error_response(count.error()));
    reply({200, "application/json",
           fmt::format(R"({{"accepted":{},"missing":{},"running":{}}})", count->accepted,
                       count->missing, count->running) +
               "\n"});
  });
}

void Router::purge(Request&& request, Reply reply) {
  const auto ids = ids_of(request.body);
  if (!ids) return reply(error_response(ids.error()));
  backend_.purge(*ids, [reply = std::move(reply)](Result<std::uint64_t> count) mutable {
    if (!count) return reply(error_response(count.error()));
    reply({200, "application/json", fmt::format(R"({{"purged":{}}})", *count) + "\n"});
  });
}

}  // namespace pelton::http
