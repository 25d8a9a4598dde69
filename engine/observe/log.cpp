// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/log.h"

#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/observe/line_writer.h"
#include "engine/observe/repeat_limit.h"
#include "engine/observe/standard_error.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

namespace pelton::observe::log {
namespace {

struct Settings {
  Format format = Format::pretty;
  bool colours = false;
};
std::atomic<Settings> settings;

std::mutex repeats_mutex;
RepeatLimit repeats;  // guarded by repeats_mutex

spdlog::level::level_enum spd_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// Standard error: directly, or through a writer while there is one.
class ErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void use(LineWriter* writer) {
    const std::lock_guard lock(mutex_);
    writer_ = writer;
  }
  void finish(std::chrono::milliseconds patience) {
    const std::lock_guard lock(mutex_);
    if (writer_ != nullptr) writer_->stop(patience);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view line(message.payload.data(), message.payload.size());
    if (writer_ != nullptr)
      writer_->push(line);
    else
      write_standard_error(fmt::format("{}\n", line));
  }
  void flush_() override {}

  LineWriter* writer_ = nullptr;  // guarded by the base's mutex_
};

ErrorSink& error_sink() {
  static ErrorSink sink;
  return sink;
}

spdlog::logger& logger() {
  // The sink is static: it is shared with nobody who could outlive it.
  static spdlog::logger instance(
      "pelton", std::shared_ptr<ErrorSink>(std::shared_ptr<void>(), &error_sink()));
  return instance;
}

const char* name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "";
}

std::string json_quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(to_utf8(text)));
}

std::string render_json(std::string_view time, Level level, std::string_view message,
                        Fields fields) {
  std::string line = fmt::format(R"({{"ts":"{}","level":"{}","msg":{})", time, name_of(level),
                                 json_quoted(message));
  for (const Field& field : fields) {
    if (field.value.empty()) continue;
    line += fmt::format(",{}:{}", json_quoted(field.name),
                        field.number ? field.value : json_quoted(field.value));
  }
  return line + "}";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  const std::string clean = to_utf8(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    const auto next = static_cast<unsigned char>(i + 1 < clean.size() ? clean[i + 1] : '\0');
    if (byte == '\n') {
      out += "\\n";
    } else if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 0xc2 && next < 0xa0) {  // U+0080 to U+009F: control characters too
      out += fmt::format("\\x{:02x}", next);
      ++i;
    } else {
      out += clean[i];
    }
  }
  return out;
}

std::string render(Format format, bool colours, std::string_view time, Level level,
                   std::string_view message, Fields fields) {
  if (format == Format::json) return render_json(time, level, message, fields);
  static constexpr const char* kColours[] = {"\x1b[2m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};
  const char* on = colours ? kColours[static_cast<int>(level)] : "";
  const char* off = colours ? "\x1b[0m" : "";
  std::string line =
      fmt::format("{} {}{:<5}{} {}", time, on, name_of(level), off, escaped(message));
  for (const Field& field : fields)
    if (!field.value.empty()) line += fmt::format("  {}={}", field.name, escaped(field.value));
  return line;
}

void configure(Level least, Format format, bool colours) {
  settings = Settings{format, colours};
  logger().set_level(spd_level(least));
}

namespace {

std::string rendered(WallTime now, Level level, std::string_view message, Fields fields) {
  const std::string time = format_time(std::chrono::floor<std::chrono::milliseconds>(now));
  const Settings now_set = settings;
  return render(now_set.format, now_set.colours, time, level, message, fields);
}

void write_line(WallTime now, Level level, std::string_view message, Fields fields) {
  logger().log(spd_level(level), "{}", rendered(now, level, message, fields));
}

// False when this line has been written often enough for now. Also tells what was left out before.
bool admit(WallTime now, Level level, std::string_view message, Fields fields) {
  const std::string who = fields.size() > 0 ? " " + fields.begin()->value : "";
  std::vector<RepeatLimit::LeftOut> left_out;
  bool admitted = true;
  {
    std::lock_guard lock(repeats_mutex);
    left_out = repeats.expired(now);
    admitted = level < Level::warn || repeats.admit(std::string(message) + who, now);
  }
  for (const RepeatLimit::LeftOut& line : left_out)
    write_line(now, Level::warn, "repeated lines were left out",
               {{"line", line.text}, {"repeats", line.lines}});
  return admitted;
}

}  // namespace

class Background::Impl {
 public:
  Impl()
      : writer_(STDERR_FILENO, [](std::uint64_t lines) {
          return rendered(SystemClock{}.now(), Level::warn,
                          "log lines were dropped because standard error is not being read",
                          {{"lines", lines}});
        }) {
    error_sink().use(&writer_);
  }
  ~Impl() { error_sink().use(nullptr); }

 private:
  LineWriter writer_;
};

void finish(std::chrono::milliseconds patience) {
  error_sink().finish(patience);
}

Background::Background() : impl_(std::make_unique<Impl>()) {}
Background::~Background() = default;

void write(Level level, std::string_view message, Fields fields) {
  if (!logger().should_log(spd_level(level))) return;
  const WallTime now = SystemClock{}.now();
  if (admit(now, level, message, fields)) write_line(now, level, message, fields);
}

}  // namespace pelton::observe::log
