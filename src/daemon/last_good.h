// The last good rule set, on disk, for a start that finds the rules broken or gone; and which set
// was refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rulefile/load_rules.h"

namespace allocd {

// A rule set that the reload guard refused.
struct RefusedRules {
  std::string revision;
  std::string report;  // JSON text
};

// Keeps files in a folder of the state directory, readable for its owner only. Whenever the process
// or the machine dies, what was there before or what was to be there can be read, whole. Several
// processes may use one state directory; what the last of them saved is there. For one thread;
// nothing here throws. Errors are texts for a log: lower case, with the path.
class LastGood {
 public:
  // Nothing is made or read yet.
  explicit LastGood(const std::string& state_folder);

  // Keeps the very texts that were loaded: load_rules() must have succeeded and kept the tables.
  // Where that fails, the error, and the set that was there before stays.
  std::optional<std::string> save(const LoadedRules& loaded) const;

  struct Loaded {
    // As load_rules() left it, but for `table_sources`: paths, names, places and revision are those
    // of then. Nothing where there is no set that is whole.
    std::optional<LoadedRules> rules;
    // Sets and files that are of no use, and why; the one before is taken in their place.
    std::vector<std::string> troubles;
  };
  Loaded load() const;

  // One at a time: another takes its place.
  std::optional<std::string> remember_refused(const RefusedRules& refused) const;
  std::optional<std::string> forget_refused() const;
  // Nothing where no set is refused, and where that cannot be read: `trouble` says so then.
  std::optional<RefusedRules> refused(std::string& trouble) const;

 private:
  std::string state_;
  std::string folder_;  // in it
};

}  // namespace allocd
