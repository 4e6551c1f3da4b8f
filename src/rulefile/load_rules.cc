#include "rulefile/load_rules.h"

#include <cstdio>
#include <optional>
#include <utility>

#include <openssl/evp.h>

#include "policy/compile.h"
#include "rulefile/rule_file.h"
#include "rulefile/rule_paths.h"
#include "rulefile/text_file.h"

namespace allocd {
namespace {

// Lengths go in as well, so that no two sets of files look the same.
std::string revision_of(const std::vector<std::unique_ptr<SourceFile>>& files) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr);
  for (const auto& file : files) {
    const std::string head = std::to_string(file->name().size()) + ":" + file->name() +
                             std::to_string(file->text().size()) + ":";
    EVP_DigestUpdate(hash.get(), head.data(), head.size());
    EVP_DigestUpdate(hash.get(), file->text().data(), file->text().size());
  }
  EVP_DigestFinal_ex(hash.get(), digest, &size);
  std::string out;
  for (unsigned int i = 0; i < 6 && i < size; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned>(digest[i]));
    out += hex;
  }
  return out;
}

}  // namespace

LoadedRules load_rules_from(const std::vector<std::unique_ptr<SourceFile>>& files,
                            Diagnostics diagnostics) {
  LoadedRules out;
  out.diagnostics = std::move(diagnostics);
  out.files = files.size();
  out.revision = revision_of(files);
  RuleSetSpec spec;
  spec.complete = !out.diagnostics.has_errors();
  for (const auto& file : files) parse_rule_file(*file, spec, out.diagnostics);
  out.rule_count = spec.rules.size();
  for (const RuleSpec& rule : spec.rules) out.rule_names.push_back(rule.name.range);
  if (spec.rules.empty() && !out.diagnostics.has_errors())
    out.diagnostics.add(
        {Severity::Error,
         "no-rules",
         "no rule in " + std::to_string(files.size()) + (files.size() == 1 ? " file" : " files"),
         "a set needs at least one rule; rule files end in `.yaml` or `.yml`",
         "",
         0,
         0,
         0,
         {}});
  auto rules = compile(spec, out.diagnostics);
  if (rules && !out.diagnostics.has_errors()) check_examples(spec, *rules, out.diagnostics);
  if (rules && !out.diagnostics.has_errors())
    out.rules = std::make_shared<const RuleSet>(std::move(*rules));
  return out;
}

LoadedRules load_rules(const std::vector<std::string>& paths) {
  Diagnostics diagnostics;
  std::vector<std::unique_ptr<SourceFile>> files;
  for (const RulePath& file : find_rule_files(paths, diagnostics)) {
    std::string why;
    if (auto text = read_text_file(file.path, why)) {
      files.push_back(std::make_unique<SourceFile>(file.path, file.name, std::move(*text)));
    } else {
      diagnostics.add({Severity::Error,
                       "unreadable-file",
                       "cannot read the file: " + why,
                       "",
                       file.path,
                       0,
                       0,
                       0,
                       {}});
    }
  }
  LoadedRules out = load_rules_from(files, std::move(diagnostics));
  out.sources = std::move(files);
  return out;
}

}  // namespace allocd
