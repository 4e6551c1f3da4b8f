# Prints what zsh offers behind a command line, one a line, as a person gets it with Tab.
# The last line is `asked`, where the shell answered.
# usage: zsh -f ask.zsh FOLDER_OF_COMPLETIONS FOLDER_OF_PROGRAM LINE
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT=; fpath=($1 \$fpath); path=($2 \$path); autoload -U compinit; compinit -u -D"
# Everything that matches is told instead of shown.
zpty -w shell 'compadd() {
  local -a told shown; local i=${@[(I)-d]}
  builtin compadd -O told "$@"
  (( $#told )) && print -rl -- "offer: "${^told} >/dev/tty
  builtin compadd "$@"
}; setopt nolistbeep; bindkey "^I" complete-word
# Before the line editor has the terminal, what is typed would be edited by the terminal itself.
zle-line-init() { print -r -- rea""dy >/dev/tty }; zle -N zle-line-init'
zpty -r shell said '*ready*'
zpty -w -n shell "$3"$'\t'
zpty -w shell $'\C-u'"print -r -- do''ne"
zpty -r shell said '*done*'
zpty -d shell
[[ $said == *done* ]] || exit 1
print -r -- "$said" | tr -d '\r' | sed -n 's/.*offer: //p' | sort -u
print -r -- asked
