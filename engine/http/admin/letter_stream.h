// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/admin_backend.h"
#include "engine/http/admin/parameters.h"
#include "engine/http/message.h"

#include <cstdint>
#include <memory>

namespace pelton::http {

// Dead letters as lines, read in pages while they are sent: each holds its whole event. On
// the http thread; its answers may come on any.
class LetterStream final : public BodyStream, public std::enable_shared_from_this<LetterStream> {
 public:
  LetterStream(AdminBackend& backend, LetterParameters parameters);
  void next(PieceAnswer answer) override;

 private:
  Piece take(const DeadLetterPage& page);

  AdminBackend& backend_;
  DeadLetterQuery query_;
  std::uint64_t left_;
  const bool brief_;
};

}  // namespace pelton::http
