"""What shell commands write: a table of commands as agents run them, and real shells that are asked."""

import fnmatch
import os
import shlex
import subprocess
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from parallel_dispatch.shell import DEEPEST_SCRIPT, LONGEST, MOST_PATHS, targets
from parallel_dispatch.shell_programs import LONGEST_PATH
from parallel_dispatch.shell_words import DEEPEST

WRITES = [
    # redirections
    ("echo a > b", ["b"]),
    ("echo a >b", ["b"]),
    ("echo a>b", ["b"]),
    ("echo a >> notes/log.txt", ["notes/log.txt"]),
    ("echo a >| b", ["b"]),
    ("npm test > log 2>&1", ["log"]),
    ("npm test &> log", ["log"]),
    ("npm test &>> log", ["log"]),
    ("npm test >& log", ["log"]),
    ("make 1> out 2> err", ["out", "err"]),
    ("make 2>/dev/null >out", ["out"]),
    ("> empty", ["empty"]),
    (": > empty", ["empty"]),
    ("> out echo a", ["out"]),
    ("echo 2 >b", ["b"]),
    ("sort < in > out", ["out"]),
    ("exec > all.log 2>&1", ["all.log"]),
    ("echo a > b > c", ["b", "c"]),
    ("echo a > b; echo c >> b", ["b"]),
    ("echo a > ./b", ["./b"]),
    ("echo a >&\u0663", ["\u0663"]),
    ("touch a \u0663> b", ["b", "a", "\u0663"]),
    ("echo a > ../b", ["../b"]),
    ("echo a > /etc/b", ["/etc/b"]),
    ("echo a > ~/b", ["~/b"]),
    ("ls -la 2>&1 | tee out.txt", ["out.txt"]),
    ("cat <<< text > b", ["b"]),
    ("diff <(sort a) <(sort b) > c", ["c"]),
    ("make 2> >(tee err.log)", ["err.log"]),
    # quotes
    ("echo a > 'b c'", ["b c"]),
    ('echo a > "b c"', ["b c"]),
    (r"echo a > b\ c", ["b c"]),
    ("echo a > b'c'\"d\"", ["bcd"]),
    (r'echo a > "b\"c\d"', [r'b"c\d']),
    (r"echo a > $'b\tc\'d'", ["b\tc'd"]),
    ('echo a > $"b"', ["b"]),
    ("echo a > 'Ä ö.md'", ["Ä ö.md"]),
    ("echo \\\n  a \\\n  > b", ["b"]),
    ("echo a > b\\", ["b\\"]),
    ("echo 'a > b' > c", ["c"]),
    ("echo it\\'s > b", ["b"]),
    ("echo a > b # > c", ["b"]),
    ("echo a#b > c", ["c"]),
    # here-documents
    ("cat > file <<EOF\nrm a\necho b > c\nEOF", ["file"]),
    ("cat <<'EOF' > file\n$(rm a) `rm b` \"\nEOF\ntouch d", ["file", "d"]),
    ("cat <<-EOF > file\n\trm a\n\tEOF\nrm b", ["file", "b"]),
    ("cat <<A <<B > file\nrm a\nA\nrm b\nB\nrm c", ["file", "c"]),
    ("cat <<EOF | tee file\n> x\nEOF", ["file"]),
    ('cat <<"E F" >file\nEOF\nE F\nrm x', ["file", "x"]),
    ("python - <<'EOF' > out\nopen('x', 'w').write('> y')\nEOF", ["out"]),
    ("cat > a.py <<'PY' && python a.py\nx > y\nPY\necho done > z", ["a.py", "z"]),
    ('git commit -m "$(cat <<\'EOF\'\nrm a; b > c\n\nIt\'s "done" (really)\nEOF\n)" > log', ["log"]),
    # programs that write what they are given
    ("tee a b", ["a", "b"]),
    ('echo "a" | tee -a x.log', ["x.log"]),
    ("echo a | sudo tee /etc/hosts > /dev/null", ["/etc/hosts"]),
    ("sort a | sponge a", ["a"]),
    ("touch a b c", ["a", "b", "c"]),
    ("touch -d '1 day ago' a", ["a"]),
    ("touch -- -a", ["-a"]),
    ("rm -rf build dist", ["build", "dist"]),
    ("rm -f -- -x", ["-x"]),
    ("rm src/*.py", ["src/*.py"]),
    ("/bin/rm a", ["a"]),
    (r"\rm a", ["a"]),
    ("unlink a", ["a"]),
    ("truncate -s 0 a.log", ["a.log"]),
    ("dd if=/dev/zero of=disk.img bs=1M count=1", ["disk.img"]),
    ("sort -u names -o names", ["names"]),
    ("ed -s a.txt <<EOF\n1d\nw\nEOF", ["a.txt"]),
    ("patch src/a.py < fix.diff", ["src/a.py"]),
    ("patch -p1 -o b.py a.py fix.diff", ["b.py"]),
    # edits in place
    ("sed -i 's/a/b/' x.py y.py", ["x.py", "y.py"]),
    ("sed -i.bak 's/a/b/' x.py", ["x.py"]),
    ("sed -i '' 's/a/b/' x.py", ["x.py"]),
    ("sed -i -e 's/a > b/c/' -e 's/d/e/' x.py", ["x.py"]),
    ("sed -Ei 's/a/b/' x.py", ["x.py"]),
    ("sed -n -i '1,5p' x.py", ["x.py"]),
    ("sed --in-place=.orig --expression 's/a/b/' x.py", ["x.py"]),
    ('sed -i "s/$a/$b/" x.py', ["x.py"]),
    ("perl -pi -e 's/a/b/' x.py", ["x.py"]),
    ("perl -i.bak -pe 's/a/b/' x.py", ["x.py"]),
    ("perl -0777 -i -pe 's/a/b/' x.py y.py", ["x.py", "y.py"]),
    ("gawk -i inplace '{print $1}' x.txt", ["x.txt"]),
    # copies
    ("cp a b", ["b"]),
    ("cp -r a b/", ["b/a"]),
    ("cp src/a.py src/b.py lib", ["lib/a.py", "lib/b.py"]),
    ("cp -t lib src/a.py src/b.py", ["lib/a.py", "lib/b.py"]),
    ("cp --target-directory=lib src/a.py", ["lib/a.py"]),
    ("cp docs/*.md out/", ["out/*.md"]),
    ("cp ../a.md .", ["./a.md"]),
    ('cp "$src" b', ["b"]),
    ("mv a b", ["a", "b"]),
    ("mv a b c/", ["a", "b", "c/a", "c/b"]),
    ("mv -t c a", ["a", "c/a"]),
    ("ln -s ../a b", ["b"]),
    ("ln -s ../lib/a", ["a"]),
    ("install -D -m 755 a bin/a", ["bin/a"]),
    ("rsync -a src/ dst/", ["dst/"]),
    ("rsync -av --exclude node_modules a.txt b.txt dst", ["dst/a.txt", "dst/b.txt"]),
    # downloads and archives
    ("curl -sSL https://x.org/a.tgz -o a.tgz", ["a.tgz"]),
    ("curl -sSLo a.tgz https://x.org/b", ["a.tgz"]),
    ("curl -fsSLO https://x.org/dir/a.tgz?x=1", ["a.tgz"]),
    ("curl --output-dir dl --output a https://x.org/", ["dl/a"]),
    ("wget -q -O a.html https://x.org", ["a.html"]),
    ("wget -qO a.html https://x.org", ["a.html"]),
    ("tar czf out.tgz src", ["out.tgz"]),
    ("tar cfz out.tgz src", ["out.tgz"]),
    ("tar xfzC a.tgz vendor", ["vendor/"]),
    ("tar -xzf a.tgz -C vendor", ["vendor/"]),
    ("tar xzf a.tgz --directory=vendor/", ["vendor/"]),
    ("unzip -q a.zip -d vendor", ["vendor/"]),
    # git
    ("git checkout -- src/a.py", ["src/a.py"]),
    ("git checkout HEAD~1 -- a b", ["a", "b"]),
    ("git checkout .", ["."]),
    ("git restore src/a.py", ["src/a.py"]),
    ("git restore --source HEAD~2 --staged --worktree a", ["a"]),
    ("git mv a b", ["a", "b"]),
    ("git rm -r old", ["old"]),
    ("git -C sub -c core.x=y rm a", ["sub/a"]),
    ("git reset --hard HEAD~1", ["./"]),
    ("git clean -fdx", ["./"]),
    ("git stash", ["./"]),
    ("git stash push -m x -- a", ["a"]),
    ("git stash pop", ["./"]),
    ("git diff > fix.patch", ["fix.patch"]),
    # programs that run others
    ("sudo rm a", ["a"]),
    ("sudo -uroot rm a", ["a"]),
    ("sudo -Eu root rm a", ["a"]),
    ("sudo -u root -- rm a", ["a"]),
    ("env A=1 B=2 touch a", ["a"]),
    ("A=1 B=$x touch a", ["a"]),
    ("nohup time -p touch a", ["a"]),
    ("timeout -k 5 10 touch a", ["a"]),
    ("nice -n 5 touch a", ["a"]),
    ("command touch a", ["a"]),
    ("bash -c 'echo a > b'", ["b"]),
    ('sh -c "echo a > b; rm c"', ["b", "c"]),
    ("bash -lc 'cd sub && touch a'", ["sub/a"]),
    ("bash -euo pipefail -c 'touch a' name", ["a"]),
    ("sudo bash -c \"sh -c 'touch a'\"", ["a"]),
    ("eval 'touch a'", ["a"]),
    # several commands
    ("mkdir -p out && echo a > out/b", ["out/b"]),
    ("test -f a || touch a", ["a"]),
    ("cat a | grep b | tee c | wc -l", ["c"]),
    ("touch a & touch b", ["a", "b"]),
    ("touch a\ntouch b;touch c", ["a", "b", "c"]),
    ("(touch a; touch b) > c", ["a", "b", "c"]),
    ("{ echo a; touch b; } > c 2>&1", ["b", "c"]),
    ("! touch a", ["a"]),
    ("if grep -q a b; then rm c; else touch d; fi", ["c", "d"]),
    ("for f in rm touch; do echo $f >> log; done", ["log"]),
    ("for f in *.md; do cat $f; done > all.txt", ["all.txt"]),
    ("for ((i = 0; i > 3; i++)); do touch a; done", ["a"]),
    ("while read -r line; do echo $line >> b; done < a", ["b"]),
    ("case $x in rm|a) touch b ;; *) touch c ;; esac", ["b", "c"]),
    ("clean() { rm -f a; }\nclean", ["a"]),
    ('echo $(touch a) `touch b` "$(touch c) `touch d`"', ["a", "b", "c", "d"]),
    ('x=$(cat a | tee b) && echo "$(echo $(touch c))" > d', ["b", "c", "d"]),
    ("[[ a > b ]] && touch c", ["c"]),
    ("[[ $a =~ ^(x|y)>$ ]] && touch c", ["c"]),
    ("(( a > b )) && touch c", ["c"]),
    ("echo $(( (a + b) > 1 )) > c", ["c"]),
    ("((touch a); touch b)", ["a", "b"]),
    ("((cd a && touch x) && (cd b && touch y))", ["a/x", "b/y"]),
    ("echo `echo \\`echo x > f\\``", ["f"]),
    ('echo "`touch \\"a b\\"`" > c', ["a b", "c"]),
    ('echo ${x:-"a > b"} ${y#*>} > c', ["c"]),
    # other folders
    ("cd sub && echo a > b", ["sub/b"]),
    ("cd sub; touch a; cd deeper; touch b; cd ..; touch c", ["sub/a", "sub/deeper/b", "sub/deeper/../c"]),
    ("(cd sub && touch a); touch b", ["sub/a", "b"]),
    ("cd sub && touch /abs/a ~/b", ["/abs/a", "~/b"]),
    ("cd /abs && touch a", ["/abs/a"]),
    ("cd && touch a", ["~/a"]),
    ("cd -P -- sub && touch a", ["sub/a"]),
    ("cd 'a b' && touch c", ["a b/c"]),
    ("cd a || exit 1\ntouch b", ["a/b"]),
    ("cd server && npm start > log 2>&1 &\ntouch a", ["server/log", "a"]),
    ("pushd sub > pushed; touch a; popd; touch b", ["pushed", "sub/a"]),
    ("if x; then cd sub; touch a; fi; touch b /c", ["sub/a", "/c"]),
    ("if x; then cd sub; else touch a; fi", []),
    ("for d in a b; do cd $d; touch c; cd ..; done; touch /d", ["/d"]),
    ("cd a || cd b; touch c", []),
    ('cd "$x" && touch a && cd /b && touch c', ["/b/c"]),
    ("cd a && touch b && cd c && touch d", ["a/b", "a/c/d"]),
    ("[ -d build ] && cd build; touch x /y", ["/y"]),
    ("true &&\ncd b; touch c /d", ["/d"]),
    ("true && (x)\ncd b\ntouch c", ["b/c"]),
    ("true && [[ -f a ]]\ncd b\ntouch c", ["b/c"]),
    ("true && > a\ncd b\ntouch c", ["a", "b/c"]),
    ('true && cd "$(x)"; touch c /d', ["/d"]),
    ("cd a | cat; touch b", ["b"]),
    ("ls | cd a; touch b", ["b"]),
    ("ls |\ncd a\ntouch b", ["b"]),
    ("ls | (x)\ncd a\ntouch b", ["a/b"]),
    ("ls | { cd a; touch b; }; touch c", ["a/b", "c"]),
    ("echo $(cd sub; touch a) > b", ["sub/a", "b"]),
]
"""Commands, and what they write."""

