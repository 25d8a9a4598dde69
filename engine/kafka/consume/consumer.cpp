// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/consumer.h"

#include "engine/kafka/client/client_events.h"
#include "engine/kafka/consume/group_assignment.h"
#include "engine/kafka/consume/group_client.h"
#include "engine/kafka/consume/group_lookup.h"
#include "engine/kafka/consume/offset_commits.h"
#include "engine/kafka/consume/partition_queues.h"

#include <utility>

namespace pelton::kafka {
namespace {

constexpr int kEventsAtOnce = 64;
constexpr auto kEndsInterval = std::chrono::seconds(1);
// How often the brokers are asked for the ends of partitions that are not read at the moment.
constexpr auto kAskInterval = std::chrono::seconds(2);
// After a topic is deleted and created again, the client continues at its old offset if one exists.
constexpr std::chrono::milliseconds kIdInterval{5'000};

}  // namespace

// Serves the client on the loop's thread and hands what comes to whoever it concerns.
class Consumer::Impl : public std::enable_shared_from_this<Consumer::Impl> {
 public:
  Impl(Setup setup, PollLoop& on, ConsumerListeners listeners);
  Status open();  // any thread, first

  void subscribe();
  void close();
  // The listeners hear nothing more.
  void detach();

  PollLoop& loop;
  GroupClient client;
  GroupLookup lookup;
  PartitionQueues queues;
  OffsetCommits commits;
  GroupAssignment assignment;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  bool serve();
  bool serve_events();
  void on_event(rd_kafka_event_t* event);
  void watch_ends(SteadyTime now);
  void watch_id(SteadyTime now);
  void say(const Status& status) {
    if (!status) listener_.trouble(status.error());
  }

  GroupListener& listener_;
  SteadyTime ends_told_{};
  SteadyTime ends_asked_{};
  SteadyTime id_asked_{};
  bool asking_id_ = false;
  bool closed_ = false;
};

Consumer::Impl::Impl(Setup setup, PollLoop& on, ConsumerListeners listeners)
    : loop(on),
      client(std::move(setup), loop),
      lookup(client.setup(), loop, listeners.group),
      queues(client, loop, listeners.records,
             {[this](PartitionId partition) { assignment.read_again(partition); },
              [this](const Error& error) { listener_.trouble(error); }}),
      commits(client, queues, listeners.commits),
      assignment(client, lookup, queues, commits, listeners.group),
      listener_(listeners.group) {}

Status Consumer::Impl::open() {
  if (auto ok = client.open(); !ok) return ok;
  lookup.open(client.handle(), weak_from_this(),
              [this](GroupFacts&& group) { assignment.on_facts(std::move(group)); });
  return {};
}

void Consumer::Impl::subscribe() {
  loop.add(this, [this] { return serve(); });
  const Partitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), client.topic_name().c_str(),
                                    RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(client.handle(), topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, "subscribing to " + client.topic_name()));
}

void Consumer::Impl::detach() {
  closed_ = true;
  lookup.close();
  loop.remove(this);
}

bool Consumer::Impl::serve() {
  if (closed_) return false;
  bool more = serve_events();
  more |= queues.serve();
  const auto now = std::chrono::steady_clock::now();
  queues.balance(now);
  watch_ends(now);
  watch_id(now);
  if (assignment.closing() && client.closed()) {
    closed_ = true;
    listener_.closed();
  }
  return more;
}

bool Consumer::Impl::serve_events() {
  for (int i = 0; i < kEventsAtOnce; ++i) {
    const Event event(rd_kafka_queue_poll(client.queue(), 0));
    if (!event) return false;
    on_event(event.get());
  }
  return true;
}

void Consumer::Impl::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      return assignment.on_rebalance(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      return commits.on_answer(event);
    case RD_KAFKA_EVENT_STATS:
      return commits.on_statistics(event);
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH:
      return say(client.give_token());
    default:
      if (auto error = serve_event(client.handle(), event, client.setup().client,
                                   "reading " + client.topic_name()))
        listener_.trouble(*error);
  }
}

