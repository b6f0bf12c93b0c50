"""What programs do with their words. A new writing program is one line of `PROGRAMS`.

A line is a kind and what its options mean. Kinds: `reads` (writes none of its operands), `all` (writes every
operand), `second` (the second one), `last` (the last one, or into it), `here` (all below the current directory, or
below `into`), `runs` (may write anything in the project), `never` (forbidden), `wrap` (the rest is a command),
`@name` (a function of its own). Options, one letter or a long name without its dashes:
`values` take a value, `out` take a file that is written, `into` a directory that is written into, `code` a shell
command, `file` a program's text in a file. Flags: `need` (nothing is written without one of these), `dry` (nothing is
written with one), `tree` (all below each operand; `*` for always), `hide` (what is done cannot be followed), `home`
(writes the current directory). `skip` operands come first that are no paths; `default` is used for no operands.
`style=dash` means long options with one dash.
"""

from __future__ import annotations

from .marks import words

# Only read, print or wait, whatever their options.
READERS = words(
    """
        cat ls grep egrep fgrep zgrep ag wc diff cmp comm head tail cut tr rev tac nl fold fmt expand
        unexpand paste join column jq od hexdump strings stat readlink realpath file md5sum sha1sum
        sha224sum sha256sum sha384sum sha512sum cksum b2sum sum md5 shasum base64 base32 sleep test [ expr
        seq yes nproc uname whoami id groups users who w tty df du free uptime ps pgrep pstree lsof ss
        netstat which whereis printenv locale arch hostid getconf nslookup dig host ping numfmt factor tsort
        zcat bzcat xzcat lz4cat zdiff zcmp zless less more look ldd nm objdump readelf size size otool
        iostat vmstat lscpu lsblk lsb_release sw_vers cloc tokei scc exa eza lsd pwd true false basename
        dirname date cal echo printf bc units toe figlet tput stty clear reset getent hostname arch
        dircolors pathchk vdir dir xmllint pdftotext exiftool mediainfo ffprobe identify identify tldr man
        info whatis apropos help sha3sum jsonlint hadolint shellcheck actionlint yamllint markdownlint
        codespell vale typos bandit semgrep pylint flake8 pyflakes pycodestyle pydocstyle vulture radon
        xxh64sum b3sum difft delta colordiff wdiff sdiff diff3 nm htop top watchman-get cksum envsubst sum
        tsort gcloud-version psrecord dmesg journalctl loginctl hwclock-show ifconfig ip route arp
        """
)

# Names that builds make again: what is done to them is told by the name, wherever they are.
REMADE = words(
    "__pycache__ .pytest_cache .mypy_cache .ruff_cache .hypothesis node_modules .DS_Store *.pyc *.pyo *.class *.o"
)

