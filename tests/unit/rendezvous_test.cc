// Spreading and rolling out: the same everywhere and for ever, fair, and nothing moves without
// need.
#include "policy/rendezvous.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "policy/share.h"

namespace allocd {
namespace {

constexpr int kDevices = 100'000;

std::string device(int number) { return "device-" + std::to_string(number); }

std::vector<std::string> some_hubs(int count) {
  std::vector<std::string> out;
  for (int i = 1; i <= count; ++i)
    out.push_back("contoso-hub-" + std::to_string(i) + ".azure-devices.net");
  return out;
}

struct Hub {
  std::string_view name;
  double weight = 1;
};

std::string_view winner(std::string_view key, const std::vector<Hub>& hubs) {
  Rendezvous rendezvous(key);
  for (const Hub& hub : hubs) rendezvous.offer(hub.name, *Weight::of(hub.weight));
  return rendezvous.winner().value_or("");
}

// Whether a count out of kDevices is what chance gives where each has this probability.
bool is_likely(int count, double probability) {
  const double deviation = std::sqrt(kDevices * probability * (1 - probability));
  return std::abs(count - kDevices * probability) < 3 * deviation;
}

}  // namespace

TEST_CASE("rendezvous: hashes and costs are those that README.md lists") {
  struct Case {
    const char* key;
    const char* host_name;
    std::uint64_t hash;
    std::uint64_t cost;
  };
  const Case cases[] = {
      {"", "", 0x25fc6dd36ce04b20, 738896020},
      {"device-1", "hub-a.azure-devices.net", 0xf1d942fadb588b32, 22022219},
      {"device-1", "HUB-A.azure-devices.net", 0xf1d942fadb588b32, 22022219},
      {"device-2", "hub-a.azure-devices.net", 0x0593ab9243049de1, 1481912154},
      {"contoso", "hub-b.azure-devices.net", 0xd9215748c31ecc2e, 63775744},
  };
  for (const Case& c : cases) {
    CAPTURE(c.key);
    CAPTURE(c.host_name);
    CHECK(rendezvous_hash(c.key, c.host_name) == c.hash);
    CHECK(rendezvous_cost(c.hash) == c.cost);
  }
  CHECK(rendezvous_hash("ab", "c") != rendezvous_hash("a", "bc"));
  CHECK(rendezvous_hash("A", "c") != rendezvous_hash("a", "c"));
  CHECK(rendezvous_hash("\xC3\xA4", "c") == rendezvous_hash("ä", "C"));
}

TEST_CASE("rendezvous: a cost is the logarithm to nine digits, and never grows with the hash") {
  CHECK(rendezvous_cost(0) == std::uint64_t{1} << 34U);
  CHECK(rendezvous_cost(1) == std::uint64_t{1} << 34U);
  CHECK(rendezvous_cost(UINT64_MAX) == 1);
  CHECK(rendezvous_cost(std::uint64_t{1} << 63U) == std::uint64_t{1} << 28U);
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t hash = random() >> (random() % 60);
    CAPTURE(hash);
    const double exact = 64 - std::log2(static_cast<double>(hash | 1U));
    CHECK(std::abs(std::ldexp(static_cast<double>(rendezvous_cost(hash)), -28) - exact) < 6e-9);
    CHECK(rendezvous_cost(hash) >= rendezvous_cost(hash + random() % (UINT64_MAX - hash)));
  }
}

TEST_CASE("rendezvous: choices are those that README.md lists") {
  const auto choice = [](std::string_view key, double weight_of_a) {
    const std::string_view host_name = winner(key, {{"hub-a.azure-devices.net", weight_of_a},
                                                    {"hub-b.azure-devices.net"},
                                                    {"hub-c.azure-devices.net"}});
    return host_name.substr(0, host_name.find('.'));
  };
  struct Case {
    const char* key;
    const char* all_alike;
    const char* a_weighs_3;
    const char* a_weighs_0;
  };
  const Case cases[] = {
      {"device-1", "hub-a", "hub-a", "hub-b"}, {"device-2", "hub-b", "hub-b", "hub-b"},
      {"device-3", "hub-c", "hub-c", "hub-c"}, {"device-4", "hub-a", "hub-a", "hub-c"},
      {"device-6", "hub-b", "hub-a", "hub-b"}, {"device-10", "hub-c", "hub-a", "hub-c"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.key);
    CHECK(choice(c.key, 1) == c.all_alike);
    CHECK(choice(c.key, 3) == c.a_weighs_3);
    CHECK(choice(c.key, 0) == c.a_weighs_0);
  }
}

