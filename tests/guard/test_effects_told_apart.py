"""What looks alike and is not: bounds, values beside flags, both sides of each question. See `predicted.py`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestra.guard.effects import effects
from tests.guard.predicted import made, rows, seen
from tests.support.guard_oracle import surroundings


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


GIT = r"""
git -p -C src apply p  | src/**
git -p log  | nothing
git -P log  | nothing
git --bare log  | nothing
git --no-pager log  | nothing
git --namespace=x log  | nothing
git -C src* apply p  | hidden
git -C "$(cat x)" apply p  | hidden
git diff --no-index - secret.js  | nothing
git diff --no-index - secret.js --output=f  | f
git diff '*.js' --output=f  | f
git diff --stat --output f HEAD  | f
git log --o f  | nothing
git grep --o=x y  | nothing
git grep TODO src  | nothing
git grep -n -e TODO  | nothing
git diff -Oorder  | nothing
git log -Oorder  | nothing
git restore --staged '*W*'  | nothing
git restore '[a-z]*.js'  | ./**
git restore '*/x'  | ./**
git restore '*/'  | ./**
git restore '/*'  | //**
git restore '*.js' -s HEAD secret.js  | ./** secret.js/**
git rm -  | -/**
git rm --ignore-unmatch secret.js  | secret.js
git clean -f --d  | nothing
git clean -f --exclude=x  | denied
git checkout -b secret.js  | denied
git checkout main dev secret.js  | denied
git checkout doc*/d.md  | docs/d.md/**
git checkout ./gone.js  | gone.js/**
git checkout "$(cat x)"  | hidden
cd "$X" && git checkout f  | hidden
touch n.js; git checkout n.js  | n.js n.js/**
git config edit  | denied
git config list  | nothing
git config user.name x y  | denied
git config unset user.name  | denied
git config --get user.name x  | nothing
git symbolic-ref  | nothing
git notes add -m x  | denied
git notes list  | nothing
git bisect start  | denied
git remote prune origin  | denied
git merge-file f b c --in-place  | f
git checkout-index --in-place f  | ./** f/**
"""

PROGRAMS = r"""
echo 'rm f' | tee a | sh  | a f
echo 'rm f' | touch a | sh  | a
echo 'rm f' | mkdir a | sh  | a
foo ./x  | runs
npm --silent publish  | denied
convert -version  | nothing
convert a b c.png  | c.png/**
convert a.png '#f'  | #f/**
uniq a b c  | b
uniq a '#f'  | #f
cp a /dev/ptmx  | /dev/ptmx
cp a b src  | src/a src/b
cp a b c src/  | src/a src/b src/c
cp a /  | /a
ln -s  | nothing
ln -s a/x  | x
ln -s a b src  | src/a src/b
ln -s -t src a b  | src/a src/b
ln -t src secret.js docs/d.md  | src/secret.js src/d.md secret.js docs/d.md
ln -s src/lib/a.js +f  | +f
ln -s src/.. docs  | docs docs/**
ln -s ../x docs/l; echo > docs/l  | docs/l docs/../x
ln -s /x docs/l; echo > docs/l  | docs/l /x
scp -D ./x a me@there:b  | hidden runs
rsync --remove-source-files a b c  | a/** b/** c/**
rsync --version  | nothing
chmod --changes 755 docs  | docs
chmod --recursive 755 docs  | docs/**
chmod --reference=README docs  | docs
convert a - b.png  | b.png/**
"""

BUILTINS = r"""
cd -- src && rm f  | src/f
cd '#d' && rm f  | #d/f
cd - docs; rm f  | f hidden
CDPATH=/x; cd ./docs && rm f  | docs/f runs
cd src/* && rm f  | hidden
cd <(ls) && rm f  | hidden
cd "$(git ls-files docs)" && rm f  | docs/**
cd "$(git ls-files docs)/.." && rm f  | hidden
cd /dev/ptmx; rm f  | f /dev/ptmx/f
pushd '#d' && rm f  | #d/f
pushd src && pushd lib && pushd ../../docs && popd && rm a && popd && rm b && popd && rm c  | src/lib/a src/b c
declare xn=f; rm $xn  | f
declare +i X=f; rm $X  | f
typeset -n R=X  | hidden
g() { local X=b; }; f() { local X=a; g; rm "$X"; }; f  | a
k() { unset X; }; g() { local X=a; k; rm "$X"; }; h() { g; }; h  | hidden
mapfile -t CODES < secret.js  | nothing
X=f; read X; rm "$X"  | hidden
X=f; mapfile -t X; rm "$X"  | hidden
printf -v X 'a[i]'; rm "$X"  | a[i]
X=$(set -e -o); echo > ${X:+f}  | hidden
X=f; set +a; sh -c 'rm "$X"'  | hidden
X=f; set -e a; sh -c 'rm "$X"'  | hidden
set -e P; ls  | nothing
set -o physical f; ls  | hidden
shopt -s histappend; rm docs/*  | docs/d.md
set -- a b; shift 2; rm "x$1"  | x
eval -- 'rm f'  | f
. <(echo 'rm "$1"') f  | f
set -- a; . <(echo 'rm "$1"')  | a
set -- a; . <(echo 'rm "$1"') b; rm "$1"  | a b
. <(echo 'set -- b'); rm "$1"  | b
command '#x'  | runs
command -p  | nothing
command rm src/lib/?.js  | src/lib/a.js src/lib/b.js
trap -- 'rm f' EXIT  | f
trap 'rm f' EXIT TERM  | f
trap 'rm f'  | nothing
trap 'rm f' "$S"  | hidden
X=$(trap : EXIT); echo > ${X:+f}  | nothing
X=$(trap -p EXIT); echo > ${X:+f}  | hidden
X=$(alias); echo > ${X:+f}  | hidden
X=$(alias a=b); echo > ${X:+f}  | nothing
exit 1; rm f  | nothing
exit $?; rm f  | nothing
exit $X; rm f  | f
exit 1 2; rm f  | f
f() { return 1; rm a; }; f  | nothing
enable printf  | nothing
enable -f ./lib.so name  | runs
hash npx  | nothing
pushd src; popd -n; rm f  | hidden src/f
f() { return; rm a; }; f  | nothing
"""

WALKED = r"""
cat < secret.js; sh  | nothing
cat x > s; sh s  | s runs
{ cd src; false; } & rm f  | f
X=a & rm "$X"  | hidden
rm $(echo f | cat)  | f
! cd src; rm f  | src/f
X=f; if X=a; then rm $X; elif X=b; then rm $X; else rm c$X; fi  | a b cb
while cd /; do rm a; done  | /a
A=a; B=b; while x; do rm "$A"; A=$B; done  | a b runs
for i in {1..300}; do rm f$i; done  | hidden
for i in $(cat l); do cd ..; done; rm f  | hidden
for i in src/lib/$(date +%s); do rm "$i"; done  | src/lib/**
for i in a $(date +%s); do rm "$i"; done  | hidden
case x in $(rm f)) ;; esac  | f
g() { declare F=(b); }; f() { declare F=(a); g; rm "${F[@]}"; }; f  | a
echo exec < l; sh  | nothing
X=f; X=a true; sh -c 'rm "$X"'  | hidden
export X=f; X=a true; sh -c 'rm "$X"'  | f
sh -c 'export A=~/"f"'  | hidden
export A="~/f" B=~/"g" C=x~ D="x"; rm "$A" "$B" "$C" "$D"  | ~/f /home/someone/g x~ x
{ cat <<< a; cat <<< b; } | xargs rm  | a b
nice nice nice nice nice nice nice nice rm f  | f
bash -c "bash -c 'bash -c \"bash -c rm\\ f\"'"  | f
echo 'rm f' | sh <&-  | hidden
echo x > 2  | 2
echo x >> 2  | 2
X=$(echo f >&2); rm "a$X"  | a
X=$(echo f >&-); rm "a$X"  | a
X=$(echo f >&1); rm "$X"  | f
X=$(echo f 2>&1); rm "$X"  | f
X=$(echo f <&3); rm "$X"  | f
F=(A B); rm "${F[@]}"  | A B
F=([0]="f"); rm "${F[@]}"  | hidden
X=a:~/"b"; rm "$X"  | hidden
pushd src; X=1; popd; rm f  | f
echo x >& +f  | +f
exec &> f; sh  | f
f() { :; }; f; f; f; f; f; f; f; f; f; f; f; f; f; f; rm f  | f
"""

WRAPPERS = r"""
timeout 5 rm -r d  | d/**
strace -i rm '$X'  | $X
chrt -D 5000 0 rm f  | f
sudo X=f sh -c 'rm "$X"'  | f
export X=f; env -i sh -c 'rm "$X"'  | hidden
export X=f; env - sh -c 'rm "$X"'  | hidden
env - rm f  | f
watch rm -r d  | d/**
script t rm f  | t f
yarn cross-env A=1 rm f  | f
uv run --directory src rm f  | src/f
uv run --unheard-of x  | runs
uv run --unheard-of --with rm tee f  | f
uv run --unheard-of x --frozen rm f  | f runs
yarn --cwd=src prettier --write x  | src/x/**
yarn -s prettier --write x  | x/**
poetry -q -v -C src run rm f  | src/f
poetry -C src -q run rm f  | src/f
echo 'rm "$1"' | sh -s f  | f
bash -o  | nothing
bash -x f.sh  | runs
echo 'rm f' > s; bash -x -- s  | s f runs
echo 'rm "$1"' > s; ./s f  | s f runs
cat x | fish  | hidden
fish e.fish  | runs
pwsh c.ps1  | runs
deno --quiet eval 'Deno.removeSync("f")'  | f/**
timeout -s KILL 5 rm '$X'  | $X
rm src/lib/$[1] x  | src/lib/** x
rm ~+1/f  | hidden
rm ~root/f  | /root/f
rm ~zoe/f  | hidden
yarn --cwd src prettier --write x  | src/x/**
source; rm f  | f runs
"""

LISTS = r"""
echo f | xargs rm -r  | f/**
echo '"f"' | xargs rm  | hidden
xargs rm <<< 'a\b'  | hidden
echo a b c d | xargs -n2 cp  | b d
find . -delete -name '*.pyc' -exec true {} \;  | ./**
find . -newer '#x' -name '*.pyc' -delete  | ./0.pyc/**
find src -exec rm {}  | src/**
find -D  | nothing
find -D tree src -delete  | src/**
find src -exec cp {} '#d' \;  | #d
find src -exec rm + {} \;  | + src/**
fd a-b | xargs rm  | ./** runs
fd x '#d' -x rm  | ./** #d/**
fd -H -p -C d x -x rm  | ./** d/**
fd --ex x  | nothing
fd '#x' y  | nothing
find src | grep zzz | xargs rm  | src/** runs
find src | grep '#x' | xargs rm  | src/** runs
find src | grep '#x' '#y' | xargs rm  | hidden
find src | grep x f | xargs rm  | hidden
echo 'rm f' > '#s'; cat '#s' | sh  | #s f
find -L  | nothing
rm src/lib/$!  | src/lib/**
find src -exec cp {} f \;  | f
seq 90 | xargs -n30 cp  | 30 60 90
seq 150 | xargs -n2 ls  | nothing
seq 150 | xargs -n1 ls  | hidden
find src -exec ls {} \; -delete  | src/**
fd --e x  | nothing
sh -c 'rm "$(echo \#f)"'  | #f
printf 'x\0f\0' | xargs -0 cp  | hidden
printf '%s\n' 'x f' 'y g' | xargs -L1 cp  | f g
printf '%s\n' 'x f' 'y g' | xargs -L2 cp  | hidden f g
cat l | xargs -L1 rm  | hidden
find docs | xargs cp  | docs/** runs
cat l | xargs cp  | hidden
cp $(cat l)  | hidden
mv $(cat l)  | hidden
ln $(cat l)  | ./** . hidden
install $(cat l)  | hidden
rsync $(cat l)  | hidden
convert $(cat l)  | hidden
uniq $(cat l)  | hidden
dd $(cat l)  | hidden
dd if=$X of=f  | f
ls src/[a-z]*>f  | f
rm "$(printf 'a%sb')"  | ab
"""

EDITORS = r"""
sed -i  | nothing
sed p f -i  | f
sed -i .orig s/a/b/ f  | f f.orig
sed -i sxaxbx f  | f
sed -i .o/x f  | f hidden
sed -Ei s/a/b/ f  | f
sed -ri.bak p f  | f f.bak
sed -ei f  | nothing
sed -l5i p f  | nothing
sed -i.o p src/f  | src/f src/f.o
sed -i'o/*' p src/f  | src/f o/f
sed "s/a/$X/g" f  | nothing
sed "s,a,$X,I" f  | nothing
sed "s/a/$X/3p" f  | nothing
sed "s/a/$X/e" f  | hidden
sed "s/a/$X/;w f" a  | hidden
sed "s/a/$X" f  | hidden
sed "s/$X" f  | hidden
sed "y/a/$X/" f  | hidden
sed "saba$X" f  | hidden
sed "s/a/$X/¶w f" a  | hidden
sed 'p # w f' a  | nothing
sed '#n¶w f' a  | f
sed '0~4w f' a  | f
sed '$!w f' a  | f
sed '/a/,+2w f' a  | f
sed '/x/Mw f' a  | f
sed '\' a  | hidden
sed '1\' a  | hidden
sed '1\,x,w f' a  | f
sed '/[]/]/w f' a  | f
sed '/[^]/]/w f' a  | f
sed '/a[b/]c/w f' a  | f
sed '/\[/w f' a  | f
sed '/a\/w g/w f' a  | f
sed 's[a[b[w f' a  | f
sed 'w f¶p' a  | f
sed '1W f' a  | f
sed 'r g¶w f' a  | f
sed 'R g¶w f' a  | f
sed 'r g;w f' a  | nothing
sed 'bx;w f' a  | f
sed 't;w f' a  | f
sed 'T x¶w f' a  | f
sed 'b a w f' a  | hidden
sed ':a¶w f' a  | f
sed '/x/{p;w f¶}' a  | f
sed '/x/!{w f¶}' a  | f
sed 'n;d;w f' a  | f
sed 'x;G;H;h;g;N;P;D;z;F;l 5;w f' a  | f
sed '=;w f' a  | f
sed 'q 5;w f' a  | f
sed 'Q;w f' a  | f
sed 'e' a  | hidden
sed 'm' a  | hidden
sed y a  | hidden
sed '1y/a/b/;w f' a  | f
sed 'y,a,b,;w f' a  | f
sed '2s/a/b/w f' a  | f
sed 's/a/b/gw f' a  | f
sed 's/a/b/2p;w f' a  | f
sed 's/a/b/ ;w f' a  | f
sed '/x/{s/a/b/}' a  | nothing
sed 'a\¶x\¶w g¶w f' a  | f
sed 'a x\\¶w f' a  | f
sed 'a x\\\¶w g' a  | nothing
sed '1i\¶x\\¶w f' a  | f
sed 'c\¶w g' a  | nothing
sed -s p f  | nothing
sed --posix -i p f  | f
sed --line-length=5 p f  | nothing
sed -- p f  | nothing
awk '{print > "f";}' a  | f
awk '{print > "f"¶print}' a  | f
awk 'END{print > "f"}' a  | f
awk '{print a[1] > "f"}' a  | f
awk '{print (1>2) > "f"}' a  | f
awk '{ if (a>"g") print }' a  | nothing
awk '{print a,¶b > "f"}' a  | f
awk '{print a &&¶b > "f"}' a  | f
awk '{print a¶b > "g"}' a  | nothing
awk '{print; x = y > "g"}' a  | nothing
awk '{printf("%s", x) > "f"}' a  | f
awk '{printf "%s", x > "f"}' a  | f
awk '{print > "a\tb"}' a  | hidden
awk '{print > "f" ".x"}' a  | hidden
awk '"rm f" | getline' a  | f
awk 'BEGIN{x; "rm f" | getline}'  | f
awk 'BEGIN{while("rm f" | getline) x}'  | f
awk 'BEGIN{y "rm f" | getline}'  | hidden
awk '{print | ("rm f")}' a  | hidden
awk '{print | "rm f"; x}' a  | f
awk '{print | "rm f"¶x}' a  | f
awk 'BEGIN{system("rm f"); x}'  | f
awk 'BEGIN{system("rm \"f\"")}'  | hidden
awk 'BEGIN{system("rm f" x)}'  | hidden
awk '@include "x"¶{print}' a  | hidden
awk '{x = 1 || 2; print x > "f"}' a  | f
awk '{print 1 / 2 > "f"}' a  | f
awk '{print 1.5 / x_y > "f"}' a  | f
awk '$1 ~ /">"/ {print > "f"}' a  | f
awk '/a/ || /">"/ {print > "f"}' a  | f
awk 'function g() { return /">/ } {print > "f"}' a  | f
awk '{print /">/; print > "f"}' a  | f
awk '{ x = $1 / 2 ; y = "/" ; print > "f"}' a  | f
awk '# "¶{print > "f"}' a  | f
awk '{print \¶ x > "f"}' a  | f
gawk -o 1  | awkprof.out
gawk -dx 1  | x
gawk --pretty-print=f 1  | f
gawk --dump-variables 1  | awkvars.out
awk -vx=1 1 f  | nothing
awk -v x=1 '{print > "f"}' a  | f
awk --source '{print > "f"}' a  | f
awk -E s  | runs
gawk -i inplace -v inplace::suffix=.o 1 f  | f hidden
gawk -i inplace 1 INPLACE_SUFFIX=.o f  | f hidden
ed f <<< '1,$w g'  | f g
ed f <<< '.w g'  | f g
ed f <<< '+w g'  | f g
ed f <<< '%w g'  | f g
ed f <<< ';w g'  | f g
ed f <<< '/a\/b/w g'  | f g
ed f <<< 'W g'  | f g
ed f <<< 'wq'  | f
ed f <<< 'wq g'  | f g
ed f <<< 'r g'  | f
ed f <<< 'r !ls'  | f hidden
ed f <<< 'E g'  | f hidden
ed f <<< 'v/x/w g'  | f hidden
ed f <<< 'G/x/'  | f
ed f <<< $'a\nHi!\n.\nw'  | f
ed -s f g <<< q  | f g
vim -es +'s/a/b/' +wq f  | f
vim +q f  | f
vim -es -c ':5d' -c x f  | f
vim -es -c '5,9d' -c 'w!' f  | f
vim -es -c '%s/a/b/|!rm g' -c wq f  | f hidden
vim -es -c '%s/a/\=system("x")/' f  | f hidden
vim -es -c 'w >> g' f  | f hidden
vim -es -c 'r !ls' f  | f hidden
vim -es -c 'normal dd' -c x f  | f
vim -es -c 'normal :w g' f  | f hidden
vim -es -c 'set bin noeol' -c 'set ts=4 noic' -c x f  | f
vim -es -c 'set makeprg=x' f  | f hidden
vim -es -c 'let x=1' f  | f hidden
vim -es -c 'sort u' -c x f  | f
vim -es -c 'g/x/d' f  | f hidden
vim -Es -c q f  | f
vim -e -s -c q f  | f
vim -s keys -c q f  | f hidden
vim -ns keys f  | f hidden
vim -S x f  | f hidden
vim -w keys f  | f hidden
vim -u NORC -i NONE f  | f
vim -V2x f  | f x
vim -T xterm f  | f
ex f <<< 's/a/b/'  | f
ex f <<< '!rm g'  | f hidden
ex f < l  | f hidden
cat x | vim -es f  | f hidden
gawk -i abc 1 f  | runs
sed 's/a/b/x' a  | hidden
sed 's/a/b/q' a  | hidden
sed '/[ab/]c/w f' a  | f
sed "s/$X/g" f  | hidden
awk '//{print > "f"}' a  | f
"""

READINGS = r"""
a[0 ]=x rm f  | hidden
a[b[0] ]=x rm f  | hidden
a[0]=x; rm f  | f
!\¶ rm f  | hidden
coproc\¶ rm f  | hidden
time\¶ rm f  | f
x=1 time rm f  | f
jobs -x rm f  | hidden
jobs -l  | nothing
cat <<E¶`echo \"; rm f #\"`¶E  | hidden
echo "`echo \"; rm f #\"`"  | nothing
sh -c 'X=a; X=b :; rm $X'  | a b
sh -c 'X=a; X=b eval :; rm $X'  | a b
sh -c 'X=a; X=b true; rm $X'  | a
X=a; X=b :; rm $X  | a
X=abc; wait -p X; rm "f$X"  | hidden
X=abc; wait -npX 1; rm "f$X"  | hidden
X=a; wait %p; rm "$X"  | a
X=abc; exec {X}>/dev/null; rm "src/lib/$X"  | src/lib/**
X=abc; coproc X { :; }; rm "f$X"  | hidden
X=abc; coproc X { :; }; rm "$X_PID"  | hidden
COPROC=a; coproc :; rm "$COPROC"  | hidden
shopt -so physical; ls  | hidden
POSIXLY_CORRECT=1; ls  | hidden
echo "${y:-'}" '}";rm a;: "'" #"  | hidden
sed --in-place=x p f  | f fx
declare -u X; X=abc; rm $X  | hidden
declare -l X=ABC; rm $X  | hidden
X=a; g() { unset X; X=d; }; f() { local X=b; g; }; f; rm $X  | hidden
X=a; Z[X=3]=1; rm src/lib/$X  | src/lib/**
X=a; echo ${Z[X=4]}; rm src/lib/$X  | src/lib/**
X=a; echo ${Y:(X=0):1}; rm src/lib/$X  | src/lib/**
X=a; [[ X=7 -eq 7 ]]; rm src/lib/$X  | src/lib/**
X=a; [[ 1 -eq X=7 ]]; rm src/lib/$X  | src/lib/**
X=a; [[ X == X && 1 -eq 1 ]]; rm $X  | a
X=a; declare -i Y=X=7; rm src/lib/$X  | src/lib/**
X=a; Y=X=7; echo $((Y)); rm src/lib/$X  | src/lib/**
X=a; select X in b; do break; done; rm $X  | hidden
a[i=0]=x rm f  | f
a[$i=1]=x rm f  | f
a[b[0]]=x rm f  | f
a[$i ]=x rm f  | hidden
a[0]b=c  | runs
a[1]+=x rm f  | f
a[b[$i]]=x rm f  | f
a[b[$i] ]=x rm f  | hidden
X='a[$(rm f)]'; : ${!X}  | hidden
X='a[$(rm f)]'; : ${!X-}  | hidden
X='a[I]' I='b[$(rm f)]'; : ${!X}  | hidden
X='a[$(rm f)]'; a=(1); : ${#a[X]}  | hidden
X='a[$(rm f)]'; : ${!a[X]}  | hidden
X='a[$(rm f)]'; wait -np "$X"  | hidden
X=a; : ${#X} ${#a[0]} ${!X}  | nothing
alias q="echo " w="; rm f"¶q w  | hidden runs
sh -c 'alias q="echo " w="; rm f"¶q w'  | hidden runs
GIT_TRACE=/x/f git log  | /x/f/**
GIT_TRACE2_EVENT="$X" git log  | hidden
env GIT_TRACE_SETUP=/x/f git log  | /x/f/**
GIT_TRACE=1 git log  | nothing
SSLKEYLOGFILE=f curl https://e.com  | f/**
LESSHISTFILE=/dev/null less a  | nothing
CURL_HOME=src curl https://e.com  | runs
git -c http.saveCookies=true -c http.cookieFile=f fetch  | hidden runs
git -c http.proxy=x log  | nothing
a[0]]x  | runs
[x]=y rm f  | runs
f() { local X="(dry run) a" Y="(b)"; echo "$X$Y"; }; f  | nothing
declare 'X=(a)'; rm "$X"  | hidden
declare 'X=(a) b'; echo "$X"  | nothing
declare -a 'X=($(rm f))'  | hidden
"""

TABLES = (READINGS, EDITORS, GIT, PROGRAMS, BUILTINS, WALKED, WRAPPERS, LISTS)


@pytest.mark.parametrize("command, expected", [row for table in TABLES for row in rows(table)])
def test_effects(command: str, expected: set[str], work: Path) -> None:
    expected = {"./**" if one == "./**" else one.removeprefix("./") for one in expected}
    assert seen(command, work) == expected


@pytest.mark.parametrize(
    "command",
    ["( " * 30 + "rm f" + " )" * 30, "rm f" + " | cat" * 200, "sh -c :; " * 20 + "rm f", "nice true; " * 20 + "rm f"],
)
def test_what_is_deep_or_long_is_followed(command: str, work: Path) -> None:
    assert seen(command, work) == {"f"}


def test_a_path_in_a_variable_may_be_long(work: Path) -> None:
    assert seen("X=" + "d/" * 50 + "f; rm ${X##*/}", work) == {"f"}
    assert seen("X=" + "d/" * 350 + "f; rm ${X##*/}", work) == {"hidden"}


