"""What writes, runs or hides in the languages whose inline code is read. A new writing call is one word here."""

from __future__ import annotations

from .marks import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Language:
    """One language. `writers` maps a call's last name to the argument that is a path; `both` are calls that write two
    paths, `opens` maps what opens a file to the place of its mode, `hidden` can do anything."""

    __slots__ = (
        "attached", "blocks", "both", "by_words", "caseless", "codes", "comments", "edits", "files", "filled", "given",
        "hidden", "imports", "letters", "lines", "loose", "module", "mutable", "opens", "printing", "safe", "script",
        "shells", "subcommands", "unclear", "values", "writers",
    )  # fmt: skip

    def __init__(self, codes: str, letters: str = "", values: str = "", *comments: str) -> None:
        self.codes = frozenset(codes.split())
        self.letters = letters
        self.values = frozenset(values.split())
        self.comments = comments
        self.blocks = False  # comments from `/*` to `*/`
        self.unclear: tuple[str, ...] = ()  # strings and comments of these kinds are not read
        self.by_words = False  # what is unclear is judged by its words
        self.filled = ""  # what puts something into a string in double quotes
        self.caseless = False
        self.given = words("")  # modules that are there without being asked for
        self.attached = ""
        self.files = ""
        self.lines = False
        self.printing = words("")
        self.edits = False
        self.module = False
        self.mutable = False  # a string may be changed where it is, or by another name for it
        self.subcommands = words("")
        self.writers: dict[str, int] = {}
        self.both = words("")
        self.opens: dict[str, int] = {}
        self.shells = words("")
        self.hidden = words("")
        self.imports = words("")
        self.safe = words("")
        self.loose = False
        self.script = False


def python() -> Language:
    one = Language("-c", "WXQ", "--check-hash-based-pycs", "#")
    one.module = one.lines = True
    one.writers = {
        **dict.fromkeys(
            words(
                """
                remove unlink rmdir mkdir makedirs removedirs rmtree truncate chmod chown lchown
                utime mkfifo mknod touch makedev lchmod chflags setxattr removexattr savetxt savez
                imwrite savez_compressed write_history_file append_history_file
                write_text write_bytes to_csv to_json to_excel to_parquet to_pickle to_feather to_hdf to_html
                to_latex to_markdown to_orc to_stata to_xml savefig save symlink_to hardlink_to
                """
            ),
            0,
        ),
        "copyfile": 1, "copy": 1, "copy2": 1, "copytree": 1, "symlink": 1, "make_archive": 0, "unpack_archive": 1,
    }  # fmt: skip
    one.both = words("rename renames replace move link")
    one.opens = {**dict.fromkeys(words("open fdopen ZipFile TarFile GzipFile BZ2File LZMAFile"), 1), "memmap": 2}
    one.shells = words("system popen getoutput getstatusoutput run call check_call check_output Popen")
    one.hidden = words(
        """
        exec eval compile __import__ import_module globals vars __builtins__ __dict__ __subclasses__
        __globals__ __getattribute__ getattr attrgetter methodcaller setattr ctypes cffi marshal pickle runpy
        run_path run_module execfile spawnl spawnle spawnlp spawnv spawnve spawnvp execl execle execlp execlpe
        execv execve execvp execvpe posix_spawn pty extractall FileHandler RotatingFileHandler shelve dbm
        sqlite3 fileinput InteractiveConsole breakpoint pdb create_subprocess_exec create_subprocess_shell
        urlretrieve spec_from_file_location SourceFileLoader load_module sendfile copy_file_range splice
        timeit resolve_name getmembers getmembers_static get_objects get_referents get_referrers get_type_hints
        ForwardRef f_globals f_locals f_builtins Loader UnsafeLoader unsafe_load unsafe_load_all addsitedir
        pwrite writev mmap O_WRONLY O_RDWR O_CREAT O_TRUNC O_APPEND FileIO builtins posix nt _io zipimport
        codeop dup2 chdir fchdir chroot ftruncate fchmod open_code sendto modules spawnlpe spawnvpe posix_spawnp tofile
        __call__ __get__ locals
        """
    )
    one.imports = frozenset(("import", "from"))
    one.safe = words(
        """
            json sys re os math collections itertools functools pathlib datetime time string textwrap
            random statistics decimal fractions operator hashlib base64 binascii struct csv io glob
            fnmatch shutil tempfile subprocess typing dataclasses enum abc copy pprint platform inspect
            types ast tokenize keyword traceback warnings contextlib unicodedata locale calendar uuid
            urllib http html xml zlib gzip bz2 lzma zipfile tarfile configparser tomllib argparse
            getpass secrets socket ssl email mimetypes difflib heapq bisect array queue threading
            asyncio concurrent signal stat errno logging importlib pkgutil sysconfig site __future__
            yaml toml requests numpy pandas tomli jsonschema packaging bs4 lxml colorsys cmath numbers
            weakref gc timeit dis symtable zoneinfo graphlib reprlib linecache filecmp ipaddress
            resource select pwd grp fcntl termios curses readline codecs shlex cgi cgitb netrc
            """
    )
    return one