PROGRAMS: dict[str, str] = {
    # -- files
    "rm": "all tree=r,R,recursive",
    "unlink": "all",
    "rmdir": "@remove_directories",
    "shred": "all values=n,s,iterations,size",
    "touch": "all values=d,r,t,date,reference,time",
    "mkdir": "all values=m,mode,Z,context",
    "mkfifo": "all values=m,mode",
    "mknod": "@first values=m,mode",
    "mktemp": "@temporary values=p,suffix,t",
    "truncate": "all values=s,r,size,reference",
    "fallocate": "all values=l,o,length,offset",
    "tee": "all",
    "sponge": "all",
    "chmod": "@mode tree=R,recursive values=reference skip=1",
    "chown": "@mode tree=R,recursive values=reference,from skip=1",
    "chgrp": "@mode tree=R,recursive values=reference skip=1",
    "chattr": "all skip=1 tree=R",
    "chflags": "all skip=1 tree=R",
    "setfacl": "all values=m,x,M,X,set,set-file,modify,remove tree=R,recursive",
    "setfattr": "all values=n,v,x,name,value,remove",
    "xattr": "all skip=1 need=w,d,c tree=r",
    "cp": "@copy values=S,suffix,t,target-directory,context,sparse,no-preserve",
    "gcp": "@copy values=S,suffix,t,target-directory",
    "mv": "@copy values=S,suffix,t,target-directory",
    "install": "@copy values=S,suffix,t,target-directory,m,mode,o,owner,g,group,strip-program",
    "ditto": "last tree=* values=arch,bom",
    "sudoedit": "all values=u,g,C,r,t,T,h,U",
    "ln": "@link values=S,suffix,t,target-directory",
    "rsync": "@sync values=e,rsh,rsync-path,exclude,include,exclude-from,include-from,f,filter,files-from,B,"
    "block-size,T,"
    "temp-dir,log-file,out-format,password-file,port,bwlimit,max-size,min-size,partial-dir,backup-dir,suffix,timeout,"
    "compare-dest,copy-dest,link-dest,chmod,chown,info,debug,M,remote-option,write-batch,read-batch,only-write-batch",
    "scp": "@sync values=P,i,o,F,c,J,l,S,D,X",
    "sftp": "runs",
    "dd": "@blocks",
    "patch": "@patch values=p,strip,i,input,d,directory,o,output,r,reject-file,B,prefix,z,suffix,F,fuzz,D,ifdef,V,Y,g",
    "split": "@split values=a,b,C,l,n,t,bytes,lines,line-bytes,number,suffix-length,additional-suffix,separator "
    "code=filter",
    "csplit": "@csplit values=b,f,n,suffix-format,prefix,digits",
    "sort": "reads values=k,t,S,T,key,field-separator,buffer-size,temporary-directory,batch-size,parallel,files0-from,"
    "random-source out=o,output code=compress-program",
    "uniq": "second values=f,s,w,skip-fields,skip-chars,check-chars",
    "shuf": "reads values=n,i,head-count,input-range,random-source out=o,output",
    "xxd": "second values=c,cols,g,l,len,n,o,s,R,name style=dash",
    "iconv": "reads values=f,t,from-code,to-code out=o,output",
    "dos2unix": "all values=c,D,convmode,display-enc,i,info",
    "unix2dos": "all values=c,D,convmode,display-enc,i,info",
    "rename": "@rename dry=n,nono,no-act values=e",
    "mmv": "here",
    "ex": "@vi",
    "vi": "@vi",
    "vim": "@vi",
    "nvim": "@vi",
    "view": "@vi",
    "ed": "@ed",
    "red": "@ed",
    "nano": "all values=T,tabsize,Y,syntax,o,operatingdir,f,rcfile",
    "pico": "all",
    "micro": "all",
    "kak": "hidden",
    "emacs": "hidden",
    "emacsclient": "hidden",
    "code": "runs",
    "open": "runs",
    "xdg-open": "runs",
    "tree": "reads values=L,P,I,H,T,filelimit out=o",
    "sed": "@sed",
    "gsed": "@sed",
    "awk": "@awk",
    "gawk": "@awk",
    "mawk": "@awk",
    "nawk": "@awk",
    "yq": "all need=i,inplace,in-place,s,split-exp values=p,o,input-format,output-format,I,indent skip=1",
    "rg": "@search values=e,f,g,t,T,A,B,C,m,M,j,d,E,r,regexp,file,glob,iglob,type,type-not,max-count,max-depth,"
    "replace,sort,"
    "context,after-context,before-context,encoding,engine,color,colors,threads code=pre,hostname-bin",
    "bat": "reads values=l,language,r,line-range,theme,style,H,color,paging code=pager",
    "fd": "@fd",
    "fdfind": "@fd",
    "find": "@find",
    "gfind": "@find",
    "locate": "reads",
    "xargs": "@xargs",
    "gxargs": "@xargs",
    "parallel": "hidden",
    "awk-inplace": "hidden",
    # -- archives
    "tar": "@tar",
    "gtar": "@tar",
    "bsdtar": "@tar",
    "unzip": "here dry=l,t,v,Z,p,c into=d values=x,P hide=:",
    "zip": "@first values=x,i,b,t,n,tt,P into=b tree= code=TT moves=m,move",
    "zipnote": "reads",
    "gzip": "@compress values=S,suffix",
    "gunzip": "@compress values=S,suffix",
    "pigz": "@compress values=S,suffix,p",
    "bzip2": "@compress",
    "bunzip2": "@compress",
    "xz": "@compress values=S,suffix,T,threads,F,format",
    "unxz": "@compress values=S,suffix,T,threads",
    "lzma": "@compress",
    "zstd": "@compress values=T,D out=o",
    "unzstd": "@compress out=o",
    "lz4": "@compress",
    "brotli": "@compress values=q,w out=o,output",
    "compress": "@compress",
    "uncompress": "@compress",
    "7z": "@seven",
    "7za": "@seven",
    "7zz": "@seven",
    "unrar": "here dry=",
    "cpio": "@cpio",
    "pax": "here",
    "ar": "@archive",
    "ranlib": "all",
    "strip": "all values=N,K,R,remove-section out=o",
    "objcopy": "all values=I,O,B,F,j,R,N,K,G,L,W,p",
    "install_name_tool": "all",
    "codesign": "all values=s,sign",
    # -- network
    "curl": "@fetch values=A,b,C,d,data,data-binary,data-raw,data-urlencode,e,E,F,form,H,header,m,max-time,r,range,t,T,"
    "upload-file,u,user,U,w,write-out,x,proxy,X,request,y,Y,z,cacert,cert,key,connect-timeout,retry,retry-delay,"
    "resolve,"
    "url,cookie,user-agent,referer,o,output,json,limit-rate,interface,retry-max-time,proto,output-dir out=D,"
    "dump-header,c,cookie-jar,trace,trace-ascii,stderr,libcurl,etag-save,hsts,alt-svc hide=K,config",
    "wget": "@fetch values=t,T,U,tries,timeout,user-agent,header,post-data,post-file,method,body-data,user,password,l,"
    "level,A,R,accept,reject,D,domains,i,input-file,B,base,w,wait,Q,quota out=o,output-file,a,append-output,"
    "save-cookies hide=e,execute,use-askpass,config",
    "aria2c": "here into=d,dir",
    "ssh": "hidden",
    "telnet": "reads",
    "nc": "reads values=p,w,s,i,q code=e,c",
    "ncat": "reads values=p,w code=e,c,exec,sh-exec",
    "netcat": "reads values=p,w code=e,c",
    "socat": "hidden",
    "ftp": "runs",
    "http": "reads values=o out=o,output home=d,download",
    "youtube-dl": "here",
    "yt-dlp": "here",
    # -- data
    "sqlite3": "@sqlite values=cmd,separator,newline,nullvalue,init style=dash",
    "duckdb": "@sqlite values=c,s,cmd,init,separator,newline,nullvalue,f style=dash",
    "psql": "@sql",
    "mysql": "@sql",
    "mariadb": "@sql",
    "mongosh": "@sql",
    "mongo": "@sql",
    "redis-cli": "@sql",
    "clickhouse-client": "@sql",
    "cqlsh": "@sql",
    "dropdb": "never",
    "pg_dump": "reads values=d,h,U,p,t,n,F,j out=f,file",
    "pg_dumpall": "reads values=d,h,U,p out=f,file",
    "mysqldump": "reads values=h,u,P out=r,result-file",
    "openssl": "reads style=dash out=out,keyout,writerand,CAserial",
    "ssh-keygen": "reads values=t,b,C,N,P,F,m out=f",
    "gpg": "reads values=u,r,recipient,local-user out=o,output",
    "age": "reads values=r,R,i out=o,output",
    "pandoc": "reads values=f,t,from,to,template,css,V,M,metadata,variable,H,B,A hide=F,filter,lua-filter out=o,"
    "output,log "
    "into=extract-media,data-dir",
    "dot": "reads values=T,K,G,N,E out=o",
    "plantuml": "here into=o",
    "mmdc": "reads values=i,t,c,b,w,H,p out=o,output",
    "convert": "last out=write style=dash",
    "magick": "last out=write style=dash",
    "mogrify": "all tree=",
    "ffmpeg": "last",
    "sox": "runs",
    "inkscape": "all",
    "rsvg-convert": "reads values=f,w,h out=o,output",
    "optipng": "all",
    "wkhtmltopdf": "last",
    "m4": "reads values=D,I,U out=o,debugfile,F,freeze-state",
    "cpp": "last",
    "gcc": "@compile",
    "cc": "@compile",
    "g++": "@compile",
    "c++": "@compile",
    "clang": "@compile",
    "clang++": "@compile",
    "ld": "@compile",
    "as": "@compile",
    "rustc": "@compile",
    "protoc": "runs",
    "msgfmt": "reads values=D out=o,output-file",
    "javac": "here into=d,s,h style=dash",
    "java": "runs",
    "jar": "@archive",
    "gs": "hidden",
    "latex": "here",
    "pdflatex": "here",
    "xelatex": "here",
    "bibtex": "here",
    # -- formatters
    "prettier": "all need=write,w tree=* default=. values=config,parser,plugin,ignore-path,print-width,tab-width,"
    "log-level,"
    "loglevel,stdin-filepath,trailing-comma,cache-location",
    "eslint": "all need=fix tree=* default=. values=c,config,ext,rule,f,format,parser,plugin,max-warnings,"
    "ignore-pattern,"
    "ignore-path,resolve-plugins-relative-to,rulesdir,env,global,parser-options,cache-location,fix-type out=o,"
    "output-file",
    "stylelint": "all need=fix tree=* values=config,f,formatter,custom-syntax,ignore-path,ip out=o,output-file",
    "biome": "@verbs write=format,check,lint need=write,fix,apply,unsafe tree=* default=.",
    "dprint": "here dry=check",
    "standard": "all need=fix tree=* default=.",
    "xo": "all need=fix tree=* default=.",
    "tslint": "all need=fix tree=* values=c,config,p,project,t,e default=.",
    "black": "all dry=check,diff,version,help tree=* values=l,line-length,t,target-version,config,include,exclude,"
    "extend-exclude,force-exclude,c,code,W,workers,stdin-filename,required-version,line-ranges",
    "isort": "all dry=c,check,check-only,d,diff,stdout tree=* values=l,line-length,profile,p,project,sp,"
    "settings-path,settings-file",
    "ruff": "@ruff",
    "autopep8": "all need=i,in-place tree=* values=max-line-length,select,ignore,j",
    "yapf": "all need=i,in-place tree=* values=style,e,exclude,l,lines",
    "autoflake": "all need=i,in-place tree=* values=imports,exclude,j",
    "pyupgrade": "all",
    "docformatter": "all need=i,in-place tree=*",
    "gofmt": "all need=w tree=* values=r,cpuprofile",
    "goimports": "all need=w tree=* values=local,format-only",
    "gofumpt": "all need=w tree=*",
    "rustfmt": "all dry=check tree=* values=config,config-path,edition,emit,color",
    "clang-format": "all need=i values=style,assume-filename,lines,offset,length style=dash",
    "shfmt": "all need=w,write tree=* values=i,indent,ln,language-dialect",
    "terraform-fmt": "here",
    "ktlint": "all need=F,format tree=* default=.",
    "rubocop": "all need=a,A,autocorrect,autocorrect-all,auto-correct,x,fix-layout tree=* default=. values=c,config,"
    "f,format,only,"
    "except,r,require out=o,out",
    "rufo": "all dry=check tree=*",
    "php-cs-fixer": "@verbs write=fix dry=dry-run tree=* default=. values=config,rules",
    "phpcbf": "all tree=* values=standard,extensions default=.",
    "swiftformat": "all dry=lint,dryrun tree=* values=config,rules,swiftversion",
    "scalafmt": "here dry=check,list,test",
    "google-java-format": "all need=i,replace tree=*",
    "taplo": "@verbs write=format,fmt dry=check,diff tree=* default=.",
    "buildifier": "all dry= values=mode,lint,type tree=* default=.",
    "nixfmt": "all dry=c,check tree=*",
    "cmake-format": "all need=i,in-place values=o,c",
    "xmlstarlet": "@verbs write=ed need=L,inplace",
    "tidy": "all need=m,modify values=o,output out=o,output",
    # -- builds and tests: these run the project's own code
    **dict.fromkeys(
        words(
            """
            make gmake ninja cmake ctest meson bazel bazelisk buck gradle gradlew mvn mvnw ant sbt lein
            mix rebar3 rake bundle rails rspec phpunit composer pest artisan pytest py.test tox nox
            unittest coverage mypy pyright pytype pyre tsc ts-node tsx jest vitest mocha ava tap c8 nyc
            karma cypress playwright webdriverio webpack rollup vite esbuild swc babel parcel turbo nx
            lerna rush gulp grunt next nuxt astro gatsby ng vue-cli-service react-scripts expo metro
            storybook svelte-kit svelte-check eleventy hugo jekyll mkdocs sphinx-build typedoc jsdoc
            doxygen cargo go dotnet msbuild swift xcodebuild xcrun pod flutter dart stack cabal ghc zig
            nim crystal elm purs spago pre-commit lefthook husky just task invoke fab ansible-playbook
            vagrant packer docker-compose docker podman nerdctl buildah minikube kind tilt skaffold
            foreman overmind honcho nodemon concurrently wait-on serve http-server live-server uvicorn
            gunicorn flask django-admin celery alembic prisma knex typeorm sequelize drizzle-kit dbmate
            flyway liquibase supabase pip pip3 pipx pipenv poetry pdm hatch rye uv conda mamba
            micromamba npm yarn pnpm bun corepack deno gem bundler apt apt-get apk brew yum dnf pacman
            snap port nix nix-shell nix-build guix rustup nvm fnm volta asdf mise pyenv rbenv virtualenv
            venv pytest-watch ptw mutmut cosmic-ray cosmic hypothesis stryker lcov gcov gcovr valgrind
            gdb lldb perf hyperfine ab wrk k6 locust newman dredd pact schemathesis act gitleaks trivy
            snyk tflint checkov golangci-lint staticcheck govulncheck clippy-driver cppcheck clang-tidy
            sonar-scanner depcheck knip madge license-checker buf sqlc mockgen stringer wire ent
            wasm-pack cross maturin setuptools build twine-check py-spy cython cythonize autoconf
            automake libtoolize configure scons waf premake5 qmake xmake conan vcpkg ccache distcc
            """
        ),
        "runs",
    ),
    # -- the machine: no plan asks for these
    **dict.fromkeys(
        words(
            """
            shutdown reboot halt poweroff mkfs fdisk sfdisk cfdisk parted wipefs mkswap swapon swapoff
            mount umount losetup useradd userdel usermod groupadd passwd chpasswd visudo chsh chfn
            iptables nft ufw sysctl launchctl at batch insmod rmmod modprobe systemctl service init
            telinit diskutil csrutil spctl dscl pmset update-rc.d update-alternatives ldconfig
            """
        ),
        "never",
    ),
    "crontab": "@crontab",
    "kill": "@kill",
    "pkill": "@kill",
    "killall": "@kill",
    "skill": "@kill",
    # -- commands that run commands
    "env": "@env values=u,unset,C,chdir,S,split-string,a,argv0,P",
    "printenv": "reads",
    "sudo": "wrap values=u,g,C,p,r,t,T,h,U,D,R,user,group,chdir,prompt,chroot hide=R,chroot assigns=1 edit=e,edit",
    "doas": "wrap values=u,C",
    "timeout": "wrap values=s,k,signal,kill-after skip=1",
    "gtimeout": "wrap values=s,k,signal,kill-after skip=1",
    "nice": "wrap values=n,adjustment",
    "ionice": "wrap values=c,n,p,class,classdata,pid",
    "chrt": "wrap values=p,T,P,D skip=1",
    "taskset": "wrap values= skip=1",
    "nohup": "wrap",
    "stdbuf": "wrap values=i,o,e,input,output,error",
    "unbuffer": "wrap",
    "setsid": "wrap",
    "setarch": "wrap skip=1 perhaps=1",
    "linux32": "wrap",
    "linux64": "wrap",
    "caffeinate": "wrap values=t,w",
    "time": "wrap values=f,format out=o,output",
    "gtime": "wrap values=f,format out=o,output",
    "chroot": "wrap skip=1 values=userspec,groups hide=*",
    "unshare": "wrap values=S,G,R,w,wd,root,map-user,map-group hide=R,root,w,wd,m,mount,r,map-root-user",
    "nsenter": "hidden",
    "bwrap": "hidden",
    "firejail": "hidden",
    "proot": "hidden",
    "strace": "wrap values=e,p,s,P,a,S,u,E,O,I,b,X,trace,attach,env,user out=o,output",
    "ltrace": "wrap values=e,p,s,n,l,u,a out=o,output",
    "setpriv": "wrap values=reuid,regid,groups,inh-caps,bounding-set",
    "runuser": "hidden",
    "su": "hidden",
    "prlimit": "wrap values=p,o",
    "systemd-run": "hidden",
    "xvfb-run": "wrap values=n,s,e,f,p,server-num,server-args,auth-file,error-file",
    "dbus-run-session": "wrap values=config-file",
    "faketime": "wrap skip=1",
    "fakeroot": "wrap values=l,s,i,b,lib",
    "rlwrap": "wrap values=b,f,H,s,C,P",
    "direnv": "@verbs runs=exec",
    "dotenv": "wrap values=e,f,env",
    "cross-env": "wrap assigns=1",
    "cross-env-shell": "hidden",
    "watch": "@watch values=n,interval",
    "entr": "hidden",
    "flock": "@flock values=w,wait,timeout,E,conflict-exit-code",
    "script": "@script values=E,echo,m,o,logging-format,output-limit out=T,I,O,B,log-in,log-out,log-io,log-timing "
    "code=c,command",
    "busybox": "wrap",
    "toybox": "wrap",
    "npx": "@package values=p,package,c,call,w",
    "bunx": "@package values=p,package",
    "pnpx": "@package values=p,package",
    "uvx": "@package values=p,python,from,with",
    "orchestra": "reads",
    "git": "@git",
    "gh": "@forge",
    "glab": "@forge",
    "hub": "@forge",
    "jj": "hidden",
    "hg": "@foreign",
    "svn": "@foreign",
    # -- shells and interpreters
    **dict.fromkeys(words("sh bash zsh dash ksh ash mksh rbash posh yash"), "@shell"),
    "fish": "@other_shell",
    "csh": "@other_shell",
    "tcsh": "@other_shell",
    "pwsh": "@other_shell",
    "nu": "@other_shell",
    "elvish": "@other_shell",
    **dict.fromkeys(
        words("python python2 python3 pypy pypy3 ipython node nodejs ruby irb perl php lua luajit"), "@script_of"
    ),
    **dict.fromkeys(
        words("osascript tclsh expect Rscript R julia elixir erl ghci scala groovy clojure jshell guile"), "@unread"
    ),
    **dict.fromkeys(("deno", "bun"), "@evaluating"),
    **dict.fromkeys(("tmux", "screen", "zellij"), "@multiplexer"),
    "base64": "reads out=o,output",
    # -- readers and checkers with an option that writes, or that runs something
    "less": "reads out=o,O,log-file,LOG-FILE hide=k,lesskey-file,lesskey-src,lesskey-content",
    "man": "reads hide=P,H,pager,html",
    "info": "reads out=o,output",
    "ag": "reads values=A,B,C,G,m,p,pager hide=pager",
    "file": "reads hide=C,compile",
    "date": "reads values=d,f,r,date,file,reference hide=s,set",
    "dmesg": "reads hide=C,c,clear,read-clear",
    "journalctl": "reads hide=vacuum-time,vacuum-size,vacuum-files,rotate,flush,relinquish-var",
    "ss": "reads hide=K,kill",
    "tldr": "reads hide=u,update",
    "sdiff": "reads out=o,output",
    "xmllint": "reads out=o,output hide=shell",
    "mediainfo": "reads out=LogFile",
    "ffprobe": "reads style=dash hide=report",
    "identify": "reads style=dash out=write",
    "pylint": "reads values=rcfile,j,d,e,disable,enable,format out=output",
    "flake8": "reads values=config out=output-file",
    "bandit": "reads values=c,f,x,n,configfile,format,exclude out=o,output",
    "cloc": "reads out=out,report-file,sum-reports,write-lang-def",
    "jsonlint": "all need=i,in-place",
    "codespell": "all values=L,I,x,S,q,i,ignore-words-list,skip need=w,write-changes tree=* default=.",
    "typos": "all values=config,format need=w,write-changes tree=* default=.",
    "semgrep": "all values=c,config,f,e,l,lang,pattern need=a,autofix tree=* default=.",
    **dict.fromkeys(words("vale exiftool pdftotext ldd psrecord ip ifconfig route hostname"), "runs"),
    "dc": "hidden",
}

