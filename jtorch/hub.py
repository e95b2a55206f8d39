"""torch.hub: weights from the web, kept in a cache folder, and models from a folder with a `hubconf.py`."""

import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urlparse as urlparse

import jtorch

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_chosen_dir: list[str] = []


def get_dir() -> str:
    """The cache folder: as set, else `$TORCH_HOME/hub`, else `~/.cache/torch/hub` (shared with PyTorch)."""
    if _chosen_dir:
        return _chosen_dir[-1]
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))
    return os.path.join(home, "hub")


def set_dir(d) -> None:
    """Keep downloads in another folder."""
    _chosen_dir[:] = [os.path.expanduser(d)]


def download_url_to_file(url: str, dst: str, hash_prefix: str | None = None, progress: bool = True) -> None:
    """Write what a URL holds to a file, whole or not at all; its SHA-256 must begin with `hash_prefix`.

    Raises urllib.error.URLError without a network, RuntimeError for a wrong hash.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "torch.hub"})
    try:
        response = urllib.request.urlopen(request)
    except urllib.error.HTTPError:
        raise
    except urllib.error.URLError as error:
        raise urllib.error.URLError(
            f"{error.reason}: cannot fetch {url}. With no network, place the file at {dst} by other means."
        ) from error
    size = response.headers.get("Content-Length")
    total = int(size) if size else None
    dst = os.path.expanduser(dst)
    folder = os.path.dirname(os.path.abspath(dst))
    digest = hashlib.sha256()
    handle, partial = tempfile.mkstemp(dir=folder, prefix=os.path.basename(dst) + ".", suffix=".partial")
    try:
        with open(handle, "wb") as file, response:
            received = 0
            while block := response.read(128 * 1024):
                file.write(block)
                digest.update(block)
                received += len(block)
                if progress:
                    _show(received, total)
        if progress:
            sys.stderr.write("\n")
        if hash_prefix is not None and digest.hexdigest()[: len(hash_prefix)] != hash_prefix:
            raise RuntimeError(f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")')
        shutil.move(partial, dst)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _show(received: int, total: int | None) -> None:
    share = f"{received / total:4.0%} of {total / 2**20:.1f} MB" if total else f"{received / 2**20:.1f} MB"
    sys.stderr.write(f"\r{share}")


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location=None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
):
    """What the file at a URL holds, loaded by `torch.load`; it is fetched once and kept in `get_dir()/checkpoints`.

    With `check_hash` its name must end in the beginning of its SHA-256, as in `resnet18-f37072fd.pth`.
    """
    model_dir = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    os.makedirs(model_dir, exist_ok=True)
    name = file_name if file_name is not None else os.path.basename(urllib.parse.urlparse(url).path)
    cached = os.path.join(model_dir, name)
    if not os.path.exists(cached):
        sys.stdout.write(f'Downloading: "{url}" to {cached}\n')
        match = HASH_REGEX.search(name) if check_hash else None
        download_url_to_file(url, cached, match.group(1) if match else None, progress=progress)
    if _is_zip_of_one_file(cached):
        with zipfile.ZipFile(cached) as archive:
            inner = archive.infolist()[0].filename
            archive.extractall(model_dir)
        cached = os.path.join(model_dir, inner)
    return jtorch.load(cached, map_location=map_location, weights_only=weights_only)


def _is_zip_of_one_file(path: str) -> bool:
    """Files of torch 1.0 and before were at times zipped by hand; today's are zip archives of many members themselves."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    return len(members) == 1


def _hubconf(repo_dir, source: str):
    if source not in ("local", "github"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    if source == "github":
        raise NotImplementedError(
            f"torch.hub: fetching and running code of github.com/{repo_dir} is left to you: clone it, read it, and give its folder with source='local'"
        )
    path = Path(repo_dir, "hubconf.py")
    spec = importlib.util.spec_from_file_location("hubconf", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"{path}: a folder for torch.hub holds a hubconf.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(repo_dir))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(repo_dir))
    missing = [name for name in getattr(module, "dependencies", ()) if importlib.util.find_spec(name) is None]
    if missing:
        raise RuntimeError(f"Missing dependencies: {', '.join(missing)}")
    return module


def _entry(module, model: str):
    found = getattr(module, model, None)
    if found is None or not callable(found):
        raise RuntimeError(f"Cannot find callable {model} in hubconf")
    return found


def list(github, force_reload=False, skip_validation=False, trust_repo=None, verbose=True, source="local"):
    """Names of the models that a folder's `hubconf.py` offers."""
    module = _hubconf(github, source)
    return [name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")]


def help(github, model, force_reload=False, skip_validation=False, trust_repo=None, source="local") -> str | None:
    """What the `hubconf.py` of a folder says about a model."""
    return _entry(_hubconf(github, source), model).__doc__


def load(
    repo_or_dir,
    model,
    *args,
    source="github",
    trust_repo=None,
    force_reload=False,
    verbose=True,
    skip_validation=False,
    **kwargs,
):
    """Call a model's function in the `hubconf.py` of a folder (`source='local'`)."""
    return _entry(_hubconf(repo_or_dir, source), model)(*args, **kwargs)
