#include "policy/located_value.h"

#include <type_traits>

namespace allocd {

std::string_view kind_of(const LocatedValue& value) {
  constexpr std::string_view kKinds[] = {"empty",    "a bool", "a number", "a number",
                                         "a number", "a text", "a list",   "a map"};
  return kKinds[value.value.index()];
}

std::string LocatedValue::instead() const {
  if (is_null()) return ", but there is nothing";
  return ", not " + std::string(kind_of(*this));
}

const LocatedValue* LocatedValue::find_null() const {
  if (is_null()) return this;
  if (is_list())
    for (const LocatedValue& item : list())
      if (const LocatedValue* found = item.find_null()) return found;
  if (is_map())
    for (const LocatedMember& m : map())
      if (const LocatedValue* found = m.value.find_null()) return found;
  return nullptr;
}

Json LocatedValue::json() const {
  return std::visit(
      [](const auto& v) -> Json {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Null>) {
          return nullptr;
        } else if constexpr (std::is_same_v<T, List>) {
          Json list = Json::array();
          for (const LocatedValue& item : v) list.push_back(item.json());
          return list;
        } else if constexpr (std::is_same_v<T, Map>) {
          Json map = Json::object();
          // INVARIANT: no key stands twice, so that members can be appended unseen.
          auto& members = map.get_ref<Json::object_t&>();
          for (const LocatedMember& m : v) members.emplace_back(m.key.value, m.value.json());
          return map;
        } else {
          return v;
        }
      },
      value);
}

}  // namespace allocd
