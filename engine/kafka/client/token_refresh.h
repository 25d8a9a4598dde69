// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/options.h"

// For the .cpp files of this folder only.
namespace pelton::kafka {

// Whether tokens come from us; otherwise the library fetches them, or there are none.
bool gives_tokens(const ClientOptions& settings);

// The answer to the library's question for an OAUTHBEARER token: the token file, read again. On an
// error (E6103), which is returned for the operator, the library, if it is told, asks again in ten
// seconds. Any thread.
Status refresh_token(rd_kafka_t* client, const ClientOptions& settings, bool tell = true);

}  // namespace pelton::kafka
