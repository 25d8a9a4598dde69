// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/operations.h"
#include "engine/runtime/reloader.h"
#include "engine/runtime/shard.h"
#include "engine/store/store.h"

#include <functional>
#include <string>
#include <vector>

namespace pelton::runtime {

// What an operator asks of the running engine, handed to the shard, the reloader or the store.
// Called on the thread that answers admin requests.
class AdminOperations final : public http::Operations {
 public:
  // Fills a status report; runs on the shard.
  using Report = std::function<void(observe::StatusReport&)>;

  // All live longer.
  AdminOperations(store::Store& store, Shard& shard, Reloader& reloader, Report report)
      : store_(store), shard_(shard), reloader_(reloader), report_(std::move(report)) {}

  void status(Answer<observe::StatusReport> answer) override;
  void seek(const http::SeekRequest& request, Answer<http::SeekOutcome> answer) override;
  void restart(const std::string& function, Answer<std::uint64_t> answer) override;
  void pause(const std::string& binding, bool on, Answer<void> answer) override;
  void plan(const std::vector<std::string>& files, Answer<http::ConfigReview> answer) override;
  void reload(Answer<http::ConfigReview> answer) override;
  void forget(Kept what, const std::string& name, Answer<http::Forgotten> answer) override;

 private:
  store::Store& store_;
  Shard& shard_;
  Reloader& reloader_;
  const Report report_;
};

}  // namespace pelton::runtime
