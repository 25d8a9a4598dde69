// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/options.h"
#include "engine/kafka/records/raw_record.h"
#include "engine/model/batch.h"

#include <optional>

// Events as records. For the .cpp files of this folder only.
namespace pelton::kafka {

using Headers = Handle<rd_kafka_headers_t, rd_kafka_headers_destroy>;

// The record's headers, null when it has none: the event's own, byte for byte and in order, before
// them what the record cannot say otherwise. An event with id, source and type is a CloudEvent: in
// binary mode its attributes are headers ("ce_*", "content-type"), in structured mode all but its
// own headers is in the value. Any other is a plain record, whose content type, when known, is the
// header "content-type".
Headers headers_of(const model::Batch& batch, std::size_t i, ContentMode mode);

// Hands event i to the client, which keeps views of its data until it reports the delivery with
// `opaque`. Its key says which partition unless one is given. No retry here: _QUEUE_FULL is the
// caller's.
rd_kafka_resp_err_t produce(rd_kafka_t* client, rd_kafka_topic_t* topic, ContentMode mode,
                            const model::Batch& batch, std::size_t i,
                            std::optional<PartitionId> partition, void* opaque);
// The same of a record that is there byte for byte.
rd_kafka_resp_err_t produce(rd_kafka_t* client, rd_kafka_topic_t* topic, const RawRecord& record,
                            void* opaque);

}  // namespace pelton::kafka
