// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/directory_source.h"

#include "engine/base/units.h"

#include <algorithm>

namespace pelton::directory {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kForgetBudget{50};

const char* kind_of(const struct stat& stat) {
  switch (stat.st_mode & S_IFMT) {
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a named pipe";
    case S_IFSOCK:
      return "a socket";
    case S_IFDIR:
      return "a folder";
    default:
      return "a device";
  }
}

}  // namespace

DirectorySource::DirectorySource(SourceOptions options, connector::Ledger& ledger,
                                 connector::Consumption& consumption)
    : options_(std::move(options)),
      source_("directory:" + options_.connector),
      names_(options_.names),
      ledger_(ledger),
      after_(options_.after, options_.move_to),
      unsettled_(consumption, options_.max_queued),
      candidates_(options_, names_, warnings_) {
  // Files moved to a place inside the folder are not new files.
  const std::string inside = options_.move_to.lexically_relative(options_.path).string();
  if (!options_.move_to.empty() && !inside.starts_with("..")) names_.exclude(inside);
}

Status DirectorySource::connect() {
  close();
  auto root = Folder::open(options_.path, options_.create);
  if (!root) return std::unexpected(std::move(root).error());
  root_ = std::move(*root);
  if (auto opened = after_.open(root_); !opened) return opened;
  candidates_.open(root_);
  return {};
}

Result<connector::Read> DirectorySource::read(model::BatchBuilder& into, std::size_t max_events,
                                              std::size_t max_bytes,
                                              steady_clock::time_point deadline) {
  if (auto there = candidates_.check_root(); !there) return std::unexpected(there.error());
  if (auto applied = apply_after(steady_clock::now()); !applied)
    return std::unexpected(applied.error());
  ++token_;
  while (into.size() < max_events && into.payload_bytes() < max_bytes) {
    auto found = candidates_.next();
    if (found) {
      const auto took = take(*found, into, max_bytes);
      if (!took) return std::unexpected(took.error());
      if (*took == Took::no_room) break;
    } else if (!candidates_.busy()) {
      if (auto marked = ledger_.mark({}); !marked) return std::unexpected(marked.error());
      if (auto forgot = forget_missing(); !forgot) return std::unexpected(forgot.error());
      if (!into.empty()) break;
      candidates_.wait(deadline);
    }
    if (steady_clock::now() >= deadline) break;
  }
  return token_;
}

Result<DirectorySource::Took> DirectorySource::take(Candidate& found, model::BatchBuilder& into,
                                                    std::size_t max_bytes) {
  if (!S_ISREG(found.stat.st_mode)) {
    if (!S_ISDIR(found.stat.st_mode)) refuse(found.name, kind_of(found.stat));
    return Took::nothing;
  }
  const FileVersion version = FileVersion::of(found.stat);
  const Taken seen{found.name, version, version.id(found.name), {}};
  const auto known = ledger_.look_up(seen.name, version);
  if (!known) return std::unexpected(known.error());
  if (*known == FileLedger::Known::marked && !after_.keeps()) {
    // Marked, but still here: the engine ended before its event was settled, or too many waited.
    if (!unsettled_.contains(seen))
      if (auto added = unsettled_.add({seen}); !added) return std::unexpected(added.error());
  }
  if (*known == FileLedger::Known::marked || *known == FileLedger::Known::in_flight)
    return Took::nothing;
  const std::uint64_t size = version.size > options_.inline_limit ? 0 : version.size;
  if (!into.empty() && into.payload_bytes() + size > max_bytes) {
    candidates_.again(std::move(found.name));
    return Took::no_room;
  }
  return take_content(seen.name, into);
}

