"""Slack's own types for its payloads, and the compiler that judges ours by them.

`KnownBlock` and not `AnyBlock`, whose base type takes any object with a `type`. Each payload is a literal with its
type beside it, as TypeScript looks for keys that a type does not have in nothing else. Types know no lengths, counts
or places; `bot/render/limits.py` does.
"""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.require import require

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"

_HEAD: Final = """\
import type { HomeView, KnownBlock, ModalView } from "@slack/types";
type OfKnownBlocks<View> = Omit<View, "blocks"> & { blocks: KnownBlock[] };
type Home = OfKnownBlocks<HomeView>;
type Modal = OfKnownBlocks<ModalView>;
"""
_COMPLAINT = re.compile(r"payloads\.ts\((\d+),\d+\): error TS\d+: (.*)")


@dataclass(frozen=True, slots=True)
class Literal:
    """A payload in JSON and the type it must have: `KnownBlock`, `Modal` or `Home`."""

    type: str
    json: str


class TypeScript:
    """Raises where a compiler does not do its work. Skips the test where there is none, or an older one."""

    def __init__(self) -> None:
        wanted = json.loads((HERE / "package.json").read_text())["devDependencies"]
        if wanted != {name: _installed(name) for name in wanted}:
            require("TypeScript with Slack's types", "npm ci --prefix tests/judges")

    def complaints(self, literals: Sequence[Literal], directory: Path) -> dict[int, str]:
        """What is wrong with each, by its index; none where all are right. `directory` is for files of our own."""
        lines = [f"export const p{n}: {each.type} = {each.json};" for n, each in enumerate(literals)]
        (directory / "payloads.ts").write_text(_HEAD + "\n".join([*lines, ""]))
        (directory / "tsconfig.json").write_text(json.dumps(_config()))
        tsc = [str(MODULES / ".bin" / "tsc"), "--project", str(directory)]
        done = subprocess.run(tsc, capture_output=True, text=True, cwd=directory, timeout=120)
        first = _HEAD.count("\n") + 1
        found: dict[int, str] = {}
        for line, said in _COMPLAINT.findall(done.stdout):
            found.setdefault(int(line) - first, said)
        assert bool(done.returncode) == bool(found), done.stdout + done.stderr
        return found


def _config() -> object:
    options = {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "module": "nodenext",
        "types": [],
        "noErrorTruncation": True,
        "paths": {"@slack/types": [str(MODULES / "@slack" / "types")]},
    }
    return {"compilerOptions": options, "files": ["payloads.ts"]}


def _installed(package: str) -> str | None:
    try:
        version: str = json.loads((MODULES / package / "package.json").read_text())["version"]
    except FileNotFoundError:
        return None
    return version
