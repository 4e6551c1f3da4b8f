// Who may ask the admin listener: people and programs of this machine, but no web page in their
// browser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace allocd {

class AdminAccess {
 public:
  // `address` is where the listener is found, as HttpServer says it; `hosts` are further names for
  // it.
  AdminAccess(const std::string& address, const std::vector<std::string>& hosts);

  // Why the request is refused, for people; empty where it may come in. A browser says in `Origin`
  // which page asks, and in `Host` which name it believes in: with any other name than the
  // listener's own, a page could make that name mean this machine (DNS rebinding).
  std::string refusal(const HttpRequest& request) const;

 private:
  bool is_own(std::string_view host) const;

  std::vector<std::string> hosts_;  // in small letters, without a port
  bool any_number_ = false;         // it listens on all addresses of the machine
  bool is_socket_ = false;          // of the file system: no browser gets there
};

}  // namespace allocd
