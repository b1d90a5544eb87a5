# shellcheck shell=bash
# The common parts of all command lines here. A script's help is the comment at its head, so the two cannot differ.

usage() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# value OPTION VALUE…: the argument of an option; fails without one.
value() {
  [[ $# -ge 2 && -n $2 && $2 != --* ]] || die 64 "$1 needs a value; --help says what it takes"
  printf '%s' "$2"
}

unknown() { die 64 "it does not know ${1@Q}; --help says what it takes"; }

number() { # number OPTION VALUE
  [[ $2 =~ ^[0-9]+$ ]] || die 64 "$1 has to be a whole number, not ${2@Q}"
  printf '%s' "$2"
}
