"""The machine side registers its kinds without loading a model library, and each path leads somewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelsvc.executors import KINDS

CODE_DIR = Path(__file__).resolve().parents[2]
LOAD = """
import django, sys
django.setup()
import modelsvc.admin, modelsvc.configs, modelsvc.executors, modelsvc.models, modelsvc.urls
from annotations.runs.registry import all_kinds
assert any(kind.kind == "endorser" for kind in all_kinds())
heavy = ("torch", "transformers", "peft", "accelerate", "safetensors", "lenskit", "modelsvc.services")
print([name for name in heavy if name in sys.modules])
"""


def test_registering_loads_no_model_library():
    result = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=CODE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "raterapp.settings.test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.strip().splitlines()[-1:] == ["[]"], result.stderr


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_executor_is_there(kind):
    assert callable(kind.executor())
