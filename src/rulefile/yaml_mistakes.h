// Turns what the YAML parser complains about into what an author can act on.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "diagnostics/diagnostic.h"
#include "diagnostics/source_file.h"
#include "rulefile/yaml_lexeme.h"

namespace allocd {

struct ParserComplaint {
  std::string_view message;                 // the parser's own words
  std::size_t offset = 0;                   // where it stopped
  std::size_t read_up_to = 0;               // the end of the last value that it understood
  std::optional<std::size_t> open_bracket;  // the innermost `[` or `{` around that
  std::optional<Span> long_quote;           // the last quoted text that went over several lines
};

// The offset of the `*` where the complaint is that a text begins with it without quotes.
std::optional<std::size_t> unquoted_star(std::string_view text, const ParserComplaint& complaint);

// Reports one mistake.
void report_yaml_mistake(const SourceFile& file, const ParserComplaint& complaint,
                         Diagnostics& diagnostics);

}  // namespace allocd