TEST_CASE("rendezvous: weights are rounded to thousandths") {
  struct Case {
    double number;
    std::optional<std::uint64_t> thousandths;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const Case cases[] = {
      {0, 0},
      {-0.0, 0},
      {1, 1000},
      {0.001, 1},
      {0.0009, {}},
      {-1, {}},
      {2.5, 2500},
      {1.0004, 1000},
      {1.0006, 1001},
      {1e6, 1000000000},
      {1000000.001, {}},
      {infinity, {}},
      {std::nan(""), {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.number);
    const auto weight = Weight::of(c.number);
    CHECK((weight ? std::optional(weight->thousandths) : std::nullopt) == c.thousandths);
  }
}

TEST_CASE("rendezvous: adding a hub to n moves 1/(n+1) of 100,000 devices to it, and no other") {
  const std::vector<std::string> names = some_hubs(11);
  for (const std::size_t n : {1U, 2U, 4U, 10U}) {
    CAPTURE(n);
    std::vector<Hub> before;
    for (std::size_t i = 0; i < n; ++i) before.push_back({names[i]});
    // The new one first: order means nothing.
    std::vector<Hub> after = before;
    after.push_back({names[n]});
    std::reverse(after.begin(), after.end());
    int moved = 0;
    int astray = 0;
    for (int i = 0; i < kDevices; ++i) {
      const std::string key = device(i);
      const std::string_view now = winner(key, after);
      moved += now == names[n];
      astray += now != names[n] && now != winner(key, before);
    }
    CHECK(astray == 0);
    CHECK(is_likely(moved, 1.0 / static_cast<double>(n + 1)));
  }
}

TEST_CASE("rendezvous: every hub gets the share of its weight; a greater weight takes only") {
  const std::vector<std::string> names = some_hubs(4);
  const std::vector<Hub> hubs = {{names[0], 3}, {names[1]}, {names[2], 0.5}, {names[3], 0}};
  std::vector<Hub> heavier = hubs;
  heavier[1].weight = 2.25;
  std::vector<int> counts(4);
  int moved = 0;
  int astray = 0;
  for (int i = 0; i < kDevices; ++i) {
    const std::string key = device(i);
    const std::string_view chosen = winner(key, hubs);
    for (std::size_t at = 0; at < 4; ++at) counts[at] += chosen == names[at];
    const std::string_view later = winner(key, heavier);
    moved += later != chosen;
    astray += later != chosen && later != names[1];
  }
  CHECK(is_likely(counts[0], 3 / 4.5));
  CHECK(is_likely(counts[1], 1 / 4.5));
  CHECK(is_likely(counts[2], 0.5 / 4.5));
  CHECK(counts[3] == 0);
  CHECK(astray == 0);
  CHECK(is_likely(moved, 2.25 / 5.75 - 1 / 4.5));
}

TEST_CASE("rendezvous: the order of the offers and the letters of names do not matter") {
  const std::vector<std::string> names = some_hubs(8);
  std::vector<Hub> hubs;
  for (const std::string& name : names) hubs.push_back({name, hubs.size() < 4 ? 1.0 : 0.3});
  std::mt19937 random(3);
  for (int i = 0; i < 2'000; ++i) {
    const std::string_view expected = winner(device(i), hubs);
    std::vector<Hub> shuffled = hubs;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    CHECK(winner(device(i), shuffled) == expected);
  }
  const char* upper = "CONTOSO-HUB-1.azure-devices.net";
  CHECK(winner("a", {{names[0]}, {upper}}).data() == names[0].data());
  CHECK(winner("a", {{upper}, {names[0]}}).data() == upper);
}

TEST_CASE("rendezvous: hubs that weigh nothing are none") {
  CHECK(winner("a", {}) == "");
  CHECK(winner("a", {{"hub-1", 0}, {"hub-2", 0}}) == "");
  CHECK(winner("a", {{"hub-1", 0}, {"hub-2", 0.001}}) == "hub-2");
}

TEST_CASE("rollout: a share is a percentage with at most four decimals") {
  struct Case {
    const char* text;
    std::optional<std::uint32_t> millionths;
  };
  const Case cases[] = {
      {"10%", 100'000},  {"0%", 0},         {"100%", 1'000'000},   {"0.5%", 5'000},
      {"10 %", 100'000}, {"0.0001%", 1},    {"99.9999%", 999'999}, {"100.0000%", 1'000'000},
      {"05%", 50'000},   {"010%", 100'000}, {"33.30%", 333'000},   {"", {}},
      {"%", {}},         {"10", {}},        {"100.0001%", {}},     {"101%", {}},
      {"-1%", {}},       {"+1%", {}},       {"1.%", {}},           {".5%", {}},
      {"0.00001%", {}},  {"0010%", {}},     {"1e1%", {}},          {"10%%", {}},
      {"10  %", {}},     {" 10%", {}},      {"4294967297%", {}},   {"1.2.3%", {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto share = Share::parse(c.text);
    CHECK((share ? std::optional(share->millionths) : std::nullopt) == c.millionths);
  }
  CHECK(as_percentage(372'145) == "37.2145 %");
  CHECK(as_percentage(100'000) == "10 %");
  CHECK(as_percentage(5'000) == "0.5 %");
  CHECK(as_percentage(1) == "0.0001 %");
  CHECK(as_percentage(0) == "0 %");
}

TEST_CASE("rollout: positions are those that README.md lists, and shares of 100,000 devices fair") {
  CHECK(rollout_position("firmware-2", "device-1") == 148805);
  CHECK(rollout_position("firmware-2", "DEVICE-1") == rollout_position("firmware-2", "device-1"));
  CHECK(rollout_position("Firmware-2", "device-1") != rollout_position("firmware-2", "device-1"));
  CHECK(rollout_position("firmware-2", "device-2") == 660588);

  for (const char* text : {"0.5%", "10%", "50%", "99%"}) {
    CAPTURE(text);
    const Share share = *Share::parse(text);
    int in = 0;
    for (int i = 0; i < kDevices; ++i) in += share.takes(rollout_position("a-rule", device(i)));
    CHECK(is_likely(in, share.millionths / 1e6));
  }
  CHECK(Share::parse("100%")->is_everybody());
  CHECK(Share::parse("100%")->takes(Share::kWhole - 1));
  CHECK_FALSE(Share::parse("0%")->takes(0));

  // Two rules draw two lots: in both are a tenth of a tenth.
  const Share tenth = *Share::parse("10%");
  int in_both = 0;
  for (int i = 0; i < kDevices; ++i)
    in_both += tenth.takes(rollout_position("rule-1", device(i))) &&
               tenth.takes(rollout_position("rule-2", device(i)));
  CHECK(is_likely(in_both, 0.01));
}

}  // namespace allocd
