#include "http/address.h"

#include <cstdint>

#include "http/syntax.h"

namespace allocd {

namespace {

bool is_port(std::string_view text) {
  std::uint16_t number = 0;
  return text.size() <= 5 && whole_number(text, 10, number);
}

}  // namespace

std::optional<HostAndPort> split_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostAndPort out{address.substr(0, colon), address.substr(colon + 1)};
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
  } else if (out.host.find(':') != std::string::npos) {
    return std::nullopt;
  }
  if (out.host.empty() || !is_port(out.port)) return std::nullopt;
  return out;
}

}  // namespace allocd
