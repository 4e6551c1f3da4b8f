// HOST:PORT as people write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace allocd {

// What stands in front of the path of a Unix socket, in place of HOST:PORT.
constexpr std::string_view kUnixAddress = "unix:";

struct HostAndPort {
  std::string host;  // a name, or an address without brackets
  std::string port;  // a number up to 65535
};

// Nothing where it is none. An IPv6 address stands in brackets: `::1:8080` could be one without a
// port.
std::optional<HostAndPort> split_address(const std::string& address);

}  // namespace allocd
