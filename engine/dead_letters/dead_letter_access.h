// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/access.h"
#include "engine/dead_letters/dead_letters.h"
#include "engine/dead_letters/known_bindings.h"

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pelton::dead_letters {

// The admin API's view of the dead letters, in the store and in topics. Called on the thread that
// answers admin requests; letters are looked for on the letters thread, which may wait for brokers.
class DeadLetterAccess final : public Access {
 public:
  // Gives letters to their bindings again: none, when that is overloaded (E5010). What the count
  // says of those that are missing is not looked at. On the letters thread.
  using Replay = std::function<void(std::vector<model::DeadLetter>, Answer<ReplayCount>)>;

  // All live longer.
  DeadLetterAccess(store::Store& store, Replay replay, const KnownBindings& bindings,
                   thread::JobThread& letters)
      : store_(store), replay_(std::move(replay)), bindings_(bindings), letters_(letters) {}

  void dead_letters(const Query& query, Answer<Page> answer) override;
  void dead_letter(const std::string& id, Answer<model::DeadLetter> answer) override;
  void count_dead_letters(const Query& query, Answer<std::uint64_t> answer) override;
  void find_dead_letters(const std::vector<std::string>& ids,
                         Answer<std::vector<Brief>> answer) override;
  void replay(const std::vector<std::string>& ids, Answer<ReplayCount> answer) override;
  void purge(const std::vector<std::string>& ids, Answer<std::uint64_t> answer) override;

 private:
  const KnownBinding& binding_of(const model::DeadLetterId& id) const;
  Result<model::DeadLetterId> parse_id(std::string_view text) const;
  // In their order, each once.
  Result<std::vector<model::DeadLetterId>> parse_ids(const std::vector<std::string>& texts) const;

  // ---- on the letters thread
  // The topics of these bindings (empty: all) as they are now.
  Status catch_up(const std::string& binding);
  Status catch_up(std::span<const model::DeadLetterId> ids);
  // Of a query that asks for no contents.
  Result<std::uint64_t> count_all(const Query& query);
  // Those that are there, as they are now; `ids` ascending.
  Result<std::vector<model::DeadLetter>> find_present(std::span<const model::DeadLetterId> ids);
  // Visits the matching letters until `visit` returns false.
  Status visit_matching(const Query& query,
                        const std::function<bool(const model::DeadLetter&)>& visit);
  void purge_now(std::vector<model::DeadLetterId> ids, Answer<std::uint64_t> answer);

  store::Store& store_;
  const Replay replay_;
  const KnownBindings& bindings_;
  thread::JobThread& letters_;
};

}  // namespace pelton::dead_letters
