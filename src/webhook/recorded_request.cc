#include "webhook/recorded_request.h"

#include "webhook/raw_member.h"

namespace allocd {

std::variant<std::string_view, std::string, NoRequest> recorded_request(std::string_view value) {
  std::string_view request;
  bool is_record = false;
  bool is_body = false;
  for_each_raw_member(value, [&](std::string_view name, std::string_view member) {
    // What has a device in it came from DPS.
    is_body = name == "deviceRuntimeContext";
    if (name == "request") request = member;
    is_record = is_record || name == "request" || name == "outcome";
    return !is_body;
  });
  if (is_body || !is_record) return value;
  if (request.starts_with('{')) return request;
  if (auto text = text_of_raw(request)) return *std::move(text);
  return NoRequest{"it is a record of a decision without the request"};
}

}  // namespace allocd
