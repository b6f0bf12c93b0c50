"""What rare forms of commands write, each as real programs do it. `predicted.py` says how the tables are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.guard.effects import Write
from orchestra.guard.surroundings import exists
from tests.guard.predicted import made, rows, seen
from tests.support.guard_oracle import Box, changed, uncovered


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


DIRECTORIES = r"""
cd -P src && rm f  | src/f
cd -P docs/../src && rm f  | docs/../src/f
ln -s /x l; cd -P l && rm f  | l l/f /x/f
cd -x docs; rm f  | f hidden
cd -2 docs; rm f  | f hidden
X=$(cd docs; cd -); echo > ${X:+f}  | f
X=$(pushd docs); echo > ${X:+f}  | hidden
X=$(umask); echo > ${X:+f}  | hidden
X=$(trap -p); echo > ${X:+f}  | hidden
X=$(set); echo > ${X:+f}  | hidden
X=$(export -p); echo > ${X:+f}  | hidden
X=$(shopt); echo > ${X:+f}  | hidden
X=$(hash); echo > ${X:+f}  | hidden
X=$(dirs); echo > ${X:+f}  | hidden
X="$(cd src && pwd)"; rm "$X/f"  | src/f
pushd +1; rm f  | f hidden
pushd -n src; rm f  | f hidden
pushd src; pushd ../docs; dirs -c; popd; rm f  | docs/f hidden
pushd src; pushd -n ../docs; popd; rm f  | hidden src/f
pushd src; DIRSTACK[1]=/x; popd; rm f  | hidden src/f
popd; rm f  | f hidden
popd -n; rm f  | f hidden
CDPATH=/x; cd docs; rm f  | f hidden runs
cd src; rm ~-/f ~+/g  | f src/g
cd src; rm $OLDPWD/f  | f
rm ~"x" ~root/f ~nobody/f  | ~x /root/f hidden
cd $HOME; rm f  | /home/someone/f f
"""

DECLARED = r"""
declare -r X=f; rm $X  | f
declare -x X=f; sh -c 'rm $X'  | f
declare "$X"=f  | hidden
declare 'a[$(rm f)]=1'  | hidden
declare 'a[I]=1'  | hidden
export P='$(rm f)'  | nothing
declare -n R=X  | hidden
g() { rm f; }; export -f g; bash -c g  | f
g() { rm f; }; bash -c g  | runs
f() { local X; rm "a$X"; }; X=b; f  | a
sh -c 'f() { local X; rm "$X"; }; X=b; f'  | b
local X; X=a; rm $X  | a
X=f; readonly X; unset X; rm "$X"  | f
unset 'a[$(rm f)]'  | hidden
unset 'a[I]'  | hidden
F=(a b); unset 'F[0]'; rm "${F[0]}"  | hidden
X=f; g() { unset X; }; h() { local X=a; g; rm "$X"; }; h  | hidden
g() { rm f; }; g=1; unset g; g  | f runs
g() { rm f; }; unset -f g; g  | f runs
unset -f rm; rm f  | f
read 'a[$(rm f)]'  | hidden
read 'a[1]' X; rm $X  | hidden
read -p '[y/N] ' X  | nothing
read "$(cat f)"  | hidden
read -p "$(cat f)" X  | nothing
mapfile -C 'rm f' -c 1 a  | hidden
mapfile -tC 'rm f' -c 1 a  | hidden
printf -v  | nothing
printf -v 'a[$(rm f)]' x  | hidden
printf -v 'a[0]' x; rm ${a[0]}  | hidden
printf -vX f; rm $X  | f
set -a; X=f; export X; sh -c 'rm $X'  | f
X=f; set -a; sh -c 'rm $X'  | f
set -P; ls  | hidden
set -o physical; ls  | hidden
set -- *; rm $1  | hidden
set - f; rm $1  | f
set -- f; set -; rm $1  | f
set -- f; set -euo pipefail; rm "$1"  | f
set -- f; set +o noglob; rm "$1"  | f
set -- a b; shift "$N"; rm $1  | hidden
set -- *; shift; rm $1  | hidden
set -- a; shift 5; rm $1  | a
let x=1; rm src/lib/f$x  | src/lib/**
shopt -q dotglob || rm f  | f
"""

NUMBERS = r"""
Z='a[$(rm f)]'; Y=Z; echo $((Y))  | hidden
Y='a[$(rm f)]'; ((Y))  | hidden
declare -i X; X='a[$(rm f)]'  | hidden
declare -i X=1+1; rm $X  | hidden
OPTIND='a[$(rm f)]'  | hidden
I='x[$(rm f)]'; F=(a); echo ${F[I]}  | hidden
I='x[$(rm f)]'; F[I]=1  | hidden
I='x[$(rm f)]'; X=abc; echo ${X:I}  | hidden
I='x[$(rm f)]'; [[ I -eq 0 ]]  | hidden
[[ 'a[$(rm f)]' -eq 0 ]]  | hidden
X='a[$(rm f)]'; [[ -v $X ]]  | hidden
test -v 'a[$(rm f)]'  | hidden
N=3; (( N > 2 )) && [[ $N -gt 1 ]]  | nothing
i=0; while (( i < 3 )); do rm f; i=$((i+1)); done  | f
rm src/lib/${#X} src/other/$USER  | src/lib/** src/other/**
rm f$[1+1]  | ./**
echo $[1  | hidden
echo $[ $(rm f) ]  | f
"""

VALUES = r"""
set -- a b; rm $@  | a b
set -- a b; rm x$@y  | xa by
set -- a b c; rm "${@:2}"  | b c
set -- a b c; rm "${@:2:1}"  | b
set -- a b c; rm "${@:0}"  | hidden
F=(a b c); rm "${F[@]:1}"  | b c
F=(a b); rm "${F[@]:N}"  | hidden
IFS=/; set -- src f; rm "$*"  | src/f
IFS=/; F=(src f); rm "${F[*]}"  | src/f
IFS=/; set -- src f; X=$*; rm "$X"  | src/f
IFS=$(cat i); set -- src f; X="$*"; rm "$X"  | hidden
IFS=$(cat i); X=a; rm $X  | hidden
set -- f; rm ${@}  | f
X=a; echo > "${X[1]}f"  | f
X=f; rm "${X[0]}" "${X[@]}"  | f
X=f; rm "${X[k]}"  | hidden
F=(a b); rm "${F[7]}x"  | x
rm "${NOWHERE[0]}"  | hidden
F=([0]=f); rm "${F[@]}"  | hidden
F=(a); F+=(b); rm "${F[@]}"  | a b
X=a; X+=(b); rm "${X[@]}"  | hidden
F=(a b); F+=c; rm "${F[@]}"  | hidden
F=(a); i=0; F[$i]=f; rm "${F[0]}"  | hidden
F=(a); F["x$i"y]+=f; rm "${F[0]}"  | hidden
a[0]=x; rm "${a[0]}"  | hidden
F=(a); declare -a F=(f); rm "${F[@]}"  | f
f() { local F=(b); }; F=(a); f; rm "${F[@]}"  | a
F=(a.x b.x); rm "${F[@]%.x}"  | a b
X=abc; rm ${X/b} ${X/"b"/d} ${X/q/r} ${X/#a/d} ${X/%c/d} ${X/#q} ${X/%q}  | ac adc abc dbc abd
X=f; rm "src/lib/${X/#/../../}" ${X/%/g}  | src/lib/../../f fg
X=abc; rm ${X/b/&} ; rm ${X/*/b}  | hidden
X=f; rm "${X/f/*}"  | *
X=f; rm ${X//} ${X^^} ${X%q} ${X#q}  | f F
X=abc; rm ${X:a}  | hidden
X=f; rm ${X@Q}  | hidden
X=F; F=f; rm ${!X:-a}  | hidden
X=F; F=(f g); rm ${!X}  | f
X='a b'; rm ${!X}  | hidden
X=; : ${X:=f}; rm "$X"  | f
X=; rm ${X:-f} ${X:-'g'} ${X:-"h"}  | f g h
X=; rm ${X:-'a b'}  | hidden
X=; rm ${X:-a\ b}  | hidden
X=; rm ${X:-a b}  | a b
X=; rm "${X:-'f'}"  | 'f'
rm {a..c} {a..c..2} {3..1} {01..02}  | a b c 3 2 1 01 02
rm {a..1} {1..$X} {1..2..x} x{  | {a..1} {1..2..x} x{ hidden
rm {1,{2,{3,4}}}  | 1 2 3 4
rm {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}  | hidden
X=a:~/f; rm "$X"  | hidden
while x; do X=b$X; done; rm "$X"  | hidden runs
A=x; B=x; C=x; D=x; E=x; while x; do rm "$A"; A=$B; B=$C; C=$D; D=$E; E=f; done  | hidden runs x
rm @(a|b).js src/lib/?(a|b).js !(x).md  | secret.js src/lib/a.js src/lib/b.js *.md
rm "a\"b" "c\$d" "e\qf" "g\`h"  | a"b c$d e\qf g`h
rm "a\¶b"  | ab
rm ""  | nothing
rm src//lib//?.js  | src/lib/a.js src/lib/b.js
rm /nowhere-at-all/*/x  | /nowhere-at-all/*/x
rm src/**/x  | src/**
rm src/lib/[a-b].js  | src/lib/a.js src/lib/b.js
rm src/lib/[^]a].js  | src/lib/b.js
rm src/lib/[!b].js  | src/lib/a.js
rm "$PWD/f"  | f
X=f; rm ${X:-g} ${X+h} ${X:?}  | f h
X=abc; rm ${X%$Y}  | hidden
rm src/lib/[[:alpha:]].js src/lib/[a  | src/lib/a.js src/lib/b.js src/lib/[a
X=$(cat f); rm src/*/$X  | hidden
shopt -s globstar; cp src/*.js d  | d
T=$(date +%s); rm "src/lib/$T"  | src/lib/**
rm "src/lib/$(date +..)/f"  | hidden
rm "src/lib/$(date +%D)"  | hidden
kill $PPID  | denied
"""

PRINTED = r"""
rm "src/$(echo -nE f)"  | src/f
rm "$(echo -n f)"  | f
rm "src/$(echo -e 'f\n')"  | hidden
sh -c 'rm "$(echo -E f)"'  | hidden
sh -c 'rm "$(echo -n f)"'  | f
rm "$(printf '')x" "$(printf)y"  | x y
rm "$(printf '%q' f)"  | hidden
rm "$(printf %s%% f)"  | f%
rm "f$(printf %d 7)" "g$(printf %d 010)"  | f7 hidden
rm "$(printf '\x66')"  | hidden
rm "$(printf '%s-%s' a)"  | a-
rm "$(printf 'a\056js')" "$(printf 'b\56js')"  | hidden b.js
rm "$(basename -a f)"  | hidden
rm "$(basename src/f.js .js)"  | f
rm -r "$(basename /)"  | //**
rm "$(basename f $X)"  | hidden
rm -r "$(dirname /)"  | //**
rm "$(dirname a/b)" "$(dirname a b)"  | a hidden
for i in $(seq 2); do rm f$i; done  | f1 f2
for i in $(seq 2 3); do rm f$i; done  | f2 f3
for i in $(seq 3 1); do rm f$i; done  | hidden
for i in $(seq 1 2 9); do rm f$i; done  | hidden
rm src/lib/$(whoami)  | src/lib/**
rm src/lib/$(id)  | hidden
rm src/lib/$(id -u)  | src/lib/**
rm src/lib/$(uname -o)  | hidden
rm $(cat f)  | hidden
echo f > l; rm $(cat l)  | l f
rm $(sort f)  | hidden
"""

GRAMMAR = r"""
cat <<-E > f¶	x  | f
then rm f  | hidden
for x in a; { rm $x; }  | a
for ((i=0  | hidden
case x rm  | hidden
case x in a) rm f  | hidden
function { rm f; }  | hidden
function g() { rm f; }; g  | f
[[ a  | hidden
[[ a =~ ^(b|c)$ ]] && rm f  | f
[[ a =~  | hidden
[[ $x =~ a>b|c ]]  | nothing
coproc NAME { rm f; }  | f
declare F=(a b)  | nothing
echo "$\¶(rm f)"  | hidden
echo $a\¶b  | hidden
echo $(cat <<E)  | hidden
echo `echo \`rm f\``  | f
echo `echo \$(rm f)`  | f
echo "`echo \"a\"`"  | nothing
rm $'f  | hidden
rm $'\x{66}'  | hidden
((rm f); rm g)  | f g
rm @(a|b)  | docs secret.js src
rm a 'b  | hidden
rm @('a')  | hidden
rm @(a  | hidden
for x in a; rm f; done  | hidden
echo x | fi  | hidden
for x in a¶do rm $x; done  | a
case ; in x) rm f;; esac  | hidden
rm f\¶g  | fg
case x in a|b) rm f;; esac  | f
case x in |b) rm f;; esac  | hidden
((rm f))  | f
a[$i x  | hidden
function $x { rm f; }  | hidden
for $x in a; do rm f; done  | hidden
F=(a  | hidden
cat <<$(x)¶x  | hidden
cat <<E"O"F¶rm f¶EOF¶rm g  | g
{ rm f; } < x  | f
(trap 'rm f' EXIT; cd src)  | f src/f
for x in a b; do echo $x; break; done | xargs rm  | hidden
for x in a b; do rm $x; continue; done  | a b
alias x  | nothing
select x; do rm $x; done  | hidden
return; rm f  | f
f() { return 1 2; rm g; }; f  | g
f() { . <(echo return); rm g; }; f  | g
f() { bash -c 'return; rm g'; }; f  | g
exit || rm f  | nothing
echo x | { exit; }; rm f  | f
{ exit; } | cat; rm f  | f
X=a; echo b | X=f; rm $X  | a f
alias r="$(cat f)"  | hidden
alias r=rm; r "$(cat f)"  | hidden runs
alias go='cd src'; go; rm f  | runs f src/f
alias cd=:; cd src; rm f  | f src/f
alias  | nothing
enable -n cd; cd src; rm f  | hidden src/f
hash -p ./x ls  | runs
history; history -c  | nothing
history -w h  | h
history -w  | /home/someone/.bash_history
HISTFILE=f; history -w  | f
HISTFILE=(f); history -a  | hidden
compgen -W '$(rm f)'  | hidden
compgen -c  | nothing
fc -s  | hidden
fc -l  | nothing
command -p rm f  | f
command; rm f  | f
command "$(cat f)"  | hidden
X=$(command -v rm)  | nothing
exec -a x rm f  | f
exec -la x rm f  | f
exec -cl rm f  | f
env "$(cat f)"  | hidden
echo x >! f  | ! hidden
sh -c 'export A=~/f'  | hidden
sh -c 'export A=f; rm "$A"'  | f
PAGER= git log  | nothing
npm publish; npm publish  | denied
"""

INPUTS = r"""
bash 3<<< 'rm f'  | nothing
echo 'rm f' | bash 3<<< 'echo'  | f
echo 'echo' > s; echo 'rm f' | bash 3< s  | s f
exec <<< 'rm f'; bash  | hidden
exec 3<<< 'rm f'; bash <&3  | hidden
echo 'rm f' | bash <&0  | f
echo 'rm f' > s; bash <> s  | s f
echo 'rm f' > s; bash < s  | s f
bash /dev/fd/3 3<<< 'rm f'  | hidden
. /dev/fd/3 3<<< 'rm f'  | hidden runs
python3 /dev/fd/3 3< f  | hidden
echo 'rm f' | bash /dev/stdin  | f
bash /dev/stdin < l  | hidden
bash < <(echo rm f)  | f
cat < <(rm f)  | f
source /dev/stdin < l  | hidden
echo 'rm f' > s; . ./s  | s f runs
echo a > s; echo 'rm f' >> s; . ./s  | s f runs
echo 'rm "$1"' > s; . ./s f  | s f runs
bash --rcfile x -c 'rm f'  | f
bash --norc -O extglob -c 'rm f'  | f
cat > s <<'E'; ./s¶#!/usr/bin/env python3¶open("f", "w")¶E  | s f runs
cat > s <<'E'; ./s¶#!/usr/bin/env -S python3 -u¶open("f", "w")¶E  | s f runs
cat > s <<'E'; ./s¶#!¶rm f¶E  | s f runs
python3 <(echo 'open("f","w")')  | f
echo 'open("f","w")' > s.py; python3 s.py  | s.py f runs
fish -c 'rm f'  | hidden
fish s.fish  | runs
echo x | fish  | hidden
pwsh -Command 'Remove-Item f'  | hidden
pwsh -NoProfile -ExecutionPolicy Bypass -File f.ps1  | runs
pwsh -enc x  | hidden
fish -iC 'rm f'  | hidden
nu -e 'rm f'  | hidden
Rscript f.R  | runs
Rscript -e 'x'  | hidden
"""

WRAPPERS = r"""
sudo -D src rm f  | src/f
sudo --chdir=src rm f  | src/f
sudo -D "$(cat f)" rm f  | hidden
sudo -s rm f  | f
sudo -i rm f  | hidden
sudo -e f g  | f g
sudoedit f  | f
setarch x86_64 rm f  | f runs
setarch rm f  | f runs
env -a x rm f  | f
env -P /bin rm f  | f
env A=1  | nothing
env -S "rm 'f'"  | 'f' hidden
flock 9 rm f  | f
strace --output=t rm f  | f t
script -O t -c 'rm f'  | f t
script -c 'rm f'  | f typescript
npx -c 'rm f'  | f
npx  | nothing
npm exec -c 'rm f'  | f
npm exec --call='rm f'  | f
npm exec --package x -- rm f  | f
npm exec --package=x -- rm f  | f
npm --prefix d exec rm f  | f
pnpm --filter x exec rm f  | f
pnpm -C src exec rm f  | src/f
yarn --cwd src exec rm f  | src/f
uv run --env-file .env rm f  | f
uv run --unheard-of x rm f  | f runs
uv run --unheard-of rm f  | f runs
uv --directory=src run rm f  | src/f
uv run --frozen black src  | src/**
poetry  | runs
poetry --version  | runs
yarn prettier --write src  | src/**
yarn nothing-known  | runs
bundle install  | runs
direnv exec . sed -i s/a/b/ f  | f runs
direnv allow  | nothing
deno eval --ext ts 'Deno.removeSync("f")'  | f/**
deno run f.ts  | runs
deno run -  | nothing
echo 'Deno.writeTextFileSync("f","")' | deno run -A -  | f
bun -e 'require("fs").unlinkSync("f")'  | f
bun run --print x  | hidden runs
bun  | nothing
seq 150 | xargs -I{} echo {}  | hidden
seq 99 | xargs -n9 echo  | nothing
echo a b c | xargs -n1 rm  | a b c
echo a | xargs -0 rm  | hidden
echo "a 'b'" | xargs rm  | hidden
echo f | xargs -iX rm X  | f
echo f | xargs -i rm {}  | f
echo f | xargs --replace rm {}  | f
echo f | xargs --process-slot-var X rm  | f
find src "$X" -delete  | hidden src/**
find . -name "$(cat f)"  | hidden
find -P src -delete  | src/**
find -D tree -O3 src -delete  | src/**
find -L src -delete  | src/** hidden
find -L src -name x  | nothing
find -files0-from l -delete  | ./** hidden
find . -delete -name '*.pyc'  | ./**
find . -name '*.pyc' -delete  | ./0.pyc/**
find . -name '*.pyc' -o -name x -delete  | ./**
find . -name __pycache__ -exec rm -r {} +  | ./__pycache__/**
find . -name __pycache__ -exec touch {}/../x \;  | hidden
find src -ok rm {} \;  | src/**
fd x -x rm  | ./**
fd x -x rm {}  | ./**
fd x y -x rm  | ./** y/**
fd -C /other x -x rm  | ./** /other/**
fd x -X rm {/}  | hidden
fd . /other -x rm  | ./** /other/**
fd x --search-path=/other -x rm  | ./** /other/**
fd -Hxrm  | ./**
fd --exec=rm x  | x ./**
fd -e txt -t x  | nothing
fd --type x  | nothing
fd | xargs rm  | ./** runs
fd . /other | xargs rm  | hidden
fd -a | xargs rm  | hidden
rg x  | nothing
rg --pre 'rm f' x  | f
rg -l x src | xargs rm  | src/** runs
rg --files | xargs rm  | ./** runs
rg -l --regexp=x /other | xargs rm  | /other/** runs
rg x | xargs rm  | hidden
grep -rl x src | xargs rm  | src/** runs
grep -rl x src* | xargs rm  | src/** runs
grep -rl x nowhere* $X | xargs rm  | hidden
grep -c x src | xargs rm  | hidden
find src | head -1 | xargs rm  | src/** runs
find src | head -n 1 | xargs rm  | src/** runs
find src | grep -v x | xargs rm  | src/** runs
find src | head -c4 | xargs rm  | hidden
find src | grep -o src | xargs rm  | hidden
find src | grep --only-matching src | xargs rm  | hidden
find src | tail -1 f | xargs rm  | hidden
"""

FILES = r"""
cp a  | nothing
cp -b a f  | f/** ./**
cp -t "$(cat x)" a  | hidden ./**
cp -s a f  | f hidden
mv "$(cat x)" src  | hidden src/**
ln -s /x l; rm l  | l
tar cf - src  | nothing
tar xf a.tar --one-top-level=../x  | ./** ../x/**
tar xf a.tar --one-top-level  | ./**
unzip -: a.zip  | hidden ./**
zip -m f.zip src  | f.zip src/**
zip -r f.zip src  | f.zip
rename s/a/b/ docs/d.md  | docs/** ./**
rename a b secret.js  | ./**
rename -n s/a/b/ docs/d.md  | nothing
rename s,^docs,../x, docs/d.md  | docs/** ./** hidden
rename 's/^docs/..\/x/' docs/d.md  | docs/** ./** hidden
rename 'unlink "f"' docs/d.md  | docs/** ./** hidden
tar rf f src  | f
ln -sb a f  | f f/** ./**
ln -sn a src  | src src/a a/a
ditto a f  | f/**
convert a.png -write f b.png  | f b.png/**
convert a.png -  | nothing
uniq a -  | nothing
uniq a f  | f
zip - a  | nothing
objcopy --strip-all f  | f
lz4 f  | f f.lz4 f.gz f.bz2 f.xz f.zst f.lzma f.Z f.br f.tar
tee - < a  | -
black -  | nothing
rmdir -p a/b  | a/b a
mktemp -u  | nothing
mktemp src/fXX  | src/**
TMPDIR=src/other mktemp  | /scratch/tmp.0 src/other/**
export TMPDIR=/x; X=$(mktemp); rm "$X"  | /scratch/tmp.0 /x/** hidden
rsync -e ssh a b  | b/**
rsync -e 'sh x' a b  | b/** hidden
rsync -e 'ssh -oProxyCommand=x' a b  | b/** hidden
rsync --log-file=f a b  | f/** b/**
rsync --remove-source-files a b  | a/** b/**
rsync a  | nothing
rsync --only-write-batch=f a b  | f/** f.sh b/**
rsync --read-batch=f b  | b/**
rsync -M--log-file=f a b  | b/** hidden
http --download https://e.com  | ./**
sort -o f a; sort --compress-program='rm g' a  | f g
7z a f.7z src  | f.7z
7z a -sdel f.7z src  | f.7z src/**
7z l a.7z  | nothing
7z x -spf a.7z  | ./** hidden
7z  | nothing
cpio -p src < l  | src/**
cpio -p < l  | ./**
cpio -it < a  | nothing
cpio -i --no-absolute-filenames < a  | ./**
cpio -o -F f < l  | f
ar x a.a  | ./**
ar x --output src a.a  | ./** src/**
ar rcs f.a x.o  | f.a x.o
ar t a.a  | nothing
ar p a.a  | nothing
ar -M < s  | hidden
ar  | nothing
jar xf a.jar  | ./**
jar cf f.jar src  | f.jar src
jar tf a.jar  | nothing
jar --create --file=f.jar src  | f.jar --file=f.jar src
patch -r g f p  | f f.orig f.rej g
patch -o g f p  | g
patch -B ../x/ f p  | f f.orig f.rej ../x/**
patch -d "$(cat f)" -p1  | hidden
wget --spider https://e.com  | nothing
wget --warc-file=src/x -O- https://e.com  | nothing
wget --warc-file=src/x https://e.com  | ./** src/**
wget --hsts-file=f -O g https://e.com  | f g
curl -o 'f#1' https://e.com  | f#1 ./**
curl -o - https://e.com  | nothing
curl -O  | ./**
curl -O --url https://e.com/f  | f
curl -T a file:///x/f  | /x/f/**
curl -T a https://e.com  | nothing
curl -w '%output{f}x' https://e.com  | hidden
curl -w '%{http_code}' https://e.com  | nothing
psql -c 'select 1'  | runs
psql -c '\! rm f'  | hidden runs
psql -o f -c 'select 1'  | f runs
mongosh --eval 'db.x.find()'  | runs
mongosh --eval 'fs.writeFileSync("f", "")'  | hidden runs
sqlite3 :memory: 'create table a(b)'  | nothing
sqlite3 f 'drop table a'  | denied f f-journal f-wal f-shm
sqlite3 f 'select 1; delete from a'  | f f-journal f-wal f-shm
sqlite3 f 'with a as (select 1) delete from b'  | f f-journal f-wal f-shm
sqlite3 f 'pragma user_version = 5'  | f f-journal f-wal f-shm
sqlite3 f '.tables'  | nothing
sqlite3 f '.sh rm g'  | hidden f f-journal f-wal f-shm
sqlite3 -init s f 'select 1'  | hidden
sqlite3 f < s  | hidden f f-journal f-wal f-shm
duckdb -c "copy (select 1) to 'f'"  | hidden
gcc -c -fplugin=x.so -o f a.c  | f runs
gcc -MF g -o f a.c  | f g
gcc --version  | nothing
biome format --write src  | src/**
biome format src  | nothing
php-cs-fixer fix  | ./**
xmlstarlet ed -L f  | f/**
xmlstarlet  | nothing
ruff format -  | nothing
ruff check --fix-only src  | src/**
javac -d src A.java  | src/**
javac A.java  | ./**
javac -d ../x A.java  | ../x/**
cargo clippy --fix  | ./**
kak f  | hidden
tmux new rm  | hidden
crontab f  | denied
pkill  | denied
pkill .  | denied
pkill "$(cat f)"  | denied
killall node  | denied
killall vite  | nothing
kill -1 -1  | denied
kill -9 0  | denied
kill -TERM 4711  | nothing
gh auth login  | denied
gh auth status  | nothing
gh api /user  | nothing
gh api -XDELETE /x  | denied
gh api --method=DELETE /x  | denied
gh help  | nothing
gh  | nothing
hg status  | nothing
hg status --config alias.status='!rm f'  | hidden
hg cat -o f x  | hidden
svn update  | hidden
terraform  | runs
vercel --prod  | denied
aws s3 ls  | denied
doesnotexist  | runs
./f "$(cat x)"  | runs
"""

EDITORS = r"""
sed -f s f  | runs
sed -i -f s f  | f runs
echo 'w f' | sed -f - a  | f
sed -f - a < l  | hidden
sed -f <(echo 'w f') a  | f
sed -f /dev/fd/3 a  | hidden
echo 'w f' > s; sed -f s a  | s f runs
sed -n -- p f  | nothing
sed -i -- s/a/b/ f  | f
sed --i s/a/b/ f  | f
sed -i.bak -- s/a/b/ f  | f f.bak
sed -i'x/*' s/a/b/ src/f  | src/f x/f
sed "s/a/$(cat x)/" f  | nothing
sed "s/a/$(cat x)/w f" a  | hidden
sed "$(cat x)" f  | hidden
sed "s$(cat x)" f  | hidden
sed --sandbox 'w f' a  | nothing
sed '# w f¶p' a  | nothing
sed '\,x,w f' a  | f
sed '\,x,Iw f' a  | f
sed -n '1,/x/Iw f' a  | f
sed 5 a  | hidden
sed 's/a\/w g/b/w f' a  | f
sed 's/[/]/x/w f' a  | f
sed 's/[^]/]/x/w f' a  | f
sed 's/a/b' a  | hidden
sed 's/a' a  | hidden
sed s a  | hidden
sed 's\a\b\' a  | hidden
sed 's/a/b/k' a  | hidden
sed 's/a/b/g # c' a  | nothing
sed 'y/ab/cd/;w f' a  | f
sed 'y/a\/b/cde/;w f' a  | f
sed 'y/a' a  | hidden
sed 'a x\¶w g' a  | nothing
sed 'a x¶w f' a  | f
sed ':a w f' a  | hidden
sed ':a;N;$!ba;s/x/y/' a  | nothing
sed 'r g' a  | nothing
sed -n F a  | nothing
sed 'q5' a  | nothing
sed 'k' a  | hidden
awk -f s.awk f  | runs
echo '{print > "f"}' | awk -f - a  | f
awk -e '{print > "f"}' -e 'END{}' a  | f
gawk -l x 1 f  | hidden
gawk -i x 1 f  | runs
gawk -i inplace 1 x=1 f  | f
gawk -i inplace.awk 1 f  | f
gawk -d 'BEGIN{print > "f"}'  | awkvars.out f
gawk -pf 1 a  | f
gawk --profile=f 1 a  | f
awk "$(cat f)"  | hidden
awk '{print "a}'  | hidden
awk 'BEGIN{"rm f" | getline x}'  | f
awk 'BEGIN{"rm" " f" | getline x}'  | hidden
awk '{print | x}'  | hidden
awk '{print | "rm f" x}'  | hidden
awk '{print |& "rm f"}'  | hidden
awk '{print "x",¶"y" > "f"}'  | f
awk '{print "x"¶x = y > "f"}'  | nothing
awk '{print > "f" x}'  | hidden
awk '{print > "-"}'  | -
awk '{print} # > "f"'  | nothing
awk '{print $1/1024 " KB"}' a  | nothing
awk '{if(1)/"/; print "x" > "f"; y="/"}'  | hidden
awk '{if (1) print "x" > "f"; else /"/}'  | f
awk '{x = a[1] / 2; print x, "a/b"}'  | nothing
awk 'BEGIN { x = "a\"b" \¶ "c" ; print x }'  | nothing
ed f < l  | hidden f
ed f <<< $'1,3p\nq'  | f
ed f <<< 'w g'  | f g
ed f <<< $'/x/w g'  | f g
ed f <<< $'?x?w g'  | f g
ed f <<< $"'aw g"  | f g
ed f <<< $'/x\n'  | f
ed f <<< 'e g'  | f hidden
ed f <<< 'f g'  | f hidden
ed f <<< 'g/x/w g'  | f hidden
ed f <<< 'g/x/d'  | f
ed '!rm' <<< q  | hidden !rm
vim -es -c '%s/a/b/' -c wq f  | f
vim -es -c '/1/w g' f  | f hidden
vim -es -c 'set verbosefile=g' f  | f hidden
vim -es -c 'set et ff=unix' -c 'wq!' f  | f
vim -es -c 'normal gg=G' -c x f  | f
vim -es -c 'normal @a' f  | f hidden
vim -es -c 'w g' f  | f hidden
vim -es -c $'d\nw g' f  | f hidden
vim -es -c '@"' f  | f hidden
vim -es -c 'syntax on' -c q f  | f
vim -es -c "$(cat x)" f  | f hidden
vim -u NONE -c q f  | f
vim -u x -c q f  | f hidden
vim -s keys f  | f hidden
vim -i g -c q f  | f g
vim -i NONE -c q f  | f
vim -V9g f  | f g
vim -V9 f  | f
vim -es f < l  | f hidden
"""

GIT = r"""
git "$(cat f)"  | hidden
git  | nothing
git -C  | nothing
git -C /tmp log  | runs
git -C "$(cat f)" log  | nothing
git --exec-path=x log  | hidden
git --exec-path  | nothing
git --git-dir=d log  | runs
git --git-dir d log  | runs
git -c alias.x=log x  | hidden
git --config-env=alias.x=Y x  | hidden
git log --output f  | f
git fetch ext::sh  | hidden runs
git fetch --upl='rm f' .  | hidden runs
git ls-remote --u='rm f' .  | hidden
git ls-remote --exec='rm f' .  | hidden
git status -u  | nothing
git diff --ext-diff  | runs
git diff -- --output=f  | nothing
git grep -nO'rm f' x  | f
git grep --op='rm f' x  | f
git grep -eFOO  | nothing
git restore --pathspec-from-file=l  | hidden
git restore -- secret.js  | secret.js
git restore -s HEAD secret.js  | secret.js
git restore -s HEAD -- secret.js  | secret.js
git restore --staged --no-staged secret.js  | secret.js
git restore -SW secret.js  | secret.js
git checkout --pathspec-from-file=l  | hidden denied
git checkout HEAD --  | denied
git checkout main secret.js  | secret.js
git rm --pathspec-from-file=l  | hidden
git rm -n secret.js  | nothing
git rm --cached --no-cached secret.js  | secret.js
git mv -n a b  | nothing
git mv -- a b  | a/** b/**
git clean -f -enode  | denied
git clean -xdn  | nothing
git clean -n --no-dry-run  | denied
git reset "$(cat f)"  | denied
git apply --unsafe-paths p  | hidden ./**
git apply --cached p  | nothing
git apply --stat p  | nothing
git apply --stat --apply p  | ./**
git apply --directory src p  | src/**
git apply --directory=src p  | src/**
git apply --build-fake-ancestor=f p  | hidden ./**
git bundle create f HEAD  | f
git bundle verify f  | nothing
git bundle unbundle f  | denied
git clone -c x=y u  | hidden runs u/**
git clone --bare e/u  | runs u.git/**
git clone u d  | runs d/**
git clone  | runs ./**
git init d  | d d/.git/**
git init --bare d  | d/** d/.git/**
git init --template=x  | hidden . .git/**
git fetch  | runs
git fetch origin a:b  | denied
git fetch origin +a  | denied
git fetch --prune-tags  | denied
git fetch --stdin  | denied
git branch --sort=x y  | denied
git branch --sort -committerdate  | nothing
git branch -- x  | denied
git tag --sort -v:refname  | nothing
git config --unset-all x  | denied
git config get user.name  | nothing
git config set user.name x  | denied
git symbolic-ref HEAD  | nothing
git symbolic-ref HEAD refs/heads/x  | denied
git symbolic-ref -d HEAD  | denied
git reflog  | nothing
git reflog main  | nothing
git submodule  | nothing
git rev-parse HEAD  | nothing
cd "$(git rev-parse --show-toplevel)"; rm f  | hidden f
rm $(git ls-files src)  | src/**
rm $(git ls-files '*.js')  | hidden
git interpret-trailers --in-place f  | f
git interpret-trailers f  | nothing
git merge-file f b c  | f
git merge-file -L x f b c  | f
git merge-file -p f b c  | nothing
git checkout-index -a  | ./**
git checkout-index -a --prefix=../x/  | ./** ../x/**
git checkout-index -f -- ../f  | ./** ../f/**
git difftool  | hidden
git add ':/'; git restore ':(top)x'  | hidden
git restore '/x/*'  | /x/**
"""

CODE = r"""
node -r ./x -e 1  | runs
node --import 'data:text/javascript,x' -e 1  | hidden runs
node --eval 'require("fs").unlinkSync("f")'  | f
node --eval='require("fs").unlinkSync("f")'  | f
node --title x -e 'require("fs").unlinkSync("f")'  | f
node --conditions x -e 'require("fs").unlinkSync("f")'  | f
node --no-warnings x.js  | runs
node -pe 'require("fs").unlinkSync("f")'  | f
node -p -e 'require("fs").unlinkSync("f")'  | f
node test  | runs
node run x  | runs
python3 -W ignore -c 'open("f","w")'  | f
python3 -Wignore -Bc 'open("f","w")'  | f
python3 --check-hash-based-pycs always -c 'open("f","w")'  | f
python3 -I -m black src  | src/**
python3 -m mymod  | runs
python3 -m timeit 'x'  | hidden
python3 -m ast f  | nothing
python3 -m json.tool --indent 2 a f  | f
python3 -m venv --clear d  | d/**
python3 -m zipfile -e a.zip d  | a.zip/** d/**
python3 -m zipfile -l a.zip  | nothing
python3 -m code  | hidden
python3  | nothing
python3 -c 'def f(  | hidden
perl -F: -lane 'print 1'  | nothing
perl -l012 -ne 'print 1'  | nothing
perl -i'o/*' -pe 1 f  | f fo/* hidden
perl -e 'use strict; print 1'  | nothing
perl -e 'use v5.10; use Foo; print 1'  | runs
perl -pe 's/a/b/e' f  | nothing
perl -pe 's/a/b/g' f  | nothing
perl -e 'BEGIN{$^I=""} while(<>){}' f  | hidden
perl -ne 1 'rm f |'  | hidden
perl -ne 1 '> f'  | hidden
ruby -C src -e 'puts 1'  | hidden
ruby -r./x  | runs
php -f x.php  | runs
php -r 'x.new("f");'  | nothing
python3 -c 'import os; (os).remove("f")'  | hidden
python3 -c 'import os; [os.remove][0]("f")'  | hidden
python3 -c 'from os import remove; remove("f")'  | f
python3 -c 'from os import remove; [remove][0]("f")'  | hidden
python3 -c 'from shutil import move; m = move; m("a", "b")'  | hidden
python3 -c 'import shutil as s; m = s.move; m("a", "b")'  | hidden
python3 -c 'import sys; sys.modules["os"].remove("f")'  | hidden
python3 -c 'open(*("f", "w"))'  | hidden
python3 -c 'import os; os.open("f", flags=577)'  | hidden
python3 -c 'from pathlib import Path; Path("f").open("w")'  | f
python3 -c 'import tempfile; tempfile.mkstemp(dir="src")'  | hidden
python3 -c 'import tempfile; tempfile.mkstemp()'  | nothing
python3 -c 'import zipfile; zipfile.ZipFile("a").extract("b", "c")'  | hidden
python3 -c 'import webbrowser; webbrowser.open("x")'  | hidden runs
python3 -c 'import os; os.ｒemove("f")'  | hidden
python3 -c 'write_text("f")'  | f
python3 -c 'dict(open=1)'  | nothing
python3 -c 'x["'  | hidden
python3 -c 'import os'  | nothing
python3 -c 'open("f",¶ "w")'  | f
python3 -c 'open("f", "rt"); open("f", "rb")'  | nothing
python3 -c 'open("f", "r+")'  | f
node -e 'require("fs").openSync("f", "rs")'  | nothing
node -e 'require("fs").openSync("f", "rs+")'  | f
python3 -c 'x["a"'  | hidden
python3 -c 'open("a¶")'  | hidden
python3 -c 'import os as o, json¶p = o.environ¶print(p, json)'  | nothing
python3 -c 'import os; p = os.path.join("a", "b"); print(p)'  | nothing
python3 -c 'import os¶x = os¶x.remove("f")¶f(x)'  | f hidden
python3 -c 'import json; print(json.load(open("a"))["copy"].replace("a", "b"))'  | nothing
python3 -c 'import subprocess; subprocess.run()'  | hidden
python3 -c 'import subprocess; subprocess.run(["rm", x])'  | hidden
python3 -c 'import subprocess; subprocess.run("rm f", shell=True, cwd="src")'  | f hidden
python3 -c 'import subprocess; subprocess.run(["bash"], input="rm f")'  | hidden
ruby -e 'system("rm", "f")'  | f
ruby -e 'system("rm", x)'  | hidden
ruby -e 'system("ls", out: "f")'  | hidden
python3 -c 'import os; os.replace("a")'  | a/** hidden
python3 -c 'from pathlib import Path; Path("a").rename("b")'  | a/** b/**
python3 -c 'x.link("b")'  | hidden
python3 -c 'import shutil; shutil.copy("a")'  | hidden
python3 -c 'df.to_csv("f")'  | f
python3 -c 'x.copy()'  | nothing
python3 -c 'p = "a"¶p += x¶open(p, "w")'  | hidden
python3 -c 'for p in ["a"]:¶ open(p, "w")'  | hidden
python3 -c 'p = "f" ; open(p, "w")'  | f
python3 -c 'p = Path("f")¶p.write_text("")'  | f
python3 -c 'p = Path("f") / x¶p.write_text("")'  | hidden
python3 -c '(Path("d") / "/f").touch()'  | /f
python3 -c '((Path("f"))).touch()'  | f
python3 -c 'print(f"{1}")'  | nothing
python3 -c 'print(f"{x[")'  | hidden
node -e 'x // "¶require("fs").unlinkSync("f")'  | f
node -e 'x /* " */; require("fs").unlinkSync("f")'  | f
node -e 'x /* "'  | hidden
node -e '/x"[/"]\//.test("a"); require("fs").unlinkSync("f")'  | f
node -e 'if (1) /"/.test(""); require("fs").unlinkSync("f") //"'  | f
node -e 'a++ /1; require("fs").unlinkSync("f") /1'  | f
node -e '{} /"/.test(1); require("fs").unlinkSync("f") //"'  | hidden
node -e 'x = {} / 2'  | nothing
node -e 'x = /a'  | hidden
node -e ') / 2'  | hidden
node -e 'x = "a'  | hidden
node -e 'x = "a\"b"; y = 1'  | nothing
node -e 'x <!-- "¶require("fs").unlinkSync("f") // "'  | hidden
node -e 'fs.\u0077riteFileSync("f", "")'  | hidden
node -e 'require("fs")["unlinkSync"].call(0, "f")'  | hidden
node -e 'const {"unlinkSync": u} = require("fs"); u("f")'  | hidden
node -e 'const fs = require("fs"); const {x} = fs'  | hidden
node -e 'fs.unlinkSync?.("f")'  | hidden
node -e 'fs.unlinkSync(...["f"])'  | hidden
node -e 'require(x)'  | hidden
node -e 'import x from "./m"'  | runs
node -e 'import("./m")'  | runs
node -e 'require("os").cpus()'  | nothing
node -e 'const n = require("os").cpus(); console.log(n)'  | nothing
ruby -e 'IO.popen("rm f")'  | hidden
ruby -e 'open("|rm f")'  | hidden
ruby -e 'Foo.new("f", "w")'  | nothing
ruby -e 'File.new("f", "w")'  | f
ruby -e 'require "json"; puts 1'  | nothing
ruby -e 'a.method(:touch)'  | hidden
lua -e 'x = "a" -- "¶os.remove("f")'  | f
"""

TABLES = {name: table for name, table in globals().items() if name.isupper() and isinstance(table, str)}


@pytest.mark.parametrize("command, expected", [row for table in TABLES.values() for row in rows(table)])
def test_effects(command: str, expected: set[str], work: Path) -> None:
    expected = {"./**" if one == "./**" else one.removeprefix("./") for one in expected}
    assert seen(command, work) == expected


@pytest.mark.parametrize(
    "command",
    [
        "rm " + "{a,b}" * 61,
        "rm " + "{a," * 65 + "b" + "}" * 65,
        "sed '" + "p;" * 60_000 + "' f",
        "python3 -c '" + "x;" * 60_000 + "'",
        "awk '" + "x;" * 60_000 + "'",
        "g() { " + "{ " * 30 + "echo" + "; }" * 30 + "; }; " + "f() { " + "{ " * 30 + "f" + "; }" * 30 + "; }; f",
        "; ".join(f"A{n}=x" for n in range(39))
        + "; while x; do "
        + "; ".join(f"A{n}=$A{n + 1}" for n in range(38))
        + "; A38=f; done",
    ],
    ids=range(7),
)
def test_what_is_too_long_to_follow_is_hidden(command: str, work: Path) -> None:
    assert "hidden" in seen(command, work)


def test_the_top_of_a_repository(tmp_path: Path) -> None:
    """Git finds it by the nearest `.git` above."""
    work = made(tmp_path)
    (work / ".git").mkdir()
    assert seen('cd src/lib && cd "$(git rev-parse --show-toplevel)" && rm f', work) == {"f"}
    assert seen("cd src/lib && git restore ':/x'", work) == {"./**"}
    for asked in ("", "--git-dir", "HEAD", "--show-toplevel HEAD"):
        assert seen(f'rm "$(git rev-parse {asked})/x"', work) == {"hidden"}


def test_a_folder_that_cannot_be_entered_is_no_place_to_go_to(tmp_path: Path) -> None:
    """`cd` fails there, and what follows is written where it was before."""
    shut = tmp_path / "shut"
    shut.mkdir(mode=0)
    answers = [exists(str(tmp_path)), exists(str(shut)), exists(str(shut / "x"))]
    allowed = os.access(shut, os.X_OK)  # root goes everywhere
    assert answers == [2, 2 if allowed else 3, 0]
    tmp_path.chmod(0o755)
    pid = os.fork()
    if pid == 0:
        if os.getuid() == 0:
            os.chdir(tmp_path)
            os.setuid(65534)
        os._exit(exists("shut") if not allowed or os.getuid() else 9)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3


@pytest.mark.parametrize("table", ["DECLARED", "NUMBERS", "INPUTS"])
def test_a_real_bash_changes_no_more(table: str, tmp_path: Path) -> None:
    """The same rows with something to make in place of something to remove."""
    commands = [command.replace("rm ", "touch ") for command, _ in rows(TABLES[table])]
    for number, command in enumerate(commands):
        box = Box(tmp_path / str(number))
        made(box.work.parent)
        found, before = box.predict(command), box.snapshot()
        box.run(command)
        after = box.snapshot()
        hidden = any(one.startswith("hidden: ") for one in found.unknown)
        assert hidden or not uncovered(changed(before, after), found, after), command


def test_a_write_says_what_it_is() -> None:
    assert repr(Write("/f", "rm", True)) == "Write('/f', 'rm', True)"