# What a record shows, then by what each path is written: judging and explaining go by these words.
REASONS = r"""
npm run build  | runs: npm run
npm format x  | npm format
cargo fix now  | cargo fix
./build.sh x  | runs: the program ./build.sh
bash build.sh x  | runs: the script build.sh
echo '#!/usr/bin/nosuch' > s; ./s  | runs: the program ./s; runs: the program nosuch; redirect
. build.sh x  | runs: the script build.sh
fish build.fish x  | runs: a fish script
Rscript build.R x  | runs: a Rscript script
deno run build.ts  | runs: the program deno
bun run --print x  | hidden: bun run with code; runs: node run
tmux new rm  | hidden: tmux runs commands elsewhere
compgen -W x  | hidden: compgen runs commands
hash -p ./x ls  | runs: hash brings other code into the shell
chroot d ls f  | hidden: chroot changes what paths mean
gs x  | hidden: what gs does cannot be followed
rsync a me@there:b  | runs: rsync to another machine
mkfs.ext4 x  | mkfs.ext4 changes the machine
aws s3 ls  | aws s3 acts beyond this project
git frobnicate x  | hidden: git frobnicate may be an alias
git -c frob.nicate=1 log  | hidden: git -c frob.nicate
git stash drop  | git stash drop: only the harness changes branches, commits and the stash
export PATH=x  | runs: changes PATH
echo x > f  | redirect
sudo /bin/rm f  | rm
sudo -e f  | sudo
sort -o f a  | sort
time -o f ls g  | time
strace -o f ls g  | strace
script f ls g  | script
script -O f -c ls  | script
Rscript -e x y  | hidden: Rscript code is not read
fish -c x y  | hidden: fish code is not read
mknod f p  | mknod
zip -m f.zip src  | zip; zip
zip -b d f.zip src  | zip; zip
chmod +x f  | chmod
sed -i s/a/b/ f  | sed -i
ed f <<< q  | ed
vi +q f  | vi
vi -i f +q g  | vi; vi
gunzip -c f > g  | redirect
git mv a b  | git mv; git mv
"""