def javascript() -> Language:
    codes = "-e -p -pe --eval --print"
    one = Language(codes, "rC", "--require --import --conditions --input-type --loader", "//")
    one.lines = one.script = one.blocks = True
    one.unclear = ("<!--", "-->")
    one.given = words("fs child_process global globalThis")
    # These take code only when no option follows.
    one.printing = words("-p -e --print --eval")
    one.subcommands = words("run test install add fmt lint task compile cache inspect")
    one.writers = {
        **dict.fromkeys(
            words(
                """
                writeFile writeFileSync appendFile appendFileSync unlink unlinkSync rm rmSync rmdir
                rmdirSync mkdir mkdirSync truncate truncateSync chmod chmodSync chown chownSync
                lchown utimes utimesSync createWriteStream mkdtemp mkdtempSync outputFile
                outputFileSync writeJson writeJsonSync ensureFile ensureFileSync ensureDir
                ensureDirSync emptyDir emptyDirSync removeSync writeTextFile writeTextFileSync
                write_
                """
            ),
            0,
        ),
        **dict.fromkeys(words("copyFile copyFileSync cp cpSync copySync symlink symlinkSync"), 1),
    }
    one.both = words("rename renameSync link linkSync move moveSync")
    one.opens = {"open": 1, "openSync": 1}
    one.shells = words("exec execSync")
    one.hidden = words(
        """
            eval Function spawn spawnSync execFile execFileSync fork binding dlopen createRequire Worker
            WebAssembly runInThisContext runInNewContext runInContext compileFunction constructor
            __proto__ Reflect Proxy mainModule _load globalThis_ Command importScripts vm worker_threads
            inspector repl module_ fromCharCode_ getBuiltinModule chdir $ sqlite DatabaseSync
            """
    )
    one.imports = frozenset(("require", "import"))
    one.safe = words(
        """
            fs path os util url crypto http https assert events stream zlib buffer querystring readline
            string_decoder timers tty dns net perf_hooks child_process process fs/promises
            """
    )
    return one


def ruby() -> Language:
    one = Language("-e", "rIECFWxT", "--require", "#")
    one.edits = one.mutable = one.by_words = True
    one.unclear = ("/", "%", "<<", "?'", '?"', "?`", "$'", '$"', "$`", "=begin")
    one.filled = "#"
    one.given = words("File FileUtils IO Dir Kernel")
    one.attached = "0KlF"
    one.writers = {
        **dict.fromkeys(
            words("write binwrite delete unlink mkdir rmdir mkdir_p makedirs touch rm rm_f rm_r rm_rf rmtree truncate"),
            0,
        ),
        **dict.fromkeys(words("cp cp_r copy copy_file install symlink ln_s ln_sf"), 1),
    }
    one.both = words("rename mv move link ln")
    one.opens = {"open": 1, "new": 1, "sysopen": 1}
    one.shells = frozenset(("system", "exec", "spawn"))
    one.hidden = words(
        """
            eval instance_eval class_eval module_eval send __send__ public_send method fork load syscall
            Fiddle binding const_get define_method instance_method Open3 PTY capture2 capture3 capture2e
            IO_popen chmod chown chdir FileUtils_ Pathname ObjectSpace TracePoint Marshal Kernel_
            Tempfile_ popen
            """
    )
    one.imports = frozenset(("require", "require_relative"))
    one.safe = words(
        "json yaml set time date fileutils csv digest erb optparse pp securerandom uri net/http open-uri tempfile"
    )
    return one


