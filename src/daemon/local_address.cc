#include "daemon/local_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace allocd {

namespace {

bool is_loopback(const in_addr& address) { return ntohl(address.s_addr) >> 24U == 127; }

}  // namespace

bool is_local(const std::string& address) {
  if (address.starts_with("unix:")) return true;
  std::string host = address.substr(0, address.rfind(':'));
  if (host == "localhost") return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return is_loopback(four);
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace allocd
