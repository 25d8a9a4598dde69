// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/producer.h"

#include "engine/kafka/client/client_events.h"
#include "engine/kafka/produce/producer_impl.h"
#include "engine/kafka/produce/refusal.h"
#include "engine/kafka/records/record_writer.h"
#include "engine/observe/log.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

constexpr int kReportsAtOnce = 64;
// Without any answer for that long, the operator hears of it: the client itself says nothing while
// brokers answer that too few replicas are in sync.
constexpr std::chrono::seconds kSilence{5};

}  // namespace

Status Producer::Impl::open() {
  auto conf = producer_conf(setup_.client, setup_.topic, rules_.behind == Behind::strict);
  if (!conf) return std::unexpected(conf.error());
  shape_ = fit_requests(**conf, limits_.known().batch_bytes());
  ask_for_events(*conf->get(), setup_.client, RD_KAFKA_EVENT_DR);
  auto client = new_client(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  queue_.reset(rd_kafka_queue_get_main(client_));
  rd_kafka_set_log_queue(client_, queue_.get());
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.c_str(), nullptr));
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), loop_.wake_handle(), &one, sizeof one);
  if (limits_.asking() || !limits_.fresh()) limits_.ask(*client_, *queue_, LimitsQuery::kBeginning);
  return {};
}

void Producer::Impl::close() {
  queue_.reset();
  topic_.reset();
  if (client_ != nullptr) rd_kafka_destroy(std::exchange(client_, nullptr));
}

void Producer::Impl::send(model::BatchPtr batch, std::vector<RawRecord> records, Done done,
                          Sending how) {
  auto flight = std::make_unique<Flight>();
  flight->batch = std::move(batch);
  flight->records = std::move(records);
  flight->done = std::move(done);
  flight->how = std::move(how);
  if (encoding_.encoder && flight->batch) {
    encoding_.waiting.push_back(std::move(flight));
    encode();
  } else {
    begin(std::move(flight));
  }
  pump();
}

void Producer::Impl::begin(std::unique_ptr<Flight> flight) {
  flight->slots.assign(flight->size(), flight.get());
  for (std::uint32_t i = 0; i < flight->size(); ++i) flight->to_send.push_back(i);
  if (flight->how.places) flight->how.places->assign(flight->size(), {});
  flights_.push_back(std::move(flight));
}

void Producer::Impl::encode() {
  if (encoding_.waiting.empty()) return;
  if (!encoding_.encoder->ready()) {
    if (!encoding_.encoder->why().empty()) trouble_.say(encoding_.encoder->why());
    return;
  }
  if (open_ == 0) trouble_.over();
  for (; !encoding_.waiting.empty(); encoding_.waiting.pop_front()) {
    std::unique_ptr<Flight> flight = std::move(encoding_.waiting.front());
    auto encoded = encoding_.encoder->encode(*flight->batch);
    flight->batch = std::move(encoded.batch);
    flight->unfit = std::move(encoded.unfit);
    begin(std::move(flight));
  }
}

void Producer::Impl::listen(std::weak_ptr<Impl> self) {
  if (!encoding_.encoder) return;
  encoding_.news = encoding_.encoder->registry().listen([self = std::move(self), &loop = loop_] {
    loop.post([self] {
      const auto impl = self.lock();
      if (!impl) return;
      impl->encode();
      impl->pump();
    });
  });
}

bool Producer::Impl::serve() {
  if (hold_.on() && hold_.due()) pump();
  watch_silence();
  // In every turn: what was on its way when the client ended may be back in its queue without an
  // event that says so.
  if (ended_ && open_ > 0) empty_client();
  for (int i = 0; i < kReportsAtOnce; ++i) {
    if ((client_ == nullptr || (ended_ && open_ == 0)) && reopening_.due()) reopen();
    if (client_ == nullptr) return false;
    const Event event(rd_kafka_queue_poll(queue_.get(), 0));
    if (!event) return false;
    on_event(event.get());
    pump();
  }
  return true;
}

void Producer::Impl::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
      return on_deliveries(event);
    case RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT:
      return take_limits(*event);
    default:
      if (auto error = serve_event(client_, event, setup_.client, "writing to " + setup_.topic))
        on_error(*error);
  }
}

void Producer::Impl::on_deliveries(rd_kafka_event_t* event) {
  bool delivered = false;
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
    Flight** const slot = static_cast<Flight**>(message->_private);
    Flight& flight = **slot;
    delivered |= message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    on_delivery(flight, static_cast<std::uint32_t>(slot - flight.slots.data()), *message);
  }
  answered_ = std::chrono::steady_clock::now();
  if (!delivered) return;
  hold_.over();
  reopening_.over();
  trouble_.over();
}

