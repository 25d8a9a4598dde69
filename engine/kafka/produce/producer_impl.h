// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/trouble.h"
#include "engine/kafka/produce/pause.h"
#include "engine/kafka/produce/producer.h"
#include "engine/kafka/produce/topic_limits.h"
#include "engine/kafka/records/schema_encoder.h"

#include <deque>
#include <utility>

// For producer.cpp only.
namespace pelton::kafka {

// On the loop's thread but for what says otherwise.
class Producer::Impl {
 public:
  Impl(const TopicOptions& topic, PollLoop& loop, Behind behind, TopicFault fault)
      : setup_(topic),
        loop_(loop),
        rules_{behind, fault},
        limits_(topic.topic),
        trouble_(topic.topic),
        encoding_{schema_encoder(topic, loop.registries()), {}, {}} {}
  ~Impl() { close(); }

  Status open();  // any thread, first
  // Any thread, once.
  void listen(std::weak_ptr<Impl> self);
  PollLoop& loop() { return loop_; }
  void join() {
    loop_.add(this, [this] { return serve(); });
  }
  void leave() { loop_.remove(this); }
  void send(model::BatchPtr batch, std::vector<RawRecord> records, Done done, Sending how);
  std::string trouble() const { return trouble_.text(); }  // any thread

 private:
  // Records on their way: a batch's, or raw ones.
  struct Flight {
    model::BatchPtr batch;
    std::vector<RawRecord> records;
    Done done;
    Sending how;
    std::deque<std::uint32_t> to_send;  // ascending
    // Refused with a request that was perhaps another record's fault.
    std::deque<std::uint32_t> suspects;
    // Suspects in halves, to be sent apart from all else.
    std::deque<std::deque<std::uint32_t>> halves;
    std::uint32_t open = 0;  // with the client
    std::vector<Refused> refused;
    // One an event, all the same: a delivery report's opaque is the address of its event's.
    std::vector<Flight*> slots;
    std::vector<Refused> unfit;  // could not be encoded: refused when their turn comes; ascending
    bool over() const { return to_send.empty() && suspects.empty() && halves.empty() && open == 0; }
    std::size_t size() const { return batch ? batch->size() : records.size(); }
    std::size_t bytes(std::uint32_t index) const {
      if (batch) return batch->data(index).size();
      return records[index].value ? records[index].value->size() : 0;
    }
  };

  void begin(std::unique_ptr<Flight> flight);
  void encode();
  bool serve();
  void on_event(rd_kafka_event_t* event);
  void on_deliveries(rd_kafka_event_t* event);
  void on_delivery(Flight& flight, std::uint32_t index, const rd_kafka_message_t& message);
  bool lost_with_client(rd_kafka_resp_err_t error) const;
  void on_error(const Error& error);
  bool holds(rd_kafka_resp_err_t error) const;
  void hold(rd_kafka_resp_err_t error);
  void watch_silence();
  void empty_client();
  void take_limits(rd_kafka_event_t& event);
  TopicLimits::Error foreseen(const Flight& flight, std::uint32_t index) const;
  bool refuse_unfit(Flight& flight, std::uint32_t index);
  void refuse(Flight& flight, std::uint32_t index, rd_kafka_resp_err_t error);
  void pump();
  bool pump_flight(Flight& flight);
  rd_kafka_resp_err_t produce(Flight& flight, std::uint32_t index);
  bool hand_over(Flight& flight, std::deque<std::uint32_t>& from);
  static void halve(Flight& flight);
  bool probe(Flight& flight);
  void sweep();
  void reopen();
  void close();

  const TopicOptions setup_;
  PollLoop& loop_;
  const struct {
    Behind behind;
    TopicFault fault;
  } rules_;
  rd_kafka_t* client_ = nullptr;
  RequestShape shape_;  // of the client's requests
  Queue queue_;
  TopicHandle topic_;
  std::deque<std::unique_ptr<Flight>> flights_;  // in the order that they came
  std::uint64_t open_ = 0;                       // of all flights
  std::uint64_t probed_ = 0;  // records of the half that is open; 0: what is open is no half
  bool ended_ = false;        // the client is of no more use, and is emptied
  LimitsQuery limits_;
  std::int64_t now_ms_ = 0;  // Unix time of the turn
  Pause hold_;               // the topic takes nothing: one record at a time tries it
  Pause reopening_;          // the client before did not get anything through
  std::chrono::steady_clock::time_point answered_{};  // at last; or since something is open
  Trouble trouble_;
  struct {
    const std::unique_ptr<SchemaEncoder> encoder;          // null: nothing is encoded
    std::deque<std::unique_ptr<Flight>> waiting;           // for the schema, in the order they came
    std::unique_ptr<schema::Registry::Subscription> news;  // of schemas
  } encoding_;
};

}  // namespace pelton::kafka
