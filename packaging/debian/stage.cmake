# Run by CPack when what gets installed is in place: adds what only the Debian package has.
if(NOT CPACK_GENERATOR STREQUAL "DEB")
  return()
endif()
set(root ${CPACK_TEMPORARY_DIRECTORY})
set(debian ${CPACK_ALLOCD_SOURCES}/packaging/debian)
set(doc ${root}/usr/share/doc/allocd)

function(put source folder name)
  file(MAKE_DIRECTORY ${root}/${folder})
  file(COPY_FILE ${source} ${root}/${folder}/${name})
endfunction()

# ---- Configuration; packaging/debian/conffiles has the same list.
put(${debian}/allocd.yaml etc/allocd allocd.yaml)
put(${debian}/90-default.yaml etc/allocd/rules 90-default.yaml)
put(${debian}/logrotate etc/logrotate.d allocd)

# ---- What Debian's policy asks for.
# The licence is told in the form that Debian reads.
file(READ ${CPACK_ALLOCD_SOURCES}/LICENSE license)
string(REGEX REPLACE "^MIT License\n\nCopyright \\(c\\) ([^\n]*)\n\n" "" text "${license}")
if(text STREQUAL license)
  message(FATAL_ERROR "LICENSE does not begin as it used to")
endif()
string(REGEX MATCH "Copyright \\(c\\) ([^\n]*)" found "${license}")
set(copyright ${CMAKE_MATCH_1})
string(STRIP "${text}" text)
string(REPLACE "\n" "\n " text "${text}")
string(REPLACE "\n \n" "\n .\n" text "${text}")
file(WRITE ${doc}/copyright
  "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
  "Upstream-Name: allocd\n\nFiles: *\nCopyright: ${copyright}\nLicense: Expat\n ${text}\n")
file(REMOVE ${doc}/LICENSE)

# Nothing of the machine or the minute goes into what is compressed.
function(compress file)
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()
put(${debian}/changelog usr/share/doc/allocd changelog.Debian)
compress(${doc}/changelog.Debian)
file(GLOB pages ${root}/usr/share/man/man*/*.[1-9])
if(NOT pages)
  message(FATAL_ERROR "no manual pages: install lowdown, build everything, then run cpack again")
endif()
foreach(page IN LISTS pages)
  compress(${page})
endforeach()

put(${debian}/lintian-overrides usr/share/lintian/overrides allocd)

# Readable for all, and writable for its owner only, whatever this machine's umask is.
execute_process(COMMAND chmod -R u=rwX,go=rX ${root}/usr ${root}/etc COMMAND_ERROR_IS_FATAL ANY)
