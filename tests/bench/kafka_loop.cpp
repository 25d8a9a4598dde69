// SPDX-License-Identifier: Apache-2.0
// What Pelton is compared with: the loop that one writes by hand with librdkafka. Also fills the
// topics. Prints what it did as one JSON object; started by tests/bench/kafka_bench.py.
#include "tests/bench/functions/order.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <librdkafka/rdkafkacpp.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace pelton::bench {
namespace {

struct Settings {
  std::string brokers;
  std::string topic;
  std::string to;  // of `bill`
  std::string group = "loop";
  std::uint64_t records = 0;
  std::uint64_t bytes = 100;
  std::uint64_t keys = 10'000;
  std::string shape = "text";  // text, number or order
};

void expect(RdKafka::ErrorCode error, const std::string& what) {
  if (error != RdKafka::ERR_NO_ERROR)
    throw std::runtime_error(what + ": " + RdKafka::err2str(error));
}

std::unique_ptr<RdKafka::Conf> configuration(
    const std::vector<std::pair<std::string, std::string>>& properties) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string why;
  for (const auto& [name, value] : properties)
    if (conf->set(name, value, why) != RdKafka::Conf::CONF_OK) throw std::runtime_error(why);
  return conf;
}

class Failures : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override {
    if (message.err() != RdKafka::ERR_NO_ERROR) ++count;
  }
  std::uint64_t count = 0;
};

class Producer {
 public:
  explicit Producer(const Settings& settings) {
    const auto conf = configuration({{"bootstrap.servers", settings.brokers},
                                     {"enable.idempotence", "true"},
                                     {"linger.ms", "5"},
                                     {"queue.buffering.max.messages", "500000"}});
    std::string why;
    conf->set("dr_cb", &failures_, why);
    producer_.reset(RdKafka::Producer::create(conf.get(), why));
    if (!producer_) throw std::runtime_error(why);
  }
  void send(const std::string& topic, std::string_view key, std::string_view data) {
    const auto try_once = [&] {
      return producer_->produce(topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                                const_cast<char*>(data.data()), data.size(), key.data(), key.size(),
                                0, nullptr);
    };
    auto error = try_once();
    for (; error == RdKafka::ERR__QUEUE_FULL; error = try_once()) producer_->poll(10);
    expect(error, "produce");
    producer_->poll(0);
  }
  void flush() {
    expect(producer_->flush(120'000), "flush");
    if (failures_.count != 0) throw std::runtime_error("records could not be produced");
  }

 private:
  Failures failures_;
  std::unique_ptr<RdKafka::Producer> producer_;
};

// Time and CPU of this process since the first record.
class Watch {
 public:
  void start() { begin_ = now(), cpu_ = cpu(); }
  void report(std::uint64_t records) const {
    fmt::print(R"({{"records": {}, "seconds": {:.6f}, "cpu_seconds": {:.6f}}})"
               "\n",
               records, now() - begin_, cpu() - cpu_);
  }

 private:
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  static double cpu() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  double begin_ = 0;
  double cpu_ = 0;
};

std::string data_of(const Settings& settings, std::uint64_t n) {
  if (settings.shape == "number") return std::to_string(n);
  std::string text = settings.shape == "order"
                         ? fmt::format(R"({{"order":"o-{}","customer":"c-{}","amount":{}.5,)"
                                       R"("currency":"EUR","quantity":{},"note":")",
                                       n, n % settings.keys, n % 1000, n % 9 + 1)
                         : fmt::format("record {} ", n);
  const std::size_t end = settings.shape == "order" ? 2 : 0;
  text.resize(std::max(text.size(), settings.bytes - end), 'x');
  return end == 0 ? text : text + "\"}";
}

void fill(const Settings& settings) {
  Producer producer(settings);
  Watch watch;
  watch.start();
  for (std::uint64_t n = 0; n < settings.records; ++n)
    producer.send(settings.topic, fmt::format("k{}", n % settings.keys), data_of(settings, n));
  producer.flush();
  watch.report(settings.records);
}

std::unique_ptr<RdKafka::KafkaConsumer> subscribe(const Settings& settings) {
  const auto conf = configuration({{"bootstrap.servers", settings.brokers},
                                   {"group.id", settings.group},
                                   {"enable.auto.commit", "false"},
                                   {"auto.offset.reset", "earliest"},
                                   {"queued.min.messages", "1000000"}});
  std::string why;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), why));
  if (!consumer) throw std::runtime_error(why);
  expect(consumer->subscribe({settings.topic}), "subscribe");
  return consumer;
}

// Reads `records` records, hands each to `work`, calls `commit` after every `stride` and at the
// end.
template <typename Work, typename Commit>
void loop(const Settings& settings, RdKafka::KafkaConsumer& consumer, std::uint64_t stride,
          Work work, Commit commit) {
  Watch watch;
  std::uint64_t done = 0;
  while (done < settings.records) {
    const std::unique_ptr<RdKafka::Message> message(consumer.consume(30'000));
    expect(message->err(), "consume");
    if (done == 0) watch.start();
    work(*message);
    if (++done % stride == 0) commit();
  }
  if (done % stride != 0) commit();
  watch.report(done);
}

void noop(const Settings& settings) {
  const auto consumer = subscribe(settings);
  std::uint64_t bytes = 0;
  loop(
      settings, *consumer, 10'000, [&](const RdKafka::Message& message) { bytes += message.len(); },
      [&] { expect(consumer->commitAsync(), "commit"); });
  consumer->close();
}

void bill(const Settings& settings) {
  const auto consumer = subscribe(settings);
  Producer producer(settings);
  Biller biller;
  loop(
      settings, *consumer, 1000,
      [&](const RdKafka::Message& message) {
        const std::string_view order(static_cast<const char*>(message.payload()), message.len());
        producer.send(settings.to, *message.key(), biller.bill(order));
      },
      [&] {
        producer.flush();
        expect(consumer->commitSync(), "commit");
      });
  consumer->close();
}

}  // namespace
}  // namespace pelton::bench

int main(int argc, char** argv) {
  pelton::bench::Settings settings;
  CLI::App app("A hand-written consumer loop.");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--brokers", settings.brokers)->required();
  app.add_option("--topic", settings.topic)->required();
  app.add_option("--to", settings.to);
  app.add_option("--group", settings.group);
  app.add_option("--records", settings.records)->required();
  app.add_option("--bytes", settings.bytes);
  app.add_option("--keys", settings.keys);
  app.add_option("--shape", settings.shape);
  const auto* filling = app.add_subcommand("fill", "write the records");
  const auto* billing = app.add_subcommand("bill", "topic -> JSON -> topic");
  app.add_subcommand("noop", "topic -> nothing");
  CLI11_PARSE(app, argc, argv);
  try {
    if (filling->parsed())
      pelton::bench::fill(settings);
    else if (billing->parsed())
      pelton::bench::bill(settings);
    else
      pelton::bench::noop(settings);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kafka_loop: {}\n", error.what());
    return 1;
  }
  return 0;
}