# Words that a program must not be given: these reach beyond the project, and nobody can take them back.
FORBIDDEN: dict[str, str] = {
    "npm": "publish unpublish deprecate owner access token login adduser logout",
    "yarn": "publish unpublish",
    "pnpm": "publish unpublish",
    "bun": "publish",
    "cargo": "publish yank owner login",
    "gem": "push yank",
    "poetry": "publish",
    "uv": "publish",
    "hatch": "publish",
    "pdm": "publish",
    "flit": "publish",
    "twine": "upload register",
    "docker": "push login system",
    "podman": "push login system",
    "mvn": "deploy release:perform",
    "dotnet": "nuget",
    "terraform": "destroy apply import state taint",
    "tofu": "destroy apply import state taint",
    "terragrunt": "destroy apply run-all",
    "pulumi": "destroy up cancel",
    "cdk": "deploy destroy",
    "serverless": "deploy remove",
    "kubectl": "delete apply create replace patch drain cordon scale rollout edit exec",
    "helm": "install upgrade uninstall delete rollback",
    "aws": "",
    "gcloud": "",
    "az": "",
    "heroku": "",
    "vercel": "deploy remove rm --prod",
    "netlify": "deploy",
    "fly": "deploy destroy",
    "flyctl": "deploy destroy",
    "firebase": "deploy",
    "wrangler": "deploy publish delete",
    "ansible-playbook": "",
    "eas": "submit",
}

