// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

namespace pelton::net {

// One type for Unix sockets and TCP: what serves a connection is compiled once.
using Stream = boost::asio::generic::stream_protocol;
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<Stream, Executor>;

}  // namespace pelton::net
