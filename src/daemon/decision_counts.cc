#include "daemon/decision_counts.h"

#include <algorithm>
#include <functional>

namespace allocd {

namespace {

constexpr std::size_t kFirstSlots = 64;  // a power of two, as all that follow

}  // namespace

struct DecisionCounts::Line {
  explicit Line(std::string_view product_line) : name(product_line) {}

  const std::string name;
  std::array<std::atomic<std::uint64_t>, kOutcomes.size()> by_outcome{};
};

// Lines by the hash of their name, each in the first free slot from there on. Lines are only ever
// added, so whoever reads needs no lock.
struct DecisionCounts::Table {
  explicit Table(std::size_t size) : slots(size) {}

  // INVARIANT: there are empty slots.
  Line* find(std::string_view name) const {
    for (std::size_t i = std::hash<std::string_view>()(name);; ++i) {
      Line* line = slots[i & (slots.size() - 1)].load(std::memory_order_acquire);
      if (line == nullptr || line->name == name) return line;
    }
  }
  void put(Line* line) {
    std::size_t i = std::hash<std::string_view>()(line->name);
    while (slots[i & (slots.size() - 1)].load(std::memory_order_relaxed) != nullptr) ++i;
    slots[i & (slots.size() - 1)].store(line, std::memory_order_release);
  }

  std::vector<std::atomic<Line*>> slots;
};

DecisionCounts::DecisionCounts() {
  tables_.push_back(std::make_unique<Table>(kFirstSlots));
  table_ = tables_.back().get();
  add("");
}

DecisionCounts::~DecisionCounts() = default;

DecisionCounts::Line& DecisionCounts::line_of(std::string_view product_line) {
  Line* known = table_.load(std::memory_order_acquire)->find(product_line);
  return known != nullptr ? *known : add(product_line);
}

DecisionCounts::Line& DecisionCounts::add(std::string_view product_line) {
  const std::lock_guard lock(mutex_);
  // Another thread may have been quicker.
  if (Line* known = tables_.back()->find(product_line)) return *known;
  Line& line = *lines_.emplace_back(std::make_unique<Line>(product_line));
  Table* table = tables_.back().get();
  if (lines_.size() * 2 <= table->slots.size()) {
    table->put(&line);
  } else {
    table = tables_.emplace_back(std::make_unique<Table>(table->slots.size() * 2)).get();
    for (const auto& each : lines_) table->put(each.get());
    table_.store(table, std::memory_order_release);
  }
  return line;
}

void DecisionCounts::expect(const RuleSet& rules) {
  for (const Rule& rule : rules.rules()) line_of(rule.product_line);
}

void DecisionCounts::count(const Decision& decision, std::chrono::nanoseconds took) {
  Line& line =
      line_of(decision.rule != nullptr ? std::string_view(decision.rule->product_line) : "");
  line.by_outcome[static_cast<std::size_t>(decision.outcome)].fetch_add(1,
                                                                        std::memory_order_relaxed);
  const auto bucket = std::lower_bound(kDurationBuckets.begin(), kDurationBuckets.end(), took) -
                      kDurationBuckets.begin();
  durations_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  total_nanos_.fetch_add(took.count(), std::memory_order_relaxed);
}

DecisionFigures DecisionCounts::figures() const {
  DecisionFigures out;
  for (std::size_t i = 0; i < durations_.size(); ++i)
    out.durations[i] = durations_[i].load(std::memory_order_relaxed);
  out.total = std::chrono::nanoseconds(total_nanos_.load(std::memory_order_relaxed));
  const std::lock_guard lock(mutex_);
  for (const auto& line : lines_) {
    DecisionFigures::ByOutcome& counts = out.by_product_line[line->name];
    for (std::size_t i = 0; i < counts.size(); ++i)
      counts[i] = line->by_outcome[i].load(std::memory_order_relaxed);
  }
  return out;
}

}  // namespace allocd
