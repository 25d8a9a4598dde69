// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/transactional_producer.h"

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/client_events.h"
#include "engine/kafka/client/token_refresh.h"
#include "engine/kafka/produce/refusal.h"
#include "engine/kafka/produce/transactional_producer_impl.h"
#include "engine/kafka/records/record_writer.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::kafka {
namespace {

// The library's own advice for its transactional calls: the rest of the transaction's time.
constexpr int kRemaining = -1;
// ... but without brokers a call that ends a transaction, or begins with them, waits for ever. One
// that is not over by then continues with the next call.
constexpr int kTurnMs = 3'000;
// How often the thread looks around: what the client has to say, whether it is to end.
constexpr int kSliceMs = 100;
constexpr std::chrono::milliseconds kIdle{1'000};
// Between attempts while brokers are away.
constexpr std::chrono::milliseconds kRetryPause{200};

void* opaque_of(Spot spot) {
  return reinterpret_cast<void*>((static_cast<std::uintptr_t>(spot.batch) << 32) | spot.event);
}
Spot spot_of(const void* opaque) {
  const auto bits = reinterpret_cast<std::uintptr_t>(opaque);
  return {static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits)};
}

}  // namespace

TransactionalProducer::Impl::~Impl() {
  jobs_.stop();
  if (in_transaction_) abort();
  close();
}

void TransactionalProducer::Impl::pause() {
  std::this_thread::sleep_for(kRetryPause);
}

Status TransactionalProducer::Impl::start() {
  if (auto ok = open(); !ok) return ok;
  jobs_.start();
  poll_idle();
  return {};
}

// Takes what the client logs between two calls.
void TransactionalProducer::Impl::poll_idle() {
  jobs_.run_after(kIdle, [this] {
    if (client_ != nullptr) rd_kafka_poll(client_, 0);
    poll_idle();
  });
}

Status TransactionalProducer::Impl::open() {
  auto conf =
      transactional_conf(setup_.topic.client, setup_.topic.topic, setup_.id, setup_.timeout);
  if (!conf) return std::unexpected(conf.error());
  shape_ = fit_requests(**conf, limits_.known().batch_bytes());
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf->get(),
                              [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
                                static_cast<Impl*>(self)->on_delivery(*message);
                              });
  rd_kafka_conf_set_error_cb(conf->get(),
                             [](rd_kafka_t*, int code, const char* reason, void* self) {
                               static_cast<Impl*>(self)->on_error(code, reason);
                             });
  // On a thread of the library: our own may wait for a connection that needs the token.
  if (gives_tokens(setup_.topic.client))
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(
        conf->get(), [](rd_kafka_t* client, const char*, void* self) {
          auto* impl = static_cast<Impl*>(self);
          if (auto ok = refresh_token(client, impl->setup_.topic.client); !ok)
            impl->trouble_.say(ok.error().text());
        });
  rd_kafka_conf_enable_sasl_queue(conf->get(), 1);
  auto client = new_client(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  rd_kafka_set_log_queue(client_, nullptr);
  const KafkaError error(rd_kafka_sasl_background_callbacks_enable(client_));
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.topic.c_str(), nullptr));
  return {};
}

void TransactionalProducer::Impl::close() {
  topic_.reset();
  if (client_ != nullptr) {
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(std::exchange(client_, nullptr));
  }
  initialised_ = in_transaction_ = false;
  batches_.clear();
  open_ = 0;
}

// Repeats a call while only time is needed.
template <typename Call>
TransactionalProducer::Impl::Step TransactionalProducer::Impl::repeat(const char* what, Call call) {
  for (;;) {
    const KafkaError error(call());
    if (!error) return Step::done;
    trouble_.say(fmt::format("E6107 {} of {}: {} ({})", what, setup_.topic.topic,
                             rd_kafka_error_string(error.get()), rd_kafka_error_name(error.get())));
    if (rd_kafka_error_is_fatal(error.get()) != 0) return Step::ended;
    if (rd_kafka_error_txn_requires_abort(error.get()) != 0) return Step::abort;
    // Not one of the three: the library and we disagree on where the transaction is.
    if (rd_kafka_error_is_retriable(error.get()) == 0) return Step::ended;
    if (stopping()) return Step::stopped;
    pause();
  }
}

// Waits for the answer. A client whose requests may be larger than the topic
// takes is given up: the next one fits.
void TransactionalProducer::Impl::ask_limits() {
  const Queue answers(rd_kafka_queue_new(client_));
  limits_.ask(*client_, *answers, LimitsQuery::kBeginning);
  while (limits_.asking() && !stopping())
    if (const Event event{rd_kafka_queue_poll(answers.get(), kSliceMs)}) limits_.take(*event);
  const auto most = limits_.known().batch_bytes();
  if (most && *most < shape_.batch_bytes) close();
}

