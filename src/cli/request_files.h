// Files of recorded requests: read once from end to end, and here and there a second time.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/replay.h"

namespace allocd {

// What cannot be read twice, such as standard input, is kept in a temporary file on the way.
class RequestFiles {
 public:
  // Opens a file, `-` for standard input. Throws std::runtime_error where that cannot be read.
  void open(const std::string& path);

  std::size_t size() const { return files_.size(); }
  // As people know it.
  const std::string& name(std::size_t file) const { return files_[file].name; }
  // Of all files together; 0 where some is of unknown length.
  std::uint64_t bytes() const;

  // Reads a file from its beginning, which goes once. Throws std::runtime_error where it stops
  // short of the end.
  void read(std::size_t file, const std::function<void(std::string_view)>& take);
  // What lies there, after read(). Throws where it is not there any more.
  std::string read_at(const RecordedPlace& place);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;
  struct Entry {
    std::string name;
    File file;
    File copy;  // of what cannot be read twice
    std::uint64_t bytes = 0;
    bool is_regular = false;
  };

  std::vector<Entry> files_;
};

}  // namespace allocd
