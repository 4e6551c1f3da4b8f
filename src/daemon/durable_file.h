// Files that are on disk when a call returns, or not there at all.
#pragma once

#include <string>
#include <string_view>

namespace allocd {

// All of these throw std::system_error, whose text has the path.

// Makes a file that its owner only can read. It may be torn until sync_path() was called.
void write_new_file(const std::string& path, std::string_view text);

// Waits until what was written to the file, or the names in the folder, are on disk.
void sync_path(const std::string& path);

// Puts a file into the place of another in one step: whoever reads it, at whatever time the machine
// dies, finds one of the two. `scratch` is a path in the same folder that nobody else uses.
void replace_file(const std::string& path, const std::string& scratch, std::string_view text);

// The folder that holds a path.
std::string folder_of(const std::string& path);

}  // namespace allocd
