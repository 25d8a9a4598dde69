// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/sink.h"
#include "engine/connector/source.h"

#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the contract tests know of each connector. A new connector adds a fixture and one line to a
// table in connector_fixtures.cpp.
namespace pelton::test {

// The system that a source reads, its memory, and the source.
class SourceFixture {
 public:
  virtual ~SourceFixture() = default;
  // Why the test must be skipped here: what the system needs is not installed. Empty: nothing.
  virtual std::string missing() const { return ""; }
  // A source as after a restart of the engine: same system, same ledger.
  virtual std::unique_ptr<connector::Source> make() = 0;
  // One more event with this data.
  virtual void produce(const std::string& data) = 0;
  // Without them: it reads no system that could.
  virtual bool can_go_away() const { return true; }
  virtual void go_away() = 0;
  virtual void come_back() = 0;
  // The events of a read are durable: so is the position that came with them.
  virtual void keep(std::span<const connector::LedgerEntry> position) = 0;
};

// The system that a sink writes and the sink.
class SinkFixture {
 public:
  virtual ~SinkFixture() = default;
  // As for a source.
  virtual std::string missing() const { return ""; }
  virtual std::unique_ptr<connector::Sink> make() = 0;
  // What was written under this subject; empty when nothing was.
  virtual std::string written(const std::string& subject) = 0;
  // A subject that the system never accepts.
  virtual std::string invalid_subject() = 0;
  virtual void go_away() = 0;
  virtual void come_back() = 0;
};

template <typename Fixture>
struct FixtureCase {
  std::string name;
  std::function<std::unique_ptr<Fixture>()> make;
  friend void PrintTo(const FixtureCase& fixture, std::ostream* out) { *out << fixture.name; }
};

std::vector<FixtureCase<SourceFixture>> source_fixtures();
std::vector<FixtureCase<SinkFixture>> sink_fixtures();

}  // namespace pelton::test
