// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/session.h"

#include "connectors/postgres/settings.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>

namespace pelton::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

// The forms of values (values.h), whatever the server's and the role's defaults are. Rows that a
// policy hides are not left out of what is read: reading them is refused.
constexpr const char* kSessionOptions =
    " -c datestyle=ISO -c intervalstyle=iso_8601 -c timezone=UTC -c extra_float_digits=3"
    " -c bytea_output=hex -c lc_monetary=C -c standard_conforming_strings=on";
constexpr const char* kReaderOptions =
    " -c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c row_security=off";
// A transaction whose engine was cut off must not keep its locks.
constexpr const char* kWriterOptions =
    " -c statement_timeout={} -c idle_in_transaction_session_timeout=60000"
    " -c default_transaction_isolation=read\\ committed";
// How long is waited for once somebody is in a hurry.
constexpr milliseconds kHurry{1'000};
constexpr milliseconds kSlice{100};

// What a dead network must not hang on; the URL may say otherwise.
void complete(Settings& settings) {
  settings.emplace("connect_timeout", "10");
  settings.emplace("tcp_user_timeout", "30000");
  settings.emplace("keepalives_idle", "30");
  settings.emplace("fallback_application_name", "pelton");
  settings["client_encoding"] = "UTF8";
  settings["options"] += kSessionOptions;
}

// The server names no SQLSTATE to a client that it does not let in.
bool is_login_error(const std::string& message) {
  return std::ranges::any_of(
      std::array{"authentication failed", "no pg_hba.conf entry", "no password supplied",
                 "is not permitted to log in", "does not exist", "must be superuser or replication",
                 "permission denied for database", "certificate"},
      [&](const char* words) { return message.find(words) != std::string::npos; });
}

// Values of options are read once we connect.
bool is_option_error(const std::string& message) {
  return message.starts_with("invalid ") || message.starts_with("could not match ");
}

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += c;
    out += c;
  }
  out += quote;
  return out;
}

int left(Session::Time deadline) {
  const auto time = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(time.count(), 0, 60'000));
}

}  // namespace

Result<std::string> server_of(const std::string& url) {
  const auto settings = settings_of(url);
  if (!settings) return std::unexpected(settings.error());
  return place_of(*settings);
}

std::string quoted_name(std::string_view name) {
  return doubled(name, '"');
}

std::string quoted_text(std::string_view text) {
  return doubled(text, '\'');
}

void Session::Close::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

void Session::Free::operator()(char* buffer) const {
  PQfreemem(buffer);
}

Result<Session> Session::open(const std::string& url, Kind kind) {
  auto settings = settings_of(url);
  if (!settings) return std::unexpected(std::move(settings).error());
  complete(*settings);
  (*settings)["options"] += kReaderOptions;
  if (kind == Kind::replication) (*settings)["replication"] = "database";
  return connect(*settings);
}

Result<Session> Session::open_writer(const std::string& url, milliseconds longest,
                                     const std::atomic<bool>& hurry) {
  auto settings = settings_of(url);
  if (!settings) return std::unexpected(std::move(settings).error());
  complete(*settings);
  (*settings)["options"] += fmt::format(fmt::runtime(kWriterOptions), longest.count());
  auto session = connect(*settings, hurry);
  if (!session) return session;
  // What a function there has to say is not for our standard error.
  PQsetNoticeReceiver(
      session->connection_.get(), [](void*, const PGresult*) {}, nullptr);
  // A server that does not read must not hold us within a call.
  if (PQsetnonblocking(session->connection_.get(), 1) != 0) return session->lost();
  // A commit that is answered has to be on disk.
  auto durable = session->query(
      "SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'");
  if (!durable) return std::unexpected(std::move(durable).error());
  return session;
}

Result<Session> Session::connect(const Settings& settings) {
  const Parameters parameters(settings);
  Session session(PQconnectdbParams(parameters.names(), parameters.values(), 0),
                  place_of(settings));
  if (auto in = session.connected(); !in) return std::unexpected(std::move(in).error());
  return session;
}

