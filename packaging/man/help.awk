# Turns what `allocd COMMAND --help` prints into a section of a manual page; `name` is its title.

function escaped(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  gsub(/`/, "\\(ga", text)
  gsub(/\^/, "\\(ha", text)
  gsub(/~/, "\\(ti", text)
  return (text ~ /^[.]/ ? "\\&" : "") text
}

BEGIN { print ".SS " escaped(name) }
/^Usage: / { next }
/^(Positionals|Options):$/ { part = "options"; next }
/^Examples:$/ { part = "examples"; print ".PP\nExamples:\n.PP\n.EX"; next }
/^$/ { next }
part == "" { print escaped($0) (/\.$/ ? "" : ".") ; next }
part == "examples" { print escaped(substr($0, 3)); next }

# `  NAME  what it is`, a long name with what it is on the next line.
/^  [^ ]/ {
  term = $0
  about = ""
  if (match($0, /[^ ]  +[^ ]/)) {
    term = substr($0, 1, RSTART)
    about = substr($0, RSTART + RLENGTH - 1)
  } else if (length($0) > 30 && substr($0, 30, 1) == " ") {
    term = substr($0, 1, 29)
    about = substr($0, 31)
  }
  sub(/^ */, "", term)
  print ".TP\n\\fB" escaped(term) "\\fR"
  if (about != "") print escaped(about)
  next
}
{ sub(/^ */, ""); print escaped($0) }

END { if (part == "examples") print ".EE" }
