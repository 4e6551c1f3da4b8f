// One decision as a JSON record: a line of the decision log, an element of /decisions.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/decision_event.h"
#include "daemon/redaction.h"
#include "policy/located_value.h"

namespace allocd {

// What a record holds beside the decision itself.
struct RecordParts {
  bool request = false;
  bool response = false;
};

// Members in this order: `time` (UTC, RFC 3339 with milliseconds), `id`, `revision`,
// `registrationId`, `enrollment` (`id`, `kind`), `outcome`, `status`, `rule`, `productLine`,
// `source`, `hub`, `reason`, `twinEffect`, `durationMicros`, and `request` and `response` where
// they are asked for. What there is not is null. Everything that was made of the request is
// redacted, but not what the operator wrote: names of rules and product lines.
//
// `request` is the body where it is a JSON object. Any other body is the text that it is, or null
// where fields are redacted, as nobody can tell what it holds; of more than kMaxTextBytes the
// beginning, and then `requestCutFrom` says how many bytes it had. `response` is what was answered.
// recorded_request() understands both kinds.
Json decision_record(const DecisionEvent& event, const Redaction& redaction, RecordParts parts);

// The same where the caller has read the body already: `redacted` is redaction.of(event.body).
Json decision_record(const DecisionEvent& event, const Redaction& redaction, RecordParts parts,
                     Redaction::Redacted redacted);

// A record as one line, without its end. Bytes that are no UTF-8 come out as U+FFFD; never throws.
std::string record_line(const Json& record);

constexpr std::size_t kMaxTextBytes = std::size_t{64} << 10U;

}  // namespace allocd
