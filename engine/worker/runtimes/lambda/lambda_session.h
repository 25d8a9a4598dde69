// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/runtimes/lambda/environment.h"
#include "engine/worker/runtimes/lambda/listener.h"
#include "engine/worker/runtimes/lambda/outcome.h"
#include "engine/worker/runtimes/lambda/runtime_api.h"
#include "engine/worker/runtimes/lambda/temporary_folder.h"

#include <functional>
#include <optional>
#include <string>

namespace pelton::worker::lambda {

// Drives one process over the Runtime API. It takes one frame at a time and hands over what is in
// it invocation by invocation: an event, or a batch of them, as the frame's form says.
class LambdaSession final : public Session, private RuntimeEvents {
 public:
  explicit LambdaSession(const WorkerSetup& setup);

  // The port and the temporary folder, which the process's environment names. Before start().
  // E3001.
  Status open();
  const std::string& address() const { return listener_.address(); }
  const std::filesystem::path& temporary() const { return temporary_.path(); }

  Status start(SessionEvents& events, pid_t process) override;
  // Of an interpreter of Python that has no client of AWS.
  std::string advice(std::string_view last_lines) const override;
  std::size_t room() const override { return ready_ && !frame_ && !ending_ ? 1 : 0; }
  void invoke(const model::Frame& frame) override;
  bool cancel(const Invocation&) override { return false; }
  std::vector<Invocation> begun(std::chrono::steady_clock::time_point now) override;
  bool hands_over_one_by_one() const override { return true; }
  void end_input() override;

 private:
  // What the process works on, until its answer has been told.
  struct Current {
    FrameId frame;
    Extent extent;
    std::vector<std::string> records;
    std::chrono::steady_clock::time_point since;
    std::string id;
  };
  void asked() override;
  void responded(std::string&& body, const std::string& content_type) override;
  void failed(FunctionError&& error) override;
  void init_failed(FunctionError&& error) override;

  void soon(std::move_only_function<void()> then);
  void step_soon();
  void step();
  void skip_held();
  // The event becomes a dead letter at once.
  void refuse(const Error& why);
  void hand_over(Document&& document);
  std::vector<net::Field> headers(std::uint32_t index, const Extent& extent, WallTime now) const;
  void answer(model::FrameResult&& result);

  boost::asio::io_context& io_;
  const config::Function& function_;
  const std::string worker_;
  const Account account_;
  TemporaryFolder temporary_;
  RuntimeApi api_;
  Listener listener_;
  SessionEvents* events_ = nullptr;
  bool ready_ = false;
  bool ending_ = false;
  std::optional<model::Frame> frame_;  // that has events without an answer
  std::uint32_t next_ = 0;             // the first of these
  HeldBack held_;
  std::optional<Current> current_;
  // Owned by this alone; steps that are posted look whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker::lambda