// The client learns of an end only with what it fetches, which stops when nobody takes it.
void Consumer::Impl::watch_ends(SteadyTime now) {
  if (now - ends_told_ < kEndsInterval) return;
  ends_told_ = now;
  say(client.retry_token());
  queues.tell_ends();
  if (now - ends_asked_ < kAskInterval) return;
  ends_asked_ = now;
  auto resting = queues.resting();
  if (resting.empty()) return;
  lookup.ask_ends(std::move(resting), [this](const std::vector<PartitionFacts>& facts) {
    for (const PartitionFacts& fact : facts) queues.tell_end(fact.partition, fact.end);
  });
}

void Consumer::Impl::watch_id(SteadyTime now) {
  if (now - id_asked_ < kIdInterval || assignment.closing() || !assignment.knows_topic_id()) return;
  if (std::exchange(asking_id_, true)) return;
  id_asked_ = now;
  lookup.ask_topic_id([this](const std::string& id) {
    asking_id_ = false;
    assignment.on_topic_id(id);
  });
}

void Consumer::Impl::close() {
  if (!assignment.close() || client.close()) return;
  closed_ = true;
  listener_.closed();
}

// ---- Consumer: every call goes to the loop

Consumer::Consumer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() {
  impl_->lookup.give_up();
  impl_->loop.run([this] { impl_->detach(); });
}

Result<std::unique_ptr<Consumer>> Consumer::create(Setup setup, PollLoop& loop,
                                                   ConsumerListeners listeners) {
  auto impl = std::make_shared<Impl>(std::move(setup), loop, listeners);
  if (auto ok = impl->open(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Consumer>(new Consumer(std::move(impl)));
}

void Consumer::subscribe() {
  impl_->loop.post([impl = impl_] { impl->subscribe(); });
}
void Consumer::begin(std::uint64_t round, std::vector<ReadFrom> starts) {
  impl_->loop.post(
      [impl = impl_, round, starts = std::move(starts)] { impl->assignment.begin(round, starts); });
}
void Consumer::seek(ReadFrom start) {
  impl_->loop.post([impl = impl_, start] { impl->assignment.seek(start); });
}
void Consumer::read_again(PartitionId partition) {
  impl_->loop.post([impl = impl_, partition] { impl->assignment.read_again(partition); });
}
void Consumer::taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes) {
  impl_->loop.post(
      [impl = impl_, partition, tenure, bytes] { impl->queues.taken(partition, tenure, bytes); });
}
void Consumer::commit(std::uint64_t id, std::vector<OffsetCommit> positions) {
  impl_->loop.post([impl = impl_, id, positions = std::move(positions)]() mutable {
    impl->commits.commit(id, std::move(positions));
  });
}
void Consumer::membership(std::vector<Tenure> tenures,
                          std::move_only_function<void(Result<GroupMetadata>)> answer) {
  impl_->loop.post(
      [impl = impl_, tenures = std::move(tenures), answer = std::move(answer)]() mutable {
        answer(impl->commits.membership(tenures));
      });
}
void Consumer::release(std::vector<PartitionId> partitions) {
  impl_->loop.post(
      [impl = impl_, partitions = std::move(partitions)] { impl->assignment.release(partitions); });
}
void Consumer::ask(std::vector<PartitionId> partitions, std::optional<WallTime> time,
                   std::function<void(GroupFacts)> answer) {
  impl_->loop.post([impl = impl_, partitions = std::move(partitions), time,
                    answer = std::move(answer)]() mutable {
    auto unbegun = impl->assignment.unbegun();
    partitions.insert(partitions.end(), unbegun.begin(), unbegun.end());
    impl->lookup.ask(std::move(partitions), time,
                     [unbegun = std::move(unbegun), answer = std::move(answer)](GroupFacts group) {
                       group.unbegun = unbegun;
                       answer(std::move(group));
                     });
  });
}
void Consumer::ask_committed(std::vector<PartitionId> partitions,
                             std::function<void(Result<std::vector<OffsetCommit>>)> answer) {
  impl_->loop.post(
      [impl = impl_, partitions = std::move(partitions), answer = std::move(answer)]() mutable {
        impl->lookup.ask_committed(std::move(partitions), std::move(answer));
      });
}
std::string Consumer::waits_for_schemas() const {
  return impl_->queues.waits_for_schemas();
}
void Consumer::close() {
  impl_->loop.post([impl = impl_] { impl->close(); });
}

}  // namespace pelton::kafka
