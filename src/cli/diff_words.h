// What all forms of `allocd diff`'s report say in the same words.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/json_difference.h"
#include "cli/diff_output.h"

namespace allocd {

// Rows of tables that are shown without `--all`.
constexpr std::size_t kMostMoves = 30;
constexpr std::size_t kMostRules = 50;

// "33.3 %"; of nothing "0.0 %".
std::string percent(std::size_t part, std::size_t whole);

std::string_view change_in_words(Change change);

// "hub-a.azure-devices.net (rule-a)".
std::string side(const Answer& answer);

// Calls `see` with each place in the twin and the payload where the answers differ; never where
// one of them is a refusal.
void for_each_difference(const ChangedDevice& device,
                         const std::function<void(const JsonChange&)>& see);

// The columns of the table of moves, and a row of it. The last two are names.
inline constexpr const char* kMoveColumns[] = {"devices", "migrated", "reset", "ignored",
                                               "new",     "there",    "from",  "to"};
std::vector<std::string> move_cells(const HubMoves& move);

std::string rule_or_none(std::string_view name);

// ", within the 5 % of `--max-moved`"; empty without a bound, or without a device.
std::string bound_in_words(const DiffReport& report);

// How many of the changed twins DPS will use.
std::string twins_in_words(const ReplaySummary& summary);

// How many of `count` rows are shown.
std::size_t shown_of(std::size_t count, std::size_t most, bool all);

}  // namespace allocd