// Those records that the topic certainly does not take.
bool TransactionalProducer::Impl::foresee() {
  const auto now_ms = to_us(SystemClock().now()) / 1000;
  for (std::uint32_t b = 0; b < batches_.size(); ++b)
    for (std::uint32_t i = 0; i < batches_[b]->size(); ++i)
      if (const auto error = limits_.known().refuses(setup_.topic.content_mode, *batches_[b], i,
                                                     shape_.compressed, now_ms))
        refused_.emplace_back(Spot{b, i}, *error);
  return !refused_.empty();
}

// A client that can begin a transaction.
bool TransactionalProducer::Impl::ready() {
  while (!initialised_ && !stopping()) {
    if (client_ == nullptr)
      if (auto ok = open(); !ok) trouble_.say(ok.error().text());
    if (client_ != nullptr && !limits_.fresh()) ask_limits();
    if (client_ != nullptr && repeat("beginning to write", [this] {
                                return rd_kafka_init_transactions(client_, kTurnMs);
                              }) == Step::done)
      initialised_ = true;
    else if (!stopping()) {
      close();
      pause();
    }
  }
  return initialised_;
}

void TransactionalProducer::Impl::write(const std::vector<model::BatchPtr>& batches,
                                        Written& done) {
  suspects_.clear();
  refused_.clear();
  while (!stopping()) {
    if (!ready()) return;
    batches_ = batches;
    if (foresee()) {
      if (limits_.fresh()) return done({take_refused(), false, {}});
      refused_.clear();
      ask_limits();
      continue;
    }
    begun_ = std::chrono::steady_clock::now();
    if (attempt()) {
      trouble_.over();
      pause_.over();
      return done({std::vector<std::vector<Refused>>(batches.size()), false, elapsed()});
    }
    const std::size_t suspects = suspects_.size();
    const Duration took = elapsed();
    abort();
    batches_ = batches;
    const bool timed_out = refused_.empty() && took >= writing_time(setup_.timeout);
    if (timed_out)
      trouble_.say(fmt::format(
          "E6107 a transaction of {} was not written within two thirds of its {} s and is "
          "written again in smaller ones",
          setup_.topic.topic, setup_.timeout.count() / 1000));
    if (timed_out || !refused_.empty()) return done({take_refused(), timed_out, took});
    // Other suspects are a step forward; without one it is the brokers who need time.
    if (suspects == 0) pause_longer();
  }
}

// Each time longer, up to seconds; the end does not wait for it.
void TransactionalProducer::Impl::pause_longer() {
  pause_.begin();
  while (!pause_.due() && !stopping())
    std::this_thread::sleep_for(std::chrono::milliseconds(kSliceMs));
}

// True: every record is in the topic. False: the transaction is to be aborted.
bool TransactionalProducer::Impl::attempt() {
  broken_ = false;
  if (repeat("beginning a transaction", [this] { return rd_kafka_begin_transaction(client_); }) !=
      Step::done) {
    close();
    return false;
  }
  in_transaction_ = true;
  for (std::uint32_t b = 0; b < batches_.size(); ++b)
    for (std::uint32_t i = 0; i < batches_[b]->size(); ++i) {
      const Spot spot{b, i};
      if (!(suspects_.contains(spot) ? send_alone(spot) : hand_over(spot))) return false;
    }
  return flush();
}

bool TransactionalProducer::Impl::hand_over(Spot spot) {
  while (good()) {
    const auto error = produce(client_, topic_.get(), setup_.topic.content_mode,
                               *batches_[spot.batch], spot.event, std::nullopt, opaque_of(spot));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      // Reports are taken now and then, or they would all wait for the end.
      if ((++open_ & 1023U) == 0) rd_kafka_poll(client_, 0);
      return good();
    }
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(client_, kSliceMs);
      continue;
    }
    if (refuses_record(error))
      refused_.emplace_back(spot, error);
    else
      trouble_.say(topic_fault(setup_.topic.topic, error).text());
    broken_ = true;
  }
  return false;
}

bool TransactionalProducer::Impl::send_alone(Spot spot) {
  if (!flush()) return false;
  alone_ = true;
  const bool sent = hand_over(spot) && flush();
  alone_ = false;
  return sent;
}

bool TransactionalProducer::Impl::flush() {
  while (open_ > 0 && good()) rd_kafka_flush(client_, kSliceMs);
  return good();
}

