"""Each import contract is kept by the code, and notices the import that it forbids."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE_DIR = Path(__file__).resolve().parents[2]
PACKAGES = ("annotations", "modelsvc", "raterapp")

# contract id -> module that gets the forbidden import, and the import
BREAKS = {
    "layers": [
        ("annotations.models.item", "import annotations.queries"),
        ("annotations.queries.planted", "import annotations.services"),
        ("annotations.services.planted", "import annotations.forms"),
        ("annotations.forms.planted", "import annotations.views"),
        ("annotations.runs.planted", "import annotations.services"),
    ],
    "human-side-alone": [
        ("annotations.services.planted", "import modelsvc"),
        ("annotations.views.planted", "import torch"),
    ],
    "pure-human": [
        ("annotations.metrics.planted", "import django"),
        ("annotations.assignment.plan", "import annotations.models"),
        ("annotations.bots.planted", "import annotations.queries"),
        ("annotations.crowd.planted", "import django"),
    ],
    "pure-machine": [
        ("modelsvc.core.endorser.planted", "import django"),
        ("modelsvc.core.collab.planted", "import celery"),
        ("modelsvc.core.world.planted", "import modelsvc.services"),
    ],
    "core-families": [
        ("modelsvc.core.collab.planted", "import modelsvc.core.endorser.config"),
        ("modelsvc.core.endorser.planted", "import modelsvc.core.rewards.records"),
        ("modelsvc.core.teacher.planted", "import modelsvc.core.collab.ratings"),
    ],
    "machine-through-the-front-door": [
        ("modelsvc.services.planted", "import annotations.models"),
        ("modelsvc.planted", "import annotations.views"),
    ],
    "wiring-only": [
        ("raterapp.planted", "import annotations.services"),
        ("raterapp.supervisor.planted", "import torch"),
    ],
}


def lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache", *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages' Python files and the contracts, free to be broken."""
    folder = tmp_path_factory.mktemp("contracts")
    for package in PACKAGES:
        shutil.copytree(
            CODE_DIR / package,
            folder / package,
            ignore=lambda where, names: [
                n for n in names if not (n.endswith(".py") or (Path(where) / n).is_dir())
            ],
        )
    shutil.copy(CODE_DIR / "pyproject.toml", folder)
    return folder


def test_the_code_keeps_every_contract() -> None:
    result = lint(CODE_DIR)
    assert result.returncode == 0, result.stdout


def test_every_contract_is_broken_once_below() -> None:
    import tomllib

    contracts = tomllib.loads((CODE_DIR / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == set(BREAKS)


@pytest.mark.parametrize(
    ("contract", "module", "statement"),
    [(contract, *planted) for contract, plants in BREAKS.items() for planted in plants],
)
def test_a_forbidden_import_breaks_its_contract(
    copied: Path, contract: str, module: str, statement: str
) -> None:
    path = copied / (module.replace(".", "/") + ".py")
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{statement}\n")
    try:
        result = lint(copied, "--contract", contract)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert result.returncode == 1, result.stdout
    assert f"{module} -> {statement.removeprefix('import ')}" in result.stdout
