#include "webhook/answer.h"

#include <utility>
#include <variant>

#include "webhook/parse_request.h"

namespace allocd {

Answer answer(const RuleSet& rules, std::string_view body, Moment now, Trace* trace) {
  Answer out;
  auto parsed = parse_request(body);
  if (auto* bad = std::get_if<BadRequest>(&parsed)) {
    out.decision.reason = std::move(bad->reason);
  } else {
    out.request = std::move(std::get<AllocationRequest>(parsed));
    out.decision = decide(rules, *out.request, now, trace);
  }
  out.reply = render_reply(out.decision);
  return out;
}

}  // namespace allocd