// A client whose requests may be larger than the topic takes is replaced by one that fits.
void Producer::Impl::take_limits(rd_kafka_event_t& event) {
  limits_.take(event);
  const auto most = limits_.known().batch_bytes();
  if (most && *most < shape_.batch_bytes) ended_ = true;
}

TopicLimits::Error Producer::Impl::foreseen(const Flight& flight, std::uint32_t index) const {
  const TopicLimits& limits = limits_.known();
  if (!flight.batch) return limits.refuses(flight.records[index], shape_.compressed, now_ms_);
  return limits.refuses(setup_.content_mode, *flight.batch, index, shape_.compressed, now_ms_);
}

bool Producer::Impl::holds(rd_kafka_resp_err_t error) const {
  return rules_.fault == TopicFault::wait && refuses_topic(error);
}

void Producer::Impl::hold(rd_kafka_resp_err_t error) {
  if (hold_.due()) hold_.begin();  // once for all that was open
  trouble_.say(topic_fault(setup_.topic, error).text());
}

void Producer::Impl::watch_silence() {
  if (open_ == 0 || !trouble_.text().empty()) return;
  if (std::chrono::steady_clock::now() - answered_ < kSilence) return;
  trouble_.say(fmt::format(
      "E6110: the topic {} has acknowledged no record for {} s: its brokers are slow, or too few "
      "replicas are in sync (min.insync.replicas)",
      setup_.topic, kSilence.count()));
}

// The client has ended, and with it what it had and the brokers have not refused.
bool Producer::Impl::lost_with_client(rd_kafka_resp_err_t error) const {
  const bool refused = refuses_record(error) || (refuses_topic(error) && !holds(error));
  return orphaned(error) ||
         (!refused && rd_kafka_fatal_error(client_, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR);
}

void Producer::Impl::on_delivery(Flight& flight, std::uint32_t index,
                                 const rd_kafka_message_t& message) {
  const auto error = message.err;
  --flight.open;
  --open_;
  const bool probed = probed_ > 0;
  const bool alone = probed_ == 1;
  if (open_ == 0) probed_ = 0;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (flight.how.places)
      (*flight.how.places)[index] = {PartitionId{static_cast<std::uint32_t>(message.partition)},
                                     message.offset};
    return;
  }
  const auto put = [index](std::deque<std::uint32_t>& into) {
    into.insert(std::ranges::lower_bound(into, index), index);
  };
  // What is lost of a half goes in front of the halves that wait, or it would come behind later
  // records of its keys.
  if (holds(error)) hold(error);
  if (refuses_request(error) && !limits_.asking() && !limits_.fresh())
    limits_.ask(*client_, *queue_, LimitsQuery::kPatience);
  if (lost_with_client(error) || holds(error))
    put(probed ? flight.suspects : flight.to_send);
  else if (refuses_request(error) && !alone)
    put(flight.suspects);
  else
    refuse(flight, index, error);
}

void Producer::Impl::refuse(Flight& flight, std::uint32_t index, rd_kafka_resp_err_t error) {
  if (flight.how.failed) flight.how.failed(index);
  flight.refused.push_back(refusal(setup_.topic, flight.bytes(index), index, error));
}

void Producer::Impl::on_error(const Error& error) {
  trouble_.say(error.text());
  if (error.kind != ErrorKind::corrupt) return;
  if (!reopening_.on())
    observe::log::warn("the producer client ended and is replaced",
                       {{"topic", setup_.topic}, {"error", error.text()}});
  ended_ = true;
  reopening_.begin();
  empty_client();
}

// What waits in a client that has ended comes back as a delivery report. A request that is on its
// way is not taken back: the brokers may write it, and to send it again would write it twice. Its
// answer, or the end of its connection, comes as a report or puts it where the next call finds it.
void Producer::Impl::empty_client() {
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE);
}

// Gives the client what it has room for, in order, and answers for what is over.
void Producer::Impl::pump() {
  now_ms_ = to_us(SystemClock().now()) / 1000;
  const bool may = !hold_.on() || (open_ == 0 && hold_.due());
  if (client_ != nullptr && !ended_ && probed_ == 0 && may)
    for (const auto& flight : flights_)
      if (!pump_flight(*flight)) break;
  sweep();
}

// False: nothing behind it may go yet.
bool Producer::Impl::pump_flight(Flight& flight) {
  while (!flight.suspects.empty() || !flight.halves.empty()) {
    if (open_ > 0) return false;
    halve(flight);
    // One that is refused at once makes no event: the next half has its turn now.
    if (!probe(flight) || open_ > 0) return false;
  }
  while (!flight.to_send.empty()) {
    if (hold_.on() && open_ > 0) return false;
    if (!hand_over(flight, flight.to_send)) return false;
  }
  return true;
}

