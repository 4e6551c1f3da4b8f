// The webhook over HTTP: which requests are calls of it, and what is logged about each.
#pragma once

#include <string>

#include "daemon/rule_store.h"
#include "daemon/webhook_keys.h"
#include "http/server.h"

namespace allocd {

// Answers POST on `path` by the rules in force, under a new id in the header `x-allocd-decision`,
// and logs one line for each decision through spdlog. Without one of the keys in force it is 401,
// said in the log now and then. Another method there is 405, anything else 404: those are no
// decisions. Safe to call from any thread; both stores must outlive the handler.
HttpHandler webhook_handler(const RuleStore& rules, const WebhookKeyStore& keys, std::string path);

}  // namespace allocd