# Subcommands after which a package manager runs the program that is named next.
RUNNERS: dict[str, str] = {
    "npm": "exec x",
    "pnpm": "exec dlx",
    "yarn": "exec dlx run",
    "bun": "x",
    "poetry": "run",
    "pipenv": "run",
    "uv": "run",
    "pdm": "run",
    "hatch": "run",
    "rye": "run",
    "pipx": "run",
    "bundle": "exec",
    "mise": "exec x",
    "asdf": "exec",
    "conda": "run",
    "coverage": "run",
    "dotenv": "run",
}

# These print nothing.
SILENT = words(
    """
        rm mkdir touch mv cp ln chmod chown rmdir unlink truncate true false test [ sleep install kill wait
        mkfifo sponge
        """
)

# The value of these is a command that some program will run.
CODE_VARIABLES = words(
    """
        PAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_SSH_COMMAND GIT_SSH
        GIT_EXTERNAL_DIFF GIT_ASKPASS SSH_ASKPASS SUDO_ASKPASS PROMPT_COMMAND PS0 PS4 LESSOPEN LESSCLOSE
        MANPAGER BROWSER GIT_PROXY_COMMAND BASH_COMMAND
        """
)
# These change what a program loads, or which program a name means.
LOADING_VARIABLES = words(
    """
        PATH LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES DYLD_LIBRARY_PATH PERL5LIB PERL5OPT RUBYOPT
        RUBYLIB NODE_OPTIONS NODE_PATH PYTHONSTARTUP PYTHONHOME BASH_ENV ENV ZDOTDIR SHELLOPTS BASHOPTS
        PYTHONBREAKPOINT PYTHONINSPECT JAVA_TOOL_OPTIONS _JAVA_OPTIONS GOFLAGS RUSTC_WRAPPER
        CARGO_BUILD_RUSTC_WRAPPER GCC_EXEC_PREFIX TAR_OPTIONS RSYNC_RSH GREP_OPTIONS CDPATH GLOBIGNORE HOME
        XDG_CONFIG_HOME XDG_DATA_HOME PYTHONPATH GIT_EXEC_PATH GIT_TEMPLATE_DIR CURL_HOME WGETRC LD_AUDIT
        """
)
# Programs write the file that these name.
WRITING_VARIABLES = words("SSLKEYLOGFILE NODE_REDIRECT_WARNINGS NODE_V8_COVERAGE LESSHISTFILE LD_DEBUG_OUTPUT")
# A name in one of these directories is the program of that name.
SYSTEM_FOLDERS = ("/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/opt/homebrew/bin", "/usr/local/sbin")
PROJECT_FOLDERS = ("node_modules/.bin", ".venv/bin", "venv/bin", "vendor/bin")
