#include "policy/value_template.h"

#include <algorithm>
#include <utility>

#include "policy/json_text.h"

namespace allocd {
namespace {

// Objects are merged, everything else is replaced.
void merge_into(Json& base, Json over) {
  if (!base.is_object() || !over.is_object()) {
    base = std::move(over);
    return;
  }
  for (auto& [key, value] : over.get_ref<Json::object_t&>()) {
    if (const auto there = base.find(key); there != base.end()) {
      merge_into(*there, std::move(value));
    } else {
      base.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
    }
  }
}

void add_json(const Json& json, MemoryLines& out) {
  if (const auto* text = json.get_ptr<const std::string*>()) {
    out.add(text, sizeof *text);
    out.add(*text);
  } else if (const auto* list = json.get_ptr<const Json::array_t*>()) {
    out.add(list, sizeof *list);
    out.add(*list);
    for (const Json& item : *list) add_json(item, out);
  } else if (const auto* object = json.get_ptr<const Json::object_t*>()) {
    out.add(object, sizeof *object);
    out.add(object->data(), object->size() * sizeof(Json::object_t::value_type));
    for (const auto& [key, value] : *object) {
      out.add(key);
      add_json(value, out);
    }
  }
}

}  // namespace

ValueTemplate::ValueTemplate() : node_(Json(Json::object())) {}
ValueTemplate::ValueTemplate(const ValueTemplate&) = default;
ValueTemplate::ValueTemplate(ValueTemplate&&) noexcept = default;
ValueTemplate& ValueTemplate::operator=(const ValueTemplate&) = default;
ValueTemplate& ValueTemplate::operator=(ValueTemplate&&) noexcept = default;
ValueTemplate::~ValueTemplate() = default;

template <typename Node>
ValueTemplate ValueTemplate::of(Node node) {
  ValueTemplate out;
  out.node_ = std::move(node);
  return out;
}

const Reference* ValueTemplate::single_reference() const {
  const auto* text = std::get_if<TextTemplate>(&node_);
  return text != nullptr ? text->single_reference() : nullptr;
}

bool ValueTemplate::is_object() const {
  const Json* json = literal();
  return std::holds_alternative<Object>(node_) || (json != nullptr && json->is_object());
}

ValueTemplate ValueTemplate::parse(const LocatedValue& value, const ReferenceScope& scope,
                                   Diagnostics& diagnostics) {
  const auto all_literal = [](const auto& parts, const auto& value_of) {
    return std::all_of(parts.begin(), parts.end(),
                       [&](const auto& part) { return value_of(part).literal() != nullptr; });
  };
  if (value.is_text()) {
    TextTemplate text = TextTemplate::parse({value.text(), value.range}, scope, diagnostics);
    if (!text.is_literal()) return of(std::move(text));
    return of(text.pieces().empty() ? Json("") : Json(std::get<std::string>(text.pieces()[0])));
  }
  if (value.is_list()) {
    List list;
    for (const LocatedValue& item : value.list()) list.push_back(parse(item, scope, diagnostics));
    if (!all_literal(list, [](const ValueTemplate& v) -> const ValueTemplate& { return v; }))
      return of(std::move(list));
    Json json = Json::array();
    for (const ValueTemplate& item : list) json.push_back(*item.literal());
    return of(std::move(json));
  }
  if (value.is_map()) {
    Object object;
    for (const LocatedMember& m : value.map())
      object.push_back({m.key.value, parse(m.value, scope, diagnostics)});
    if (!all_literal(object, [](const Member& m) -> const ValueTemplate& { return m.value; }))
      return of(std::move(object));
    Json json = Json::object();
    for (const Member& m : object)
      json.get_ref<Json::object_t&>().emplace_back(m.key, *m.value.literal());
    return of(std::move(json));
  }
  return of(value.json());
}

ValueTemplate::Object ValueTemplate::members_of(ValueTemplate value) {
  if (auto* object = std::get_if<Object>(&value.node_)) return std::move(*object);
  Object out;
  for (const auto& [key, member] : std::get<Json>(value.node_).get_ref<const Json::object_t&>())
    out.push_back({key, of(member)});
  return out;
}

ValueTemplate ValueTemplate::merged(ValueTemplate base, ValueTemplate over) {
  if (base.literal() != nullptr && over.literal() != nullptr) {
    Json json = *base.literal();
    merge_into(json, *over.literal());
    return of(std::move(json));
  }
  if (base.is_object() && over.is_object()) {
    Object members = members_of(std::move(base));
    for (Member& m : members_of(std::move(over))) {
      const auto there = std::find_if(members.begin(), members.end(),
                                      [&](const Member& other) { return other.key == m.key; });
      if (there == members.end()) {
        members.push_back(std::move(m));
      } else {
        there->value = merged(std::move(there->value), std::move(m.value));
      }
    }
    return of(std::move(members));
  }
  // A text with something around its `${..}` will never be an object: it just replaces.
  const auto may_be_object = [](const ValueTemplate& v) {
    const auto* text = std::get_if<TextTemplate>(&v.node_);
    return v.is_object() || std::holds_alternative<std::vector<Merge>>(v.node_) ||
           (text != nullptr && text->single_reference() != nullptr);
  };
  if (!may_be_object(base) || !may_be_object(over)) return over;
  std::vector<Merge> merge;
  merge.push_back({std::move(base), std::move(over)});
  return of(std::move(merge));
}

std::optional<RenderError> ValueTemplate::write(const RenderContext& context, std::string& out,
                                                TwinMeter* meter, std::size_t depth) const {
  const auto write_value = [&](const Value& value) {
    value.append_json_to(out);
    if (meter != nullptr) meter->add(value, depth);
  };
  if (const Json* json = literal()) {
    write_value(Value(*json));
  } else if (const auto* text = std::get_if<TextTemplate>(&node_)) {
    std::string scratch;
    auto value = text->value(context, scratch);
    if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
    write_value(std::get<Value>(value));
  } else if (const auto* list = std::get_if<List>(&node_)) {
    return write(*list, context, out, meter, depth);
  } else if (const auto* object = std::get_if<Object>(&node_)) {
    return write(*object, context, out, meter, depth);
  } else {
    auto merged = render(context);
    if (auto* error = std::get_if<RenderError>(&merged)) return std::move(*error);
    write_value(Value(std::get<Json>(merged)));
  }
  return std::nullopt;
}

std::optional<RenderError> ValueTemplate::write(const List& list, const RenderContext& context,
                                                std::string& out, TwinMeter* meter,
                                                std::size_t depth) const {
  // INVARIANT: never empty, for it would be literal.
  char before = '[';
  for (const ValueTemplate& item : list) {
    out += std::exchange(before, ',');
    if (auto error = item.write(context, out, meter, depth + 1)) return error;
  }
  out += ']';
  return std::nullopt;
}

std::optional<RenderError> ValueTemplate::write(const Object& object, const RenderContext& context,
                                                std::string& out, TwinMeter* meter,
                                                std::size_t depth) const {
  if (meter != nullptr) meter->open_object(depth);
  char before = '{';
  for (const Member& m : object) {
    out += std::exchange(before, ',');
    append_json_text(out, m.key);
    out += ':';
    if (meter != nullptr) meter->add_key(m.key);
    if (auto error = m.value.write(context, out, meter, depth + 1)) return error;
  }
  out += '}';
  return std::nullopt;
}

std::variant<Json, RenderError> ValueTemplate::render(const RenderContext& context) const {
  if (const Json* json = literal()) return *json;
  if (const auto* text = std::get_if<TextTemplate>(&node_)) {
    std::string scratch;
    auto value = text->value(context, scratch);
    if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
    return std::get<Value>(value).json();
  }
  if (const auto* list = std::get_if<List>(&node_)) {
    Json out = Json::array();
    for (const ValueTemplate& item : *list) {
      auto value = item.render(context);
      if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
      out.push_back(std::get<Json>(std::move(value)));
    }
    return out;
  }
  if (const auto* object = std::get_if<Object>(&node_)) {
    Json out = Json::object();
    for (const Member& m : *object) {
      auto value = m.value.render(context);
      if (auto* error = std::get_if<RenderError>(&value)) return std::move(*error);
      out.get_ref<Json::object_t&>().emplace_back(m.key, std::get<Json>(std::move(value)));
    }
    return out;
  }
  const Merge& merge = std::get<std::vector<Merge>>(node_).front();
  auto base = merge.base.render(context);
  if (auto* error = std::get_if<RenderError>(&base)) return std::move(*error);
  auto over = merge.over.render(context);
  if (auto* error = std::get_if<RenderError>(&over)) return std::move(*error);
  merge_into(std::get<Json>(base), std::get<Json>(std::move(over)));
  return std::get<Json>(std::move(base));
}

void ValueTemplate::add_to(MemoryLines& out) const {
  if (const Json* json = literal()) {
    add_json(*json, out);
  } else if (const auto* text = std::get_if<TextTemplate>(&node_)) {
    text->add_to(out);
  } else if (const auto* list = std::get_if<List>(&node_)) {
    out.add(*list);
    for (const ValueTemplate& item : *list) item.add_to(out);
  } else if (const auto* object = std::get_if<Object>(&node_)) {
    out.add(*object);
    for (const Member& m : *object) {
      out.add(m.key);
      m.value.add_to(out);
    }
  }
}

}  // namespace allocd