READS = [
    "",
    "ls -la",
    'git commit -m "a > b"',
    "git commit -m 'rm x; touch y'",
    'grep -rn "x > y" src',
    "grep -rn 'rm -rf' . | head -20",
    "awk '{print > \"f\"}' a",
    "awk '$1 > 5' a",
    "python -c 'print(1 > 2)'",
    "python - <<'EOF'\nimport os\nos.remove('x')\nprint(1 > 2)\nEOF",
    'node -e "console.log(a => b, 1 > 2)"',
    "find . -name '*.py' -exec sed -i s/a/b/ {} +",
    "find . -name '*.pyc' | xargs rm -f",
    "find . -type f -exec rm '{}' \\;",
    "ls | xargs -I{} cp {} dst/{}",
    "cat a 2>/dev/null",
    "make > /dev/null 2>&1",
    "make >&2",
    "make 2>&-",
    "echo a >/dev/stderr",
    "exec 3<>/dev/tcp/x.org/80",
    "cat < a",
    "cat << EOF\nrm a > b\nEOF",
    "cat <<EOF\n> unfinished",
    "wc -l <<< 'a > b'",
    "diff <(sort a) <(sort b)",
    "cat <<EOF\nfoo \\\nEOF\ntouch a\nEOF",
    "sudo -uroot echo rm a",
    "git --work-tree=wt checkout HEAD -- a.py",
    "git --work-tree wt checkout HEAD -- a.py",
    "perl a.pl -i b",
    "gawk '{print}' a -i inplace",
    "echo rm a",
    "echo 'a' \"> b\" \\> c",
    "echo a # > b",
    "# rm a\nls",
    "which rm touch",
    "command -v rm touch",
    "type -a rm",
    "man tee",
    "rm --help",
    "cp --version",
    "sed -n '1,5p' a",
    "sed 's/a/b/' a",
    "sed -e 's/-i/x/' a",
    "sed -s 's/a/i/' a",
    "perl -ne 'print if $a > $b' a",
    "perl -MList::Util=first -e 'print 1' a",
    "perl -Ilib a.pl",
    "awk -F: '{print $1}' a",
    "gawk -i other '{print}' a",
    "sort -k2 -o- a",
    "tar tzf a.tgz",
    "tar -xOf a.tgz b",
    "tar czf - src | wc -c",
    "unzip -l a.zip",
    "unzip -p a.zip b",
    "curl -s https://x.org/a.tgz | head",
    "curl -s -o /dev/null -w '%{http_code}' https://x.org",
    "curl -so- https://x.org",
    "curl -X POST -d 'a > b' -H 'X: -o y' https://x.org",
    "wget -qO- https://x.org",
    "wget --spider -Pdoc https://x.org",
    "rsync -an src/ dst/",
    "rsync --dry-run -a src/ dst/",
    "rsync -a src/ host:dst/",
    "patch --dry-run -p1 a < x.diff",
    "dd if=a bs=1 count=5",
    "cp a",
    "mkdir -p out/deep",
    "rmdir out",
    "chmod +x a",
    "git status --short",
    "git diff -- a b",
    "git log --oneline -- rm",
    "git checkout main",
    "git checkout -b rm",
    "git restore --staged a",
    "git rm --cached a",
    "git rm -n a",
    "git mv --dry-run a b",
    "git clean -n",
    "git clean -fdn",
    "git reset HEAD a",
    "git stash list",
    "git add -A && git commit -qm x && git push",
    "[[ a > b ]]",
    "[[ -f a && ( b < c || d > e ) ]]",
    "(( a > b ))",
    "echo $((1 > 2)) $(( 1 << 3 ))",
    "if ((a > b)); then echo x; fi",
    "let 'a > b'",
    "files=(rm -rf a)",
    "files+=(touch $(ls))",
    "for f in rm touch; do echo $f; done",
    "for rm in a b; do echo; done",
    "case rm in touch) ls ;; (rm) ls ;; esac",
    "select x in rm a; do echo; done",
    'echo "${x:-> b}" ${y//>/x}',
    'touch "$x" $y/a out/$z.md ${HOME}/b',
    "echo a > $x",
    'echo a > "out/$x.md"',
    "echo a > $(date).log",
    "echo a > `date`.log",
    "touch {a,b}.py",
    'cp a "$x"/',
    'cp "$x" out/',
    'cd "$x" && touch a',
    "cd - && touch a",
    "ssh host 'rm a > b'",
    "ssh host <<EOF\nrm a\nEOF",
    "docker run x rm a",
    "jq '.a > 1' b.json",
    "rg 'a|rm b' --glob '!*.md'",
    "npm run build -- --out=dist",
    "psql -c 'select a > b' <<< 'x'",
    "printf '%s\\n' \"rm a\" | cat",
    "test a '>' b",
    "[ a \\> b ]",
    'eval "$(ssh-agent -s)"',
    "bash script.sh rm a",
    "bash -n 'rm a'",
    "bash -c",
    "echo 'unbalanced > a",
    'echo "unbalanced > a',
    "echo $(unbalanced # > a",
]
"""Commands that write nothing, or nothing that can be told. To find something here would deny honest work."""


