#include "webhook/answer.h"

#include <utility>
#include <variant>

#include "webhook/fast_request.h"
#include "webhook/parse_request.h"

namespace allocd {
namespace {

void decide_on(const RequestValues& request, const RuleSet& rules, Moment now, Trace* trace,
               Answer& out) {
  if (request.registration_id) out.registration_id = std::string(*request.registration_id);
  out.decision = decide(rules, request, now, trace);
}

}  // namespace

Answer answer(const RuleSet& rules, std::string_view body, Moment now, Trace* trace) {
  Answer out;
  if (const auto request = read_fast(body, rules.fields())) {
    decide_on(*request, rules, now, trace, out);
  } else {
    auto parsed = parse_request(body);
    if (auto* bad = std::get_if<BadRequest>(&parsed)) {
      out.decision.reason = std::move(bad->reason);
    } else {
      decide_on(values_of(rules.fields(), std::get<AllocationRequest>(parsed)), rules, now, trace,
                out);
    }
  }
  out.reply = render_reply(out.decision);
  return out;
}

}  // namespace allocd
