// Names that nobody has given before.
#pragma once

#include <string>

namespace allocd {

// Of 32 random hexadecimal digits, as a UUID is written (RFC 9562): "8ad0463c-6427-4479-…".
std::string new_guid();

// As the service names operations: "5.316aac5bdc130deb.b1e02da8-c3a0-4ff2-a121-7ea7a6b7f550".
std::string new_operation_id();

}  // namespace allocd