@pytest.mark.parametrize(("command", "paths"), WRITES)
def test_what_a_command_writes_is_found(command, paths):
    assert targets(command) == paths


@pytest.mark.parametrize("command", READS)
def test_in_a_command_that_only_reads_nothing_is_found(command):
    assert targets(command) == []


def test_the_tables_are_long():
    assert len(WRITES) > 150
    assert len(READS) > 100


@pytest.mark.parametrize(
    ("command", "folders", "paths"),
    [
        ("cp a.md out", {"out"}, ["out/a.md"]),
        ("cp a.md out", {"a.md"}, ["out"]),
        ("cp -T a out", {"out"}, ["out"]),
        ("mv docs/a.md out", {"out"}, ["docs/a.md", "out/a.md"]),
        ("cd sub && cp a.md out", {"sub/out"}, ["sub/out/a.md"]),
        ("cd sub && cp a.md out", {"out"}, ["sub/out"]),
        ("git -C sub mv a.md out", {"sub/out"}, ["sub/a.md", "sub/out/a.md"]),
        ("ln -s ../a out", {"out"}, ["out/a"]),
        ("rsync -a src dst", {"src"}, ["dst/src"]),
        ("rsync -a a.md dst", {"dst"}, ["dst/a.md"]),
        ('cd "$x" && cp a.md out', {"out"}, []),
    ],
)
def test_what_is_copied_into_a_folder_keeps_its_name(command, folders, paths):
    assert targets(command, folders.__contains__) == paths


