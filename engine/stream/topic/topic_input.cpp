// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_input.h"

#include <utility>

namespace pelton::stream {
namespace {

GroupProgress::Options rules(const TopicInput::Setup& setup, const kafka::MetadataCodec& codec) {
  return {setup.node, setup.max_unsettled,
          [&codec](const kafka::CommitMetadata& metadata, Offset offset) {
            return codec.encode({}, offset, metadata).ranges;
          }};
}

}  // namespace

TopicInput::TopicInput(Setup setup, store::Store& store, thread::Mailbox& mailbox,
                       boost::asio::io_context& io, kafka::PollLoop& loop)
    : setup_(std::move(setup)),
      store_(store, mailbox),
      loop_(loop),
      trouble_(setup_.binding_name),
      codec_(setup_.topic.topic),
      progress_(rules(setup_, codec_)),
      starts_({setup_.binding, setup_.binding_name, setup_.stream, setup_.start,
               setup_.group.out_of_range},
              store_, codec_, progress_),
      records_(setup_.stream, progress_, record_hooks(), setup_.memory),
      settlements_(setup_.binding, setup_.stream, store_, progress_,
                   [this](bool due) { stored(due); }),
      commits_({setup_.binding_name, setup_.group.commit_interval}, progress_, codec_, settlements_,
               trouble_, links_, mailbox, io),
      assignment_(
          {setup_.binding_name, setup_.stream, setup_.topic.topic, setup_.group.drain},
          {store_, codec_, progress_, starts_, records_, settlements_, commits_, trouble_, links_},
          io),
      positions_(setup_.binding, setup_.stream,
                 {store_, progress_, records_, settlements_, commits_, links_, mailbox}),
      relay_(mailbox, {records_, assignment_, commits_}) {
  store_.tell_moves(setup_.sink);
}

TopicInput::~TopicInput() = default;

FetchedRecords::Hooks TopicInput::record_hooks() {
  return {[this](PartitionId partition) {
            trouble_.over();
            links_.listener->readable(partition);
          },
          [this](PartitionId partition, Tenure tenure, std::size_t bytes) {
            consumer_->taken(partition, tenure, bytes);
          }};
}

TopicInput::Shared TopicInput::commit_with(OffsetCommitter::Transactions& transactions) {
  commits_.commit_with(transactions);
  settlements_.store_only_buried();
  return {setup_.topic.topic, progress_, settlements_, commits_, assignment_, links_};
}

Status TopicInput::open(Listener& listener) {
  kafka::Consumer::Setup setup{setup_.topic.client, setup_.group,   setup_.topic.topic,
                               std::nullopt,        setup_.fetches, setup_.topic.schemas};
  if (setup_.start.kind == config::Start::Kind::time) setup.start_time = setup_.start.time;
  auto consumer = kafka::Consumer::create(std::move(setup), loop_, relay_.listeners());
  if (!consumer) return std::unexpected(consumer.error());
  consumer_ = std::move(*consumer);
  links_ = {&listener, consumer_.get()};
  return {};
}

void TopicInput::start() {
  consumer_->subscribe();
  commits_.start();
}

// While partitions move, each settlement may be the last that they wait for.
void TopicInput::stored(bool commit_due) {
  if (commit_due || assignment_.handing_over()) commits_.commit();
}

Trouble TopicInput::trouble() const {
  const auto* letters = settlements_.letters();
  std::string what = trouble_.text();
  if (what.empty() && consumer_) what = consumer_->waits_for_schemas();
  if (what.empty() && letters != nullptr) what = letters->trouble();
  return {std::move(what), trouble_.ended()};
}

bool TopicInput::room() const {
  return settlements_.letters() == nullptr || settlements_.letters()->room();
}

std::uint64_t TopicInput::letters_elsewhere() const {
  return settlements_.letters() == nullptr ? 0 : settlements_.letters()->kept(setup_.binding);
}

}  // namespace pelton::stream
