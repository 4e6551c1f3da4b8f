// Keys of devices, as a function and as the command that prints them.
#include "webhook/device_key.h"

#include <string>
#include <sys/stat.h>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "policy/base64.h"
#include "support/process.h"

using namespace allocd;
using test::Process;
using test::TemporaryFolder;

namespace {

// The key of the tutorial's enrollment group, and its two devices with their keys
// (https://learn.microsoft.com/azure/iot-dps/tutorial-custom-allocation-policies).
constexpr const char* kGroupKey =
    "oiK77Oy7rBw8YB6IS6ukRChAw+Yq6GC61RMrPLSTiOOtdI+XDu0LmLuNm11p+qv2I+adqGUdZHm46zXAQdZoOA==";
constexpr const char* kToaster = "breakroom499-contoso-tstrsd-007";
constexpr const char* kToasterKey = "JC8F96eayuQwwz+PkE7IzjH2lIAjCUnAa61tDigBnSs=";
constexpr const char* kHeatpump = "mainbuilding167-contoso-hpsd-088";
constexpr const char* kHeatpumpKey = "6uejA9PfkQgmYylj8Zerp3kcbeVrGZ172YLa7VSnJzg=";

struct Said {
  int code = -1;
  std::string text;
};

// What a shell says to it, with `$allocd` as the command.
Said shell(const std::string& line) {
  Process process({"/bin/sh", "-c", "allocd='" ALLOCD_BINARY " device-key'; " + line});
  const auto code = process.exit_code();
  return {code.value_or(-1), process.output()};
}

const std::string kBoth = std::string(" --registration-id ") + kToaster + " " + kHeatpump;
const std::string kBothKeys = std::string(kToasterKey) + "\n" + kHeatpumpKey + "\n";

}  // namespace

TEST_CASE("base64: the vectors of RFC 4648, both ways") {
  struct Case {
    const char* bytes;
    const char* text;
  };
  const Case cases[] = {{"", ""},
                        {"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"}};
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(to_base64(c.bytes) == c.text);
    CHECK(from_base64(c.text) == c.bytes);
  }
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Z=g=", "Zm9v=", "Zm-_", "Zg==Zg=="}) {
    CAPTURE(bad);
    CHECK_FALSE(from_base64(bad));
  }
}

TEST_CASE("device key: the tutorial's two devices") {
  CHECK(device_key(kGroupKey, kToaster) == kToasterKey);
  CHECK(device_key(kGroupKey, kHeatpump) == kHeatpumpKey);
  CHECK(device_key(kGroupKey, "BREAKROOM499-CONTOSO-TSTRSD-007") != kToasterKey);
  CHECK_FALSE(device_key("", kToaster));
  CHECK_FALSE(device_key("no base64!", kToaster));
}

TEST_CASE("allocd device-key: from a file, from standard input, and from the command line") {
  const TemporaryFolder folder;
  const std::string file = folder.write("group.key", std::string(kGroupKey) + "\r\n");
  REQUIRE(chmod(file.c_str(), 0600) == 0);

  const Said from_file = shell("$allocd --key-file " + file + kBoth);
  CHECK(from_file.code == 0);
  CHECK(from_file.text == kBothKeys);

  for (const char* dash : {"", " --key-file -"}) {
    const Said from_input = shell("echo '" + std::string(kGroupKey) + "' | $allocd" + dash + kBoth);
    CHECK(from_input.code == 0);
    CHECK(from_input.text == kBothKeys);
  }

  const Said from_argument = shell("$allocd 2>&1 --key '" + std::string(kGroupKey) + "'" + kBoth);
  CHECK(from_argument.code == 0);
  CHECK(from_argument.text.find("seen by every user") != std::string::npos);
  CHECK(from_argument.text.find(kBothKeys) != std::string::npos);
  CHECK(from_argument.text.find(kGroupKey) == std::string::npos);

  const Said json = shell("$allocd --output json --key-file " + file + kBoth);
  CHECK(nlohmann::json::parse(json.text) ==
        nlohmann::json::array({{{"registrationId", kToaster}, {"key", kToasterKey}},
                               {{"registrationId", kHeatpump}, {"key", kHeatpumpKey}}}));

  REQUIRE(chmod(file.c_str(), 0644) == 0);
  const Said exposed = shell("$allocd --key-file " + file + kBoth);
  CHECK(exposed.code == 0);
  CHECK(exposed.text.find("[exposed-key]") != std::string::npos);
}

TEST_CASE("allocd device-key: what it cannot use, it says, and never shows it") {
  const TemporaryFolder folder;
  struct Case {
    const char* what;
    std::string line;
    int code;
    const char* says;
  };
  const std::string bad = folder.write("bad.key", "c2VjcmV0-secret");
  const std::string lines = folder.write("lines.key", "c2VjcmV0\nc2VjcmV0\n");
  const Case cases[] = {
      {"no device", "$allocd --key-file " + bad, 2, "--registration-id"},
      {"empty device", "$allocd --key c2VjcmV0 --registration-id ''", 2, "is empty"},
      {"two keys", "$allocd --key c2VjcmV0 --key-file " + bad + kBoth, 2, "two ways"},
      {"no file", "$allocd --key-file " + folder.path() + "/none" + kBoth, 1, "[unreadable-file]"},
      {"no base64", "$allocd --key-file " + bad + kBoth, 1, "no base64"},
      {"two lines", "$allocd --key-file " + lines + kBoth, 1, "more than one line"},
      {"empty input", "$allocd </dev/null" + kBoth, 1, "is empty"},
      {"endless input", "$allocd </dev/zero" + kBoth, 1, "[bad-key]"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Said said = shell(c.line);
    CHECK(said.code == c.code);
    CHECK(said.text.find(c.says) != std::string::npos);
    CHECK(said.text.find("c2VjcmV0") == std::string::npos);
  }
  const Said odd = shell("$allocd --key c2VjcmV0 --registration-id 'a b' 2>&1");
  CHECK(odd.code == 0);
  CHECK(odd.text.find("`a b` is no valid registration ID") != std::string::npos);
}
