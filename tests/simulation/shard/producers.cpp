// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shard/producers.h"

#include "engine/base/hash.h"
#include "tests/simulation/history.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pelton::simulation {
namespace {

std::string data_of(std::uint64_t number, const Task& task) {
  std::string text = fmt::format(R"({{"number": {})", number);
  if (task.padding > 0) text += fmt::format(R"(, "padding": "{}")", std::string(task.padding, 'x'));
  return text + "}";
}

}  // namespace

void Producers::begin(store::Store& store) {
  store_ = &store;
  producers_.clear();
  for (const char* name : kReadStreams) {
    Producer& producer = producers_.emplace_back();
    producer.stream = *store.find_stream(name);
    producer.partitions =
        std::ranges::find(scenario_.config.streams, name, &config::Stream::name)->partitions;
    for (std::uint64_t number = 0; number < scenario_.tasks.size(); ++number)
      if (scenario_.tasks[number].stream == name) producer.numbers.push_back(number);
  }
  const auto found = stored();
  for (const std::uint64_t number : acknowledged_)
    if (!found.contains(number))
      history_.violation("event {} was acknowledged, and is lost", number);
  for (const std::uint64_t number : found) acknowledge(number);
  for (Producer& producer : producers_)
    while (producer.durable < producer.numbers.size() &&
           found.contains(producer.numbers[producer.durable]))
      ++producer.durable;
}

std::set<std::uint64_t> Producers::stored() const {
  std::set<std::uint64_t> numbers;
  for (const Producer& producer : producers_)
    for (std::uint32_t p = 0; p < producer.partitions; ++p)
      for (const std::string& text : stored_texts(*store_, {producer.stream, PartitionId{p}}))
        numbers.insert(number_of(text));
  return numbers;
}

void Producers::acknowledge(std::uint64_t number) {
  acknowledged_.insert(number);
  history_.durable(number);
}

void Producers::send() {
  for (Producer& producer : producers_)
    if (!producer.sending && producer.durable < producer.numbers.size() &&
        dice_.chance(scenario_.append_chance))
      send(producer);
}

void Producers::send(Producer& producer) {
  const std::size_t count = std::min<std::size_t>(producer.numbers.size() - producer.durable,
                                                  1 + dice_.below(scenario_.append_size));
  std::map<PartitionId, model::BatchBuilder> builders;
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    numbers.push_back(producer.numbers[producer.durable + i]);
    add(producer, numbers.back(), builders);
  }
  model::Transaction transaction;
  for (auto& [partition, builder] : builders)
    transaction.appends.push_back({{producer.stream, partition}, builder.finish()});
  producer.sending = true;
  const auto taken =
      store_->submit(std::move(transaction), store::Origin::outside,
                     [this, &producer, numbers](const Result<store::Committed>& result) {
                       if (!result) return;  // the store has failed: the engine ends
                       producer.sending = false;
                       producer.durable += numbers.size();
                       for (const std::uint64_t number : numbers) acknowledge(number);
                     });
  if (!taken) producer.sending = false;
}

void Producers::add(const Producer& producer, std::uint64_t number,
                    std::map<PartitionId, model::BatchBuilder>& builders) {
  const Task& task = scenario_.tasks[number];
  const std::string data = data_of(number, task);
  model::EventView event;
  event.data = data;
  event.has_data = true;
  event.has_key = task.key.has_value();
  if (task.key) event.key = *task.key;
  const PartitionId partition{task.key
                                  ? kafka_partition(*task.key, producer.partitions)
                                  : static_cast<std::uint32_t>(dice_.below(producer.partitions))};
  builders[partition].add(event);
}

bool Producers::done() const {
  return std::ranges::all_of(producers_, [](const Producer& producer) {
    return producer.durable == producer.numbers.size();
  });
}

}  // namespace pelton::simulation
