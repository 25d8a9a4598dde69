// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/changes.h"
#include "engine/store/store.h"

#include <string>
#include <string_view>
#include <vector>

// The numbers of streams and bindings, kept in the meta family: given once, never changed, never
// given again.
namespace pelton::store::names {

struct Stream {
  StreamId id;
  Incarnation incarnation;
};

// What is to be called so from now on. A topic in place of another one, and a stream of the engine
// in place of a topic, are new streams: another number and incarnation, and nothing is known of any
// binding's progress. E4103: the stream exists with more partitions.
Result<Stream> stream(Database& database, const WriteChanges& write, const StreamSpec& spec);
// The topic behind the stream is this one. Another one than before: nothing is known of any
// binding's progress any more (`renewed`).
struct Identified {
  Incarnation incarnation;
  bool renewed = false;
};
Result<Identified> identify(Database& database, const WriteChanges& write, const std::string& name,
                            StreamId stream, std::string_view identity);
Result<BindingId> binding(Database& database, const WriteChanges& write, std::string_view name);
// Of all that ever had a number and were not forgotten, by name.
Result<std::vector<std::pair<std::string, BindingId>>> all_bindings(Database& database);
Result<std::vector<std::pair<std::string, StreamId>>> all_streams(Database& database);
// The partitions of all streams that the engine keeps or kept.
Result<std::vector<model::StreamPartition>> all_partitions(Database& database);
// Where the bounds of a partition, and of all partitions of a stream, are kept.
std::string bounds_key(model::StreamPartition at);
std::string bounds_prefix(StreamId stream);

// Forgets a name: the name may be used again, its number is not. What is stored under the number is
// left for removal (garbage.h) and noted as such until end_forgotten().
void forget_binding(std::string_view name, BindingId binding, Changes& changes);
void forget_stream(std::string_view name, StreamId stream, Changes& changes);
Result<std::vector<StreamId>> forgotten_streams(Database& database);
Result<std::vector<BindingId>> forgotten_bindings(Database& database);
void end_forgotten(StreamId stream, Changes& changes);
void end_forgotten(BindingId binding, Changes& changes);
// The progress and retries of all bindings, or of one, on the stream.
Status forget_progress(Database& database, StreamId stream, std::optional<BindingId> binding,
                       Changes& changes);

}  // namespace pelton::store::names
