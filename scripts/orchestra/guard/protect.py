"""What no caller may write while a run is under way: what steers the run, the clients, git and the guard itself."""

from __future__ import annotations

from . import paths

STATE = "Orchestra's state"
SETTINGS = "the client's settings"
GIT = "git's own files"
GUARD = "the guard's own files"
STARTUP = "the shell's start-up files"

# Folders that hold something of it wherever they are.
HOLDERS = {".git": GIT, ".orchestra": STATE, ".claude": SETTINGS, ".codex": SETTINGS}
_STATE_PARTS = ("locks", "runs", "quarantine")
_STARTUP_TEXT = (
    ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout "
    ".inputrc .gitconfig .config/fish .config/git .config/zsh .ssh .pam_environment .config/environment.d"
)
_STARTUP = _STARTUP_TEXT.split()
_SETTINGS_OF_USER = (".claude", ".claude.json", ".codex")
_MANAGED = ("/etc/claude-code", "/etc/codex", "/library/application support/claudecode")
# Planning in the user's own session writes here; nothing is configured by it.
_PLANS = ".claude/plans"


class Protection:
    """The places on this machine, as `(lower-case real folder, whose)`."""

    __slots__ = ("folders", "home", "roots")

    def __init__(self, home: str, plugin: str, data: str, roots: list[str], files: list[str]) -> None:
        self.home = home.lower()
        self.roots = [root.lower() for root in roots]
        folders = [(folder, SETTINGS) for folder in _MANAGED]
        if home.startswith("/"):
            folders += [(f"{home}/{name}", SETTINGS) for name in _SETTINGS_OF_USER]
            folders += [(f"{home}/{name}", STARTUP) for name in _STARTUP]
        folders += [(folder, GUARD) for folder in _own(plugin, self.roots)]
        folders += [(data, GUARD)] if data else []
        folders += [(file, STATE) for file in files]
        self.folders = [(folder.lower(), whose) for folder, whose in folders]

    def owner(self, path: str) -> str:
        """Whose `path` (absolute) is when nobody may write it; else `""`."""
        text = path.lower()
        if paths.under(text, f"{self.home}/{_PLANS}"):
            return ""
        return _by_name(self._inside(text)) or self._by_place(text)

    def held(self, path: str) -> str:
        """Whose things lie below `path`, so that taking it away or replacing it whole would reach them; else `""`."""
        text = path.lower()
        name = text.rpartition("/")[2]
        inside = [whose for folder, whose in self.folders if paths.under(folder, text)]
        inside += [GIT for root in self.roots if paths.under(root, text)]
        return HOLDERS.get(name) or next(iter(inside), "")

    def _inside(self, text: str) -> str:
        """The part of the path that the caller can have chosen: a work tree may itself lie below such a name."""
        root = max((one for one in self.roots if paths.under(text, one)), key=len, default="")
        return paths.below(text, root) if root else text

    def _by_place(self, text: str) -> str:
        for folder, whose in self.folders:
            if paths.under(text, folder) and not self._holds_root(folder, text):
                return whose
        return ""

    def _holds_root(self, folder: str, text: str) -> bool:
        return any(paths.under(root, folder) and paths.under(text, root) for root in self.roots)


def _own(plugin: str, roots: list[str]) -> list[str]:
    """What of the plugin is not to be touched: all of it, or only the guard where the plugin is the project."""
    if not plugin:
        return []
    if any(paths.under(plugin.lower(), root) for root in roots):
        return [f"{plugin}/bin/orchestra-guard", f"{plugin}/scripts/orchestra/guard", f"{plugin}/hooks"]
    return [plugin]


def _by_name(text: str) -> str:
    parts = text.split("/")
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        if part.startswith(".") and (whose := _named(part, following)):
            return whose
    return ""


def _named(part: str, following: str) -> str:
    match part:
        case ".git":
            return GIT
        case ".codex":
            return SETTINGS
        case ".orchestra" if following in _STATE_PARTS or following.startswith("state.db"):
            return STATE
        case ".claude" if following == "hooks" or (following.startswith("settings") and following.endswith(".json")):
            return SETTINGS
    return ""
