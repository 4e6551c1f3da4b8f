// `allocd dry-run` and its like as a person runs them: what is printed, and the exit code.
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "support/process.h"
#include "support/terminal.h"

namespace allocd {
namespace {

const std::string kContoso = std::string(ALLOCD_SOURCE_DIR) + "/rules/contoso";
const std::string kToastersHub = "contoso-toasters-hub-1098.azure-devices.net";
const std::string kHeatPumpsHub = "contoso-heatpumps-hub-1098.azure-devices.net";

struct Run {
  int exit_code = -1;
  std::string output;
};

Run allocd(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ALLOCD_BINARY);
  test::Process process(arguments);
  Run run;
  process.output_with("\x01 never printed");  // until it ends
  run.exit_code = process.exit_code().value_or(-1);
  run.output = process.output();
  return run;
}

nlohmann::json allocd_json(std::vector<std::string> arguments, int exit_code) {
  arguments.insert(arguments.end(), {"--output", "json"});
  const Run run = allocd(arguments);
  CHECK(run.exit_code == exit_code);
  const auto json = nlohmann::json::parse(run.output, nullptr, false);
  REQUIRE_MESSAGE(!json.is_discarded(), run.output);
  return json;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("dry-run: good rules are said to be ok") {
  const Run run = allocd({"dry-run", kContoso});
  CHECK(run.exit_code == 0);
  CHECK(has(run.output, "rules/contoso: 3 files, 3 rules, revision "));
  CHECK(has(run.output, ": ok\n"));
  const auto json = allocd_json({"dry-run", kContoso}, 0);
  CHECK(json["ok"] == true);
  CHECK(json["files"] == 3);
  CHECK(json["rules"] == 3);
  CHECK(json["revision"].get<std::string>().size() == 12);
  CHECK(json["diagnostics"].empty());
}

TEST_CASE("dry-run: bad rules exit 1, with the mistake in its place") {
  const test::TemporaryFolder folder;
  const std::string path =
      folder.write("r.yaml", "rules:\n  - name: a\n    mach: {}\n    reject: x\n");
  const Run run = allocd({"dry-run", path});
  CHECK(run.exit_code == 1);
  CHECK(has(run.output, path + ":3:5: error: unknown key `mach` in rule [unknown-key]\n"
                               "    3 |     mach: {}\n"
                               "      |     ^~~~\n"
                               "      = help: did you mean `match`?\n"));
  const auto json = allocd_json({"dry-run", path}, 1);
  CHECK(json["ok"] == false);
  CHECK(
      json["diagnostics"] ==
      nlohmann::json::parse(
          R"([{"severity":"error","code":"unknown-key","file":")" + path +
          R"(","line":3,"column":5,"message":"unknown key `mach` in rule","help":"did you mean `match`?"}])"));
  // Bad rules decide nothing, whatever is asked.
  CHECK(allocd({"dry-run", path, "--registration-id", "a", "--linked-hub", "h"}).exit_code == 1);
}

TEST_CASE("dry-run: warnings alone exit 0, or 1 where that is wanted") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("r.yaml", "rules: [{name: a, reject: \"${payload.x}\"}]\n");
  const Run run = allocd({"dry-run", path});
  CHECK(run.exit_code == 0);
  CHECK(has(run.output, "[maybe-absent]"));
  CHECK(has(run.output, ": ok, 1 warning\n"));
  CHECK(allocd({"dry-run", path, "--fail-on-warning"}).exit_code == 1);
  CHECK(allocd_json({"dry-run", path}, 0)["ok"] == true);
}

