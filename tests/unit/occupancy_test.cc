// Who may come in, and at whose cost.
#include "http/occupancy.h"

#include <cstddef>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

using namespace allocd;

namespace {

auto idle(std::vector<std::size_t> counts) {
  return [counts](std::size_t loop) { return counts.at(loop); };
}

// The loop that takes one while none has to go.
std::optional<std::size_t> loop_of_newcomer(Occupancy& occupancy) {
  const auto place = occupancy.enter(idle({0, 0}));
  if (!place) return std::nullopt;
  CHECK_FALSE(place->owing);
  return place->loop;
}

}  // namespace

TEST_CASE("occupancy: newcomers go where the fewest are, up to the limit") {
  Occupancy occupancy(3, 2);
  CHECK(loop_of_newcomer(occupancy) == 0);
  CHECK(loop_of_newcomer(occupancy) == 1);
  CHECK(loop_of_newcomer(occupancy) == 0);
  CHECK(loop_of_newcomer(occupancy) == std::nullopt);
  CHECK(occupancy.count() == 3);
  occupancy.leave(0);
  occupancy.leave(0);
  CHECK(occupancy.count() == 1);
  CHECK(loop_of_newcomer(occupancy) == 0);
}

TEST_CASE("occupancy: beyond the limit, the loop with most idle ones ends one for each newcomer") {
  Occupancy occupancy(2, 2);
  occupancy.enter(idle({0, 0}));
  occupancy.enter(idle({0, 0}));
  const auto first = occupancy.enter(idle({1, 2}));
  REQUIRE(first);
  CHECK(first->owing == 1);
  CHECK(first->loop == 1);  // as one of its ends
  CHECK(occupancy.owes(1));
  CHECK_FALSE(occupancy.owes(0));
  CHECK(occupancy.count() == 2);
  SUBCASE("which counts what it owes already") {
    CHECK(occupancy.enter(idle({1, 1}))->owing == 0);
    CHECK_FALSE(occupancy.enter(idle({1, 1})));
  }
  SUBCASE("until it has") {
    occupancy.leave(1);
    CHECK_FALSE(occupancy.owes(1));
    CHECK(occupancy.count() == 2);
  }
}

TEST_CASE("occupancy: nobody has to go for a place that another made by leaving") {
  Occupancy occupancy(2, 2);
  occupancy.enter(idle({0, 0}));
  occupancy.enter(idle({0, 0}));
  REQUIRE(occupancy.enter(idle({0, 1}))->owing == 1);
  occupancy.leave(0);
  CHECK_FALSE(occupancy.owes(1));
  CHECK(occupancy.count() == 2);
  // What is owed for the next is not owed by who had its part done for it.
  REQUIRE(occupancy.enter(idle({1, 0}))->owing == 0);
  CHECK_FALSE(occupancy.owes(1));
}
