"""Generated shell commands over the files of a box: the grammar that the reader's predictions are tested on."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

NAMES = (
    "qa.txt",
    "qb.txt",
    "q c.txt",
    "qd/x.txt",
    "qd/y.log",
    "qe/sub/z.txt",
    "qn.txt",
    "qd/n.txt",
    "../qup.txt",
    ".qhidden",
)
FOLDERS = ("qd", "qe", "qf", "qe/sub", "qnew", ".", "qd/../qe", "..")
EXPANSIONS = ('"$V"', "$V", "${W}", "${V%.txt}.log", '"${W##*/}"', "${V:-qa.txt}", "${U:=qb.txt}", "$1", "${V/a/b}")
PATTERNS = ("q{a,b}.txt", "qd/*.txt", "q?.txt", "q[ab].txt", "qd/{x.txt,y.log}", "*/x.txt", "~/qh.txt", "q{1..2}")
SUBSTITUTIONS = (
    '"$(echo qa.txt)"',
    "`printf qb.txt`",
    '"$PWD/qp.txt"',
    "$(basename qd/qa.txt)",
    '"$(dirname qd/x.txt)/k"',
    "$TMPDIR/qt",
    "$(cat qa.txt)",
)
TEXTS = ("x", "one", "ab", "2", "-")


def quoted(draw: DrawFn, text: str) -> str:
    """A name, in one of the ways to quote it."""
    how = draw(st.integers(0, 6))
    if how == 0:
        return "'" + text + "'"
    if how == 1:
        return '"' + text + '"'
    if how == 2:
        return "".join("\\" + char if char in " " or not char.isalnum() else char for char in text)
    if how == 3:
        return "$'" + "".join(f"\\x{ord(char):02x}" for char in text) + "'"
    if how == 4 and " " not in text:
        return text[:2] + '""' + text[2:]
    if how == 5 and " " not in text:
        return text[:1] + "'" + text[1:3] + "'" + text[3:]
    return text if " " not in text else '"' + text + '"'


@st.composite
def files(draw: DrawFn) -> str:
    """A word that names one file, most of the time."""
    how = draw(st.integers(0, 13))
    if how < 3:
        return draw(st.sampled_from((EXPANSIONS, PATTERNS, SUBSTITUTIONS)[how]))
    return quoted(draw, draw(st.sampled_from(NAMES)))


@st.composite
def folders(draw: DrawFn) -> str:
    return quoted(draw, draw(st.sampled_from(FOLDERS)))


# One command a line: @F and @G are files, @P one that was not quoted, @D and @E directories, @T a text, ¶ a new line.
WRITERS = r"""
echo @T > @F
echo @T >> @F
printf '%s\n' '@T' >| @F
> @F
: > @F
{ echo a; cat; } < /dev/null &> @F
ls nothing >& @F
cat @G > @F 2>&1
rm -f @F
rm @F @G
rm -rf @D/sub
rm -r -f -- @F
unlink @F
cp @G @F
cp @G @D
cp -r @D qcopy
cp -t @D @F @G
cp -a @D @E
mv @F @G
mv @F @D
mv -f @D qmoved
mv -t @D @F
ln -s @G qlink
ln -sf @F @D
ln @F qhard
install -m 600 @F @G
install -D @F qi/k/a
install -d @D/i
touch @F @G
mkdir -p @D/m/n
mkdir @D
rmdir @D
rmdir -p qf
tee @F <<< @T
echo @T | tee -a @F > /dev/null
sed -i s/o/0/ @F
sed -i.bak -e s/o/0/ @F
sed -n 'w qs.txt' @F
truncate -s 3 @F
chmod 600 @F
chmod -R go-rwx @D
dd if=@G of=@F status=none
sort -o @F @G
sort @G -o@F
uniq @G @F
find @D -name '*.txt' -delete
find @D -type f -exec rm -f {} +
find @D -name x.txt -exec cp {} @F \;
find @D -type f -execdir touch qexec \;
find @D -fprint @F
find @D -name '*.log' | xargs rm -f
find @D -print0 | xargs -0 chmod go-r
echo qa.txt qb.txt | xargs rm -f
echo @T | xargs -I@ touch q@
printf 'qa.txt\n' | xargs -n1 -I{} mv {} @F
tar cf @F @D
tar -cf - qd | tar -xf - -C @D
gzip -k @F
gzip @F
split -l 1 @F qs
awk '{print > "qawk"}' @F
awk 'BEGIN{printf "a" >> "qaw"}'
cat > @F <<E¶body $V¶E¶
cat <<'E' > @F¶$(touch qno)¶E¶
cat <<-E | tee @F¶	`touch qyes`¶	E¶
tee >(cat > @F) < /dev/null > /dev/null; sleep 0.01
cat <(touch @F)
exec 3> @F; echo a >&3
bash -c 'echo a > "$0"' @F
bash -c 'rm -f "$@"' _ @F @G
sh -c 'touch qsh'
eval 'touch' @F
eval "echo a > @P"
env K=1 touch @F
command touch @F
nice -n 1 touch @F
timeout 5 rm -f @F
nohup touch @F > /dev/null 2>&1
echo 'touch qpipe' | bash
bash <<< 'touch qhere'
bash <<'E'¶echo a > qdoc¶E¶
python3 -c "open('qpy','w')"
perl -pi -e s/o/0/ @F
comm qa.txt qb.txt > @F
read V < qa.txt; touch qr
csplit -s @F 2
shuf -o @F @G
mktemp -p @D
mktemp qtmp.XXXX
patch -s @F < /dev/null
xxd @G @F
cp -l @G @F
cp -s $PWD/qa.txt qsoft
ln -s $PWD/qd qdl; echo a > qdl/made
cp --parents qd/x.txt @D
mv -b @F @G
cp --backup @F @G
printf -v V %s qpv; touch "$V"
touch q$(( 1 + 1 ))
touch {qz1,qz2}/x @F
echo $[1+1] > q$$
X=(@F @G); touch "${X[@]}"
trap 'touch qtrap' EXIT
cd @D; touch qcd
(cd @D && touch qsub)
pushd @D > /dev/null; touch qpush; popd > /dev/null; touch qpop
cd @D || touch qfail
cd - ; touch qback
V=@F; touch "$V"
W=@D; touch $W/w
V=@T touch "q$V"
export W=@F; bash -c 'touch "$W"'
local V=1; touch q$V
set -- @F @G; touch "$2"
unset V; touch q$V
IFS=:; K=qa.txt:qk; touch $K
shift; touch q$#
git init -q @D
echo x > "qd/$(basename @F)"
cd; touch qhome
rsync -a qd/ @D/
"""

READERS = r"""
true
false
cat qa.txt
ls
test -f qa.txt
[ -d qd ]
[[ -f qa.txt && 2 > 1 ]]
grep -q one qa.txt
:
echo hi
pwd
"""

# @1 and @2 are commands, @C one that only reads.
COMPOUNDS = r"""
@1¶@2
@C && { @1¶}
@C || { @1¶}
( @1¶)
{ @1¶}
if @C; then @1¶else @2¶fi
if ! @C; then @1¶elif @C; then @2¶fi
! { @1¶}
for V in qa.txt qd/x.txt qn; do @1¶done
for V in q*.txt; do @1¶done
for i in 1 2; do @1¶@2¶done
for V in qa.txt qb.txt; do @C && break; @1¶done¶@2
for V; do @1¶done
for ((i=0; i<2; i++)); do @1¶done
while [ ${#i} -lt 2 ]; do i=x$i; @1¶done
until @C; do @1¶break; done
case $V in qa*) @1¶;; *) @2¶;; esac
case qa.txt in *.txt) @1¶;& x) @2¶esac
f() { @1¶}; f qa.txt qb.txt
f() { local V=qloc; @1¶}; f; @2
function g { @1¶return; }; g qd/x.txt && { @2¶}
{ @1¶} > qout 2>&1
( @1¶) < qa.txt | cat
@C | { @1¶}
{ @1¶} &¶wait
V=$( @1¶)
echo "$( @1¶)" > qsubst
while read -r V; do @1¶done <<< $'qa.txt\nqb.txt'
printf 'qa.txt\nqb.txt\n' | while read -r V; do @1¶done
cd qd && { @1¶}¶@2
cd qd || cd qf; @1¶
V=qd/x.txt W=qf¶@1¶@2
W=qe; @1¶W=$W/sub; @2
set -- qa.txt qd; @1¶
time { @1¶}
exec 2> /dev/null; @1¶
@1¶exit 0¶@2
# don't¶@1¶
ln -s qd qln; cd qln && { @1¶}
select V in a; do @1¶break; done < /dev/null
coproc { @1¶}; wait
@C && cd qe; @1¶
"""


def templates(text: str) -> SearchStrategy[str]:
    """One of the lines of a table."""
    return st.sampled_from([line.replace("¶", "\n") for line in text.split("\n") if line])


@st.composite
def writers(draw: DrawFn) -> str:
    """A simple command that writes, or may."""
    return filled(
        draw,
        draw(templates(WRITERS)),
        {
            "@F": files(),
            "@G": files(),
            "@P": st.sampled_from(NAMES),
            "@D": folders(),
            "@E": folders(),
            "@T": st.sampled_from(TEXTS),
        },
    )


def filled(draw: DrawFn, template: str, values: dict[str, SearchStrategy[str]]) -> str:
    for mark, strategy in values.items():
        if mark in template:
            template = template.replace(mark, draw(strategy))
    return template


@st.composite
def compounds(draw: DrawFn, inner: SearchStrategy[str]) -> str:
    """A command made of others."""
    return filled(draw, draw(templates(COMPOUNDS)), {"@1": inner, "@2": inner, "@C": templates(READERS)})


commands = st.recursive(writers(), compounds, max_leaves=5)
