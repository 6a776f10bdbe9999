"""Profiles: makes the literal ``snakemake --profile gpu`` work from any folder.

Snakemake looks for a profile's name in the working folder and in the user's configuration folder, never in a
workflow's own ``profiles/`` (9.27). So ours are copied there; each finds its workflow by asking the installed
package for it.
"""

from pathlib import Path

from platformdirs import PlatformDirs

from samebits import root
from samebits.sealed import files
from samebits.sealed.errors import Refused

#: as Snakemake itself asks for its folders
_SNAKEMAKE = PlatformDirs("snakemake", "snakemake")
_MARK = "# written by `samebits profiles install`\n"


def known() -> list[str]:
    """Return the names of the profiles that samebits brings."""
    return sorted(path.parent.name for path in (root() / "profiles").glob("*/config.yaml"))


def folder(name: str) -> Path:
    """Return the folder of a profile that samebits brings."""
    return root() / "profiles" / name


def user_folder() -> Path:
    """Return the folder in which Snakemake looks up a user's profiles."""
    return _SNAKEMAKE.user_config_path


def looked_up() -> list[Path]:
    """Return the folders in which Snakemake looks up profiles by name, besides the working one."""
    return [user_folder(), _SNAKEMAKE.site_config_path]


def install() -> list[Path]:
    """Write every profile into the user's configuration folder and return the folders written.

    Raises:
        Refused: a profile of that name is there and is not ours; nothing is overwritten, nothing written.
    """
    targets = {name: user_folder() / name / "config.yaml" for name in known()}
    for name, target in targets.items():
        if target.parent.exists() and not (target.is_file() and target.read_text().startswith(_MARK)):
            raise Refused(f"a profile {name!r} of yours is at {target.parent}; rename it and install again")
    for name, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write(target, _MARK + (folder(name) / "config.yaml").read_text())
    return [target.parent for target in targets.values()]