// As libpq does by itself, the hosts one after another.
Result<Session> Session::connect(const Settings& settings, const std::atomic<bool>& hurry) {
  const auto timeout = connect_timeout(settings);
  if (!timeout) return std::unexpected(timeout.error());
  std::optional<std::unexpected<Error>> error;
  for (const Settings& host : hosts_of(settings)) {
    const Parameters parameters(host);
    Session session(PQconnectStartParams(parameters.names(), parameters.values(), 0),
                    place_of(host));
    session.hurry_ = &hurry;
    auto in = session.step(steady_clock::now() + *timeout);
    if (in) in = session.connected();
    if (in) return session;
    error.emplace(std::move(in).error());
    if (hurry.load()) break;
  }
  return *error;
}

Status Session::step(Time deadline) {
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (PQstatus(connection_.get()) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
         next != PGRES_POLLING_FAILED) {
    if (!wait(next == PGRES_POLLING_WRITING ? POLLOUT : POLLIN, deadline))
      return fail(ErrorKind::unavailable, "E7081",
                  "PostgreSQL at {} cannot be reached: it has not answered in time", server_);
    next = PQconnectPoll(connection_.get());
  }
  return {};
}

Status Session::connected() {
  if (PQstatus(connection_.get()) == CONNECTION_OK) return {};
  const std::string why = sentence(PQerrorMessage(connection_.get()));
  if (is_option_error(why)) return fail(ErrorKind::invalid, "E7080", "`url`: {}", why);
  if (is_login_error(why))
    return fail(ErrorKind::invalid, "E7082", "PostgreSQL at {} refuses the login: {}", server_,
                why);
  return lost();
}

std::unexpected<Error> Session::lost() const {
  return fail(ErrorKind::unavailable, "E7081", "PostgreSQL at {} cannot be reached: {}", server_,
              sentence(PQerrorMessage(connection_.get())));
}

std::unexpected<Error> Session::refused(const void* result) {
  const auto* answer = static_cast<const PGresult*>(result);
  const char* state = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  state_ = state == nullptr ? "" : state;
  if (state_.empty() || PQstatus(connection_.get()) != CONNECTION_OK) return lost();
  const std::string why = sentence(PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY));
  const std::string detail = sentence(PQresultErrorField(answer, PG_DIAG_MESSAGE_DETAIL));
  refusal_ = detail.empty() ? why : why + ": " + detail;
  refused_by_ = sentence(PQresultErrorField(answer, PG_DIAG_SOURCE_FUNCTION));
  // Class 57: the server is shutting down or ends the session. Class 53: it is full.
  if (state_.starts_with("57") || state_.starts_with("53") || state_.starts_with("08"))
    return fail(ErrorKind::unavailable, "E7081", "PostgreSQL at {} ended the session: {}", server_,
                why);
  return fail(ErrorKind::invalid, state_ == "42501" ? "E7083" : "E7093",
              "PostgreSQL at {} refuses: {}", server_, why);
}

bool Session::in_transaction() const {
  return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

int Session::version() const {
  return PQserverVersion(connection_.get());
}

// False: nothing came by the deadline.
bool Session::readable(Time deadline) {
  pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
  return ::poll(&waiting, 1, left(deadline)) > 0;
}

// False: it has not come so far by the deadline, which is nearer for who is in a hurry.
bool Session::wait(short events, Time& deadline) {
  pollfd waiting{PQsocket(connection_.get()), events, 0};
  for (bool hurried = false;;) {
    const Time now = steady_clock::now();
    if (hurry_ != nullptr && !hurried && hurry_->load()) {
      hurried = true;
      deadline = std::min(deadline, now + kHurry);
    }
    const Time until = hurry_ != nullptr ? std::min(deadline, now + kSlice) : deadline;
    if (::poll(&waiting, 1, left(until)) > 0) return true;
    if (steady_clock::now() >= deadline) return false;
  }
}

// Sends what the socket has not taken yet.
Status Session::flush(Time deadline) {
  for (;;) {
    const int rest = PQflush(connection_.get());
    if (rest < 0) return lost();
    if (rest == 0) return {};
    if (!wait(POLLIN | POLLOUT, deadline))
      return fail(ErrorKind::unavailable, "E7081", "PostgreSQL at {} takes nothing more", server_);
    if (PQconsumeInput(connection_.get()) == 0) return lost();
  }
}

Status Session::wait_for_result(Time deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    const bool came = wait(POLLIN, deadline);
    if (came && PQconsumeInput(connection_.get()) == 0) return lost();
    if (came) continue;
    // A server that hangs would not take that either; whoever writes closes the connection, and the
    // server has a limit of its own.
    if (PGcancel* cancel = hurry_ == nullptr ? PQgetCancel(connection_.get()) : nullptr) {
      std::array<char, 256> ignored{};
      PQcancel(cancel, ignored.data(), ignored.size());
      PQfreeCancel(cancel);
    }
    return fail(ErrorKind::unavailable, "E7081",
                "PostgreSQL at {} has not answered in time; a long transaction there may be in the "
                "way",
                server_);
  }
  return {};
}

