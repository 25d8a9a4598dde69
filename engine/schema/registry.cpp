// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/registry.h"

#include "engine/observe/log.h"

#include <algorithm>
#include <utility>

namespace pelton::schema {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostEntries = 1'000;
constexpr std::size_t kMostKept = 64U << 20;  // of memory, about
constexpr std::size_t kEntryBytes = 1'024;    // besides its schema
// What the registry did not have may have been registered since.
constexpr Duration kPoison = std::chrono::seconds(30);
constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::seconds(5);
constexpr Duration kSlack = std::chrono::milliseconds(50);

std::string key_of(const Target& target) {
  std::string key = fmt::format("{}\n{}\n", target.subject, target.message);
  if (target.id) return key + fmt::format("id {}", *target.id);
  if (!target.source) return key + "latest";
  return key + (target.add ? "add " : "is ") + target.source->text;
}

Error for_outputs(Error error, const std::string& what) {
  if (error.kind != ErrorKind::invalid) return error;
  return {ErrorKind::unavailable, "E6166",
          fmt::format("the schema for outputs, {}, cannot be used: {}", what, error.text())};
}

}  // namespace

Registry::Registry(RegistryOptions options) : client_(std::move(options), thread_.stopping()) {
  thread_.start();
}

Registry::~Registry() {
  thread_.stop();
}

std::optional<Registry::Answer> Registry::find(std::uint32_t id) {
  return find(
      std::to_string(id),
      [this, id](RegistryClient& client) -> Answer {
        auto source = client.by_id(id);
        if (!source) return std::unexpected(std::move(source.error()));
        return made(id, *source, {});
      },
      Duration{});
}

std::optional<Registry::Answer> Registry::find(const Target& target) {
  return find(
      key_of(target),
      [this, target](RegistryClient& client) -> Answer {
        auto answer = look_up(client, target);
        if (answer)
          if (auto ok = (*answer)->codec->writable(); !ok)
            answer = std::unexpected(std::move(ok.error()));
        if (answer) return answer;
        const std::string what =
            target.id ? fmt::format("id {}", *target.id) : "subject " + target.subject;
        return std::unexpected(for_outputs(std::move(answer.error()), what));
      },
      target.id || target.source ? Duration{} : target.refresh);
}

Registry::Answer Registry::look_up(RegistryClient& client, const Target& target) {
  if (target.id) {
    const auto source = client.by_id(*target.id);
    if (!source) return std::unexpected(source.error());
    return made(*target.id, *source, target.message);
  }
  if (!target.source) {
    const auto latest = client.latest(target.subject);
    if (!latest) return std::unexpected(latest.error());
    return made(latest->id, latest->source, target.message);
  }
  const auto id = target.add ? client.add(target.subject, *target.source)
                             : client.look_up(target.subject, *target.source);
  if (!id) return std::unexpected(id.error());
  return made(*id, *target.source, target.message);
}

Registry::Answer Registry::made(std::uint32_t id, const Source& source,
                                const std::string& message) {
  auto codec = compile(source, message);
  if (!codec) return std::unexpected(std::move(codec.error()));
  const std::size_t bytes = (*codec)->bytes();
  return std::make_shared<const Schema>(id, source.format, std::move(*codec), bytes);
}

std::optional<Registry::Answer> Registry::find(const std::string& key, const Lookup& lookup,
                                               Duration refresh) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[key];
  entry.used = ++uses_;
  const bool due = entry.again != SteadyTime{} ? steady_clock::now() >= entry.again : !entry.answer;
  if (!due || entry.asking) return entry.answer;
  entry.asking = true;
  // What was poison is unknown now; everything else holds until something else is known.
  const bool poison =
      entry.answer && !*entry.answer && entry.answer->error().kind == ErrorKind::invalid;
  if (poison) entry.answer.reset();
  auto answer = entry.answer;
  thread_.run([this, key, lookup, refresh] { ask(key, lookup, refresh); });
  make_room();
  return answer;
}

void Registry::ask(const std::string& key, const Lookup& lookup, Duration refresh) {
  keep(key, lookup(client_), refresh);
  tell();
}

void Registry::keep(const std::string& key, Answer answer, Duration refresh) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[key];
  entry.used = ++uses_;
  const bool away = !answer && answer.error().kind != ErrorKind::invalid;
  // While nothing is said of it, what is known holds.
  const bool holds = away && answer.error().code != "E6166" && entry.answer && *entry.answer;
  Duration rest = answer ? refresh : kPoison;
  if (away) {
    rest = std::min(kLongestPause, kFirstPause * (1 << std::min(entry.failures++, 6)));
    // Not before it is due.
    thread_.run_after(rest + kSlack, [this] { tell(); });
  } else {
    entry.failures = 0;
  }
  entry.again = rest == Duration{} ? SteadyTime{} : steady_clock::now() + rest;
  if (!holds) entry.answer = std::move(answer);
  entry.asking = false;
  const std::size_t schema = entry.answer && *entry.answer ? (**entry.answer)->bytes : 0;
  bytes_ -= std::exchange(entry.bytes, kEntryBytes + key.size() + schema);
  bytes_ += entry.bytes;
  make_room();
}

// Whoever has a schema keeps it.
void Registry::make_room() {
  while (entries_.size() > kMostEntries || bytes_ > kMostKept) {
    auto oldest = entries_.end();
    for (auto at = entries_.begin(); at != entries_.end(); ++at)
      if (!at->second.asking && (oldest == entries_.end() || at->second.used < oldest->second.used))
        oldest = at;
    if (oldest == entries_.end()) return;
    bytes_ -= oldest->second.bytes;
    entries_.erase(oldest);
  }
}

Registry::Answer Registry::fetch(std::uint32_t id) {
  const std::string key = std::to_string(id);
  {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.answer && *found->second.answer)
      return *found->second.answer;
  }
  auto source = client_.by_id(id);
  Answer answer = source ? made(id, *source, {}) : Answer(std::unexpected(source.error()));
  keep(key, answer, {});
  tell();
  return answer;
}

void Registry::tell() {
  std::lock_guard lock(listening_);
  for (const auto& [owner, listener] : listeners_) listener();
}

std::unique_ptr<Registry::Subscription> Registry::listen(Listener listener) {
  auto subscription = std::make_unique<Subscription>(*this);
  std::lock_guard lock(listening_);
  listeners_.emplace(subscription.get(), std::move(listener));
  return subscription;
}

Registry::Subscription::~Subscription() {
  std::lock_guard lock(registry_.listening_);
  registry_.listeners_.erase(this);
}

std::shared_ptr<Registry> Registries::of(const RegistryOptions& options) {
  const net::Tls tls = options.tls.value_or(net::Tls{});
  const std::string key = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", fmt::join(options.urls, " "), options.username,
      options.password, options.token, tls.ca.string(), tls.certificate.string(), tls.key.string(),
      tls.key_password, tls.verify_host, options.timeout.count());
  std::lock_guard lock(mutex_);
  std::weak_ptr<Registry>& known = known_[key];
  auto registry = known.lock();
  if (!registry) known = registry = std::make_shared<Registry>(options);
  return registry;
}

}  // namespace pelton::schema
