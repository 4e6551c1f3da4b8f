// Who can reach an address.
#pragma once

#include <string>

namespace allocd {

// Whether only this machine can: `address` is HOST:PORT of a loopback address or `localhost`, or
// begins with `unix:`. An address that cannot be understood is not local.
bool is_local(const std::string& address);

}  // namespace allocd