TEST_CASE("dry-run: the JSON trace tells of rollouts, and why there is no certificate") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write(
      "r.yaml",
      "rules:\n"
      "  - {name: a, match: {not: {certificate.sha1: {exists: true}}}, rollout: 0%, reject: x}\n"
      "  - {name: b, reject: x}\n");
  const auto json =
      allocd_json({"dry-run", path, "--registration-id", "a", "--linked-hub", "h"}, 0);
  CHECK(json["rule"] == "b");
  const auto& trace = json["trace"];
  CHECK(trace[0]["matched"] == false);
  CHECK(trace[0]["rollout"] ==
        "not in it: this device is at 18.1566 %, the rule takes those below 0 %");
  CHECK(trace[0]["matchers"][0]["parts"][0]["whyAbsent"] == "the request has no certificate");
  CHECK_FALSE(trace[1].contains("rollout"));
}

TEST_CASE("dry-run: a request from a file, decided and explained") {
  const std::string request = kContoso + "/request.json";
  const auto json = allocd_json({"dry-run", kContoso, "--request", request}, 0);
  CHECK(json["outcome"] == "allocate");
  CHECK(json["status"] == 200);
  CHECK(json["rule"] == "toaster-007");
  CHECK(json["productLine"] == "toasters");
  CHECK(json["source"] == "10-toasters.yaml:14");
  CHECK(json["hub"] == kToastersHub);
  CHECK(json["reason"].is_null());
  CHECK(json["response"]["initialTwin"]["tags"]["deviceType"] == "toaster");
  CHECK(json["trace"][0]["rule"] == "toaster-007");
  CHECK(json["trace"][0]["matchers"][0]["value"] == "breakroom499-contoso-tstrsd-007");

  const Run run = allocd({"dry-run", kContoso, "--request", request, "--explain"});
  CHECK(run.exit_code == 0);
  CHECK(has(run.output,
            "  yes  registrationId contains \"-contoso-tstrsd-007\", saw "
            "\"breakroom499-contoso-tstrsd-007\"\n"));
  CHECK(has(run.output, "allocate: " + kToastersHub + "\n"));
}

TEST_CASE("dry-run: a request from flags; hosts and paths may stand in any order") {
  const std::vector<std::vector<std::string>> ways = {
      {"dry-run", kContoso, "--registration-id", "x-contoso-hpsd-088", "--linked-hub", kToastersHub,
       kHeatPumpsHub},
      {"dry-run", "--registration-id", "x-contoso-hpsd-088", "--linked-hub", kToastersHub,
       "--linked-hub", kHeatPumpsHub, kContoso},
  };
  for (const auto& way : ways) CHECK(allocd_json(way, 0)["hub"] == kHeatPumpsHub);
  const auto refused = allocd_json(
      {"dry-run", kContoso, "--registration-id", "fridge", "--linked-hub", kToastersHub}, 0);
  CHECK(refused["outcome"] == "reject");
  CHECK(refused["status"] == 400);
  CHECK(refused["reason"] == "Unrecognized device registration.");
  CHECK(refused["response"] == "Unrecognized device registration.");
  CHECK(refused["hub"].is_null());
}

TEST_CASE("dry-run: payload and enrollment group go with a registration ID") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("r.yaml",
                                        "rules: [{name: a, match: {payload.n: 3, enrollment.id: "
                                        "g}, reject: \"${payload.n} ${enrollment.kind}\"}]\n");
  const auto json = allocd_json({"dry-run", path, "--registration-id", "a", "--linked-hub", "h",
                                 "--payload", R"({"n":3.0})", "--enrollment-group", "G"},
                                0);
  CHECK(json["reason"] == "3.0 group");
  CHECK(allocd({"dry-run", path, "--registration-id", "a", "--linked-hub", "h", "--payload", "{"})
            .exit_code == 2);
  CHECK(allocd({"dry-run", path, "--payload", "{}"}).exit_code == 2);
}

TEST_CASE("dry-run: a malformed body is a decision, and exits 0") {
  const test::TemporaryFolder folder;
  const auto json =
      allocd_json({"dry-run", kContoso, "--request", folder.write("b.json", "[1")}, 0);
  CHECK(json["status"] == 400);
  CHECK(json["rule"].is_null());
  CHECK(json["reason"] == "The body is not JSON: unexpected end of input at byte 3.");
  CHECK(json["trace"].empty());
}

