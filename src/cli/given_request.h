// The request that somebody asks about, out of a file: a body, or a record of the decision log.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace allocd {

struct GivenRequest {
  std::string body;     // what to decide on, good or bad
  std::string mistake;  // why there is nothing to decide on: the end of a sentence about the file
};

// The request in `text`, which is read to its end, bit by bit. One record of the decision log
// stands for its request, and whatever else is no record for itself, so that a malformed body gets
// the answer that DPS would get. With a registration ID (letter case does not count) it is the last
// one of that device; without one, several requests are a mistake. Of several requests no more than
// one is kept in memory, however many there are. Whether reading went well is for `text` to tell.
GivenRequest given_request(std::istream& text, std::string_view registration_id);

}  // namespace allocd