# --- bounds -------------------------------------------------------------------------------------------------------


def test_of_a_long_command_the_beginning_is_read_and_no_name_that_is_cut():
    command = "touch a; touch " + "b" * LONGEST
    assert targets(command) == ["a"]
    assert targets("touch a; " * LONGEST + "touch b") == ["a"]


def test_what_lies_too_deep_is_not_read():
    def nested(depth):
        return "echo " + "$(" * depth + "touch a" + ")" * depth

    assert targets(nested(DEEPEST)) == ["a"]
    assert targets(nested(DEEPEST + 1)) == []
    assert targets("eval " * DEEPEST_SCRIPT + "touch a") == ["a"]
    assert targets("eval " * (DEEPEST_SCRIPT + 1) + "touch a") == []


def test_a_path_that_no_system_takes_is_left_out():
    assert targets("touch " + "a" * LONGEST_PATH) == ["a" * LONGEST_PATH]
    assert targets("touch a" + "a" * LONGEST_PATH) == []
    assert len(targets("cd a; touch b; " * LONGEST_PATH)) < LONGEST_PATH


@pytest.mark.parametrize(
    "command",
    [
        "cp" + " -ta" * 12_000 + " b" * 25_000,
        "cp -t " + "d" * 40_000 + " a" * 25_000,
        "mv -t " + "d" * 4_000 + " a" * 40_000,
        "git" + " -C a" * 19_000 + " rm a",
        "git -C " + "d" * 40_000 + " rm" + " a" * 25_000,
        "rsync" + " a" * 25_000 + " " + "d" * 40_000,
    ],
)
def test_many_paths_in_a_long_folder_take_no_longer_than_the_command_is_long(command):
    begun = time.process_time()
    targets(command)
    assert time.process_time() - begun < 1