TEST_CASE("dry-run: a line of the decision log is asked about as its request") {
  const test::TemporaryFolder folder;
  const auto record = [](const std::string& id, const std::string& request) {
    return R"({"time":"2026-11-22T23:11:02Z","registrationId":")" + id + R"(","outcome":"reject")" +
           (request.empty() ? "" : R"(,"request":)" + request) + "}\n";
  };
  const auto body = [](const std::string& id, const std::string& hub) {
    return R"({"deviceRuntimeContext":{"registrationId":")" + id + R"("},"linkedHubs":[")" + hub +
           R"("]})";
  };
  const std::string pump = "roof-contoso-hpsd-088";
  const std::string one = record(pump, body(pump, kHeatPumpsHub));
  const std::string bare = record("bare", "");
  const std::string log = record(pump, body(pump, "h")) + bare +
                          record("fridge", body("fridge", "h")) + one + record(pump, "");
  const struct {
    std::string text;
    std::string id;  // --registration-id; empty: none
    int exit_code;
    std::string says;  // behind the file's name where the exit code is 2
  } table[] = {
      {one, "", 0, "allocate: " + kHeatPumpsHub},
      {"[" + one + "]", "", 0, "allocate: " + kHeatPumpsHub},
      {record(pump, R"("[1")"), "", 0, "reject: The body is not JSON: unexpected end"},
      {record(pump, R"({"deviceRuntimeContext":3})"), "", 0, "reject: "},
      {bare, "", 2, "is a record of a decision without its request, which the decision log has"},
      {log, "", 2, "has 5 requests; `--registration-id ID` chooses the last one of a device"},
      {log, "ROOF-contoso-hpsd-088", 0, "allocate: " + kHeatPumpsHub},
      {log, "fridge", 0, "reject: Unrecognized device registration."},
      {log, "bare", 2, "has no record of `bare` with its request, which the decision log has"},
      {log, "oven", 2, "has no request of `oven`"},
      {body("a", "h") + "\n" + body("fridge", "h"), "a", 0, "reject: Unrecognized"},
      // No record and no request: the answer that DPS would get.
      {"", "", 0, "reject: The body is empty."},
      {"{} x", "", 0, "reject: The body is not JSON"},
  };
  for (const auto& c : table) {
    CAPTURE(c.text);
    const std::string path = folder.write("decisions.jsonl", c.text);
    std::vector<std::string> arguments = {"dry-run", kContoso, "--request", path};
    if (!c.id.empty()) arguments.insert(arguments.end(), {"--registration-id", c.id});
    const Run run = allocd(arguments);
    CHECK(run.exit_code == c.exit_code);
    const std::string start =
        c.exit_code == 2 ? "allocd dry-run: `" + path + "` " + c.says : c.says;
    CHECK_MESSAGE(run.output.starts_with(start), run.output);
  }
  const std::string path = folder.write("decisions.jsonl", log);
  const std::string ask = std::string(ALLOCD_BINARY) + " dry-run " + kContoso + " --request - <" +
                          path + " --registration-id ";
  test::Process found({"/bin/sh", "-c", ask + pump});
  CHECK(found.output_with("allocate: " + kHeatPumpsHub + "\n"));
  test::Process not_found({"/bin/sh", "-c", ask + "oven"});
  CHECK(not_found.output_with("allocd dry-run: standard input has no request of `oven`\n"));
}