Result<Rows> Session::query(const std::string& statement, milliseconds longest) {
  if (PQsendQuery(connection_.get(), statement.c_str()) == 0) return lost();
  return results(steady_clock::now() + longest);
}

Status Session::run(const std::string& statement, std::span<const std::string> parameters,
                    milliseconds longest) {
  std::vector<const char*> values;
  std::vector<int> lengths, formats(parameters.size(), 1);
  for (const std::string& parameter : parameters) {
    values.push_back(parameter.data());
    lengths.push_back(static_cast<int>(parameter.size()));
  }
  if (PQsendQueryParams(connection_.get(), statement.c_str(), static_cast<int>(values.size()),
                        nullptr, values.data(), lengths.data(), formats.data(), 0) == 0)
    return lost();
  const auto rows = results(steady_clock::now() + longest);
  return rows ? Status{} : std::unexpected(rows.error());
}

Result<Rows> Session::results(Time deadline) {
  if (auto sent = flush(deadline); !sent) return std::unexpected(sent.error());
  Rows rows;
  std::optional<std::unexpected<Error>> error;
  for (;;) {
    if (auto came = wait_for_result(deadline); !came) return std::unexpected(came.error());
    const ResultPtr result(PQgetResult(connection_.get()));
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      if (!error) error = refused(result.get());
      continue;
    }
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      auto& to = rows.emplace_back();
      for (int i = 0; i < PQnfields(result.get()); ++i)
        to.push_back(PQgetisnull(result.get(), row, i) != 0
                         ? std::nullopt
                         : std::optional<std::string>(PQgetvalue(result.get(), row, i)));
    }
  }
  if (error) return *error;
  return rows;
}

Status Session::start_copy(const std::string& statement) {
  ended_ = false;
  if (PQsendQuery(connection_.get(), statement.c_str()) == 0) return lost();
  if (auto came = wait_for_result(steady_clock::now() + std::chrono::seconds(60)); !came)
    return came;
  const ResultPtr result(PQgetResult(connection_.get()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COPY_BOTH || status == PGRES_COPY_OUT) return {};
  auto error = refused(result.get());
  while (ResultPtr rest{PQgetResult(connection_.get())}) continue;
  return error;
}

Result<std::optional<std::string_view>> Session::receive(Time deadline) {
  message_.reset();
  for (;;) {
    char* buffer = nullptr;
    const int size = PQgetCopyData(connection_.get(), &buffer, 1);
    if (size > 0) {
      message_.reset(buffer);
      return std::string_view(buffer, static_cast<std::size_t>(size));
    }
    if (size == -1) return end_copy();
    if (size < 0) return lost();
    if (!readable(deadline)) return std::nullopt;
    if (PQconsumeInput(connection_.get()) == 0) return lost();
  }
}

Result<std::optional<std::string_view>> Session::end_copy() {
  ended_ = true;
  const ResultPtr result(PQgetResult(connection_.get()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COPY_IN) return std::nullopt;  // the other direction is still open
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return refused(result.get());
  while (ResultPtr rest{PQgetResult(connection_.get())}) continue;
  return std::nullopt;
}

Status Session::send(std::string_view message) {
  if (PQputCopyData(connection_.get(), message.data(), static_cast<int>(message.size())) != 1 ||
      PQflush(connection_.get()) < 0)
    return lost();
  return {};
}

void Session::end_replication() {
  if (PQstatus(connection_.get()) != CONNECTION_OK) return;
  if (PQputCopyEnd(connection_.get(), nullptr) != 1 || PQflush(connection_.get()) < 0) return;
  const Time deadline = steady_clock::now() + std::chrono::seconds(1);
  while (!ended_ && steady_clock::now() < deadline)
    if (!receive(deadline)) return;
  if (ended_) std::ignore = wait_for_result(deadline);
}

}  // namespace pelton::postgres