def test_of_a_command_that_writes_no_end_of_paths_the_first_are_told():
    command = "touch " + " ".join(map(str, range(MOST_PATHS + 10)))
    assert targets(command) == [str(number) for number in range(MOST_PATHS)]


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "((",
        "$(",
        "$((",
        "${",
        '"${',
        "`",
        "\\`",
        "((a)",
        "cd a|",
        '"',
        "'",
        "\\",
        "{ ",
        "if ",
        "a=(",
        "<(",
        "<<a\n",
        "|",
        ";",
        "> ",
        "-",
        " ",
    ],
)
def test_a_hundred_thousand_of_anything_are_read_to_the_end(piece):
    assert targets("touch a; " + piece * LONGEST)[0] == "a"


WORDS = """
    rm cd cp git sed -i a b/ x= ( ) (( )) $ ${ } { ` ' " \\ # ; & | < > << [[ ]] - -- = ~ * 2 é
    if then else fi case in esac for do done bash -c eval sudo tar -C
"""
PIECES = st.sampled_from([*WORDS.split(), " ", " ", "\n", "\0"])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join)))
@settings(max_examples=500, deadline=None)
def test_any_text_has_an_answer_of_paths_that_are_told_once(text):
    found = targets(text)
    assert len(found) == len(set(found))
    assert all(path and "\0" not in path for path in found)


