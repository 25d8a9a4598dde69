// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/stream.h"
#include "engine/dead_letters/dead_letters.h"
#include "engine/http/admin/dead_letters.h"
#include "engine/http/admin/operations.h"
#include "engine/http/admin/streams.h"
#include "engine/runtime/embedded_streams.h"
#include "engine/runtime/known_bindings.h"
#include "engine/runtime/reloader.h"
#include "engine/runtime/shard.h"
#include "engine/runtime/topic_access.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pelton::runtime {

// The admin API's view of the engine. Reads and appends go to the store, which any thread may use;
// what belongs to the shard is asked there, what is in dead-letter topics on their thread. Called
// on the thread that answers admin requests.
class Admin final : public http::Streams, public http::DeadLetters, public http::Operations {
 public:
  struct Parts {
    store::Store& store;
    Shard& shard;
    EmbeddedStreams& streams;
    Reloader& reloader;
    kafka::PollLoop& kafka;
    // Fills a status report; it runs on the shard.
    std::function<void(observe::StatusReport&)> report;
  };
  explicit Admin(Parts parts);

  // Where dead letters are looked for when some binding's are in a topic.
  void look_for_letters_on(thread::JobThread* thread) { letters_ = thread; }
  // A stream that the engine does not keep itself. Before the server starts.
  void add_topic(const config::Stream& stream, StreamId id) { topics_.add(stream, id); }

  void status(Answer<observe::StatusReport> answer) override;
  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition,
               Answer<std::vector<http::Produced>> answer) override;
  // Shared as http::Streams says.
  Result<std::shared_ptr<http::StreamReader>> reader(const std::string& stream) override;
  void dead_letters(const http::DeadLetterQuery& query,
                    Answer<http::DeadLetterPage> answer) override;
  void dead_letter(const std::string& id, Answer<model::DeadLetter> answer) override;
  void count_dead_letters(const http::DeadLetterQuery& query,
                          Answer<std::uint64_t> answer) override;
  void find_dead_letters(const std::vector<std::string>& ids,
                         Answer<std::vector<http::DeadLetterBrief>> answer) override;
  void replay(const std::vector<std::string>& ids, Answer<http::ReplayCount> answer) override;
  void purge(const std::vector<std::string>& ids, Answer<std::uint64_t> answer) override;
  void seek(const http::SeekRequest& request,
            Answer<std::vector<http::SeekChange>> answer) override;
  void restart(const std::string& function, Answer<std::uint64_t> answer) override;
  void plan(const std::string& file, Answer<http::ConfigReview> answer) override;
  void reload(Answer<http::ConfigReview> answer) override;
  void forget(Kept what, const std::string& name, Answer<void> answer) override;

 private:
  // One that the engine keeps.
  Result<EmbeddedStreams::TargetPtr> find_stream(const std::string& name);
  Result<const KnownBinding*> find_binding(std::string_view name) const;
  const KnownBinding& binding_of(const model::DeadLetterId& id) const;
  Result<model::DeadLetterId> parse_id(std::string_view text) const;
  // In their order, each once.
  Result<std::vector<model::DeadLetterId>> parse_ids(const std::vector<std::string>& texts) const;

  // ---- dead letters: where they may be waited for, the letters thread if there is one
  void on_letters(thread::JobThread::Job work);
  // The topics of these bindings (empty: all) as they are now.
  Status catch_up(const std::string& binding);
  Status catch_up(std::span<const model::DeadLetterId> ids);
  // Of a query that asks for no contents.
  Result<std::uint64_t> count_all(const http::DeadLetterQuery& query);
  // Those that are there, as they are now; `ids` ascending.
  Result<std::vector<model::DeadLetter>> find_letters(std::span<const model::DeadLetterId> ids);
  // Visits the matching letters until `visit` returns false.
  Status visit_letters(const http::DeadLetterQuery& query,
                       const std::function<bool(const model::DeadLetter&)>& visit);
  void purge_now(std::vector<model::DeadLetterId> ids, Answer<std::uint64_t> answer);

  store::Store& store_;
  Shard& shard_;
  EmbeddedStreams& streams_;
  Reloader& reloader_;
  const std::function<void(observe::StatusReport&)> report_;
  thread::JobThread* letters_ = nullptr;
  TopicAccess topics_;
};

}  // namespace pelton::runtime