@pytest.mark.parametrize("command, expected", rows(REASONS))
def test_reasons_name_the_program(command: str, expected: set[str], work: Path) -> None:
    found = effects(command, str(work), surroundings("/home/someone", "/scratch"))
    said = "; ".join([*found.unknown, *found.denied, *(one.how for one in found.writes)])
    assert set(said.split()) == expected


@pytest.mark.parametrize("name", ["{}", "./{}", "npm {}", "bash {}", ". {}", "git {}", "git -c {}=1 log"])
def test_no_name_makes_a_reason_long(name: str, work: Path) -> None:
    said = effects(name.format("a" * 61), str(work), surroundings("/home/someone", "/scratch")).unknown
    assert len(said) == 1
    assert max(len(word) for word in said[0].split()) <= 60
    assert "a" * 50 in said[0]


# Each of these ends what it is in, so that what comes next is as deep as if it came first.
CLOSED = "( : ); g() { :; }; : $(:) ${X} $((1)) <(:) `:`; " * 45
CALLED = "g() { :; }; " + "g; eval :; nice true; sh -c :; " * 15
# How much is followed: the largest number for which a command is, with one more it is hidden.
LIMITS: dict[str, tuple[Callable[[int], str], int]] = {
    "commands": (lambda n: ":;" * n, 1_500),
    "words": (lambda n: ":" + " a" * n, 3_998),
    "items": (lambda n: "X=(" + "a " * n + ")", 3_998),
    "targets": (lambda n: ":" + " </dev/null" * n, 3_998),
    "escapes": (lambda n: ": " + "\\a" * n, 19_985),
    "pieces": (lambda n: ': "' + "$X" * n + '"', 19_985),
    "lines of a heredoc": (lambda n: "cat <<-E\n" + "a\n" * n + "E\n", 19_985),
    "groups": (lambda n: "{ " * n + ":" + "; }" * n, 39),
    "subshells": (lambda n: CLOSED + "( " * n + ":" + " )" * n, 39),
    "substitutions": (lambda n: ": " + "$(echo " * n + "a" + ")" * n, 19),
    "expansions": (lambda n: ": " + "${X:-" * n + "a" + "}" * n, 39),
    "parentheses": (lambda n: ": $((" + "(" * n + "1" + ")" * n + "))", 39),
    "heredocs inside": (lambda n: "( " * n + "cat <<E\n$X\nE\n" + " )" * n, 39),
    "evals": (lambda n: CALLED + "eval " * n + ":", 12),
    "programs": (lambda n: CALLED + "nice " * n + "true", 12),
    "calls": (lambda n: "".join(f"f{i}() {{ f{i - 1}; }}; " for i in range(2, n + 1)) + f"f1() {{ :; }}; f{n}", 12),
    "rounds": (lambda n: f"for i in {{1..{n}}}; do rm f$i; done", 200),
    "turns": (lambda n: chained(n), 30),
    "a value": (lambda n: "X=" + "a" * n + "; rm ${X:+f}", 100_000),
    "a file": (lambda n: "echo '#" + "a" * n + "' > s; cat s | sh", 99_997),
    "numbers": (lambda n: f"rm {{1..{n}}}", 512),
    "numbers with a step": (lambda n: f"rm {{1..{n}..2}}", 1_024),
    "alternatives": (lambda n: f"rm {{1..32}}{{1..{n}}}", 16),
    "pieces of braces": (lambda n: "rm {a,b}" + "x" * n, 3_995),
    "braces": (lambda n: "rm {a,b}" + "{" * n, 59),
    "braces inside": (lambda n: "rm " + "{a," * n + "b" + "}" * n, 60),
    "a pattern": (lambda n: "X=" + "d" * n + "; rm f${X##*q}", 500),
    "a sum": (lambda n: ": $((" + "1" * n + "))", 19_984),
    "a sed script": (lambda n: "sed '#" + "a" * n + "' f", 99_999),
    "an awk program": (lambda n: "awk '#" + "a" * n + "' f", 99_999),
    "calls of xargs": (lambda n: f"seq {n} | xargs -n1 ls", 100),
    "names for xargs": (lambda n: f"seq {n} | xargs -I@ ls @", 100),
}


def chained(count: int) -> str:
    """A loop that hands a value down a row of variables, one further in each turn."""
    names = [f"A{number}" for number in range(count)]
    steps = "; ".join(f"{one}=${before}" for before, one in reversed(list(itertools.pairwise(names))))
    return "; ".join(f"{one}=x" for one in names) + f"; A0=f; while x; do {steps}; done"


@pytest.mark.parametrize("make, most", LIMITS.values(), ids=LIMITS)
def test_a_limit_is_where_it_was_put(make: Callable[[int], str], most: int, work: Path) -> None:
    assert ["hidden" in seen(make(number), work) for number in (most, most + 1)] == [False, True]
