// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/trouble.h"
#include "engine/kafka/produce/pause.h"
#include "engine/kafka/produce/topic_limits.h"
#include "engine/kafka/produce/transactional_producer.h"
#include "engine/kafka/records/schema_encoder.h"
#include "engine/thread/job_thread.h"

#include <set>
#include <thread>
#include <utility>

// For transactional_producer.cpp only.
namespace pelton::kafka {

// Where an event is among the batches; a delivery report brings it back.
struct Spot {
  std::uint32_t batch = 0;
  std::uint32_t event = 0;
  auto operator<=>(const Spot&) const = default;
};

// On its own thread but for what says otherwise.
class TransactionalProducer::Impl {
 public:
  explicit Impl(Setup setup)
      : setup_(std::move(setup)),
        encoder_(setup_.registries == nullptr ? nullptr
                                              : schema_encoder(setup_.topic, *setup_.registries)),
        limits_(setup_.topic.topic),
        trouble_(setup_.topic.topic) {}
  ~Impl();

  Status start();                                                       // any thread, first
  void post(thread::JobThread::Job job) { jobs_.run(std::move(job)); }  // any thread
  void encode_and_write(std::vector<model::BatchPtr> batches, Written& done);
  Outcome commit(const std::string& topic, const std::vector<OffsetCommit>& positions,
                 const GroupMetadata& group);
  void abort();
  std::string trouble() const { return trouble_.text(); }  // any thread

 private:
  // What follows from a call of the library.
  enum class Step {
    done,
    abort,    // the transaction cannot be committed any more
    ended,    // the client is of no more use
    stopped,  // we are ending
  };

  Status open();
  void close();
  bool schema_ready();
  void write(const std::vector<model::BatchPtr>& batches, Written& done);
  bool ready();
  void ask_limits();
  bool foresee();
  void poll_idle();
  static void pause();
  void pause_longer();
  Duration elapsed() const {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun_);
  }
  template <typename Call>
  Step repeat(const char* what, Call call);
  bool attempt();
  bool hand_over(Spot spot);
  bool send_alone(Spot spot);
  bool flush();
  bool stopping() const { return jobs_.stopping(); }
  bool overdue() const { return elapsed() >= writing_time(setup_.timeout); }
  bool good() const { return !broken_ && !stopping() && !overdue(); }
  void on_delivery(const rd_kafka_message_t& message);
  void on_error(int code, const char* reason);
  std::vector<std::vector<Refused>> take_refused();

  const Setup setup_;
  const std::unique_ptr<SchemaEncoder> encoder_;  // null: nothing is encoded
  rd_kafka_t* client_ = nullptr;
  TopicHandle topic_;
  RequestShape shape_;  // of the client's requests
  LimitsQuery limits_;
  bool initialised_ = false;  // init_transactions() has succeeded
  bool in_transaction_ = false;

  // ---- the transaction at hand
  std::vector<model::BatchPtr> batches_;  // the client has views of their data
  std::uint64_t open_ = 0;                // records whose report is still to come
  bool broken_ = false;                   // it has to be aborted
  std::chrono::steady_clock::time_point begun_{};
  Pause pause_;              // between attempts
  bool alone_ = false;       // the record that is open was sent alone
  std::set<Spot> suspects_;  // refused with a request that was perhaps another record's fault
  std::vector<std::pair<Spot, rd_kafka_resp_err_t>> refused_;

  Trouble trouble_;
  thread::JobThread jobs_;  // one call at a time
};

}  // namespace pelton::kafka
