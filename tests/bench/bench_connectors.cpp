// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench_connectors.h"

#include "engine/config/spec/fields.h"

#include <time.h>

#include <charconv>
#include <string>
#include <thread>

namespace pelton::bench {
namespace {

struct GeneratorOptions {
  std::uint32_t events = 1'000'000;
  std::uint32_t bytes = 256;
  std::uint32_t keys = 10'000;
};

struct NoOptions {};

template <typename T>
std::vector<config::Location> nowhere(const T&) {
  return {};
}

config::ConnectorSide generator_side() {
  config::Fields<GeneratorOptions> fields("generate", "Events made up for a measurement.");
  fields.option("events", &GeneratorOptions::events, "How many.", {.at_least = "1"})
      .option("bytes", &GeneratorOptions::bytes, "Size of the data.", {.at_least = "1"})
      .option("keys", &GeneratorOptions::keys, "How many different keys.", {.at_least = "1"});
  return config::connector_side(std::move(fields), nowhere<GeneratorOptions>);
}

config::ConnectorSide no_options() {
  return config::connector_side(config::Fields<NoOptions>("none", "No options."),
                                nowhere<NoOptions>);
}

class Generator final : public connector::Source {
 public:
  Generator(const GeneratorOptions& options, Shared& shared)
      : shared_(shared), left_(options.events), keys_(options.keys), data_(options.bytes, 'x') {}

  Status connect() override { return {}; }

  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override {
    if (left_ == 0) std::this_thread::sleep_until(deadline);
    model::EventView event;
    event.type = "bench";
    event.source = "generate";
    event.has_key = true;
    event.data = data_;
    event.time_us = to_us(SystemClock{}.now());
    for (std::size_t i = 0; i < max_events && left_ > 0 && into.payload_bytes() < max_bytes; ++i) {
      const auto end = std::to_chars(key_, key_ + sizeof key_, next_key_++ % keys_);
      event.key = {key_, static_cast<std::size_t>(end.ptr - key_)};
      into.add(event);
      --left_;
    }
    shared_.produced += into.size();
    sizes_.push_back(into.size());
    return ++token_;
  }

  Status settle(connector::AckToken, connector::Settlement how) override {
    if (how == connector::Settlement::done) shared_.acknowledged = shared_.produced.load();
    return {};
  }
  void close() override {}

 private:
  Shared& shared_;
  std::uint64_t left_;
  std::uint64_t keys_;
  std::uint64_t next_key_ = 0;
  std::string data_;
  std::vector<std::size_t> sizes_;
  char key_[24];
  connector::AckToken token_ = 0;
};

class Ping final : public connector::Source {
 public:
  explicit Ping(Shared& shared) : shared_(shared) {}
  Status connect() override { return {}; }

  Result<connector::Read> read(model::BatchBuilder& into, std::size_t, std::size_t,
                               std::chrono::steady_clock::time_point deadline) override {
    // Idle between two pings: the engine has gone to sleep when the next one comes.
    while (shared_.samples < sent_ && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (shared_.samples < sent_ || shared_.ready_us == 0) return ++token_;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    const std::string now = std::to_string(monotonic_us());
    model::EventView event;
    event.type = "ping";
    event.source = "bench";
    event.data = now;
    event.time_us = to_us(SystemClock{}.now());
    into.add(event);
    ++sent_;
    return ++token_;
  }
  Status settle(connector::AckToken, connector::Settlement) override { return {}; }
  void close() override {}

 private:
  Shared& shared_;
  std::uint64_t sent_ = 0;
  connector::AckToken token_ = 0;
};

class Pong final : public connector::Sink {
 public:
  explicit Pong(Shared& shared) : shared_(shared) {}
  Status connect() override { return {}; }

  Result<std::vector<connector::SinkFailure>> write(const model::Batch& batch,
                                                    const connector::SinkPosition&) override {
    const std::uint64_t now = monotonic_us();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::uint64_t sent = now;
      const std::string_view text = batch.data(i);
      std::from_chars(text.data(), text.data() + text.size(), sent);
      const std::uint64_t sample = shared_.samples.load();
      shared_.latency_us[sample % Shared::kMaxSamples] = static_cast<std::uint32_t>(now - sent);
      shared_.samples = sample + 1;
    }
    return std::vector<connector::SinkFailure>{};
  }
  void close() override {}

 private:
  Shared& shared_;
};

}  // namespace

std::uint64_t monotonic_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

connector::ConnectorSpec generator(Shared& shared) {
  connector::ConnectorSpec spec;
  spec.options.type = "generate";
  spec.options.sentence = "Events made up for a measurement.";
  spec.options.source = generator_side();
  spec.make_source =
      [&shared](
          const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    return std::make_unique<Generator>(context.settings<GeneratorOptions>(), shared);
  };
  return spec;
}

connector::ConnectorSpec ping(Shared& shared) {
  connector::ConnectorSpec spec;
  spec.options.type = "ping";
  spec.options.sentence = "One event after another.";
  spec.options.source = no_options();
  spec.make_source =
      [&shared](const connector::BuildContext&) -> Result<std::unique_ptr<connector::Source>> {
    return std::make_unique<Ping>(shared);
  };
  return spec;
}

connector::ConnectorSpec pong(Shared& shared) {
  connector::ConnectorSpec spec;
  spec.options.type = "pong";
  spec.options.sentence = "Measures what comes out.";
  spec.options.sink = no_options();
  spec.make_sink =
      [&shared](const connector::BuildContext&) -> Result<std::unique_ptr<connector::Sink>> {
    return std::make_unique<Pong>(shared);
  };
  return spec;
}

}  // namespace pelton::bench