def php() -> Language:
    one = Language("-r --run -R -B -E", "cdz", "", "#", "//")
    one.files = "fF"
    one.mutable = one.blocks = one.caseless = True
    one.unclear = ("<<<", "?>", "#[")
    one.filled = "$"
    one.writers = {
        **dict.fromkeys(words("file_put_contents unlink rmdir mkdir touch chmod chown chgrp truncate tempnam"), 0),
        "copy": 1, "symlink": 1, "move_uploaded_file": 1,
    }  # fmt: skip
    one.both = frozenset(("rename", "link"))
    one.opens = {"fopen": 1, "gzopen": 1}
    one.shells = words("exec shell_exec system passthru")
    one.hidden = words(
        """
            eval assert create_function call_user_func call_user_func_array popen proc_open pcntl_exec
            include include_once require require_once ffi splfileobject ziparchive array_map
            array_filter usort preg_replace_callback dl putenv reflectionfunction mail error_log
            imagepng imagejpeg chdir phardata phar sqlite3 pdo array_walk array_walk_recursive array_reduce uasort
            uksort array_udiff array_uintersect array_diff_ukey array_intersect_ukey iterator_apply ob_start
            register_shutdown_function set_error_handler set_exception_handler spl_autoload_register
            preg_replace_callback_array forward_static_call forward_static_call_array fromcallable splfileinfo
            openfile asxml domdocument
            """
    )
    return one


def lua() -> Language:
    one = Language("-e", "l", "", "--")
    one.by_words = True
    one.unclear = ("[[", "[=", "--[")
    one.given = words("os io")
    one.writers = {"remove": 0, "output": 0, "mkdir": 0, "rmdir": 0}
    one.both = frozenset(("rename",))
    one.opens = {"open": 1}
    one.shells = frozenset(("execute", "popen"))
    one.hidden = words("load loadstring dofile loadfile setfenv debug package loadlib ffi lfs posix _G _ENV")
    one.imports = frozenset(("require",))
    return one


def perl() -> Language:
    """Its quoting cannot be read by a scan: any word that can write or run, wherever it stands, hides the code."""
    one = Language("-e -E", "IMmCxD")
    one.edits = True
    one.attached = "0lFMmIi"
    one.loose = True
    one.hidden = words(
        """
            open sysopen unlink rename system exec eval mkdir rmdir symlink link chmod chown utime
            truncate qx do require use_ fork syscall dbmopen opendir_ write_file append_file spurt spew
            copy move cp mv rmtree mkpath make_path remove_tree tie socket IO File Path Tie DBI IPC
            POSIX Storable readpipe glob_ chdir chroot sub_ ee CORE GLOBAL INPLACE_EDIT binmode_ *{ &{
            -> pipe
            """
    )
    return one


# Each is made when its interpreter is called, since most commands call none.
MAKERS: dict[str, Callable[[], Language]] = {}


def load(names: str, maker: Callable[[], Language]) -> None:
    for name in names.split():
        MAKERS[name] = maker


def language(name: str) -> Language:
    """The language that the interpreter `name` reads."""
    return MAKERS[name]()


load("python python2 python3 pypy pypy3 ipython", python)
load("node nodejs", javascript)
load("ruby irb", ruby)
load("php", php)
load("lua luajit", lua)
load("perl", perl)
