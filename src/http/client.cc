#include "http/client.h"

#include <cstdlib>
#include <optional>
#include <string_view>
#include <sys/socket.h>

#include <httplib.h>

namespace allocd {

namespace {

struct Place {
  std::string host;  // or the path of a socket
  int port = 80;
  bool is_path = false;
};

std::optional<Place> place_of(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix)) return Place{address.substr(kUnix.size()), 80, true};
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  Place out{address.substr(0, colon)};
  if (out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  const std::string port = address.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos)
    return std::nullopt;
  out.port = std::atoi(port.c_str());
  return out;
}

NoReply because(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection: return {"nobody answers there"};
    case httplib::Error::Read:
      return {"the connection ended, or stayed silent, before the answer was there"};
    default: return {"the request failed (" + httplib::to_string(error) + ")"};
  }
}

}  // namespace

std::variant<HttpReply, NoReply> ask_server(const std::string& address, const std::string& method,
                                            const std::string& target,
                                            std::chrono::seconds patience) {
  const auto place = place_of(address);
  if (!place) return NoReply{"not HOST:PORT, such as `127.0.0.1:8081`, nor `unix:/PATH`"};
  httplib::Client client(place->host, place->port);
  if (place->is_path) client.set_address_family(AF_UNIX);
  client.set_connection_timeout(5);
  client.set_read_timeout(static_cast<time_t>(patience.count()));
  httplib::Request request;
  request.method = method;
  request.path = target;
  // The library would make one of a socket's path.
  request.headers.emplace("Host", place->is_path ? "localhost" : address);
  const httplib::Result result = client.send(request);
  if (!result) return because(result.error());
  return HttpReply{result->status, result->get_header_value("Content-Type"), result->body};
}

}  // namespace allocd
