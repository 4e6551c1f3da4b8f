#include "daemon/admin_access.h"

#include <algorithm>
#include <arpa/inet.h>

#include "diagnostics/diagnostic.h"
#include "policy/letter_case.h"

namespace allocd {

namespace {

// `host:8081`, `[::1]:8081`, `host` -> the host, in small letters and without brackets.
std::string host_in(std::string_view authority) {
  if (authority.starts_with('[')) return lower(authority.substr(1, authority.find(']') - 1));
  return lower(authority.substr(0, authority.rfind(':')));
}

bool is_number(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

}  // namespace

AdminAccess::AdminAccess(const std::string& address, const std::vector<std::string>& hosts)
    : hosts_{"localhost"}, is_socket_(address.starts_with("unix:")) {
  for (const std::string& host : hosts) hosts_.push_back(lower(host));
  if (is_socket_) return;
  hosts_.push_back(host_in(address));
  any_number_ = hosts_.back() == "0.0.0.0" || hosts_.back() == "::";
}

bool AdminAccess::is_own(std::string_view host) const {
  return std::find(hosts_.begin(), hosts_.end(), host) != hosts_.end() ||
         (any_number_ && is_number(std::string(host)));
}

std::string AdminAccess::refusal(const HttpRequest& request) const {
  const auto host = request.header("host");
  if (host && !is_socket_ && !is_own(host_in(*host)))
    return "this listener is not known as " + in_backticks(*host) +
           "; `adminHosts` in the configuration names the hosts that it may be asked as\n";
  // A page of this listener itself has the same authority on both lines.
  const auto origin = request.header("origin");
  if (origin && lower(*origin) != "http://" + lower(host.value_or("")))
    return "asked by a page of " + in_backticks(*origin) + ", which has no business here\n";
  return "";
}

}  // namespace allocd
