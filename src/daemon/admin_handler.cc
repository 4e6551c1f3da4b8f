#include "daemon/admin_handler.h"

namespace allocd {

HttpHandler admin_handler(const std::atomic<bool>& stopping) {
  return [&stopping](const HttpRequest& request) -> HttpResponse {
    const bool health = request.path == "/healthz";
    if (!health && request.path != "/readyz") return {404, "text/plain", "not found\n", {}};
    if (request.method != "GET" && request.method != "HEAD")
      return {405, "text/plain", "only GET is answered here\n", {{"Allow", "GET, HEAD"}}};
    if (health) return {200, "text/plain", "ok\n", {}};
    if (stopping) return {503, "text/plain", "stopping\n", {}};
    return {200, "text/plain", "ready\n", {}};
  };
}

}  // namespace allocd