void TransactionalProducer::Impl::on_delivery(const rd_kafka_message_t& message) {
  --open_;
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  broken_ = true;
  if (orphaned(message.err)) return;
  const Spot spot = spot_of(message._private);
  if (refuses_request(message.err) && !alone_)
    suspects_.insert(spot);
  else if (refuses_record(message.err))
    refused_.emplace_back(spot, message.err);
  else if (refuses_topic(message.err))
    trouble_.say(topic_fault(setup_.topic.topic, message.err).text());
  else
    trouble_.say(fmt::format("E6107 writing to {}: {} ({})", setup_.topic.topic,
                             rd_kafka_err2str(message.err), rd_kafka_err2name(message.err)));
}

void TransactionalProducer::Impl::on_error(int code, const char* reason) {
  const auto error = static_cast<rd_kafka_resp_err_t>(code);
  if (error == RD_KAFKA_RESP_ERR__FATAL) {
    broken_ = true;
    return;
  }
  trouble_.say(to_error(error, "writing to " + setup_.topic.topic).text() + ": " + reason);
}

std::vector<std::vector<Refused>> TransactionalProducer::Impl::take_refused() {
  std::ranges::sort(refused_);
  std::vector<std::vector<Refused>> refused(batches_.size());
  for (const auto& [spot, error] : refused_)
    refused[spot.batch].push_back(refusal(
        setup_.topic.topic, batches_[spot.batch]->data(spot.event).size(), spot.event, error));
  refused_.clear();
  batches_.clear();
  return refused;
}

TransactionalProducer::Outcome TransactionalProducer::Impl::commit(
    const std::string& topic, const std::vector<OffsetCommit>& offsets,
    const GroupMetadata& group) {
  if (!in_transaction_) return Outcome::aborted;
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const OffsetCommit& each : offsets) add_position(*list, topic, each);
  // What the brokers say of an offset is an error of this call.
  bool too_long = false;
  Step step = Step::done;
  if (!offsets.empty())
    step = repeat("adding offsets to a transaction", [&] {
      auto* error =
          rd_kafka_send_offsets_to_transaction(client_, list.get(), group.get(), kRemaining);
      too_long = error != nullptr &&
                 rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE;
      return error;
    });
  if (step != Step::done) {
    abort();
    return too_long ? Outcome::metadata_too_long : Outcome::aborted;
  }
  step = repeat("committing a transaction",
                [this] { return rd_kafka_commit_transaction(client_, kTurnMs); });
  if (step == Step::abort) {
    abort();
    return Outcome::aborted;
  }
  in_transaction_ = false;
  batches_.clear();
  if (step != Step::done) {
    close();
    return Outcome::unknown;
  }
  trouble_.over();
  return Outcome::committed;
}

// Where that does not work the client is given up: a new one of the same id ends what is open.
void TransactionalProducer::Impl::abort() {
  if (!std::exchange(in_transaction_, false)) return;
  if (repeat("aborting a transaction",
             [this] { return rd_kafka_abort_transaction(client_, kTurnMs); }) != Step::done)
    return close();
  batches_.clear();
  open_ = 0;
}

// ---- TransactionalProducer: every call goes to the thread

TransactionalProducer::TransactionalProducer(std::unique_ptr<Impl> impl, BackgroundCalls& end)
    : impl_(std::move(impl)), end_(end) {}
TransactionalProducer::~TransactionalProducer() {
  end_.run([impl = std::move(impl_)] {});
}

Result<std::unique_ptr<TransactionalProducer>> TransactionalProducer::create(Setup setup,
                                                                             BackgroundCalls& end) {
  auto impl = std::make_unique<Impl>(std::move(setup));
  if (auto ok = impl->start(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<TransactionalProducer>(new TransactionalProducer(std::move(impl), end));
}

void TransactionalProducer::write(std::vector<model::BatchPtr> batches, Written done) {
  impl_->post([impl = impl_.get(), batches = std::move(batches), done = std::move(done)]() mutable {
    impl->encode_and_write(std::move(batches), done);
  });
}

void TransactionalProducer::commit(std::string topic, std::vector<OffsetCommit> positions,
                                   GroupMetadata group, Ended done) {
  impl_->post([impl = impl_.get(), topic = std::move(topic), positions = std::move(positions),
               group = std::move(group), done = std::move(done)]() mutable {
    const Outcome outcome = impl->commit(topic, positions, group);
    done(outcome);
  });
}

void TransactionalProducer::abort(std::move_only_function<void()> done) {
  impl_->post([impl = impl_.get(), done = std::move(done)]() mutable {
    impl->abort();
    done();
  });
}

std::string TransactionalProducer::trouble() const {
  return impl_->trouble();
}

}  // namespace pelton::kafka
