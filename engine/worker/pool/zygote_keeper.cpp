// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/zygote_keeper.h"

#include "engine/base/units.h"
#include "engine/worker/pool/idle_zygotes.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace pelton::worker {
namespace {

// After a failure; each further one doubles it.
constexpr auto kShortestRest = std::chrono::minutes(1);
constexpr auto kLongestRest = std::chrono::hours(1);
constexpr auto kLook = std::chrono::seconds(1);
// One that ends so soon, so often in a row, is done without.
constexpr auto kSoon = std::chrono::minutes(1);
constexpr int kMostEnds = 4;
// So many times the zygote is to blame, not a moment.
constexpr int kStrikes = 2;

IdleZygotes& idle_zygotes() {
  static IdleZygotes all;
  return all;
}

std::optional<ZygotePlan> plan_of(const RuntimeSpec& runtime, const WorkerSetup& setup,
                                  const std::filesystem::path& state) {
  if (state.empty() || !runtime.zygote) return std::nullopt;
  return runtime.zygote(setup, state);
}

// A plan is used up by a start.
LaunchPlan copy_of(const LaunchPlan& plan) {
  LaunchPlan copy;
  copy.command = plan.command;
  copy.environment = plan.environment;
  copy.folder = plan.folder;
  copy.memory_bytes = plan.memory_bytes;
  copy.reads = plan.reads;
  return copy;
}

std::pair<dev_t, ino_t> identity_of(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace

ZygoteKeeper::ZygoteKeeper(boost::asio::io_context& io, const config::Function& function,
                           const RuntimeSpec& runtime, std::filesystem::path sdks,
                           const sandbox::Places& places, std::filesystem::path state,
                           const LineListener& lines)
    : io_(io),
      function_(function),
      name_(function.name + "-zygote"),
      lines_(lines),
      places_(places),
      state_(state),
      plan_(plan_of(runtime, {io, function, name_, std::move(sdks), places}, state)),
      pause_(kShortestRest),
      look_(io) {}

ZygoteKeeper::~ZygoteKeeper() {
  end();
}

Status ZygoteKeeper::start() {
  auto zygote = std::make_unique<Zygote>(io_, [this](bool standard_error, std::string_view line) {
    tell(standard_error ? WorkerLine::Stream::err : WorkerLine::Stream::out, line);
  });
  LaunchPlan plan = copy_of(plan_->launch);
  sandbox::confine_zygote(plan, function_, places_, state_);
  folder_ = identity_of(plan.folder);
  if (auto ok = zygote->start(std::move(plan)); !ok) return ok;
  zygote_ = std::move(zygote);
  started_ = Clock::now();
  return {};
}

Zygote* ZygoteKeeper::zygote() {
  if (!plan_ || doubted_ || Clock::now() < not_before_) return nullptr;
  // It may not read another folder than the one that was there when it began.
  if (zygote_ && function_.isolation.on() && identity_of(plan_->launch.folder) != folder_)
    zygote_.reset();
  if (zygote_ && !zygote_->serves() && !replace_ended()) return nullptr;
  if (zygote_) return zygote_->busy() ? nullptr : zygote_.get();
  if (const auto ok = start(); !ok) {
    failed(ok.error());
    return nullptr;
  }
  return zygote_.get();
}

// False: the next would end as those before it.
bool ZygoteKeeper::replace_ended() {
  const std::string ending = zygote_->ending();
  ends_ = Clock::now() - started_ < kSoon ? ends_ + 1 : 1;
  if (ends_ == kMostEnds || zygote_->busy()) {
    ends_ = 0;
    rest("E7300", "none can be forked: " + ending);
    return false;
  }
  tell(WorkerLine::Stream::engine, "its zygote: " + ending + "; another is started");
  zygote_.reset();
  return true;
}

void ZygoteKeeper::failed(const Error& why) {
  if (why.kind == ErrorKind::overloaded)
    return tell(WorkerLine::Stream::engine,
                "its zygote: " + why.message + "; a worker starts as a process of its own");
  if (why.kind == ErrorKind::cancelled) return;
  if (Clock::now() < not_before_) return;  // said, by another that waited for it
  rest("E7300", "none can be forked: " + why.message);
}

void ZygoteKeeper::started(bool copy, bool ready) {
  if (!plan_) return;
  if (copy) {
    doubted_ = !ready;
    if (ready) strikes_ = 0;
    return;
  }
  if (!std::exchange(doubted_, false) || !ready) return;
  // Code that has been corrected since then looks the same once.
  zygote_.reset();
  if (++strikes_ < kStrikes) return;
  strikes_ = 0;
  rest("E7301", "forked ones do not become ready and others do");
}

void ZygoteKeeper::rest(std::string_view code, const std::string& why) {
  const auto pause = std::chrono::duration_cast<Duration>(pause_);
  not_before_ = Clock::now() + pause_;
  pause_ = std::min<Clock::duration>(2 * pause_, kLongestRest);
  zygote_.reset();
  tell(WorkerLine::Stream::engine,
       fmt::format("{}: workers start as processes of their own for the next {}, because {}", code,
                   format_duration(pause), why));
}

void ZygoteKeeper::idle(bool idle) {
  if (!idle || !zygote_) {
    if (place_) idle_zygotes().remove(*std::exchange(place_, std::nullopt));
    return look_.cancel();
  }
  if (place_) return;
  place_ = idle_zygotes().add();
  until_ = Clock::now() + plan_->keep;
  look();
}

void ZygoteKeeper::look() {
  if (!place_) return;
  if (!zygote_->serves()) return idle(false);  // the next worker's start says so
  if (Clock::now() >= until_ || !idle_zygotes().keeps(*place_)) return end();
  look_.after(std::min<Duration>(kLook, plan_->keep), [this] { look(); });
}

void ZygoteKeeper::end() {
  if (place_) idle_zygotes().remove(*std::exchange(place_, std::nullopt));
  look_.cancel();
  zygote_.reset();
  not_before_ = {};
  pause_ = kShortestRest;
  doubted_ = false;
  strikes_ = 0;
}

void ZygoteKeeper::tell(WorkerLine::Stream stream, std::string_view text) const {
  lines_({function_.name, name_, stream, text, {}});
}

}  // namespace pelton::worker
