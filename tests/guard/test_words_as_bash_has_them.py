"""What words become, against a real bash: the files that `rm` is given here are those that it is given there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestra.guard.effects import effects
from tests.guard.predicted import made
from tests.support.guard_oracle import surroundings

HOME = "/home/someone"
# One a line, ¶ is a new line; every word is known without a look at anything but names of files.
WORDS = r"""
X=a.b.c; rm 1${X#*.} 2${X##*.} 3${X%.*} 4${X%%.*} 5${X#q} 6${X%q} 7${X#a} 8${X%c} 9${X##*} 0${X%%?}
X=abcdef; rm 1${X:1} 2${X:1:2} 3${X:0:1} 4${X: 2 : 3 } 5${X:6} 6${X:4:9}
X=abab; rm 1${X/b/c} 2${X//b/c} 3${X/#a/c} 4${X/%b/c} 5${X/b} 6${X//b} 7${X/#b/c} 8${X/%a/c} 9${X/b/cd} 0${X//ab}
X=abab; rm 1${X/#ab} 2${X/%ab} 3${X/q/c} 4${X/%bab/c} 5${X/#aba/c}
X=abcdef; rm ${X/%ef/g} ${X/#ab/g} ${X/%abcdef/h}
X=aBc; rm 1${X^} 2${X^^} 3${X,} 4${X,,}
X=ABC; rm 1${X,} 2${X,,} 3${X^}
F=(a b c); rm 1$F "2${F[1]}" "3${F[@]:1}" "4${F[@]:0:2}x" 5${F[@]^} "6${F[2]}" 7${F[0]}
F=(ax bx); rm "${F[@]%x}" "${F[*]}"
set -- a b c d; rm "1$1" 3$3 2$2 4$4 "5${@:2:2}" "6${@:1:1}x" "7${@:4}y" "8${@:3:9}"
set -- a b; rm "x$@y" x$*y "$*"
set -- a b; rm $1$2 "$1"2 $11
set -- a; rm "x${2-b}" "y${2:-c}" "z${1:+d}" "w${2+e}"
IFS=-; set -- a b; rm "$*"; X="$*"; rm "x$X" $X
X=' a  b '; F=($X); rm "0${F[0]}" "1${F[1]}" "2${F[2]}"
X='a '; set -- $X b; rm "$2" ${X}c x${X}
IFS=,; X=,a,,b; F=($X); rm "0${F[0]}" "1${F[1]}" "2${F[2]}" "3${F[3]}"
IFS=', '; X='a , b,c'; rm $X
IFS=; X='a b'; rm $X
X='a b'; rm "$X" $X"c d"$X
X=; rm a$X"$X"b
X=; rm "${X:-"a"b}" "c\	d" "e\\f" "g\h"
X=a; Y=${X:-b}; Z="${Y}c$X"; rm $Z ${Z}d "$Z"e
X=1; Y=X; rm x${!Y} y$X z"$Y"
X=a; X+=b; X=$X$X; rm $X
rm ~/f ~"/g" "~/h" \~/i a~/j X=~/k Y=~/"l"m a-b=~/n Z=o~ ~/"p"q
F=g; rm $F{,.bak} $F{,-old} x$F{/a,:b}
X=1; rm ${X}{a,b} "$X"{c,d} $X.{a,b} {a,b}$ a$/{b,c}
set -- a; rm $1{b,c}
rm {a,b} x{c,d} {e,f}g "h"{ij,kl}"m"no {p,{q,r}s} {t,"u,v"} {w} {} {x,y
rm a{1..3} b{3..1} c{1..9..3} d{9..1..3} e{1..9..-3} f{1..3..0} g{9..1..-4} h{2..2}
rm x{01..10..4} y{1..03} z{-1..1} w{-01..1} v{0..2} u{1..5..02}
rm 1{1..600..100} 2{a..e..2} 3{e..c} 4{aa..c} 5{a..cc} 6{1..c} 7{..c} 8{a..} 9{1..2..3..4} 0{a-1..3}
rm q{A..C} r{a..b..c} s{--1..3} t{1..3..--1} u{-1..+1} v{1..3..+2} w{١..٣}
rm {+1..3} {c..a}{1,2}
rm {a,b"}"c} {d,"e}",f} {g,h}} {{i,j} {k,l,{m} }{n,o}{ p{q\,r,s} t\{u,v}
rm a{,b} {,c}d {e,} "f"{g,h} i{j,k}$(echo 1)l"m"{n,o}
X='src/lib/*.js'; rm $X "$X"
X=src; rm $X/*/[ab].js ${X}/other/*
X=a/b; rm ${X/"/"/c} ${X/\//d} ${X//a"/"b/e} ${X/a/"x"}
rm $'*' $'s*' "it's" 'a"b' $'\$X' $"b c"
rm $'a\tb' $'\x41\102\u0043' $'it\'s' "a\b\$c" a\ b 'c d'e
rm `echo a` $(echo b c) "$(echo d e)" x$(echo f g)y
rm a"$(printf '%s\n' b c | cat)"d
case x in x) rm a;; esac
X=a; f() { rm $1 "$2" $X; }; f b "c d"
for x in a "b c" d{1,2}; do rm "$x"; done
X='a b' Y=c; for x in $X $Y; do rm $x; done
while read -r x; do :; done < /dev/null; rm f
rm <<< x a 2>/dev/null b
export X=a Y="b c" Z=~/d; rm $X "$Y" $Z
declare X="a b"; rm $X; readonly Y=$X; rm "$Y"
alias q=w; X=q; rm $X
rm a#b #c
rm a;# rm b
rm "a'b" 'a"b' a\'b a\"b
rm a\¶b "c\¶d"
rm Y=~/'l'm ~'g' ~/'h' é~/f
rm ~
X=abc; Y=X; rm ${!Y}
rm {w}{a,b}
set -- a b; IFS=x; rm "${*:1}"
rm a$é a"b\*c" "d\$e" 'f\g' $'a\\b' $'\'c'
"""
SYNTAX = r"""
cat <<E¶rm a¶E¶rm b
cat <<E; rm a¶x¶E¶rm b
cat <<E <<F¶rm a¶E¶rm b¶F¶rm c
cat <<E; cat <<F; rm a¶x¶E¶y¶F¶rm c
cat <<-E¶	rm a¶	E¶rm b
cat <<-E¶		rm a¶ E¶	E¶rm b
cat <<'E F'¶rm a¶E F¶rm b
cat <<E\F¶$(rm a)¶EF¶rm b
cat <<"E"F¶$(rm a)¶EF¶rm b
cat <<E¶$(rm a) `rm b` ${X:-$(rm c)} \$(rm d) '$(rm e)' "$(rm f)"¶E
cat <<E¶$(( $(rm a) )) \\$(rm b) \`rm c\`¶E
cat <<E¶E¶rm b
cat <<E¶x¶E¶cat <<E¶rm a¶E¶rm b
cat <<E¶x¶E¶cat <<-E¶	rm a¶	E¶rm b
cat <<E¶Ex¶ E¶xE¶E ¶E¶rm b
cat <<''¶rm a¶¶rm b
cat << E && rm a¶x¶E¶rm b
cat <<E | cat; rm a¶x¶E¶rm b
cat <<E # rm z¶rm y¶E¶rm b
cat <<E¶a\\¶E¶rm b
cat <<'E'¶a\¶E¶rm b
cat <<E¶a\¶b¶E¶rm b
cat <<E¶"'`rm a`¶E¶rm b
cat <<E¶it's $(rm a) isn't¶E¶rm b
(cat <<E¶rm a¶E¶); rm b
{ cat <<E; }¶rm a¶E¶rm b
x=$(cat <<E¶rm a¶E¶); rm b$x
cat <<E >/dev/null; rm a¶x¶E¶rm b
f() { cat <<E; rm a; }¶x¶E¶f
3<<E cat; rm a¶x¶E¶rm b
cat <<E¶x¶E¶# rm c¶rm b
rm a # b¶rm c
rm a '#' b"#"c d\#e
rm a;rm b&rm c¶wait
rm a & # x¶wait
rm a \¶ b \¶c
r\¶m a
rm a \\¶rm b
rm 'a\' b
rm "a\\" b
rm 'a¶b' "c¶d"
rm a¶¶¶rm b;¶ ¶
{ rm a; rm b¶}
{¶rm a¶}
( rm a; rm b )
((1)); rm a
( (rm a); rm b )
((rm a); rm b)
( ( rm a ) )
((1 + (2 * 3))); rm a
(( (1) , 2 )); rm b
(rm a) ; (rm b)|(rm c)
$(rm a) ; rm b
x=$( (rm a) ); rm b
x=$( ( : ); rm a ); rm b
x=$((1)); rm a
x=$(( (1+2)*3 )) ; rm b
x=$[1+2]; rm b
x=$(rm a # )¶); rm b
x=$(case x in x) rm a;; esac); rm b
x=$(echo ')' "$(rm a)"); rm b
x="$(rm a)$(rm "b c")"; rm d
x=`rm a; echo \`rm b\``; rm c
x="`rm \"a b\"`"; rm c
x=${y:-$(rm a)}${z:="`rm b`"}; rm c
x=${y:-'}'}; rm a
y=; x="${y:-'a b'}"; rm "$x"
x=${y:-"}"}b; rm a
x=${#y}${y#a}${y%%b*}; rm c
x=$'\''; rm a
x=$'a\'b'"c"; rm d
x=$"a"; rm b
x=a\'b; rm c\'
x=1 y=2; rm a$x$y
x=1 rm a
x=1 >/dev/null rm a
>/dev/null rm a </dev/null b 2>&1 c
rm a>/dev/null b
rm a 2>/dev/null b
rm a2>/dev/null b
rm 2>/dev/null a
rm a &>/dev/null b
rm {x}>/dev/null a
rm {a-b}>/dev/null c
rm {x}a {y} a{z}>/dev/null
rm 10>/dev/null 1a>/dev/null a1>/dev/null b 1
rm 1>&2 a 2>&1 3>&- b
rm {x,y}>/dev/null a
rm a<<<b c
x=(a b); rm "${x[1]}"
x=(a¶b # c¶d); rm "${x[2]}"
x=(a 'b c'); rm "${x[1]}"
x=(b); x+=(a); rm "${x[1]}"
! rm a
! ! rm b
echo x |"rm" a; rm b
echo x |rm a|&rm b
:; (( $(rm a) )); rm b
time rm a
time -p rm a
time ! rm a
if :; then rm a; fi
if :¶then¶rm a¶fi
if rm a; then :; fi; rm b
while rm a; do break; done; rm b
until ! rm a; do break; done
for x in a b; do rm $x; done
for x in a b¶do rm $x¶done
for x¶in a; do rm $x; done
for x in a b;do rm $x;done
if false; then :; elif(rm b); then :; fi; rm c
for x in a b; { rm $x; }
set -- a b; for x; do rm $x; done
set -- a b; for x¶do rm $x; done
for ((i=0;i<1;i++)); do rm a; done
for ((i=0;i<1;i++)) { rm a; }
for x in; do rm $x; done; rm b
case x in x) rm a;; esac
case x in (x|y) rm a;; esac
case x in¶x)¶rm a¶esac
case x in x) rm a; esac; rm b
case "x y" in "x y") rm a;; esac
case x in x) ;; esac; rm b
case esac in (esac) rm a;; esac
f() { rm a; }; f
f () { rm a; }; f
f ( ) { rm a; }; f
f()¶{ rm a; }; f
f() ( rm a ); f
function f { rm a; }; f
function f() { rm a; }; f
f() if :; then rm a; fi; f
f() { rm a; } >/dev/null; f
f-g() { rm a; }; f-g
f() { rm $1; }; f a; f b
[[ x == x ]]; rm a
[[ -n x && ( a < b || c > d ) ]]; rm a
[[ x =~ (x|y)* ]]; rm b
[[ ! -f a ]]; rm b
[[ x == [a-z] ]]; rm c
[[¶x == x¶]]; rm a
echo then; rm a
echo if { }; rm a
echo a=b; rm a=b
rm then fi } do
rm a} {b }
eval 'rm a; rm' b
eval "rm 'a b'"
rm a | { rm b; }
rm a | (rm b) | while :; do rm c; break; done
exec 3>&1; rm a >&3; exec 3>&-
rm a; exit; rm b
:;rm a
rm é "ü"
rm $'\e' | cat; rm a
coproc { rm a; }; wait; rm b
case x in¶# x) rm no¶x) rm yes¶esac
x="$(cat <<E¶a)b"¶E¶)"; rm c
x=$(cat <<'E'¶a`b¶E¶); rm c
x="$(case x in x) echo ")"; rm a;; esac)"; rm b
x=`cat <<E¶a¶E¶`; rm b$x
x=$(echo a # )¶); rm b$x
x=$(( 1 + $( echo 2; rm a ) )); rm c
y=; rm "${y:-"a}b"}c" ${y:-a\}b} "${y:-{}}" "${y:-\}}d" ${y:-$(echo })}e
 ((1)); rm a
  ((1)); rm b
   ((1)); rm a
X=a; ((1)); rm $X
X=a; for ((;;)); do rm $X; break; done
  for ((;;)); do rm b; break; done
X=a; : $((1)) $[1]; rm $X
X=a;  : b$((1))c d$(( 2 ))e; rm $X
cat <<E¶xxxxxxxxxxxxxxxxxx¶E¶cat <<E¶$(rm a)¶E¶rm b
case x in(x) rm a;; esac
! time rm a
time rm a | rm b
x=`echo a`b; rm $x
for x in a b; do rm $x; done & wait
rm a& rm b& wait; rm c
cat <<E¶`echo \$(rm a)`¶E
x="`rm a\ b`"; rm c
x="`rm \*`"; rm c
x=`rm \*`; rm c
rm a"`rm \"b c\"`"
rm ~/a"b"c X=~/d"e"f
X=abc Z=q; rm ${X/b/x"y"z$Z}
IFS=,; X=a,,; rm $X"b"
rm {0..10} a{5..2}
:&&rm a&&rm b
rm 2&>/dev/null
rm {1}>/dev/null a
rm {ab>>/dev/null
cat <<E¶`rm a\ b`¶E
cat <<""E¶$(rm a)¶E¶rm b
[[ $x =~ ^(a|b)#c$ ]]; rm f
coproc X (rm f); wait
coproc X if :; then rm f; fi; wait
((echo "(("); rm a)
((echo ")"); rm a)
if :; then (rm a) fi
if (:) then rm a; fi
for x in a; do (rm $x) done
{ (rm a) }
rm a& #x¶rm b; wait
rm "a`echo b\`echo c\``"
((echo ')))'); rm a)
rm $'\501\x411\1011'
"""
# More is said to be removed than is: what was written before is no longer known, and a value may be unknown.
COVERED = r"""
case x in x) rm a ;& y) rm b ;;& z) rm c;; *) rm d; esac
echo "${y:-'}" '}";rm a;: "'" #"
cat <<E¶${y:-'}'} $(rm a) '¶E
cat <<E¶a\¶E¶'¶E¶rm a # '
cat <<EF¶E\¶F¶rm a¶EF¶rm b
cat <<-EF¶	E\¶F¶rm a¶EF¶rm b
cat <<E¶\¶E¶rm b
cat <<E¶a\\\¶E¶rm b¶E¶rm c
F=(a b c); F[1]=x; F+=(d); rm "${F[0]}" "${F[2]}"
X=; rm ${X:-"a b"} "${X:-c d}" ${X:-e f}
: ${X:=a}; rm $X ${X=b}
X=a; unset X; rm x$X ${X-b}
X=a; unset X; rm ${X=b}; rm "${X}c"
X=; rm a${X+b} c${X-d} e${X?f}
f() { local X; rm "x${X-b}"; }; f
set --; rm "${@-a}" x${1-b} y${1+c}
Y=1; Ye=2; Yh=3; rm a{bc,d$Y}e"f"g {$Y,2}h
Ya=3; Yb=/x; Y=1; rm $Y{a,b} {$Y,}{a,b} {c,$}Yb {$,}{Ya,Yb}
rm {src,docs}/*/?.js src/lib/[a]*.js
rm src/*/[!a].js src/lib/[^a].js s*.js docs/* *.none
rm "src/*"/x 'do?s' src/lib/\*.js sr[c]/"lib"/[ab].js
set -- src/lib/*; rm "$2" "${1##*/}"
export A=1 B=$A{x,y}; rm "x$B"
rm a&& rm b||rm c;rm d|rm e
"""

# Code that hides in the index of an array, in a list in quotes, or where two shells read different words.
INDEXED = r"""
a=(['$(rm f)']=1)
a=(["\$(rm f)"]=1 2)
a=([\$\(rm\ f\)]=1)
a=(2 [X]=1)
a+=([X]=1)
declare -a a=([X]=1)
declare "a=([X]=1)"
declare 'a=($(rm f))'
declare -a 'b=($(rm f))'
readonly -a 'b=($(rm f))'
typeset -a 'b=(`rm f`)'
f() { local -a 'b=($(rm f))'; }; f
Y='($(rm f))'; declare -a b=$Y
exec {a[X]}>/dev/null
exec {a['$(rm f)']}>/dev/null
[[ -v a[X] ]]
test -v 'a[X]'
[ -v a[X] ]
[[ (-v a[X]) ]]
[[ -v 'a[$(rm f)]' ]]
unset a[X]
unset a['$(rm f)']
read a['$(rm f)'] <<< 1
printf -v a['$(rm f)'] x
printf -v "$X" x
a['$(rm f)']=1
a[X]+=1
: ${a['$(rm f)']}
: ${a[X]:=1} ${#a[X]}
: ${!X}
: ${!a[X]}
: ${#a[$X]}
: ${a[@]:X}
set -- 1; : ${@:X:1} ${1:X}
: $(( '$(rm f)' ))
: $((X)) $[X]
(( X ))
let X
let 'a[$(rm f)]'
for ((;X;)); do break; done
[[ X -lt 1 ]]
[[ 1 -eq 'a[$(rm f)]' ]]
declare -i Z=X
f() { local -i Z; Z=$1; }; f "$X"
f() { : $(($1)); }; f "$X"
for Y in "$X"; do : $((Y)); done
Y='a[$'; Z='(rm f)]'; : $(($Y$Z))
Y=(1 "$X"); : ${a[Y[1]]}
OPTIND=X
export X; bash -c ': $((X))'
X="$X" bash -c ': $((X))'
Y=a; Y+='[$(rm f)]'; : $((Y))
a[0 ]=x rm f
a[b[0] ]=x rm f
!\¶ rm f
coproc\¶ rm f; wait
jobs -x rm f
cat <<E¶`echo \"; rm f #\"`¶E
echo "${y:-'}" '}";rm f;: "'" #"
cat <<E¶${y:-'}'} $(rm f) '¶E
cat <<E¶a\¶E¶'¶E¶rm f # '
cat <<E¶A\¶E¶'¶E¶rm f # '
cat <<EF¶E\¶F¶rm f¶EF
"""


def test_no_code_is_missed(tmp_path: Path) -> None:
    """bash does run it: the guard finds `rm`, or does not know."""
    for command in commands(INDEXED):
        found = effects(f"X='b[$(rm f)]'; a=(1 2); {command}", str(tmp_path), surroundings(HOME, "/scratch"))
        hidden = any(one.startswith("hidden: ") for one in found.unknown)
        assert hidden or "rm" in [one.how for one in found.writes], command


def test_what_hides_code_is_run_by_bash(tmp_path: Path) -> None:
    """The rows above are what they say, here or in another version of bash."""
    scripts = [f"X='b[$(rm f)]'; a=(1 2); {one}" for one in commands(INDEXED)]
    ran = ["f" in names for names in real(scripts, tmp_path)]
    assert len(ran) == len(scripts)
    assert ran.count(True) > len(ran) / 2


def commands(text: str) -> list[str]:
    return [one.replace("¶", "\n") for one in text.split("\n") if one]


def real(scripts: list[str], work: Path) -> list[set[str]]:
    """What each script gives to `rm` in one bash, each in a subshell of its own."""
    text = "".join(f"( {one}\n) 2>/dev/null; printf '\\1\\0' >&9\n" for one in scripts)
    file, said = work.parent / "scripts", work.parent / "said"
    file.write_text("shopt -s expand_aliases; rm() { printf '%s\\0' \"$@\" >&9; }; export -f rm\n" + text)
    env = {"PATH": "/usr/bin:/bin", "HOME": HOME, "LC_ALL": "C.UTF-8"}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run(["bash", "-c", '. "$0" 9> "$1"', str(file), str(said)], env=env, cwd=work, check=False, **quiet)
    return [set(one.split("\0")) - {""} for one in said.read_text().split("\1\0")[:-1]]


@pytest.mark.parametrize("text", [WORDS, SYNTAX, COVERED], ids=["words", "syntax", "covered"])
def test_words(text: str, tmp_path: Path) -> None:
    work, scripts = made(tmp_path), commands(text)
    given = real(scripts, work)
    assert len(given) == len(scripts)
    for script, names in zip(scripts, given, strict=True):
        found = effects(script, str(work), surroundings(HOME, "/scratch"))
        ours, theirs = {one.path for one in found.writes}, {str(work / name) for name in names}
        hidden = any(one.startswith("hidden: ") for one in found.unknown)
        assert hidden or theirs <= ours, script
        assert text is COVERED or names, script
        assert text is COVERED or (ours, found.unknown) == (theirs, []), script
