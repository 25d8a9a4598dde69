// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/dead_letter_stream.h"

#include "engine/http/admin/dead_letter_json.h"
#include "engine/model/dead_letter_text.h"

#include <algorithm>
#include <utility>

namespace pelton::http {
namespace {

constexpr std::size_t kPage = 1000;

}  // namespace

LetterStream::LetterStream(dead_letters::Access& letters, LetterParameters parameters)
    : letters_(letters),
      query_(std::move(parameters.query)),
      left_(parameters.limit),
      brief_(parameters.brief) {}

void LetterStream::next(net::PieceAnswer answer) {
  if (left_ == 0) return answer(net::Piece{"", net::Piece::Then::end});
  query_.limit = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPage));
  // Shared by the connection, which may close first, and the page that is being read.
  letters_.dead_letters(query_, [self = shared_from_this(), answer = std::move(answer)](
                                    Result<dead_letters::Page> page) mutable {
    if (!page) return answer(std::unexpected(page.error()));
    answer(self->take(*page));
  });
}

net::Piece LetterStream::take(const dead_letters::Page& page) {
  net::Piece piece;
  for (const model::DeadLetter& letter : page.letters)
    piece.bytes += brief_ ? brief_letter_line(letter) : letter_line(letter);
  left_ -= std::min<std::uint64_t>(left_, page.letters.size());
  if (!page.more || left_ == 0) {
    piece.then = net::Piece::Then::end;
  } else {
    const model::DeadLetter& last = page.letters.back();
    query_.after = model::dead_letter_text(last.binding, last.id);
    query_.goes_on = true;
  }
  return piece;
}

}  // namespace pelton::http
