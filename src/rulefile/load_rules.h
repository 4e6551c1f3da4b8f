// Rule files on disk in, a rule set out. The one place where rule files and their tables are
// opened.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "policy/rule_set.h"
#include "rulefile/rule_paths.h"

namespace allocd {

struct LoadedRules {
  std::shared_ptr<const RuleSet> rules;  // null where there was an error
  std::size_t files = 0;
  std::size_t rule_count = 0;  // rules that were read, good or bad
  // The first 12 hex digits of a SHA-256 over the names and contents of the files, in order, and
  // of the tables behind them.
  std::string revision;
  Diagnostics diagnostics;
  // What the files say, as far as it could be read, where it was asked for; valid as long as the
  // files.
  std::shared_ptr<const RuleSetSpec> spec;
  // Where the rules' names stand, in their order; valid as long as the files, which load_rules()
  // leaves here.
  std::vector<SourceRange> rule_names;
  std::vector<std::unique_ptr<SourceFile>> sources;
  // The tables that the rules read or would read, by their names; load_rules() leaves their texts
  // in `table_sources` where it was asked to.
  std::vector<RulePath> tables;
  std::vector<std::unique_ptr<SourceFile>> table_sources;
};

// Whether what the files say is kept beside the rules that were made of it.
enum class Spec { Drop, Keep };
// Whether the tables' texts are kept.
enum class Tables { Drop, Keep };

// Reads a rule set: of a directory every `*.yaml` and `*.yml` below it, in the byte order of their
// relative paths, but for hidden files, editors' backups, `*.test.yaml`, and folders named
// `tables`; or the files named. Everything that is wrong is in the diagnostics: a path that is not
// there, a file that cannot be read, a set without a rule. A table is looked for from the folder of
// the rule file that names it, wherever that leads, or at an absolute path. Does not throw.
LoadedRules load_rules(const std::vector<std::string>& paths, Spec spec = Spec::Drop,
                       Tables tables = Tables::Drop);

// The same for files that have been read. `tables` are those that lookups may name, by path. Pure.
LoadedRules load_rules_from(const std::vector<std::unique_ptr<SourceFile>>& files,
                            Diagnostics diagnostics = {},
                            const std::vector<std::unique_ptr<SourceFile>>& tables = {},
                            Spec spec = Spec::Drop);

// The revision that load_rules() would find at this moment, where `tables` are those of the last
// load: equal as long as no file says another thing than it said then. Reads files, parses none,
// and does not throw.
std::string revision_on_disk(const std::vector<std::string>& paths,
                             const std::vector<RulePath>& tables);

}  // namespace allocd
