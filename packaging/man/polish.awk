# Makes lowdown's manual pages what `man -k`, copying and narrow terminals want: headings on one
# line, code in bold with real hyphens and quotes, tables whose columns fit what is in them.

function real_characters(text) {
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  return text
}

# Each \fB..\fR, where `\fB` was code or bold.
function with_code(line,    out, start, end, code) {
  gsub(/\\fC/, "\\fB", line)
  gsub(/\\f\(C[BRIW]/, "\\fB", line)
  out = ""
  while ((start = index(line, "\\fB")) > 0) {
    out = out substr(line, 1, start + 2)
    line = substr(line, start + 3)
    end = match(line, /\\f[^B]/)
    code = end ? substr(line, 1, end - 1) : line
    out = out real_characters(code)
    line = end ? substr(line, end) : ""
  }
  return out line
}

function visible_width(text) {
  gsub(/\\f./, "", text)
  gsub(/\\\(../, "x", text)
  gsub(/\\e|\\-/, "x", text)
  return length(text)
}

# What fits into a line needs no blocks of text in its cells, and makes its columns as wide as it is.
function table(    i, column, columns, rows, cell, width, limit, gap, wrapped, body, row, format, bold) {
  column = 0; columns = 0; rows = 1; cell = ""; width = 0
  split("", cells); split("", widest)
  for (i = 1; i <= lines; i++) {
    if (kept[i] == "T{") { cell = ""; continue }
    if (kept[i] != "T}" && kept[i] != "T}|T{") {
      cell = cell (cell == "" ? "" : "\n") with_code(kept[i])
      continue
    }
    cells[rows, ++column] = cell
    if (visible_width(cell) > widest[column]) widest[column] = visible_width(cell)
    if (column > columns) columns = column
    if (kept[i] == "T}") { rows++; column = 0 }
    cell = ""
  }
  for (i = 1; i <= columns; i++) width += widest[i] + 3
  limit = width < 72 ? 72 : columns == 2 ? 30 : 18
  gap = width < 72 || columns < 4 ? "" : 1

  wrapped = 0
  body = ""
  for (row = 1; row < rows; row++) {
    for (i = 1; i <= columns; i++) {
      cell = cells[row, i]
      if (index(cell, "|") || index(cell, "\n") || visible_width(cell) > limit) {
        wrapped = 1
        cell = "T{\n" cell "\nT}"
      }
      body = body (i > 1 ? "|" : "") cell
    }
    body = body "\n"
  }
  format = ""
  for (i = 1; i <= columns; i++) format = format (i > 1 ? " " : "") "l" (i < columns ? gap : wrapped ? "x" : "")
  print ".TS\ntab(|) allbox;"
  bold = format
  gsub(/l/, "lb", bold)
  print bold "\n" format "."
  printf "%s", body
  print ".TE"
}

/^\.TS/ { in_table = 1; lines = 0; next }
/^\.TE/ { in_table = 0; table(); next }
in_table { if ($0 !~ /^(tab\(|l[b ]|l\.)/ || lines) kept[++lines] = $0; next }

/^\.(SH|SS)$/ { heading = $0; next }
heading != "" {
  text = heading == ".SH" ? toupper($0) : with_code($0)
  print heading " \"" text "\""
  heading = ""
  next
}

/^\.EX/ { in_code = 1 }
/^\.EE/ { in_code = 0 }
in_code && !/^\.EX/ { print real_characters($0); next }
/^[.']/ { print; next }
{ print with_code($0) }
