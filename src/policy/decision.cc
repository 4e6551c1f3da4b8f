#include "policy/decision.h"

namespace allocd {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Allocate: return "allocate";
    case Outcome::Reject: return "reject";
    case Outcome::Unauthorized: return "unauthorized";
    case Outcome::NoHub: return "noHub";
    case Outcome::RetryLater: return "retryLater";
  }
  return "";
}

int http_status(Outcome outcome) {
  switch (outcome) {
    case Outcome::Allocate: return 200;
    case Outcome::Reject: return 400;
    case Outcome::Unauthorized: return 401;
    case Outcome::NoHub: return 200;
    case Outcome::RetryLater: return 503;
  }
  return 500;
}

}  // namespace allocd
