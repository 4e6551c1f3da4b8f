#include "webhook/request_pieces.h"

#include <algorithm>

#include "webhook/json_marks.h"

namespace allocd {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kCutOff = "it is cut off";
constexpr std::string_view kCutInText = "it is cut off in the middle of a text";
constexpr std::string_view kListCutOff = "the list that begins here is never closed";
constexpr std::string_view kTooLong = "it is longer than 4 MiB";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

void RequestPieces::feed(std::string_view text) {
  buffer_.append(text);
  scan();
  // What has been handed out is not needed any more.
  const std::size_t done = state_ == State::Between || state_ == State::TooLong ? at_ : begin_;
  buffer_.erase(0, done);
  offset_ += done;
  at_ -= done;
  begin_ = 0;
  if (buffer_.size() <= kMaxPieceBytes) return;
  end(kTooLong);
  offset_ += buffer_.size();
  buffer_.clear();
  at_ = 0;
  state_ = State::TooLong;
}

void RequestPieces::finish() {
  ended_ = true;
  scan();
  switch (state_) {
    case State::InValue: end(kCutOff); break;
    case State::InText: end(kCutInText); break;
    case State::Loose: end({}); break;
    case State::Between:
    case State::TooLong: break;
  }
  if (list_line_ != 0) take_({{}, kListCutOff, list_line_, list_offset_});
  *this = RequestPieces(std::move(take_));
}

void RequestPieces::begin(State state) {
  state_ = state;
  begin_ = at_;
  begin_line_ = line_;
  depth_ = 0;
}

void RequestPieces::end(std::string_view broken) {
  std::string_view text = std::string_view(buffer_).substr(begin_, at_ - begin_);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (text.size() > kMaxPieceBytes) broken = kTooLong;
  take_({broken.empty() ? text : std::string_view(), broken, begin_line_, offset_ + begin_});
  begin_ = at_;
  state_ = State::Between;
}

void RequestPieces::scan() {
  while (at_ < buffer_.size()) {
    const char c = buffer_[at_];
    const bool at_line_start = at_line_start_;
    if (c != '\n') at_line_start_ = false;
    switch (state_) {
      case State::Between:
        if (offset_ + at_ == 0) {
          if (buffer_.starts_with(kByteOrderMark)) {
            at_ += kByteOrderMark.size();
            at_line_start_ = true;
            continue;
          }
          // Wait for the rest of it.
          if (kByteOrderMark.starts_with(buffer_) && !ended_) return;
        }
        if (c == '\n') {
          next_line();
        } else if (c == '{' || (c == '[' && list_line_ != 0)) {
          begin(State::InValue);
          continue;
        } else if (c == '[') {
          list_line_ = line_;
          list_offset_ = offset_ + at_;
        } else if (c == ']' && list_line_ != 0) {
          list_line_ = 0;
        } else if (!is_space(c) && (c != ',' || list_line_ == 0)) {
          begin(State::Loose);
          continue;
        }
        ++at_;
        break;
      case State::InValue:
        // An object that begins in the first column of a line, `{"a": …`, is a line of its own:
        // what was not closed before never will be. `{` alone may be one inside it.
        if (at_line_start && c == '{' && depth_ > 0) {
          if (at_ + 1 == buffer_.size() && !ended_) {
            at_line_start_ = true;  // wait for the next letter
            return;
          }
          if (at_ + 1 < buffer_.size() && !is_space(buffer_[at_ + 1])) {
            at_line_start_ = true;
            end(kCutOff);
            continue;
          }
        }
        if (!is_json_mark(c)) {
          at_ = skip_to_json_mark(buffer_, at_);
          continue;
        }
        ++at_;
        if (c == '"') {
          state_ = State::InText;
        } else if (c == '{' || c == '[') {
          ++depth_;
        } else if (c == '}' || c == ']') {
          if (--depth_ == 0) end({});
        } else if (c == '\n') {
          next_line();
        }
        break;
      case State::InText: {
        const std::size_t closed = end_of_json_text(buffer_, at_);
        const std::size_t behind = std::min(closed, buffer_.size());
        const std::size_t newline = std::string_view(buffer_).substr(0, behind).find('\n', at_);
        // No text goes over the end of a line.
        if (newline != std::string_view::npos) {
          at_ = newline;
          end(kCutInText);
          continue;
        }
        if (closed != std::string_view::npos) state_ = State::InValue;
        at_ = behind;
        break;
      }
      case State::Loose:
        if (c == '\n' || (list_line_ != 0 && (c == ',' || c == ']'))) {
          end({});
          continue;
        }
        ++at_;
        break;
      case State::TooLong:
        if (c == '\n') {
          state_ = State::Between;
          continue;
        }
        ++at_;
        break;
    }
  }
}

}  // namespace allocd
