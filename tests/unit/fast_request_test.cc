// The quick reader of requests beside the strict one: whatever it reads at all, it reads the same.
#include "webhook/fast_request.h"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "rulefile/load_rules.h"
#include "support/certificates.h"
#include "webhook/answer.h"
#include "webhook/parse_request.h"

namespace allocd {
namespace {

// Rules that look at everything there is, so that a difference anywhere shows in the answer.
constexpr const char* kRules = R"(
lookups:
  group: {table: tables/groups.csv, key: enrollment.id, column: id}
  current: {table: tables/groups.csv, key: "${currentHub}${payload.n:-}"}
  typed: {table: tables/typed.yaml, key: payload.a}
rules:
  - name: everything
    match: {payload.a: {exists: true}}
    allocate:
      hub: {search: "."}
      initialTwin:
        tags:
          a: "${payload.a}"
          all: "${payload|string}"
          deep: "${payload.b.c.1:-none}"
          first: "${payload.b.0:-none}"
          pointer: "${/extra/x~1y:-none}"
          hubs: "${/linkedHubs:-none|string}"
          record: "${enrollment:-none|string}"
          id: "${enrollment.id:-none} ${enrollment.kind:-none} ${attestation:-none}"
          edge: "${enrollment.capabilities.iotEdge:-none}"
          current: "${currentHub:-none} ${currentDeviceId:-none}"
          certificate: "${certificate.subject.CN:-none} ${certificate.serialNumber:-none} ${certificate.subject.DC:-none}"
          group: "${group:-none|string} ${group.name:-none}"
          found: "${current.name:-none}"
          typed: "${typed:-none|string} ${typed.list.1:-none}"
      payload: {echo: "${payload}"}
  - name: by-number
    match: {payload.n: {gte: 3}}
    reject: "n is ${payload.n}"
  - name: by-record
    match: {enrollment.id: g1, attestation: x509}
    reject: "x509 of ${enrollment.id}"
)";

constexpr const char* kGroups = "name,id\none,g1\nG1,other\n\"hub-1.azure-devices.net3\",hub\n";
constexpr const char* kTyped = R"(
g1: {list: [1, 2.5]}
3: three
true: [yes, true]
)";

const RuleSet& rules() {
  static const LoadedRules kLoaded = [] {
    std::vector<std::unique_ptr<SourceFile>> files;
    files.push_back(std::make_unique<SourceFile>("r.yaml", "r.yaml", kRules));
    std::vector<std::unique_ptr<SourceFile>> tables;
    for (const auto& [name, text] :
         {std::pair("tables/groups.csv", kGroups), std::pair("tables/typed.yaml", kTyped)})
      tables.push_back(std::make_unique<SourceFile>(name, name, text));
    return load_rules_from(files, {}, tables);
  }();
  REQUIRE(kLoaded.rules);
  return *kLoaded.rules;
}

// The answer by the strict reader alone.
Reply strict_reply(const std::string& body) {
  const auto parsed = parse_request(body);
  if (const auto* bad = std::get_if<BadRequest>(&parsed)) {
    Decision decision;
    decision.reason = bad->reason;
    return render_reply(decision);
  }
  const auto& request = std::get<AllocationRequest>(parsed);
  return render_reply(decide(rules(), values_of(rules().fields(), request), Moment()));
}

