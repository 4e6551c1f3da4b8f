// The admin listener: what operators and their tools ask the daemon.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "daemon/admin_access.h"
#include "daemon/candidate.h"
#include "daemon/current.h"
#include "daemon/decision_memory.h"
#include "daemon/reloader.h"
#include "daemon/rule_store.h"
#include "http/server.h"
#include "policy/located_value.h"

namespace allocd {

// What the handler asks; all of it must outlive the handler.
struct AdminDesk {
  const std::atomic<bool>& stopping;
  const Current<AdminAccess>& access;
  const RuleStore& rules;
  Reloader& reloader;
  const DecisionMemory& decisions;
  const Candidate* candidate;                   // null: none is configured
  const std::function<void()>& settle;          // waits until all that was answered is remembered
  const std::function<Json()>& status;          // for /status
  const std::function<std::string()>& metrics;  // for /metrics
};

// `/healthz`, `/readyz`, `/metrics`, `/status`, `/rules`, `/decisions`, `/candidate`; POST on
// `/reload`, `/candidate/promote` and `/explain`. Who may not ask gets 403, another method 405,
// what is not there 404. A reload keeps the thread busy until it is done. Safe to call from any
// thread.
HttpHandler admin_handler(const AdminDesk& desk);

}  // namespace allocd