TEST_CASE("dry-run: what DPS makes of the hub and the twin") {
  const test::TemporaryFolder folder;
  const std::string rules =
      folder.write("r.yaml",
                   "rules:\n"
                   "  - {name: plain, match: {registrationId: p}, allocate: {hub: new-hub}}\n"
                   "  - {name: twin, allocate: {hub: new-hub, initialTwin: {tags: {a: b}}}}\n");
  const struct {
    const char* id;
    const char* current_hub;
    const char* policy;  // JSON
    std::string says;
  } table[] = {
      {"a", "", "null", "assigns the device to the hub; the twin is applied (first assignment)"},
      {"p", "", "null", "assigns the device to the hub"},
      {"a", "NEW-hub.x", "null",
       "leaves the device on the hub, where it is already; the twin is "
       "ignored"},
      {"p", "NEW-hub.x", "null", "leaves the device on the hub, where it is already"},
      {"a", "old.x", "null",
       "moves the device from old.x (policy: migrate data); its data goes along, the twin is "
       "ignored"},
      {"a", "old.x", R"({"updateHubAssignment":true,"migrateDeviceData":false})",
       "moves the device from old.x (policy: reset); its data is lost, the twin is applied"},
      {"p", "old.x", R"({"updateHubAssignment":true,"migrateDeviceData":false})",
       "moves the device from old.x (policy: reset); its data is lost"},
      {"a", "old.x", R"({"updateHubAssignment":false,"migrateDeviceData":false})",
       "leaves the device on old.x (policy: never move); the twin is ignored"},
  };
  for (const auto& c : table) {
    const std::string body =
        R"({"enrollmentGroup":{"enrollmentGroupId":"g","reprovisionPolicy":)" +
        std::string(c.policy) + R"(},"deviceRuntimeContext":{"registrationId":")" + c.id +
        R"(","currentIotHubHostName":")" + c.current_hub + R"("},"linkedHubs":["new-hub.x"]})";
    const Run run = allocd({"dry-run", rules, "--request", folder.write("body.json", body)});
    CHECK_MESSAGE(has(run.output, "\n  DPS           " + c.says + "\n"), run.output);
  }
  const Run flags =
      allocd({"dry-run", rules, "--registration-id", "a", "--linked-hub", "new-hub.x"});
  CHECK(has(flags.output, "; the twin is applied (first assignment)\n"));
}

TEST_CASE("dry-run: rules that do not match are explained in a line each") {
  const test::TemporaryFolder folder;
  const std::string rules = folder.write(
      "r.yaml",
      "rules:\n"
      "  - {name: one, match: {registrationId: {startsWith: o}, payload.n: 3}, reject: x}\n"
      "  - {name: two, match: {any: [{payload.n: 3, registrationId: oven}, {payload.m: 1}]}, "
      "reject: x}\n"
      "  - {name: three, match: {not: {registrationId: {endsWith: en}}}, reject: x}\n"
      "  - {name: four, match: {any: [{payload.a: 1}, {payload.b: 1}, {payload.c: 1}, "
      "{payload.d: 1}, {payload.e: 1}]}, reject: x}\n"
      "  - {name: five, rollout: 0%, reject: x}\n"
      "  - {name: six, match: {registrationId: oven}, allocate: {hub: none, onNoHub: continue}}\n"
      "  - {name: seven, reject: y}\n");
  const Run run = allocd({"dry-run", rules, "--registration-id", "oven", "--linked-hub", "h",
                          "--payload", R"({"n":4})", "--explain"});
  CHECK(run.output.starts_with(
      "one (r.yaml:2): no, payload.n equals 3: is 4\n"
      "two (r.yaml:3): no, any (payload.n equals 3: is 4; payload.m equals 1: is nothing)\n"
      "three (r.yaml:4): no, not registrationId endsWith \"en\": is \"oven\"\n"
      "four (r.yaml:5): no, any (payload.a equals 1: is nothing; payload.b equals 1: is nothing; "
      "payload.c equals 1: is nothing; payload.d equals 1: is nothing; and 1 more)\n"));
  CHECK(has(run.output, "\nfive (r.yaml:6): no, rollout: not in it: this device is at "));
  CHECK(has(run.output,
            "\nsix (r.yaml:7): matches\n"
            "  yes  registrationId equals \"oven\", saw \"oven\"\n"
            "  hub: "));
  CHECK_MESSAGE(has(run.output, "\nseven (r.yaml:8): matches\nreject: y\n"), run.output);
}

