// A server certificate for this machine, and an authority made for it alone.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace allocd {

// As PEM.
struct LocalIdentity {
  std::string authority;    // its certificate: what clients are told to trust
  std::string certificate;  // the server's, signed by the authority
  std::string key;          // of the server's certificate
};

// For `localhost`, 127.0.0.1, ::1 and, where it is none of them, `host`: a name or an address in
// numbers. The authority's key is forgotten, so that nobody can sign anything else with it. Good
// for a year from a day ago, as clocks differ. Throws std::runtime_error where OpenSSL refuses.
LocalIdentity make_local_identity(std::string_view host, std::chrono::system_clock::time_point now);

}  // namespace allocd