# --- real shells --------------------------------------------------------------------------------------------------


def escaped(name):
    return "".join(f"\\{char}" for char in name)


def in_double_quotes(name):
    return '"' + "".join(f"\\{char}" if char in '$`"\\' else char for char in name) + '"'


def in_two_halves(name):
    return in_double_quotes(name[:1]) + shlex.quote(name[1:])


NAMES = st.text("ab 1.-=$`'\"\\*?[]{}()<>|&;#!~é", min_size=1, max_size=6).filter(lambda name: name.strip("."))
QUOTING = st.sampled_from([shlex.quote, escaped, in_double_quotes, in_two_halves])
ACTIONS = st.sampled_from(
    [
        "printf x > {new}",
        "printf x>>{old}",
        "printf x 2> {new} 1>&2",
        "> {old} printf x",
        "printf x | tee {new} > /dev/null",
        "printf x | tee -a {old} {new} > {other}",
        "touch {new} {other}",
        "cp {old} {new}",
        "cp {old} folder",
        "mv {old} {new}",
        "mv {old} folder/",
        "cp -t folder {old}",
        "mv -t folder {old}",
        "install -m 644 {old} {new}",
        "ln -s {old} {new}",
        "tar cf {new} {old}",
        "sort {old} -o {new}",
        "truncate -s 1 {old}",
        "dd if=/dev/zero of={new} bs=1 count=1 2> /dev/null",
        "sed -i s/o/x/ {old}",
        "rm {old}",
        "cat > {new} <<E\n> other\nE\n",
        "cd folder && touch {new}",
        "(cd folder; printf x > {new})",
        "echo $(touch {new}) `printf x > other`",
        'echo "$(printf x > {new})"',
        "if true; then touch {new}; fi",
        "for x in 1; do printf x; done > {new}",
        "{{ printf x; printf y; }} && cd folder/.. && printf x > {new}",
    ]
)


@st.composite
def commands(draw):
    """A command, and the file that is there before it."""
    old, new, other = ("./" + name for name in draw(st.lists(NAMES, min_size=3, max_size=3, unique=True)))
    quote = draw(QUOTING)
    return old, draw(ACTIONS).format(old=quote(old), new=quote(new), other=quote(other))