TEST_CASE("dry-run: colours on a terminal, and nowhere else") {
  const std::string request = kContoso + "/request-heatpump.json";
  const std::vector<std::string> explain = {ALLOCD_BINARY, "dry-run", kContoso,
                                            "--request",   request,   "--explain"};
  // What the environment of this test says does not count.
  const auto with = [&](std::vector<std::string> settings) {
    settings.insert(settings.begin(), {"/usr/bin/env", "-u", "NO_COLOR"});
    settings.insert(settings.end(), explain.begin(), explain.end());
    return settings;
  };
  test::Process process(with({}));
  process.output_with("\x01 never printed");  // until it ends
  const std::string piped = process.output();
  CHECK(has(piped, "toaster-007 (10-toasters.yaml:14): no, registrationId contains"));
  CHECK(has(piped, "allocate: " + kHeatPumpsHub));
  CHECK_FALSE(has(piped, "\x1b"));

  const std::string coloured = test::output_on_terminal(with({}));
  CHECK(has(coloured, "\x1b["));
  // Each colour ends on its line, and without them the text is the same.
  std::string plain;
  bool inside = false;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\n') CHECK_FALSE(inside);
    if (coloured[i] != '\x1b') {
      plain += coloured[i];
      continue;
    }
    const std::size_t end = coloured.find('m', i);
    REQUIRE(end != std::string::npos);
    inside = coloured.substr(i, end - i) != "\x1b[0";
    i = end;
  }
  CHECK_FALSE(inside);
  CHECK(plain == piped);

  CHECK(test::output_on_terminal(with({"NO_COLOR=1"})) == piped);
  // Set to nothing it is not set (no-color.org).
  CHECK(test::output_on_terminal(with({"NO_COLOR="})) == coloured);
}

TEST_CASE("dry-run: hubs alone are held against every pattern") {
  CHECK(allocd({"dry-run", kContoso, "--linked-hub", kToastersHub, kHeatPumpsHub}).exit_code == 0);
  const auto json = allocd_json({"dry-run", kContoso, "--linked-hub", kToastersHub}, 1);
  CHECK(json["ok"] == false);
  CHECK(json["diagnostics"][0]["code"] == "no-linked-hub");
  CHECK(json["diagnostics"][0]["message"] ==
        "no linked hub fits `*-heatpumps-*` of rule `heatpump-088`");
}

