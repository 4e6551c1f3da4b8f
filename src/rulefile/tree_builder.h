// Builds the tree of located values from what a YAML parser meets, in the order of the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "policy/located_value.h"
#include "rulefile/yaml_lexeme.h"
#include "rulefile/yaml_tree.h"

namespace allocd {

// Called once for each event. `mark` is always the offset of the first thing that belongs to the
// value: a tag, an anchor or the value. `anchor` is 0, or counts the anchors from 1 on.
class TreeBuilder {
 public:
  // Thrown, after a report, where going on makes no sense.
  struct Stop {};

  // `text` is what the parser reads, byte for byte as long as that of `file`.
  TreeBuilder(const SourceFile& file, std::string_view text, Diagnostics& diagnostics,
              const YamlLimits& limits);

  void null(std::size_t mark, std::size_t anchor);
  void alias(std::size_t mark, std::size_t anchor);
  void scalar(std::size_t mark, std::string_view tag, std::size_t anchor, const std::string& value);
  void begin_list(std::size_t mark, std::string_view tag, std::size_t anchor, bool flow);
  void begin_map(std::size_t mark, std::string_view tag, std::size_t anchor, bool flow);
  void end();

  // The tree, once all events are in; nothing where a report says that it must not be used.
  std::optional<LocatedValue> take();

  // For messages about what comes next: the end of what has been read, the innermost `[` or `{`
  // that is still open, and the last quoted text that went over several lines.
  std::size_t cursor() const { return cursor_; }
  std::optional<std::size_t> open_bracket() const;
  const std::optional<Span>& last_long_quote() const { return last_long_quote_; }

 private:
  struct Frame {
    bool is_map = false;
    bool flow = false;
    bool lost = false;    // inside a value that is not kept: nothing may refer to it
    bool is_key = false;  // a map or list that stands where a key belongs
    bool drop = false;    // the value of the key at hand is not kept
    Span place;
    std::size_t first = 0;                    // where its members begin in `pending_`
    std::optional<Located<std::string>> key;  // waits for its value
    std::unique_ptr<std::unordered_map<std::string, std::size_t>> seen;  // for many keys only
  };
  // Where an anchor's value is: scalars are copied, containers found by the steps from the root.
  struct Anchor {
    std::optional<LocatedValue> scalar;
    std::size_t path_begin = 0;
    std::size_t path_size = 0;
    bool lost = true;  // never kept: a mistake was reported there
  };

  void begin(bool is_map, std::size_t mark, std::string_view tag, std::size_t anchor, bool flow);
  LocatedValue typed(std::string_view tag, const std::string& value, Span place, Span tag_place);
  void place_value(LocatedValue value, std::size_t anchor);
  void take_key(std::string text, Span place);
  void check_colon();
  void drop_key(Span place, std::string message, std::string help = {});
  std::optional<std::size_t> first_use(Frame& frame, const std::string& key);
  bool wants_key() const;
  bool is_lost() const;
  Anchor& remember(std::size_t anchor, Span place);
  void remember_scalar(std::size_t anchor, LocatedValue value);
  const LocatedValue* find_container(const Anchor& anchor) const;
  void count(const LocatedValue& value, std::size_t depth, Span place);
  Span empty_place(std::size_t mark, bool anchored);
  SourceRange range(Span span) const;
  void refuse(Span place, std::string_view code, std::string message, std::string help = {});
  [[noreturn]] void stop(Span place, std::string_view code, std::string message,
                         std::string help = {});

  const SourceFile* file_;
  std::string_view text_;
  Diagnostics* diagnostics_;
  YamlLimits limits_;
  std::vector<Frame> frames_;
  // Members of all open frames, innermost last, so that each container is allocated once, in its
  // final size. List items have an empty key.
  std::vector<LocatedMember> pending_;
  std::vector<Anchor> anchors_;
  std::vector<std::uint32_t> paths_;
  std::optional<LocatedValue> root_;
  std::optional<Span> last_long_quote_;
  std::size_t cursor_ = 0;
  std::size_t alias_nodes_ = 0;
  bool usable_ = true;
};

}  // namespace allocd