// Bodies as they come, and as they should not come.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::string body() {
    std::string out = "{";
    member(out, "enrollmentGroup", 3, [&] { return record("enrollmentGroupId"); });
    member(out, "individualEnrollment", 5, [&] { return record("registrationId"); });
    member(out, "deviceRuntimeContext", 1, [&] { return context(); });
    member(out, "linkedHubs", 1, [&] { return hubs(); });
    member(out, "extra", 4, [&] { return value(2); });
    if (one_in(40)) member(out, "linkedHubs", 1, [&] { return hubs(); });
    return out + "}";
  }

 private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  bool one_in(unsigned n) { return below(n) == 0; }
  std::string pick(std::initializer_list<const char*> words) {
    return words.begin()[below(static_cast<unsigned>(words.size()))];
  }

  template <typename Make>
  void member(std::string& out, const std::string& name, unsigned rarity, Make make) {
    if (!one_in(rarity) && rarity > 1) return;
    if (one_in(60)) return;
    if (out.size() > 1) out += one_in(5) ? " , " : ",";
    out += "\"" + name + "\":" + (one_in(60) ? value(2) : make());
  }

  std::string record(const std::string& id) {
    std::string out = "{";
    member(out, id, 1, [&] { return text(); });
    member(out, "capabilities", 2, [&] {
      return pick({R"({"iotEdge":false})", R"({"iotEdge":true,"iotEdge":false})", "{}"});
    });
    member(out, "note", 4, [&] { return value(3); });
    return out + "}";
  }

  std::string context() {
    std::string out = "{";
    member(out, "registrationId", 1, [&] { return text(); });
    member(out, "currentIotHubHostName", 3, [&] { return text(); });
    member(out, "currentDeviceId", 3, [&] { return text(); });
    member(out, pick({"symmetricKey", "x509", "tpm"}), 2, [&] {
      return pick({"{}", R"({"k":1})", "{\"k\":1,\"k\":2}", kX509.c_str(), kX509.c_str()});
    });
    member(out, pick({"x509", "tpm", "unknown"}), 6, [&] {
      return pick({"{}", "null", kX509.c_str(), R"({"clientCertificate":7})",
                   R"({"clientCertificate":null})", R"({"clientCertificate":"MIIB"})",
                   R"({"clientCertificate":"","clientCertificate":""})"});
    });
    member(out, "payload", 1, [&] { return one_in(8) ? value(4) : payload(); });
    if (one_in(50)) member(out, "registrationId", 1, [&] { return text(); });
    return out + "}";
  }

  std::string payload() {
    std::string out = "{";
    member(out, "a", 2, [&] { return value(4); });
    member(out, "b", 2, [&] {
      return pick({R"({"c":[1,2.50,3]})", R"([{"c":1},2])", R"({"c":{"1":"one"}})", "[]", "7"});
    });
    member(out, "n", 2, [&] { return number(); });
    if (one_in(10)) member(out, "a", 1, [&] { return value(2); });
    if (one_in(10)) member(out, "b", 1, [&] { return value(2); });
    return out + "}";
  }

  std::string hubs() {
    std::string out = "[";
    for (unsigned i = below(4); i > 0; --i)
      out += (out.size() > 1 ? "," : "") + (one_in(40) ? value(1) : text());
    return out + "]";
  }

  std::string text() {
    if (one_in(40)) return '"' + pick({"\\ud800", "\xFF", "a\tb", "\\x"}) + '"';
    return '"' +
           pick({"g1", "hub-1.azure-devices.net", "", "\\u00e4\\n", "\xC3\xA4", "\\ud83d\\ude00",
                 "a\\u0000b", "\\/\\\"\\\\"}) +
           '"';
  }

  std::string number() {
    if (one_in(10)) return pick({"01", "1.", ".5", "+1", "1e400", "18446744073709551616", "-"});
    return pick({"0", "-0", "-0.0", "3", "3.0", "2.9999999999999999999", "1e2", "1E-2", "1e-400",
                 "9223372036854775807", "9223372036854775808", "18446744073709551615",
                 "-9223372036854775808", "0.1", "123456789.123456789e3", "4.9e-324",
                 "1.7976931348623157e308"});
  }

  std::string value(unsigned depth) {
    switch (below(depth == 0 ? 4 : 6)) {
      case 0: return text();
      case 1: return number();
      case 2: return pick({"true", "false", "null", "true", "false", one_in(10) ? "nul" : "null"});
      case 3: return text();
      case 4: {
        std::string out = "[";
        for (unsigned i = below(4); i > 0; --i)
          out += (out.size() > 1 ? "," : "") + value(depth - 1);
        return out + "]";
      }
      default: {
        std::string out = "{";
        for (unsigned i = below(4); i > 0; --i)
          out += (out.size() > 1 ? ",\"" : "\"") + pick({"c", "1", "x/y", "k"}) +
                 "\":" + value(depth - 1);
        return out + "}";
      }
    }
  }

  const std::string kX509 =
      std::string(R"({"clientCertificate":")") + test::kSampleCertificate + "\"}";
  std::mt19937 random_;
};

}  // namespace

