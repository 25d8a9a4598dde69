// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/model/frame.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

// The engine's side of proto/pelton/v1/worker.proto.
namespace pelton::worker::codec {

inline constexpr std::size_t kMaxFrameBytes = 64U << 20;
inline constexpr std::uint32_t kProtocol = 1;

// What a worker is to call.
struct Handler {
  std::string code;  // a folder or an executable
  std::string name;  // "module:callable"; empty: the executable is the handler
};

// A whole Start frame, with its length in front.
std::string encode_start(const config::Function& function, const Handler& handler,
                         const std::string& worker);

// What stands before the batch's own bytes in an Invoke frame, its length included: the batch
// follows unchanged.
std::string encode_invoke_header(const model::Frame& frame);

struct Ready {
  bool batch_handler = false;
  bool gives_back = false;  // it honours limits
  std::string sdk;
};
struct StartFailed {
  std::string type;
  std::string message;
  std::string stack;
};
struct Answer {
  FrameId frame;
  model::FrameResult result;  // of no event only when it gives the others back
  bool gives_back = false;    // the events behind it
};
using FromWorker = std::variant<Ready, StartFailed, Answer>;

// One ToEngine message, without its length. invalid: what is wrong with it.
Result<FromWorker> decode(std::string_view bytes);

// Length of the frame that begins here; nothing when fewer than 4 bytes are there.
std::optional<std::uint32_t> frame_length(std::string_view buffer);

}  // namespace pelton::worker::codec
