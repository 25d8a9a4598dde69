// SPDX-License-Identifier: Apache-2.0
#include "engine/model/outputs.h"

#include "engine/model/batch_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace pelton::model {
namespace {

// Where each name of the result is among the streams; their number: nowhere.
std::vector<std::size_t> indices_of(const std::vector<std::string>& names,
                                    std::span<const OutputStream> streams) {
  std::vector<std::size_t> found;
  found.reserve(names.size());
  for (const std::string& name : names)
    found.push_back(static_cast<std::size_t>(
        std::distance(streams.begin(), std::ranges::find(streams, name, &OutputStream::name))));
  return found;
}

Failure unknown_stream(std::uint32_t index, const std::string& name,
                       std::span<const OutputStream> streams) {
  Failure failure;
  failure.index = index;
  failure.type = "UnknownStream";
  failure.message =
      fmt::format("an output names the stream \"{}\", which is not in the binding's `to`", name);
  std::string_view separator = ": ";
  for (const OutputStream& stream : streams) {
    failure.message += fmt::format("{}{}", separator, stream.name);
    separator = ", ";
  }
  return failure;
}

}  // namespace

std::vector<StreamPart> split_by_stream(const FrameResult& result,
                                        std::span<const OutputStream> streams) {
  if (!result.outputs || streams.empty()) return {};
  const auto& of = result.output_streams;
  const std::vector<std::size_t> names = indices_of(result.streams, streams);
  const auto stream_of = [&](std::size_t output) {
    return of.empty() || of[output] == 0 ? 0 : names[of[output] - 1];
  };
  std::size_t output = 1;
  while (output < of.size() && stream_of(output) == stream_of(0)) ++output;
  if (output >= of.size()) return {{stream_of(0), result.outputs, {}}};
  std::vector<BatchBuilder> builders(streams.size());
  std::vector<StreamPart> parts(streams.size());
  for (output = 0; output < of.size(); ++output) {
    const std::size_t stream = stream_of(output);
    builders[stream].add(*result.outputs, output);
    parts[stream].positions.push_back(static_cast<std::uint32_t>(output));
  }
  for (std::size_t stream = 0; stream < parts.size(); ++stream) {
    parts[stream].stream = stream;
    if (!builders[stream].empty()) parts[stream].batch = builders[stream].finish();
  }
  std::erase_if(parts, [](const StreamPart& part) { return part.batch == nullptr; });
  return parts;
}

std::uint32_t parent_of(const FrameResult& result, std::size_t output) {
  if (!result.output_parents.empty()) return result.output_parents[output];
  return result.first + static_cast<std::uint32_t>(output);
}

void fail_events(FrameResult& result, std::map<std::uint32_t, Failure> failures) {
  if (failures.empty()) return;
  BatchBuilder kept;
  std::vector<std::uint32_t> parents;
  std::vector<std::uint32_t> streams;
  for (std::size_t output = 0; result.outputs && output < result.outputs->size(); ++output) {
    const std::uint32_t parent = parent_of(result, output);
    if (failures.contains(parent)) continue;
    kept.add(*result.outputs, output);
    parents.push_back(parent);
    if (!result.output_streams.empty()) streams.push_back(result.output_streams[output]);
  }
  for (Failure& failure : result.not_done) failures.try_emplace(failure.index, std::move(failure));
  result.not_done.clear();
  for (auto& [index, failure] : failures) result.not_done.push_back(std::move(failure));
  result.outputs = kept.empty() ? nullptr : kept.finish();
  result.output_parents = std::move(parents);
  result.output_streams = std::move(streams);
}

void fail_unknown_streams(FrameResult& result, std::span<const OutputStream> streams) {
  if (result.output_streams.empty()) return;
  const std::vector<std::size_t> names = indices_of(result.streams, streams);
  std::map<std::uint32_t, Failure> failures;
  for (std::size_t output = 0; output < result.output_streams.size(); ++output) {
    const std::uint32_t name = result.output_streams[output];
    if (name == 0 || names[name - 1] < streams.size()) continue;
    const std::uint32_t parent = parent_of(result, output);
    failures.try_emplace(parent, unknown_stream(parent, result.streams[name - 1], streams));
  }
  fail_events(result, std::move(failures));
}

}  // namespace pelton::model
