// TLS towards servers: by whom they are believed.
#pragma once

#include <memory>
#include <string>

#include "http/tls.h"

namespace allocd {

// TLS 1.2 and 1.3. A server's certificate is believed where it leads to an authority and is for the
// host that was asked for.
class Trust {
 public:
  // `authority` is the path of a PEM file of those who are believed; empty: the system's. Throws
  // NoReply where it cannot be used.
  explicit Trust(const std::string& authority);

  // The client's side of one connection to `host`, a name or an address. Throws std::bad_alloc.
  Ssl new_session(const std::string& host) const;

 private:
  struct FreeContext {
    void operator()(ssl_ctx_st* context) const;
  };

  std::unique_ptr<ssl_ctx_st, FreeContext> context_;
};

// Why hands could not be shaken: the end of a sentence for people.
std::string why_no_handshake(const ssl_st& ssl);

}  // namespace allocd
