// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/functions.h"
#include "engine/runtime/reloader.h"
#include "engine/runtime/shard.h"

#include <string>

namespace pelton::runtime {

// The functions of the running config, for operators who call them.
class FunctionAccess final : public http::Functions {
 public:
  // Both live longer.
  FunctionAccess(Shard& shard, Reloader& reloader) : shard_(shard), reloader_(reloader) {}
  Result<bool> takes_documents(const std::string& function) override;
  void call(http::Call&& call) override { shard_.call(std::move(call)); }

 private:
  Shard& shard_;
  Reloader& reloader_;
};

}  // namespace pelton::runtime