def files_in(folder):
    """Every file with what tells that it was written."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(path, name))
            found[os.path.relpath(os.path.join(path, name), folder)] = (status.st_ino, status.st_mtime_ns)
    return found


def run(shell, command, folder):
    """What a shell did not leave as it was."""
    before = files_in(folder)
    done = subprocess.run([shell, "-c", command], cwd=folder, capture_output=True, check=False, timeout=60)
    after = files_in(folder)
    return done, {path for path in {*before, *after} if before.get(path) != after.get(path)}


@pytest.mark.parametrize("shell", ["sh", "bash"])
@given(commands())
@example(("./a", "printf x > ./b\\\n"))
@settings(max_examples=60, deadline=None)
def test_a_real_shell_writes_exactly_what_is_found(shell, tmp_path_factory, given_):
    old, command = given_
    folder = str(tmp_path_factory.mktemp("shell"))
    os.mkdir(os.path.join(folder, "folder"))
    with open(os.path.join(folder, old), "w", encoding="utf-8") as file:
        file.write("old")
    os.utime(os.path.join(folder, old), (0, 0))
    found = targets(command, lambda path: os.path.isdir(os.path.join(folder, path)))
    done, changed = run(shell, command, folder)
    assert done.stderr == b""
    assert {os.path.normpath(path) for path in found} == changed != set()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Files that are committed and then changed, an archive and a patch of them."""
    for scope in ("GLOBAL", "SYSTEM"):  # nobody's own settings
        monkeypatch.setenv(f"GIT_CONFIG_{scope}", os.devnull)
    for name in ("a.txt", "b.txt", "sub/c.txt", "sub/d/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old\n")
    prepared = """
        git init -q && git config user.name x && git config user.email x@x.org && git add . && git commit -qm x
        for f in a.txt b.txt sub/c.txt sub/d/e.txt; do echo new > $f; done
        git diff > fix.diff && tar cf files.tar a.txt sub && mkdir out
    """
    subprocess.run(["sh", "-ec", prepared], cwd=tmp_path, check=True)
    return str(tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        "git checkout -- a.txt",
        "git checkout HEAD -- a.txt sub/c.txt",
        "git checkout -q .",
        "git -C sub checkout -q .",
        "git restore a.txt b.txt",
        "git restore --staged --worktree sub",
        "git restore -s HEAD a.txt",
        "git mv a.txt z.txt",
        "git mv a.txt b.txt out",
        "git -C sub mv -f c.txt d/",
        "git rm -qf a.txt",
        "git rm -rfq sub",
        "git reset -q --hard",
        "git clean -fq",
        "git clean -fq -- fix.diff",
        "git stash -q",
        "git stash push -q -- a.txt",
        "git diff > mine.diff",
        "git stash -q && git checkout -q -b other && git stash pop -q",
        "git diff a.txt | patch -sR a.txt",
        "perl -pi -e 's/new/x/' a.txt b.txt",
        "perl -0777 -i -pe 's/new/x/' a.txt",
        "tar xf files.tar -C out",
        "tar -xf files.tar --directory out sub",
        "tar cfz more.tgz sub && tar xfzC more.tgz out",
        "mkdir -p out/deep && cp -r sub out/deep",
        "cp -r sub/. out",
        "cp sub/*.txt out/",
        "mv sub out/",
        "rm -r sub/d",
        "rm *.txt",
        "bash -c 'cd sub && rm c.txt' && sh -c 'echo x > b.txt'",
        "env X=1 nice -n 1 timeout -s KILL 60 touch out/x",
    ],
)
def test_real_programs_write_in_what_is_found_and_in_all_of_it(command, repository):
    found = targets(command, lambda path: os.path.isdir(os.path.join(repository, path)))
    done, changed = run("bash", command, repository)
    written = {path for path in changed if not path.startswith(".git" + os.sep)}
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path for path in sorted(written) if not any(is_in(path, target) for target in found)] == []
    assert [target for target in found if not any(is_in(path, target) for path in written)] == []


def is_in(path, target):
    """Whether a file is a target, matches it, or is in the folder that it is."""
    target = os.path.normpath(target)
    return target == "." or fnmatch.fnmatch(path, target) or path.startswith(target + os.sep)
