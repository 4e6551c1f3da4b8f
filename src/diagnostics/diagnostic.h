// What is wrong with a file, said so that its author can mend it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/source_file.h"

namespace allocd {

enum class Severity { Error, Warning };

std::string_view severity_name(Severity severity);

// One mistake. A plain value that needs nothing else: the line it points at travels along.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string code;     // stable, kebab-case; people search for it
  std::string message;  // lower case, no final period, their input in `backticks`
  std::string help;     // the way out; may be empty
  std::string file;     // empty when the mistake has no place in a file
  int line = 0;         // 0: the file as a whole
  int column = 0;
  int length = 0;        // characters to underline on that line, at least 1 where line > 0
  std::string snippet;   // the text of the line; of a very long one, what is near the place
  int snippet_from = 0;  // how many characters of the line were left out before the snippet
};

// Collects mistakes, so that an author sees all of them at once. Not for several threads.
class Diagnostics {
 public:
  void error(const SourceRange& where, std::string_view code, std::string message,
             std::string help = {});
  void warning(const SourceRange& where, std::string_view code, std::string message,
               std::string help = {});
  // For what has no range: an unreadable file, an empty directory. `file` may be empty.
  void file_error(std::string file, std::string_view code, std::string message,
                  std::string help = {});
  void file_warning(std::string file, std::string_view code, std::string message,
                    std::string help = {});
  void add(Diagnostic diagnostic);
  // Takes over everything that `other` has, behind what is here.
  void append(Diagnostics other);

  bool has_errors() const { return errors_ > 0; }
  std::size_t errors() const { return errors_; }
  std::size_t warnings() const { return warnings_; }
  // In the order in which they were found; see `sorted()` for the order of the files.
  const std::vector<Diagnostic>& all() const { return all_; }
  // Mistakes of one file stand together, in the order of its lines; files in the order in
  // which they first came up.
  std::vector<Diagnostic> sorted() const;
  // How many were not kept because there were more than kMaxKept.
  std::size_t dropped() const { return dropped_; }

  static constexpr std::size_t kMaxKept = 2000;

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
  std::size_t dropped_ = 0;
};

// The message with its place, the line, a caret and the help, as a terminal shows it; ends with
// a line break. Control characters of the author's text come out harmless. With `colour`, ANSI
// colours are added.
std::string render(const Diagnostic& diagnostic, bool colour = false);

// `text` with control characters (and what could drive a terminal) made visible as `\x1b`, cut
// to `max_bytes` with `…`. For quoting people's input in messages and logs.
std::string printable(std::string_view text, std::size_t max_bytes = 200);

// `text` in backticks, made printable. (Not called `quoted`, which std::quoted would compete with.)
std::string in_backticks(std::string_view text);

}  // namespace allocd