Result<DirectorySource::Took> DirectorySource::take_content(const std::string& name,
                                                            model::BatchBuilder& into) {
  switch (read_file(root_, name, options_.inline_limit, content_)) {
    case ReadOutcome::gone:
      return Took::nothing;
    case ReadOutcome::refused:
      refuse(name, "not a regular file");
      return Took::nothing;
    case ReadOutcome::unreadable:
      unreadable(name, content_.error_number);
      return Took::nothing;
    case ReadOutcome::changing:
      candidates_.again_when_settled(name, content_.version);
      return Took::nothing;
    case ReadOutcome::whole:
      break;
  }
  // What was opened may be newer than what was found.
  const auto known = ledger_.look_up(name, content_.version);
  if (!known) return std::unexpected(known.error());
  if (*known == FileLedger::Known::marked || *known == FileLedger::Known::in_flight)
    return Took::nothing;
  const bool touched = *known == FileLedger::Known::touched;
  Taken taken{name, content_.version,
              touched ? content_.version.id_with_ctime(name) : content_.version.id(name),
              content_.has_data ? hex_hash(content_.data) : std::string(kNotInline)};
  if (touched) {
    const auto same = ledger_.has_content(name, taken.content);
    if (!same) return std::unexpected(same.error());
    if (*same) {
      ledger_.refresh(std::move(taken));
      return Took::nothing;
    }
  }
  add_event(name, taken.id, *known, into);
  ledger_.take(token_, std::move(taken));
  return Took::event;
}

void DirectorySource::add_event(const std::string& name, const std::string& id,
                                FileLedger::Known known, model::BatchBuilder& into) const {
  const std::string subject = subject_of(name);
  const std::string path = (options_.path / name).string();
  const std::string size = std::to_string(content_.version.size);
  const WallTime modified = from_us(content_.version.mtime_ns / 1000);
  const std::string mtime = format_time(modified);
  model::EventView event;
  event.id = id;
  event.source = source_;
  event.type = known == FileLedger::Known::no ? "pelton.file.created" : "pelton.file.modified";
  event.subject = subject;
  event.content_type = content_type_of(name);
  event.key = name;
  event.has_key = true;
  event.data = content_.data;
  event.has_data = content_.has_data;
  event.time_us = to_us(modified);
  event.headers = {{"path", path}, {"size", size}, {"mtime", mtime}};
  into.add(event);
}

Status DirectorySource::settle(connector::AckToken token, connector::Settlement how) {
  std::vector<Taken> taken = ledger_.release(token);
  if (how == connector::Settlement::retry_later) {
    ledger_.unmark(taken);
    for (Taken& one : taken) candidates_.again(std::move(one.name));
    return {};
  }
  if (auto marked = ledger_.mark(taken); !marked) return marked;
  if (after_.keeps()) return {};
  if (auto added = unsettled_.add(std::move(taken)); !added) return added;
  return apply_after(steady_clock::now());
}

Status DirectorySource::apply_after(steady_clock::time_point now) {
  const auto settled = unsettled_.take_settled(now);
  if (!settled) return std::unexpected(settled.error());
  std::vector<std::string> free;
  for (const Taken& taken : *settled) {
    const auto applied = after_.apply(root_, taken);
    if (!applied)
      warnings_.add(applied.error().code, taken.name, applied.error().message);
    else if (*applied)
      free.push_back(taken.name);
  }
  if (unsettled_.take_left_out()) candidates_.scan_soon();
  return ledger_.forget(free);
}

Status DirectorySource::forget_missing() {
  forgetting_ |= candidates_.take_scanned();
  if (!forgetting_) return {};
  const auto whole = ledger_.forget_missing(root_, kForgetBudget);
  if (!whole) return std::unexpected(whole.error());
  forgetting_ = !*whole;
  return {};
}

void DirectorySource::close() {
  candidates_.close();
  after_.close();
  ledger_.clear();
  unsettled_.clear();
  root_ = Folder();
  forgetting_ = false;
}

void DirectorySource::refuse(const std::string& name, const char* what) {
  warnings_.add("E2005", name, fmt::format("rejected {}: {}", subject_of(name), what));
}

void DirectorySource::unreadable(const std::string& name, int error_number) {
  warnings_.add("E2006", name,
                fmt::format("cannot read {}: {}; the next scan tries again", subject_of(name),
                            std::generic_category().message(error_number)));
}

}  // namespace pelton::directory