TEST_CASE("dry-run: rules that can never decide are warned of, the others reached") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("r.yaml",
                                        "rules:\n"
                                        "  - {name: wide, match: {registrationId: {startsWith: "
                                        "dev-}}, reject: x}\n"
                                        "  - {name: narrow, match: {registrationId: {startsWith: "
                                        "dev-9}}, reject: x}\n"
                                        "  - {name: odd, match: {registrationId: {matches: "
                                        "'oddity\\b'}}, reject: x}\n"
                                        "  - {name: rest, reject: x}\n");
  const std::string warning =
      path +
      ":3:12: warning: rule `narrow` can never decide: every registration ID that it "
      "accepts is taken by `wide` (" +
      path + ":2) [unreachable-rule]\n";
  const Run plain = allocd({"dry-run", path});
  CHECK(plain.exit_code == 0);
  CHECK_MESSAGE(has(plain.output, warning), plain.output);
  CHECK(has(plain.output,
            ": ok, 1 warning\n"
            "whether one rule can ever decide was not analysed; `--witness` tells "
            "which and why\n"));
  CHECK(allocd({"dry-run", path, "--fail-on-warning"}).exit_code == 1);

  const Run witness = allocd({"dry-run", path, "--witness"});
  CHECK_MESSAGE(has(witness.output,
                    "wide    reachable     dev-\n"
                    "narrow  unreachable   by wide\n"
                    "odd     not analysed  the pattern has `\\b`\n"
                    "rest    reachable     a\n"
                    "\n"
                    "the order decides:\n"
                    "  dev-9  wide before narrow\n"
                    "  dev-  wide before rest\n"
                    "  pairs of rules that may overlap and are not shown: "),
                witness.output);
  const auto json = allocd_json({"dry-run", path, "--witness"}, 0);
  CHECK(json["ok"] == true);
  CHECK(json["notAnalysed"] == 1);
  CHECK(json["witnesses"] == nlohmann::json::parse(R"([
    {"rule":"wide","status":"reachable","registrationId":"dev-","coveredBy":[]},
    {"rule":"narrow","status":"unreachable","registrationId":null,"coveredBy":["wide"]},
    {"rule":"odd","status":"not analysed","registrationId":null,"coveredBy":[],
     "reason":"the pattern has `\\b`"},
    {"rule":"rest","status":"reachable","registrationId":"a","coveredBy":[]}])"));
  CHECK(json["overlaps"] == nlohmann::json::parse(R"([
    {"rules":["wide","narrow"],"registrationId":"dev-9"},
    {"rules":["wide","rest"],"registrationId":"dev-"}])"));
  CHECK(allocd({"dry-run", path, "--witness", "--registration-id", "a", "--linked-hub", "h"})
            .exit_code == 2);
}

TEST_CASE("command line: wrong usage exits 2, help and version exit 0") {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    const char* says;
  };
  const Case cases[] = {
      {{}, 2, "A subcommand is required"},
      {{"dryrun"}, 2, "unknown command `dryrun`; did you mean `dry-run`?"},
      {{"dry-run"}, 2, "at least one file or directory"},
      {{"dry-run", kContoso, "--frobnicate"}, 2, "--frobnicate"},
      {{"dry-run", kContoso, "--output", "xml"}, 2, "xml"},
      {{"dry-run", kContoso, "--request", "/nowhere"}, 2, "cannot read the request `/nowhere`"},
      {{"dry-run", kContoso, "--request", "x", "--payload", "{}"},
       2,
       "`--payload` goes without `--request`: the request in the file brings its own"},
      {{"dry-run", kContoso, "--request", "x", "--registration-id", "y", "--linked-hub", "h"},
       2,
       "`--linked-hub` goes without `--request`: the request in the file brings its own"},
      {{"dry-run", kContoso, "--request", "x", "--enrollment-group", "g"},
       2,
       "`--enrollment-group` goes without `--request`: the request in the file brings its own"},
      {{"dry-run", kContoso, "--explain"}, 2, "`--explain` is about a decision"},
      {{"dry-run", kContoso, "--suggest", "3", "--request", "x"},
       2,
       "`--suggest` is about the rules, and goes without a request"},
      {{"dry-run", kContoso, "--suggest", "3", "--witness"}, 2, "one at a time"},
      {{"dry-run", kContoso, "--suggest", "0"}, 2, "--suggest"},
      {{"dry-run", kContoso, "--suggest", "some"}, 2, "--suggest"},
      {{"dry-run", kContoso + "/contoso.test.yaml", "--suggest", "3"},
       2,
       "at least one file or directory of rules"},
      {{"dry-run", kContoso, "--registration-id", "y"}, 2, "--linked-hub"},
      {{"dry-run", "--help"}, 0, "Examples:"},
      {{"serve", "--help"}, 0, "Examples:"},
      {{"--help"}, 0, "dry-run"},
      {{"version"}, 0, "allocd 0.1.0"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.says);
    const Run run = allocd(c.arguments);
    CHECK(run.exit_code == c.exit_code);
    CHECK_MESSAGE(has(run.output, c.says), run.output);
  }
}

}  // namespace allocd