// The culprit is in one half or the other; whatever is not goes through.
void Producer::Impl::halve(Flight& flight) {
  auto suspects = std::exchange(flight.suspects, {});
  if (suspects.empty()) return;
  const auto middle = suspects.begin() + static_cast<std::ptrdiff_t>((suspects.size() + 1) / 2);
  if (middle != suspects.end()) flight.halves.emplace_front(middle, suspects.end());
  flight.halves.emplace_front(suspects.begin(), middle);
}

// Sends the next half while nothing else is open. False: the client has not taken all of it.
bool Producer::Impl::probe(Flight& flight) {
  auto half = std::move(flight.halves.front());
  flight.halves.pop_front();
  while (!half.empty() && hand_over(flight, half)) {
  }
  probed_ = open_;
  if (half.empty()) return true;
  flight.halves.push_front(std::move(half));
  return false;
}

rd_kafka_resp_err_t Producer::Impl::produce(Flight& flight, std::uint32_t index) {
  void* const slot = &flight.slots[index];
  if (!flight.batch) return kafka::produce(client_, topic_.get(), flight.records[index], slot);
  return kafka::produce(client_, topic_.get(), setup_.content_mode, *flight.batch, index,
                        flight.how.partition, slot);
}

// True: it could not be encoded.
bool Producer::Impl::refuse_unfit(Flight& flight, std::uint32_t index) {
  const auto found = std::ranges::lower_bound(flight.unfit, index, {}, &Refused::index);
  if (found == flight.unfit.end() || found->index != index) return false;
  if (flight.how.failed) flight.how.failed(index);
  flight.refused.push_back(*found);
  return true;
}

// False: not now. The client's queue is full, for which delivery reports make room; or the topic
// has to say first what it takes.
bool Producer::Impl::hand_over(Flight& flight, std::deque<std::uint32_t>& from) {
  if (limits_.asking()) return false;
  const std::uint32_t index = from.front();
  if (flight.how.blocked && flight.how.blocked(index)) {
    from.pop_front();
    flight.refused.push_back(
        {index, {ErrorKind::overloaded, "", "an earlier event of its key failed"}, {}});
    return true;
  }
  if (refuse_unfit(flight, index)) {
    from.pop_front();
    return true;
  }
  if (const auto error = foreseen(flight, index)) {
    if (!limits_.fresh()) {
      limits_.ask(*client_, *queue_, LimitsQuery::kPatience);
      return false;
    }
    from.pop_front();
    refuse(flight, index, *error);
    return true;
  }
  const auto error = produce(flight, index);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || orphaned(error)) return false;
  if (holds(error)) {
    hold(error);
    return false;
  }
  from.pop_front();
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    refuse(flight, index, error);
    return true;
  }
  if (open_ == 0) answered_ = std::chrono::steady_clock::now();
  ++flight.open;
  ++open_;
  return true;
}

void Producer::Impl::sweep() {
  std::erase_if(flights_, [](const std::unique_ptr<Flight>& flight) {
    if (!flight->over()) return false;
    std::ranges::sort(flight->refused, {}, &Refused::index);
    flight->done(std::move(flight->refused));
    return true;
  });
}

void Producer::Impl::reopen() {
  close();
  ended_ = false;
  if (auto ok = open(); !ok) return trouble_.say(ok.error().text());
  pump();
}

// ---- Producer: every call goes to the loop

Producer::Producer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
// Its client closes on the loop's thread, which may be serving it.
Producer::~Producer() {
  impl_->loop().post([impl = impl_] { impl->leave(); });
}

Result<std::unique_ptr<Producer>> Producer::create(const TopicOptions& topic, PollLoop& loop,
                                                   Behind behind, TopicFault fault) {
  auto impl = std::make_shared<Impl>(topic, loop, behind, fault);
  if (auto ok = impl->open(); !ok) return std::unexpected(ok.error());
  impl->listen(impl);
  loop.post([impl] { impl->join(); });
  return std::unique_ptr<Producer>(new Producer(std::move(impl)));
}

void Producer::send(model::BatchPtr batch, Done done, Sending how) {
  impl_->loop().post([impl = impl_, batch = std::move(batch), done = std::move(done),
                      how = std::move(how)]() mutable {
    impl->send(std::move(batch), {}, std::move(done), std::move(how));
  });
}

void Producer::send(std::vector<RawRecord> records, Done done) {
  impl_->loop().post(
      [impl = impl_, records = std::move(records), done = std::move(done)]() mutable {
        impl->send(nullptr, std::move(records), std::move(done), {});
      });
}

std::string Producer::trouble() const {
  return impl_->trouble();
}

}  // namespace pelton::kafka
