"""What commands write, by class. `predicted.py` says how the tables are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guard.predicted import made, rows, seen


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


REDIRECTIONS = r"""
echo x > f  | f
echo x >> f  | f
echo x >| f  | f
> f  | f
echo x &> f  | f
echo x &>> f  | f
echo x >& f  | f
cat <> f  | f
exec {fd}> f  | f
exec 3> f  | f
3> f echo x  | f
echo x 2> f 1>&2  | f
echo x 2>&1  | nothing
echo x >&2  | nothing
echo x 2>&-  | nothing
echo x > /dev/null 2> /dev/stderr > /dev/stdout > /dev/tty  | nothing
echo "a > b"  | nothing
echo a \> b  | nothing
[[ 3 > 2 ]]  | nothing
[ 3 \> 2 ]  | nothing
echo $((5>3))  | nothing
((5>3)) && echo y  | nothing
cat <<E¶echo > f¶E  | nothing
cat <<E¶$(echo > f)¶E  | f
cat <<'E'¶$(echo > f)¶E  | nothing
cat <<E¶a¶ E¶rm f¶E  | nothing
cat <<-E¶	a¶ E¶rm f¶	E  | nothing
cat <<-E¶	a¶	E¶rm f  | f
cat <<-E > f¶	x¶	E  | f
cat <<<"$(rm f)"  | f
diff <(rm a) <(cat b)  | a
tee >(cat > f) < x  | f
echo x > $(echo f)  | f
echo x > "$UNSET"  | hidden
echo x > /dev/fd/7  | hidden
echo x 1< secret.js > /dev/stdout  | hidden
exec 3< secret.js; echo x > /dev/fd/3  | hidden
echo x > f"$(cat g)"  | hidden
echo x > src/lib/$$  | src/lib/**
echo x > ~/f  | /home/someone/f
dd of=~/f  | /home/someone/f
export W=~/f; rm "$W"  | /home/someone/f
W=~/f; rm "$W"  | /home/someone/f
rm a~/f "~/f" --x=~/f  | a~/f ~/f
echo x > "$TMPDIR/$$.log"  | /scratch/0.log
echo x > >(cat)  | nothing
"""

GRAMMAR = r"""
a=1; rm f  | f
true && rm f  | f
false || rm f  | f
! rm f  | f
rm f &  | f
(rm f)  | f
{ rm f; }  | f
{ cat; } > f  | f
if rm a; then rm b; elif rm c; then rm d; else rm e; fi  | a b c d e
while rm a; do rm b; done  | a b
until rm a; do rm b; done  | a b
for x in a b; do rm $x; done  | a b
for x in src/lib/*.js; do rm "$x"; done  | src/lib/a.js src/lib/b.js
for ((i=0;i<2;i++)); do rm f; done  | f
case x in a) rm a;; *) rm b;; esac  | a b
select x in a; do rm f; done  | f
f() { rm "$1"; }; f x  | x
function f { rm "$1"; }; f x  | x
f() { rm a; }; echo f  | nothing
f() { local X=a; }; X=b; f; rm $X  | b
coproc rm f  | f
time rm f  | f
cat a | tee f | cat  | f
cat a |& tee f  | f
# rm f  | nothing
echo a # rm f  | nothing
# don't¶rm f  | f
rm \¶f  | f
r\m f  | f
r''m f  | f
"rm" 'f'  | f
$'\x72m' $'\146'  | f
$"rm" f  | f
rm${IFS}f  | f
{rm,f}  | f
rm {a,b}{1..2}  | a1 a2 b1 b2
$(rm f)  | f
`rm f`  | f
echo "$(rm f)"  | f
echo "`rm f`"  | f
echo ${X:-$(rm f)}  | f
echo "${X:-`rm f`}"  | f
echo $((1 + $(rm f)))  | f
echo '$(rm f)'  | nothing
echo \$(rm f)  | hidden
a=($(rm f))  | f
a[$(rm f)]=1  | f
[[ -n $(rm f) ]]  | f
case $(rm f) in a) ;; esac  | f
for x in $(rm f); do :; done  | f
let 'a[$(rm f)]=1'  | hidden
echo ${X@P}  | hidden
if true; then rm f  | hidden
echo 'a  | hidden
trap 'rm f' EXIT  | f
trap 'rm f' DEBUG  | hidden
trap "$X" EXIT  | hidden
trap - EXIT  | nothing
alias r='rm f'; r g  | f g runs
exit; rm f  | nothing
exit a b; rm f  | f
f() { return; }; f; rm g  | g
"""

VARIABLES = r"""
F=f; rm $F  | f
export F=f && rm "$F"  | f
F=a; F+=b; rm $F  | ab
X='rm -rf'; $X d  | d/**
F=f; rm ${F}.x ${F%f}g ${F#f}h ${F/f/i} ${F^} ${F:0:1}  | f.x g h i F f
F=a/b.c; rm ${F##*/} ${F%.*} ${F%%/*}  | b.c a/b a
rm ${NOWHERE_SET:+x} y  | hidden y
F=a/b; rm "${F##*/}" "${F%/*}"  | a b
F=; rm ${F:-x} ${F:+y} ${G=z}  | hidden x
F=f sh -c 'rm $F'  | f
F=f; sh -c 'rm $F'  | hidden
F=f; export F; sh -c 'rm $F'  | f
F=f; env -i sh -c 'rm $F'  | hidden
readonly F=a; F=b; rm $F  | a
F=(a b); rm "${F[@]}"  | a b
A='x.y z.y'; export B=${A%.y}; rm $B  | x.y z
F=(a b); rm ${F[1]}  | b
set -- a b; rm "$2" "$@"  | a b
set -- a b; shift; rm $1  | b
X=F; F=f; rm ${!X}  | f
IFS=,; X=a,b; rm $X  | a b
printf -v X f; rm $X  | f
read X; rm $X  | hidden
X=$(cat f); rm "$X"  | hidden
X=$(echo f); rm "$X"  | f
X=$(pwd); rm $X/f  | f
T=$(mktemp -d); rm -rf "$T"  | /scratch/tmp.0 /scratch/tmp.0/**
unset X; rm a$X  | a
RANDOM=5; rm x/$RANDOM  | x/**
X=a; (X=b); rm $X  | a
X=a; X=b true; rm $X  | a
if true; then X=a; else X=b; fi; rm $X  | a b
PS4='$(rm f)'; set -x  | f
PATH=.:$PATH cat f  | runs
GIT_PAGER='rm f' git log  | f
BASH_ENV=f bash -c :  | runs
rm *.nothing  | *.nothing
rm src/lib/?.js  | src/lib/a.js src/lib/b.js
rm src/lib/[!a].js  | src/lib/b.js
rm 'src/lib/*.js'  | src/lib/*.js
X='src/lib/*.js'; rm $X  | src/lib/a.js src/lib/b.js
X='src/lib/*.js'; rm "$X"  | src/lib/*.js
shopt -s dotglob; rm docs/*  | docs/**
"""

DIRECTORIES = r"""
cd src && rm f  | src/f
cd src; rm f  | src/f
cd nowhere; rm f  | nowhere/f f
cd nowhere && rm f  | nowhere/f
cd nowhere || rm f  | f
cd nowhere || exit; rm f  | nowhere/f
cd src docs; rm f  | f hidden
cd src > out; rm f  | out src/f f
(cd src && rm f); rm g  | src/f g
cd src | rm f  | f
cd src & rm f  | f
cd src && cd - && rm f  | f
cd src/lib && cd .. && rm f  | src/f
cd "$X"; rm f  | f hidden
cd "$X" && cat f  | nothing
cd && rm f  | /home/someone/f
cd; rm f  | /home/someone/f f
pushd src; rm a; popd; rm b  | src/a b
env cd src; rm f  | runs f
mkdir d && cd d && rm f  | d d/f
while x; do cd ..; done; rm f  | runs hidden
cd() { :; }; cd src; rm f  | f
command cd src; rm f  | src/f
rm ../f src/../g  | ../f src/../g
ln -s ../x l; echo > l  | l ../x
ln -s /x l; echo > l/y  | l l/y /x/y
ln -s "$X" l; echo > l/y  | l l/y hidden
ln secret.js l  | l secret.js
"""

WRITERS = r"""
tee f  | f
tee -a f g  | f g
cp a f  | f
cp a src  | src/a
cp -r src f  | f/**
cp -t src a b  | src/a src/b
cp --target-directory=src a  | src/a
cp --targ src a  | src/a
cp "$X" src  | src/**
cp -l secret.js f  | f secret.js/**
mv secret.js f  | secret.js f
mv src f  | src/** f/**
ln -s a f  | f
ln -s src/lib/?.js docs  | docs/a.js docs/b.js
cp src/lib/?.js  | src/lib/b.js
mv src/lib/?.js  | src/lib/a.js src/lib/b.js
install -m 644 a f  | f
install -d a/b c  | a/b c
rm f  | f
rm -r f  | f/**
rm -rf a b  | a/** b/**
rm -- -f  | -f
/bin/rm f  | f
rmdir a/b  | a/b
unlink f  | f
touch -d yesterday f  | f
mkdir -p a/b  | a/b
mkdir -p a/../b  | a a/../b
truncate -s0 f  | f
dd if=a of=f  | f
chmod +x f  | f
chmod -x f  | f
chmod -R 777 /  | //**
chmod --reference=a f  | f
chown -R me f  | f/**
sed s/a/b/ f  | nothing
sed -i s/a/b/ f  | f
sed -i.bak s/a/b/ f  | f f.bak
sed -i '' s/a/b/ f  | f
sed -ni p f  | f
sed -i.o p src/lib/?.js  | src/lib/a.js src/lib/b.js src/lib/a.js.o src/lib/b.js.o
rm src/*/a.js  | src/lib/a.js
rm src/lib/?.js; echo > src/lib/?.js  | src/lib/a.js src/lib/b.js src/lib/?.js
mkdir d; cp -r a d  | d d/**
touch src/lib/a.js; mv b src/lib  | src/lib/a.js b src/lib/b
sed --in-place=.o -e p f  | f f.o
sed -n 'w out' f  | out
sed 's/a/b/w out' f  | out
sed 's/a/rm f/e' f  | hidden
sed '1e rm f' f  | hidden
sed -n '/a[/w]b/p;s|/w|x|g' f  | nothing
sed '/x/{s/a/b/;d}' f  | nothing
sed -e 'a\' -e 'w out' f  | out
perl -pi -e s/a/b/ f  | f
perl -0777 -pi -e s/a/b/ f  | f
perl -0pi -e s/a/b/ f  | f
perl -pie s/a/b/ f  | f fe runs
perl -i -ne print f g  | f g
perl -lane 'print $F[0]' f  | nothing
perl -i.bak -pe s/a/b/ f  | f f.bak
ruby -i -pe '$_.upcase!' f  | f
awk '{print > "out"}' f  | out
awk '{print >> "out"; close("out")}' f  | out
awk '$1 > 5 {print $2}' f  | nothing
awk '{print ($1 > 5)}' f  | nothing
awk '{print > $1}' f  | hidden
awk '{print | "tee out"}' f  | out
awk 'BEGIN{system("rm f")}'  | f
awk 'BEGIN{system(x)}'  | hidden
awk '/>/ {print "a > b"}' f  | nothing
gawk -i inplace 1 f  | f
sort -o f a  | f
sort a -of  | f
sort -osrc/lib/?.js a  | src/lib/?.js
sort --outp=f a  | f
uniq a f  | f
shuf -o f a  | f
split a src/p  | src/**
csplit a 2  | ./**
patch f < p  | f f.orig f.rej
patch -p1 < p  | ./**
patch -d src -p1 < p  | src/**
patch --dry-run -p1 < p  | nothing
rsync -a a/ src/  | src/**
rsync -an a/ src/  | nothing
rsync -a a me@there:b  | runs
scp me@there:a f  | f/**
tar xf a.tar  | ./**
tar -xzf a.tgz -C src  | src/**
tar xfC a.tar src  | src/**
tar czf f src  | f
tar tf a.tar  | nothing
tar -xOf a.tar  | nothing
tar xf a --to-command=sh  | hidden ./**
unzip a.zip  | ./**
unzip a.zip -d src  | src/**
unzip -l a.zip  | nothing
zip -r f src  | f
gzip -c f  | nothing
7z x a.7z -osrc  | src/**
cpio -i < a  | hidden ./**
curl https://e.com  | nothing
curl -o f https://e.com  | f
curl -of https://e.com  | f
curl -sSLo f https://e.com  | f
curl -O https://e.com/f  | ./f
curl -OJ https://e.com/f  | ./**
curl --output-dir src -O https://e.com/f  | src/f
curl -K f  | hidden
wget -O f https://e.com  | f
wget -qO- https://e.com  | nothing
wget -P src https://e.com  | src/**
wget https://e.com/f  | ./**
xxd -r a f  | f
ed -s f <<< $'1d\nw'  | f
ed -s f <<< $'w other\n!rm x'  | f other hidden
vim -es -c wq f  | f
vim -c '!rm x' f  | f hidden
ex -s f <<< x  | f
sqlite3 f 'delete from t'  | f f-journal f-wal f-shm
sqlite3 f 'select 1'  | nothing
sqlite3 f '.shell rm x'  | hidden f f-journal f-wal f-shm
gcc -o f a.c  | f
gcc a.c  | ./**
pandoc a -o f  | f
openssl genrsa -out f  | f
yq -i .a f  | f
yq .a f  | nothing
jq '.a > 1' f  | nothing
find src -delete  | src/**
find src -name x  | nothing
find src -exec rm {} +  | src/**
find src -execdir touch x \;  | src/**
find src -exec grep x {} +  | nothing
find . -fprint f  | f
find src -exec sh -c 'rm {}' \;  | hidden
find src -exec sh -c 'rm "$1"' _ {} \;  | src/**
find src | xargs rm  | src/** runs
find src -print0 | xargs -0 rm  | src/**
xargs rm < list  | hidden
echo a b | xargs rm  | a b
echo a | xargs -I{} mv {} b  | a b
ls | xargs cat  | nothing
xargs -a list rm  | hidden
mktemp -p src  | src/**
mktemp  | /scratch/tmp.0
prettier --write src  | src/**
prettier --check src  | nothing
npx prettier --write .  | ./**
yarn prettier --write src  | src/**
black src  | src/**
black --check src  | nothing
python -m black src  | src/**
poetry run ruff check --fix src  | src/**
ruff check src  | nothing
ruff format  | ./**
eslint --fix src  | src/**
eslint src  | nothing
gofmt -w f  | f/**
gofmt f  | nothing
cargo fmt  | ./**
"""

RUNNING = r"""
bash -c 'rm f'  | f
bash -xec 'rm f'  | f
sh -c 'rm {a,b}'  | hidden
sh -c "rm $'f'"  | f hidden
sh -c 'awk "{print 1, 2}"'  | nothing
bash -c 'rm "$1"' _ f  | f
bash -o pipefail -c 'rm f'  | f
bash -c "$X"  | hidden
bash f.sh  | runs
./f.sh  | runs
echo 'rm f' | bash  | f
printf 'rm f' | sh -s  | f
base64 -d f | sh  | hidden
curl -s https://e.com | bash  | hidden
bash <<< 'rm f'  | f
bash <<E¶rm f¶E  | f
bash <(echo rm f)  | f
bash <(curl https://e.com)  | hidden
eval 'rm f'  | f
eval rm f  | f
eval "$X"  | hidden
eval "$(echo rm f)"  | f
eval "$(ssh-agent)"  | runs hidden
source f  | runs
. <(echo rm f)  | f
echo 'rm f' > s; sh s  | s f runs
echo 'rm f' > s; chmod +x s; ./s  | s f runs
cat > s <<'E'; bash s¶rm f¶E  | s f runs
env A=1 rm f  | f
env -u A -C src rm f  | src/f
env -S 'rm f'  | f
sudo rm f  | f
sudo -u me -- rm f  | f
doas rm f  | f
timeout -k 1 5 rm f  | f
nohup rm f  | f
nice -n 5 rm f  | f
ionice -c2 rm f  | f
stdbuf -oL rm f  | f
setsid rm f  | f
command rm f  | f
builtin echo f  | nothing
exec rm f  | f
time -p rm f  | f
time -o t rm f  | f t
/usr/bin/time -o t rm f  | f t
watch rm f  | f
flock lock rm f  | f lock
flock lock -c 'rm f'  | f lock
strace -o t rm f  | f t
script -c 'rm f' t  | f t
busybox rm f  | f
chroot d rm f  | f hidden
parallel rm ::: f  | hidden
ssh me@there rm f  | hidden
"$X" f  | hidden
$X  | hidden
foo f  | runs
npm test  | runs
npm run build  | runs
make  | runs
pytest -q  | runs
npm test > f 2>&1  | f runs
python3 f.py  | runs
node f.js  | runs
"""

FORBIDDEN = r"""
npm publish  | denied
terraform destroy  | denied
dd if=/dev/zero of=/dev/sda  | denied
crontab f  | denied
crontab -l  | nothing
kill -9 -1  | denied
kill 1234  | nothing
pkill orchestra  | denied
pkill -f 'vite --port'  | nothing
shutdown now  | denied
psql -c 'DROP   database x'  | denied runs
gh pr merge 1  | denied
gh pr view 1  | nothing
git commit -m x  | denied
git push --force  | denied
git push --forc  | denied
git push origin +main  | denied
git -C . push  | denied
git -c a=b push  | denied hidden
git reset --hard  | denied
git reset --har  | denied
git reset HEAD secret.js  | nothing
git stash  | denied
git stash drop  | denied
git stash list  | nothing
git clean -xdf  | denied
git clean -n  | nothing
git checkout main  | denied
git checkout -b x  | denied
git checkout .  | ./**
git checkout -- secret.js  | secret.js
git checkout HEAD -- src  | src/**
git switch x  | denied
git restore secret.js  | secret.js
git restore --staged secret.js  | nothing
git restore ':/'  | hidden
git restore '*.js'  | ./**
git rm secret.js  | secret.js
git rm --cached secret.js  | nothing
git mv secret.js f  | secret.js/** f/**
git apply p  | ./**
git apply --check p  | nothing
git -C src apply p  | src/**
git --work-tree=src checkout -- f  | src/f/**
git am p  | denied
git rebase x  | denied
git merge x  | denied
git branch  | nothing
git branch --list 'a*'  | nothing
git branch --show-current  | nothing
git branch x  | denied
git branch -D x  | denied
git tag  | nothing
git tag -l 'v*'  | nothing
git tag v1  | denied
git worktree list  | nothing
git worktree add d  | denied
git config --get user.name  | nothing
git config user.name  | nothing
git config user.name x  | denied
git config core.hooksPath d  | denied
git update-ref -d HEAD  | denied
git gc  | denied
git filter-branch  | denied
git submodule update  | denied
git remote -v  | nothing
git remote add a b  | denied
git reflog expire --all  | denied
git diff --stat  | nothing
git diff --output=f  | f
git diff --outp f  | f
git log -p -- src  | nothing
git show HEAD:f  | nothing
git blame f  | nothing
git status --short  | nothing
git add -A  | nothing
git archive -o f HEAD  | f
git format-patch -1  | ./**
git format-patch -1 -o src  | src/**
git format-patch --stdout -1  | nothing
git grep -Ovim x  | nothing
git -c core.pager='rm f' log  | f
git -c core.fsmonitor=x status  | hidden
git -c alias.x='!rm f' x  | f hidden
git -c user.name=x log  | nothing
git unknown-verb  | hidden
git clone https://e.com/x.git  | x/** runs
GIT_DIR=d git log  | runs
GIT_WORK_TREE=src git checkout -- f  | src/f/**
"""

INLINE = r"""
python3 -c 'print(1 > 0)'  | nothing
python3 -c 'open("f","w").write("")'  | f
python3 -c 'open("f", mode="a")'  | f
python3 -c 'open("f")'  | nothing
python3 -c 'open(x, "w")'  | hidden
python3 -c 'open("f", m)'  | hidden
python3 -c 'f = open; f("x", "w")'  | hidden
python3 -c 'print("open(1, w)")'  | nothing
python3 -c 'import os; os.remove("f")'  | f
python3 -c 'import os as o; o.remove("f")'  | f
python3 -c 'from os import remove as r; r("f")'  | hidden
python3 -c 'import os; os.rename("a", "b")'  | a/** b/**
python3 -c 'import shutil; shutil.rmtree("d")'  | d/**
python3 -c 'import shutil; shutil.copy("a", "f")'  | f
python3 -c 'from pathlib import Path; Path("f").write_text("")'  | f
python3 -c 'from pathlib import Path; p = Path("f"); p.unlink()'  | f
python3 -c 'from pathlib import Path; (Path("d") / "f").touch()'  | d/f
python3 -c 'x = "f"; open(x, "w")'  | f
python3 -c 'x = "f"; x = y; open(x, "w")'  | hidden
python3 -c 'import os; os.system("rm f")'  | f
python3 -c 'import subprocess; subprocess.run(["rm", "f"])'  | f
python3 -c 'import subprocess; subprocess.run(c)'  | hidden
python3 -c 'exec(x)'  | hidden
python3 -c '__import__("os").remove("f")'  | hidden
python3 -c 'getattr(os, "remove")("f")'  | hidden
python3 -c 'print(f"{open(chr(97), chr(119))}")'  | hidden
python3 -c 'import mine; mine.go()'  | runs
python3 -c 'import json,sys; json.load(sys.stdin)["a"].replace("a", "b")'  | nothing
python3 -c "$X"  | hidden
python3 - <<'E'¶import re¶print(re.sub("a", "b", open("f").read()))¶E  | nothing
python3 <<'E'¶from pathlib import Path¶p = Path("f")¶p.write_text(p.read_text().replace("a", "b"))¶E  | f
python3 -m json.tool a f  | f
python3 -m pytest  | runs
python3 -m venv d  | d/**
cat f | python3  | hidden
echo 'print(1)' | python3 -  | nothing
node -e 'console.log(1 > 0)'  | nothing
node -p process.version  | nothing
node -e 'require("fs").writeFileSync("f", "")'  | f
node -e 'const fs = require("fs"); fs.rmSync("d", {recursive: true})'  | d/**
node -e 'fs[x]("f")'  | hidden
node -e 'require("child_process").execSync("rm f")'  | f
node -e 'eval(x)'  | hidden
node -e 'console.log(/writeFile("f")/.exec("a"))'  | nothing
node -e 'require("./mine")'  | runs
node -e 'console.log(`${require("fs").unlinkSync("f")}`)'  | f
perl -ne 'print if /a/' f  | nothing
perl -e 'unlink "f"'  | hidden
perl -e 'open(F, ">f")'  | hidden
ruby -e 'puts 1'  | nothing
ruby -e 'File.write("f", "")'  | f
ruby -e '`rm f`'  | hidden
php -r 'unlink("f");'  | f
lua -e 'io.open("f", "w")'  | f
lua -e 'os.execute("rm f")'  | f
osascript -e x  | hidden
"""

TABLES = {
    name: table
    for name, table in globals().items()
    if name.isupper() and isinstance(table, str) and name not in ("ROOT",)
}


@pytest.mark.parametrize("command, expected", [row for table in TABLES.values() for row in rows(table)])
def test_effects(command: str, expected: set[str], work: Path) -> None:
    expected = {"./**" if one == "./**" else one.removeprefix("./") for one in expected}
    assert seen(command, work) == expected
