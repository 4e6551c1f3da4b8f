// Twins and payloads that are filled in, beside the same ones put together as trees.
#include "policy/value_template.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "policy/twin_limits.h"
#include "rulefile/load_rules.h"
#include "webhook/answer.h"

namespace allocd {
namespace {

// What the device sends: every kind of value, and what a twin cannot hold.
const Json& device_payload() {
  static const Json kPayload = {
      {"text", "plain"},
      {"quoted", "a \"b\" \\ \x01\x7F \xC3\xA4\n"},
      {"empty", ""},
      {"number", 3},
      {"below", -7},
      {"real", 2.5},
      {"big", 9007199254740993},
      {"yes", true},
      {"list", {1, "x", Json::array(), false}},
      {"object", {{"k", {{"z", {1, 2}}, {"\xC3\xA4", 1e300}}}, {"e", Json::object()}}},
      {"spaced", {{"a b", 1}}},
      {"holds null", {{"n", nullptr}}},
      {"long", std::string(5000, 'x')},
  };
  return kPayload;
}

// Templates as an author writes them, and what they come to.
class Generator {
 public:
  struct Made {
    Json written;
    Json value;
    std::string missing;  // the first reference that the request does not answer
  };

  Made object(unsigned depth) {
    Made out{Json::object(), Json::object(), ""};
    for (unsigned i = below(4); i > 0; --i) {
      const std::string key = "k" + std::to_string(i) + (one_in(4) ? "\xC3\xB6" : "");
      Made member = value(depth);
      out.written[key] = member.written;
      out.value[key] = member.value;
      if (out.missing.empty()) out.missing = member.missing;
    }
    return out;
  }

  bool one_in(unsigned n) { return below(n) == 0; }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }

  Made value(unsigned depth) {
    switch (below(depth == 0 ? 4 : 6)) {
      case 0: return literal();
      case 1: return reference();
      case 2:
      case 3: return text();
      case 4: {
        Made out{Json::array(), Json::array(), ""};
        for (unsigned i = below(4); i > 0; --i) {
          Made item = value(depth - 1);
          out.written.push_back(item.written);
          out.value.push_back(item.value);
          if (out.missing.empty()) out.missing = item.missing;
        }
        return out;
      }
      default: return object(depth - 1);
    }
  }

  Made literal() {
    static const Json kLiterals[] = {
        "",    "on",          "say \"hi\"\n", "gr\xC3\xBC\xC3\x9F", 0, -1, 1.5, true,
        false, Json::array(), Json::object(), {{"a", {1, 2}}}};
    const Json& value = kLiterals[below(std::size(kLiterals))];
    return {value, value, ""};
  }

  Made reference() {
    if (one_in(30)) return {"${payload.absent}", nullptr, "payload.absent"};
    // Rarely what a twin cannot hold, so that many come through.
    const bool good = !one_in(12);
    for (;;) {
      const auto& members = device_payload().get_ref<const Json::object_t&>();
      const auto at = members.begin() + below(static_cast<unsigned>(members.size()));
      const std::string& key = at->first;
      const bool is_good = key != "big" && key != "spaced" && key != "holds null" &&
                           key != "long" && key != "object";
      if (good == is_good) return {"${payload." + key + "}", at->second, ""};
    }
  }

  Made text() {
    Made inside = reference();
    const std::string name = inside.written.get<std::string>();
    if (!inside.missing.empty()) return {"a " + name, nullptr, inside.missing};
    const std::string shown =
        inside.value.is_string() ? inside.value.get<std::string>() : inside.value.dump();
    if (one_in(3)) return {name.substr(0, name.size() - 1) + "|string}", shown, ""};
    return {"<" + name + "> " + name, "<" + shown + "> " + shown, ""};
  }

  std::mt19937 random_{17};
};

Reply refusal(const std::string& message) {
  Decision decision;
  decision.reason = "Rule `r` cannot decide: " + message + ".";
  return render_reply(decision);
}

// The answer as a tree, written by nlohmann.
Reply expected_reply(const Generator::Made& desired, const Generator::Made& tags,
                     const Generator::Made& payload) {
  if (!desired.missing.empty()) return refusal("`" + desired.missing + "` is not in the request");
  if (auto wrong = twin_violation(desired.value, "properties.desired", TwinLimits::kDesiredBytes))
    return refusal(*wrong);
  if (!tags.missing.empty()) return refusal("`" + tags.missing + "` is not in the request");
  if (auto wrong = twin_violation(tags.value, "tags", TwinLimits::kTagsBytes))
    return refusal(*wrong);
  if (!payload.missing.empty()) return refusal("`" + payload.missing + "` is not in the request");
  Json body = {{"iotHubHostName", "hub.azure-devices.net"}};
  if (!desired.value.empty()) body["initialTwin"]["properties"]["desired"] = desired.value;
  if (!tags.value.empty()) body["initialTwin"]["tags"] = tags.value;
  body["payload"] = payload.value;
  return {200, "application/json", body.dump()};
}

RuleSet rules_with(const Json& desired, const Json& tags, const Json& payload) {
  Json rule = {{"name", "r"}};
  rule["allocate"] = {{"hub", "*"}};
  rule["allocate"]["initialTwin"] = {{"tags", tags}, {"properties", {{"desired", desired}}}};
  rule["allocate"]["payload"] = payload;
  Json rule_file = Json::object();
  rule_file["rules"] = Json::array({rule});
  std::vector<std::unique_ptr<SourceFile>> files;
  files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", rule_file.dump()));
  const LoadedRules loaded = load_rules_from(files);
  for (const Diagnostic& d : loaded.diagnostics.all())
    if (!loaded.rules) MESSAGE(render(d));
  REQUIRE(loaded.rules);
  return *loaded.rules;
}

}  // namespace

TEST_CASE("value template: what is written at once is what a tree of the same values comes to") {
  Generator generator;
  Json request;
  request["deviceRuntimeContext"] = {{"registrationId", "a"}, {"payload", device_payload()}};
  request["linkedHubs"] = {"hub.azure-devices.net"};
  const std::string body = request.dump();
  int allocated = 0;
  int refused = 0;
  for (int i = 0; i < 1500; ++i) {
    const Generator::Made desired = generator.object(3);
    const Generator::Made tags = generator.object(2);
    const Generator::Made payload = generator.object(3);
    const RuleSet set = rules_with(desired.written, tags.written, payload.written);
    const Reply expected = expected_reply(desired, tags, payload);
    const Reply got = answer(set, body, Moment()).reply;
    CAPTURE(i);
    CHECK(got.status == expected.status);
    CHECK(got.body == expected.body);
    ++(got.status == 200 ? allocated : refused);
  }
  CHECK(allocated > 400);
  CHECK(refused > 200);
}

}  // namespace allocd
