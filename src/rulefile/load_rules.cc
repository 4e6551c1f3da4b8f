#include "rulefile/load_rules.h"

#include <cstdio>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <openssl/evp.h>

#include "policy/compile.h"
#include "rulefile/rule_file.h"
#include "rulefile/rule_paths.h"
#include "rulefile/side_by_side.h"
#include "rulefile/table_file.h"
#include "rulefile/text_file.h"

namespace allocd {
namespace {

// Tells sets of files apart.
class Revision {
 public:
  Revision() { EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr); }

  // Lengths go in as well, so that no two sets of files look the same.
  void add(const SourceFile& file) {
    const std::string head = std::to_string(file.name().size()) + ":" + file.name() +
                             std::to_string(file.text().size()) + ":";
    EVP_DigestUpdate(hash_.get(), head.data(), head.size());
    EVP_DigestUpdate(hash_.get(), file.text().data(), file.text().size());
  }

  std::string finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(hash_.get(), digest, &size);
    std::string out;
    for (unsigned int i = 0; i < 6 && i < size; ++i) {
      char hex[3];
      std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned>(digest[i]));
      out += hex;
    }
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

// The text of the file at a path, or nothing and the reason why.
using ReadFile =
    std::function<std::optional<std::string>(const std::string& path, std::string& why)>;

// Where `table` leads from a rule file's path or name.
std::string beside(const std::string& rule_file, const std::string& table) {
  if (table.starts_with('/')) return table;
  const std::size_t slash = rule_file.rfind('/');
  return (slash == std::string::npos ? "" : rule_file.substr(0, slash + 1)) + table;
}

// Opens the tables of the set, each once, whatever number of lookups uses it, and names them in
// `out`.
void read_tables(RuleSetSpec& set, const ReadFile& read, Tables kept, Revision& revision,
                 LoadedRules& out) {
  Diagnostics& diagnostics = out.diagnostics;
  std::map<std::string, std::vector<LookupSpec*>> users;  // by the table's name within the set
  for (LookupSpec& lookup : set.lookups)
    if (const SourceFile* file = lookup.table.range.file)
      users[beside(file->name(), lookup.table.value)].push_back(&lookup);
  for (const auto& [name, lookups] : users) {
    const Located<std::string>& first = lookups[0]->table;
    const std::string path = beside(first.range.file->path(), first.value);
    out.tables.push_back({path, name});
    std::string why;
    auto text = read(path, why);
    if (!text) {
      for (const LookupSpec* lookup : lookups)
        diagnostics.error(lookup->table.range, "unreadable-file",
                          "cannot read table " + in_backticks(path) + ": " + why,
                          "a table's path begins at the folder of the rule file");
      continue;
    }
    auto source = std::make_unique<SourceFile>(path, name, std::move(*text));
    const SourceFile& file = *source;
    revision.add(file);
    std::set<std::tuple<std::string, int, int, std::string>> reported;
    for (LookupSpec* lookup : lookups) {
      Diagnostics found;
      lookup->rows = read_table(file, *lookup, found);
      // What is wrong with the file is so for each of them, and said once.
      const bool again = !reported.empty() && found.dropped() == 0;
      if (!again) diagnostics.append(found);
      for (const Diagnostic& d : found.all())
        if (reported.emplace(d.file, d.line, d.column, d.code).second && again) diagnostics.add(d);
    }
    if (kept == Tables::Keep) out.table_sources.push_back(std::move(source));
  }
}

template <typename T>
void move_behind(std::vector<T>& all, std::vector<T> more) {
  if (all.empty())
    all = std::move(more);
  else
    all.insert(all.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

// Parses files side by side, and puts what they say together in their order.
RuleSetSpec parse_all(const std::vector<std::unique_ptr<SourceFile>>& files,
                      Diagnostics& diagnostics) {
  constexpr std::size_t kFewBytes = 64 * 1024;  // which take less time than starting a thread
  struct Parsed {
    RuleSetSpec spec;
    Diagnostics diagnostics;
  };
  std::size_t bytes = 0;
  for (const auto& file : files) bytes += file->text().size();
  std::vector<Parsed> parsed(files.size());
  side_by_side(files.size(), bytes < kFewBytes ? 1 : processors(), [&](std::size_t i) {
    parse_rule_file(*files[i], parsed[i].spec, parsed[i].diagnostics);
  });
  RuleSetSpec out;
  for (Parsed& of_file : parsed) {
    move_behind(out.rules, std::move(of_file.spec.rules));
    move_behind(out.templates, std::move(of_file.spec.templates));
    move_behind(out.lookups, std::move(of_file.spec.lookups));
    out.complete = out.complete && of_file.spec.complete;
    diagnostics.append(std::move(of_file.diagnostics));
  }
  return out;
}

LoadedRules load(const std::vector<std::unique_ptr<SourceFile>>& files, Diagnostics diagnostics,
                 const ReadFile& read, Spec kept, Tables tables) {
  LoadedRules out;
  out.diagnostics = std::move(diagnostics);
  out.files = files.size();
  const bool all_files_are_there = !out.diagnostics.has_errors();
  RuleSetSpec spec = parse_all(files, out.diagnostics);
  spec.complete = spec.complete && all_files_are_there;
  Revision revision;
  for (const auto& file : files) revision.add(*file);
  read_tables(spec, read, tables, revision, out);
  out.revision = revision.finish();
  out.rule_count = spec.rules.size();
  for (const RuleSpec& rule : spec.rules) out.rule_names.push_back(rule.name.range);
  if (spec.rules.empty() && !out.diagnostics.has_errors())
    out.diagnostics.file_error(
        "", "no-rules",
        "no rule in " + std::to_string(files.size()) + (files.size() == 1 ? " file" : " files"),
        "a set needs at least one rule; rule files end in `.yaml` or `.yml`");
  auto rules = kept == Spec::Keep ? compile(spec, out.diagnostics)
                                  : compile_and_empty(spec, out.diagnostics);
  if (rules && !out.diagnostics.has_errors()) check_examples(spec, *rules, out.diagnostics);
  if (rules && !out.diagnostics.has_errors())
    out.rules = std::make_shared<const RuleSet>(std::move(*rules));
  if (kept == Spec::Keep) out.spec = std::make_shared<const RuleSetSpec>(std::move(spec));
  return out;
}

}  // namespace

LoadedRules load_rules_from(const std::vector<std::unique_ptr<SourceFile>>& files,
                            Diagnostics diagnostics,
                            const std::vector<std::unique_ptr<SourceFile>>& tables, Spec spec) {
  return load(
      files, std::move(diagnostics),
      [&](const std::string& path, std::string& why) -> std::optional<std::string> {
        for (const auto& table : tables)
          if (table->path() == path) return std::string(table->text());
        why = "No such file or directory";
        return std::nullopt;
      },
      spec, Tables::Drop);
}

LoadedRules load_rules(const std::vector<std::string>& paths, Spec spec, Tables tables) {
  Diagnostics diagnostics;
  std::vector<std::unique_ptr<SourceFile>> files;
  for (const RulePath& file : find_rule_files(paths, diagnostics)) {
    std::string why;
    if (auto text = read_text_file(file.path, why)) {
      files.push_back(std::make_unique<SourceFile>(file.path, file.name, std::move(*text)));
    } else {
      diagnostics.file_error(file.path, "unreadable-file", "cannot read the file: " + why);
    }
  }
  LoadedRules out = load(files, std::move(diagnostics), read_text_file, spec, tables);
  out.sources = std::move(files);
  return out;
}

std::string revision_on_disk(const std::vector<std::string>& paths,
                             const std::vector<RulePath>& tables) {
  Revision revision;
  const auto add = [&](const RulePath& file) {
    std::string ignored;
    if (auto text = read_text_file(file.path, ignored))
      revision.add(SourceFile(file.path, file.name, std::move(*text)));
  };
  Diagnostics ignored;
  for (const RulePath& file : find_rule_files(paths, ignored)) add(file);
  for (const RulePath& table : tables) add(table);
  return revision.finish();
}

}  // namespace allocd
