// The webhook over HTTP: which requests are calls of it, and what is logged about each.
#pragma once

#include <string>

#include "daemon/rule_store.h"
#include "http/server.h"

namespace allocd {

// Answers POST on `path` by the rules in `store`, under a new id in the header
// `x-allocd-decision`, and logs one line for each decision through spdlog. Another method there
// is 405, anything else 404: those are no decisions. Safe to call from any thread; `store` must
// outlive the handler.
HttpHandler webhook_handler(const RuleStore& store, std::string path);

}  // namespace allocd
