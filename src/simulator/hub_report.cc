#include "simulator/hub_report.h"

#include <map>

#include "policy/letter_case.h"

namespace allocd {

Json hub_report(const std::vector<Registration>& registrations,
                const std::vector<std::string>& linked_hubs) {
  Json hubs = Json::array();
  std::map<std::string, std::size_t> place;  // by name in small letters
  const auto devices_of = [&](const std::string& hub) -> Json& {
    const auto [found, is_new] = place.emplace(lower(hub), hubs.size());
    if (is_new) hubs.push_back({{"hub", hub}, {"devices", Json::array()}});
    return hubs[found->second]["devices"];
  };
  for (const std::string& hub : linked_hubs) devices_of(hub);
  Json not_assigned = Json::array();
  for (const Registration& one : registrations) {
    if (one.on_hub)
      devices_of(one.on_hub->hub)
          .push_back({{"deviceId", one.on_hub->device_id},
                      {"registrationId", one.id},
                      {"twin", one.on_hub->twin}});
    if (one.status() == "assigned") continue;
    Json device = {{"registrationId", one.id}, {"status", one.status()}};
    for (const char* name : {"errorCode", "errorMessage"})
      if (one.state.contains(name)) device[name] = one.state[name];
    not_assigned.push_back(std::move(device));
  }
  return {{"hubs", std::move(hubs)}, {"notAssigned", std::move(not_assigned)}};
}

}  // namespace allocd
