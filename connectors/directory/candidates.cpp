// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/candidates.h"

#include "engine/base/units.h"

#include <poll.h>

#include <algorithm>

namespace pelton::directory {
namespace {

using std::chrono::steady_clock;

// A file whose writer has given no sign for so long is taken as it is. Without it, a file that
// comes into being without a close (linkat of an unnamed file) would never be delivered.
constexpr std::chrono::seconds kWriterSilence{60};
// Names that a scan looks at before it lets its caller see to the deadline.
constexpr std::size_t kScanSteps = 256;

// Without watches a file server may have set the times, by a clock of its own: only an age that no
// such difference explains is believed.
constexpr std::chrono::hours kClockDifference{24};

std::chrono::nanoseconds since_epoch(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool changed_within(std::chrono::nanoseconds changed, std::chrono::nanoseconds span) {
  return std::chrono::system_clock::now().time_since_epoch() - changed < span;
}

}  // namespace

void Candidates::open(const Folder& root) {
  close();
  root_ = &root;
  watch_.emplace(options_.max_folders);
  unwatched_ = !watch_->open();
  // At once, not when the scan gets there: files that are created from now on have their writers
  // known.
  watch_folder(root.fd(), "");
  scan_.emplace(root, names_, options_.recursive,
                [this](int folder, const std::string& name) { watch_folder(folder, name); });
  start_scan();
}

void Candidates::close() {
  scan_.reset();
  watch_.reset();
  ready_.clear();
  settling_.clear();
  settling_names_.clear();
  writing_.clear();
  scan_again_ = scanned_ = unwatched_ = root_gone_ = false;
}

std::optional<Candidate> Candidates::next() {
  if (ready_.size() < options_.max_queued) look_at_events();
  const auto now = steady_clock::now();
  if (!scan_->active() && now >= next_scan_) start_scan();
  // In turn, so that neither a flood of changes nor a long scan holds the other back.
  turn_ = !turn_;
  auto found = turn_ ? next_ready() : next_found();
  if (!found) found = turn_ ? next_found() : next_ready();
  if (!found) found = next_settled();
  return found;
}

void Candidates::wait(TimePoint deadline) const {
  auto until = std::min(deadline, next_scan_);
  if (!settling_.empty()) until = std::min(until, settling_.front().due);
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
  pollfd events{watch_->fd(), POLLIN, 0};
  if (left > 0) ::poll(&events, 1, static_cast<int>(std::min<decltype(left)>(left, 60'000)));
}

void Candidates::again(std::string name) {
  ready_.push_back({std::move(name), Why::complete});
}

void Candidates::again_when_settled(std::string name, const FileVersion& version) {
  const auto due = steady_clock::now() + options_.settle;
  if (settling_names_.contains(name)) return;
  if (settling_.size() >= options_.max_queued) {
    next_scan_ = std::min(next_scan_, due);
    return;
  }
  settling_names_.insert(name);
  settling_.push_back({std::move(name), version, due});
}

Status Candidates::check_root() const {
  if (root_gone_)
    return fail(ErrorKind::unavailable, "E2003", "the folder {} was deleted, moved or unmounted",
                root_->path().string());
  return root_->check_in_place();
}

void Candidates::look_at_events() {
  events_.clear();
  watch_->drain(events_);
  for (WatchEvent& event : events_) take_event(event);
}

void Candidates::take_event(WatchEvent& event) {
  using Kind = WatchEvent::Kind;
  const bool file =
      event.kind == Kind::complete || event.kind == Kind::linked || event.kind == Kind::writing;
  if (file && !names_.wants_file(event.name)) return;
  switch (event.kind) {
    case Kind::complete:
      writing_.erase(event.name);
      ready_.push_back({std::move(event.name), Why::complete});
      break;
    case Kind::linked:
    case Kind::writing:
      if (writing_.size() < options_.max_queued) writing_[event.name] = steady_clock::now();
      if (event.kind == Kind::linked) ready_.push_back({std::move(event.name), Why::linked});
      break;
    case Kind::gone:
      writing_.erase(event.name);
      break;
    case Kind::folder_in:
      if (names_.wants_folder(event.name)) scan_->add(std::move(event.name));
      break;
    case Kind::overflow:
      writing_.clear();
      start_scan();
      break;
    case Kind::root_gone:
      root_gone_ = true;
      break;
  }
}

std::optional<Candidate> Candidates::next_ready() {
  while (!ready_.empty()) {
    const Ready ready = std::move(ready_.front());
    ready_.pop_front();
    Candidate found{ready.name, {}};
    if (!root_->stat(ready.name, found.stat)) continue;
    // A name that just appeared for a file with one link belongs to a writer, which will close it.
    if (ready.why == Why::linked && S_ISREG(found.stat.st_mode)) {
      if (found.stat.st_nlink < 2) continue;
      writing_.erase(ready.name);
    }
    return found;
  }
  return std::nullopt;
}

std::optional<Candidate> Candidates::next_found() {
  if (!scan_->active() || settling_.size() >= options_.max_queued) return std::nullopt;
  for (std::size_t step = 0; step < kScanSteps; ++step) {
    auto found = scan_->next(1);
    if (!scan_->active()) {
      end_scan();
      if (!found) return std::nullopt;
    }
    if (!found) continue;
    saw_files_ = true;
    if (being_written(found->name)) continue;
    if (!S_ISREG(found->stat.st_mode) || !may_be_growing(found->stat))
      return Candidate{std::move(found->name), found->stat};
    again_when_settled(std::move(found->name), FileVersion::of(found->stat));
  }
  return std::nullopt;
}

std::optional<Candidate> Candidates::next_settled() {
  while (!settling_.empty() && settling_.front().due <= steady_clock::now()) {
    Settling settled = std::move(settling_.front());
    settling_.pop_front();
    settling_names_.erase(settled.name);
    Candidate found{settled.name, {}};
    if (!root_->stat(settled.name, found.stat) || being_written(settled.name)) continue;
    const FileVersion now = FileVersion::of(found.stat);
    if (now == settled.version) return found;
    again_when_settled(std::move(settled.name), now);
  }
  return std::nullopt;
}

void Candidates::watch_folder(int folder, const std::string& name) {
  if (folder >= 0 && watch_->add(folder, name)) return;
  unwatched_ = true;
  warnings_.add(
      "E2007", options_.path.string(),
      fmt::format("out of inotify watches for {}: folders without a watch are scanned every {} "
                  "instead",
                  (options_.path / name).string(), format_duration(scan_period())));
}

void Candidates::start_scan() {
  if (scan_->active() && whole_scan_) {
    scan_again_ = true;
    return;
  }
  scan_->add("");
  whole_scan_ = true;
  saw_files_ = false;
  unwatched_ = watch_->fd() < 0;
  scan_->take_incomplete();
}

void Candidates::end_scan() {
  const bool incomplete = scan_->take_incomplete();
  if (whole_scan_ && !scan_again_) scanned_ = saw_files_ && !incomplete;
  const bool follow = std::exchange(scan_again_, false);
  const auto now = steady_clock::now();
  if (whole_scan_) next_scan_ = follow ? now : now + scan_period();
  whole_scan_ = false;
  std::erase_if(writing_, [&](const auto& entry) { return now - entry.second >= kWriterSilence; });
}

// Such a file must look the same twice, `settle` apart by the monotonic clock.
bool Candidates::may_be_growing(const struct stat& stat) const {
  const auto mtime = since_epoch(stat.st_mtim);
  if (!unwatched_) return changed_within(mtime, options_.settle);
  return changed_within(std::max(mtime, since_epoch(stat.st_ctim)), kClockDifference);
}

bool Candidates::being_written(const std::string& name) const {
  const auto at = writing_.find(name);
  return at != writing_.end() && steady_clock::now() - at->second < kWriterSilence;
}

std::chrono::microseconds Candidates::scan_period() const {
  return unwatched_ ? std::min(options_.rescan, options_.rescan_unwatched) : options_.rescan;
}

}  // namespace pelton::directory
