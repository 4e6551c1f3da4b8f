// The webhook over HTTP: which requests are calls of it, and what is kept of each.
#pragma once

#include <string>

#include "daemon/aftermath.h"
#include "daemon/decision_counts.h"
#include "daemon/rule_store.h"
#include "daemon/webhook_keys.h"
#include "http/server.h"

namespace allocd {

// What a handler works with; all of it must outlive the handler.
struct WebhookDesk {
  const RuleStore& rules;
  const WebhookKeyStore& keys;
  DecisionCounts& counts;
  Aftermath& aftermath;  // gets each decision, for logs and memories
};

// Answers POST on `path` by the rules in force, under a new id in the header `x-allocd-decision`.
// Without one of the keys in force it is 401, said in the log now and then. Another method there is
// 405, anything else 404: those are no decisions. Safe to call from any thread.
HttpHandler webhook_handler(const WebhookDesk& desk, std::string path);

}  // namespace allocd
