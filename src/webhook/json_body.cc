#include "webhook/json_body.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "diagnostics/utf8.h"
#include "webhook/parse_request.h"

namespace allocd {

namespace {

// An ordered object is a vector whose own operator[] looks for a name.
template <typename Members>
auto& nth(Members& members, std::size_t at) {
  return *(members.begin() + static_cast<std::ptrdiff_t>(at));
}

// Builds the body from nlohmann's events. Why not its own parser: that takes any depth (and
// crashes when the value is copied), keeps the last of two members in silence, and searches an
// ordered object from the front for every member.
class BodyBuilder {
 public:
  explicit BodyBuilder(std::string_view text) : text_(text) {}

  Json take_body() { return std::move(body_); }
  std::string take_reason() { return std::move(reason_); }

  bool null() { return put(nullptr) != nullptr; }
  bool boolean(bool value) { return put(value) != nullptr; }
  bool number_integer(Json::number_integer_t value) { return put(value) != nullptr; }
  bool number_unsigned(Json::number_unsigned_t value) { return put(value) != nullptr; }
  bool number_float(Json::number_float_t value, const std::string&) {
    return put(value) != nullptr;
  }
  bool string(std::string& value) { return put(std::move(value)) != nullptr; }
  bool binary(Json::binary_t&) { return false; }  // JSON has none

  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    Frame& frame = frames_.back();
    auto& members = frame.value->get_ref<Json::object_t&>();
    const std::size_t at = position_of(frame, members, name);
    if (at < members.size()) {
      if (!frame.last_wins) return has_twice(name);
      slot_ = &nth(members, at).second;
    } else {
      members.emplace_back(name, nullptr);
      slot_ = &members.back().second;
    }
    frame.current = std::move(name);
    return true;
  }

  // The exception's text is left alone: it quotes the body.
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) {
    constexpr int kNumberOutOfRange = 406;
    const std::string at = " at byte " + std::to_string(position) + ".";
    if (error.id == kNumberOutOfRange) {
      reason_ = "The body has a number beyond what can be held," + at;
    } else if (std::string_view(error.what()).find("surrogate") != std::string_view::npos) {
      reason_ = "The body is not JSON: half of a surrogate pair" + at;
    } else if (position > text_.size()) {
      reason_ = "The body is not JSON: unexpected end of input" + at;
    } else {
      const std::size_t offset = position == 0 ? 0 : position - 1;
      reason_ = "The body is not JSON: unexpected " + in_backticks(character_at(offset)) + at;
    }
    return false;
  }

 private:
  // An object or list that is not closed yet.
  struct Frame {
    Json* value;
    // Whether a member that stands twice is the device's business: in its payload. In what DPS
    // writes it could only mean that two readers see two different requests.
    bool last_wins;
    std::string current;  // the member being read, of an object
    // Where each member stands, once there are many: a search from the front would take 50,000
    // members 50,000 times as long. Ordered and not hashed, so that no choice of names is slow.
    std::map<std::string, std::size_t> positions;
  };

  static constexpr std::size_t kFewMembers = 16;

  static std::size_t position_of(Frame& frame, const Json::object_t& members,
                                 const std::string& name) {
    if (members.size() < kFewMembers) {
      std::size_t at = 0;
      while (at < members.size() && nth(members, at).first != name) ++at;
      return at;
    }
    if (frame.positions.empty())
      for (std::size_t i = 0; i < members.size(); ++i)
        frame.positions.emplace(nth(members, i).first, i);
    return frame.positions.emplace(name, members.size()).first->second;
  }

  // INVARIANT: only the innermost open value grows, so that the pointers in `frames_` stay good.
  Json* put(Json value) {
    if (frames_.empty()) {
      body_ = std::move(value);
      return &body_;
    }
    Json& parent = *frames_.back().value;
    if (parent.is_object()) {
      *slot_ = std::move(value);
      return slot_;
    }
    auto& list = parent.get_ref<Json::array_t&>();
    list.push_back(std::move(value));
    return &list.back();
  }

  bool open(Json value) {
    if (frames_.size() == kMaxRequestDepth) {
      reason_ = "The body has more than " + std::to_string(kMaxRequestDepth) +
                " objects and lists inside one another.";
      return false;
    }
    const bool last_wins = !frames_.empty() && (frames_.back().last_wins || at_payload());
    frames_.push_back({put(std::move(value)), last_wins, {}, {}});
    return true;
  }

  bool close() {
    frames_.pop_back();
    return true;
  }

  bool at_payload() const {
    return frames_.size() == 2 && frames_[0].current == "deviceRuntimeContext" &&
           frames_[1].current == "payload";
  }

  bool has_twice(const std::string& name) {
    std::string path;
    for (const Frame& frame : frames_) {
      if (&frame == &frames_.back()) break;
      if (frame.value->is_array()) {
        path += "[" + std::to_string(frame.value->size() - 1) + "]";
      } else {
        path += (path.empty() ? "" : ".") + frame.current;
      }
    }
    reason_ = (path.empty() ? std::string("The body") : in_backticks(path)) + " has the member " +
              in_backticks(name) + " twice.";
    return false;
  }

  // The whole character that the byte belongs to. The text is UTF-8: checked before.
  std::string_view character_at(std::size_t offset) const {
    while (offset > 0 && (static_cast<unsigned char>(text_[offset]) & 0xC0U) == 0x80U) --offset;
    return text_.substr(offset, utf8_length(text_.substr(offset)));
  }

  std::string_view text_;
  Json body_;
  std::string reason_;
  std::vector<Frame> frames_;
  Json* slot_ = nullptr;  // of the member that was named last
};

}  // namespace

std::variant<Json, BadRequest> parse_json_body(std::string_view body) {
  if (body.empty()) return BadRequest{"The body is empty."};
  if (const std::size_t bad = first_invalid_utf8(body); bad != std::string_view::npos)
    return BadRequest{"The body is not UTF-8 at byte " + std::to_string(bad + 1) + "."};
  // nlohmann takes a NUL between two tokens for the end of the text, whatever follows.
  if (const std::size_t nul = body.find('\0'); nul != std::string_view::npos)
    return BadRequest{"The body is not JSON: a NUL at byte " + std::to_string(nul + 1) + "."};

  BodyBuilder builder(body);
  if (!Json::sax_parse(body, &builder)) return BadRequest{builder.take_reason()};
  return builder.take_body();
}

}  // namespace allocd
