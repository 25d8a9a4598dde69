// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/access.h"
#include "engine/http/admin/parameters.h"
#include "engine/net/message.h"

#include <cstdint>
#include <memory>

namespace pelton::http {

// Dead letters as lines, read in pages while they are sent: each holds its whole event. On
// the http thread; its answers may come on any.
class LetterStream final : public net::BodyStream,
                           public std::enable_shared_from_this<LetterStream> {
 public:
  LetterStream(dead_letters::Access& letters, LetterParameters parameters);
  void next(net::PieceAnswer answer) override;

 private:
  net::Piece take(const dead_letters::Page& page);

  dead_letters::Access& letters_;
  dead_letters::Query query_;
  std::uint64_t left_;
  const bool brief_;
};

}  // namespace pelton::http
