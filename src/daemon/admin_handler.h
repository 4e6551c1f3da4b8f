// What operators and their machines ask the daemon about itself.
#pragma once

#include <atomic>

#include "http/server.h"

namespace allocd {

// GET /healthz says 200 while the process answers, GET /readyz 200 until `stopping`, then 503.
// Safe to call from any thread; `stopping` must outlive the handler.
HttpHandler admin_handler(const std::atomic<bool>& stopping);

}  // namespace allocd
