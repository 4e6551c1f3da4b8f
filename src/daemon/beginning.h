// Which rules a start serves: those on disk, or the last good set where they cannot be used.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/last_good.h"
#include "daemon/reloader.h"
#include "daemon/rules_in_force.h"
#include "rulefile/load_rules.h"

namespace allocd {

struct Beginning {
  std::shared_ptr<const RulesInForce> rules;
  Start start;
  // What was read on disk, for who watches it.
  std::vector<RulePath> tables;
};

// `loaded` is what load_rules() made of the rules on disk, with their tables kept. `state` may be
// null. What is served then, and why, is said in the log. Nothing where there is nothing to serve,
// or `strict` is set and it would not be what is on disk: `why` says so then, for people.
std::optional<Beginning> begin_with(LoadedRules loaded, const LastGood* state, bool strict,
                                    std::string& why);

}  // namespace allocd