TEST_CASE(
    "fast request: 40,000 generated bodies get the strict reader's answer, whichever reads them") {
  Generator generator(35);
  int fast = 0;
  int bad = 0;
  int allocated = 0;
  int with_certificate = 0;
  int looked_up = 0;
  for (int i = 0; i < 40'000; ++i) {
    const std::string body = generator.body();
    const Reply expected = strict_reply(body);
    const Reply got = answer(rules(), body, Moment()).reply;
    const bool same = got.status == expected.status && got.body == expected.body;
    if (!same) FAIL_CHECK(body << "\n  strict: " << expected.body << "\n  got:    " << got.body);
    fast += read_fast(body, rules().fields()).has_value();
    bad += std::holds_alternative<BadRequest>(parse_request(body));
    allocated += got.status == 200;
    with_certificate += got.body.find("toaster-007 0F00A1 example") != std::string::npos;
    looked_up += got.body.find("\"found\":\"hub\"") == std::string::npos &&
                 got.body.find("{\\\"name\\\":\\\"one\\\"") != std::string::npos;
  }
  // All kinds came up, often.
  CHECK(fast > 10'000);
  CHECK(bad > 5'000);
  CHECK(allocated > 2'000);
  CHECK(with_certificate > 200);
  CHECK(looked_up > 100);
}

TEST_CASE(
    "fast request: what DPS sends is read the quick way, and what is odd is left to the strict "
    "reader") {
  struct Case {
    const char* name;
    std::string body;
    bool fast;
  };
  const auto with = [](const std::string& payload) {
    return R"({"deviceRuntimeContext":{"registrationId":"a","symmetricKey":{},"payload":)" +
           payload + R"(},"linkedHubs":["h"]})";
  };
  std::string wide = "{\"0\":0";
  for (int i = 1; i < 100; ++i) wide += ",\"" + std::to_string(i) + "\":0";
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  const Case cases[] = {
      {"a payload", with(R"({"a":1})"), true},
      {"blanks around", "  " + with("{}") + "\n", true},
      {"a text as payload", with("\"x\""), true},
      {"no context", R"({"linkedHubs":[]})", true},
      {"nulls", R"({"deviceRuntimeContext":null,"linkedHubs":null,"enrollmentGroup":null})", true},
      {"a list", "[]", false},
      {"a byte order mark", "\xEF\xBB\xBF" + with("{}"), false},
      {"something behind", with("{}") + "x", false},
      {"a member twice", R"({"linkedHubs":[],"linkedHubs":[]})", false},
      {"a member twice in the payload", with(R"({"a":1,"a":2})"), false},
      {"a number as ID", R"({"deviceRuntimeContext":{"registrationId":1}})", false},
      {"a number as hub", R"({"linkedHubs":[1]})", false},
      {"a very large number", with("18446744073709551616"), false},
      {"many members", with(wide + "}"), false},
      {"deep", with(nested(70)), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(read_fast(c.body, rules().fields()).has_value() == c.fast);
    CHECK(answer(rules(), c.body, Moment()).reply.body == strict_reply(c.body).body);
  }
  for (int depth = 50; depth < 70; ++depth) {
    CAPTURE(depth);
    CHECK(answer(rules(), with(nested(depth)), Moment()).reply.body ==
          strict_reply(with(nested(depth))).body);
  }
}

}  // namespace allocd
