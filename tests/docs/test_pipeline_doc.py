"""docs/pipeline.md says what the registry and the configs say: kinds, inputs, artifacts, fields, defaults."""

import inspect
import re
import sys
from pathlib import Path

import pytest
import yaml

from annotations.imports.pipeline_spec import read_pipeline_spec
from annotations.runs.pipeline_spec import PipelineSpec, StageSpec
from annotations.runs.registry import RunKind, all_kinds
from tests.docs.pages import field_rows, first_cells, page, sections, table

SECTIONS = sections(page("pipeline.md"))
# The runs tests put kinds of their own into the registry while they run.
KINDS = [kind for kind in all_kinds() if not kind.kind.startswith("t_")]
by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def test_every_kind_has_a_section_and_every_section_a_kind():
    documented = [heading for heading in SECTIONS if "_" in heading or heading.islower()]
    assert sorted(documented) == [kind.kind for kind in KINDS]


@by_kind
def test_title_and_queue(kind: RunKind):
    assert SECTIONS[kind.kind].strip().startswith(f"{kind.title}, queue `{kind.queue}`. ")


@by_kind
def test_every_config_field_with_its_values_default_and_meaning(kind: RunKind):
    if kind.kind == "launch_study":
        assert first_cells(page("study_spec.md"), "field") == list(kind.config_model.model_fields)
        return
    documented = {row[0].strip("`"): row[1:] for row in table(SECTIONS[kind.kind], "field")}
    wanted = field_rows(kind.config_model)
    assert list(documented) == list(wanted)
    for name, (values, default, meaning) in wanted.items():
        assert documented[name][:2] == [values, default], name
        assert documented[name][2], f"{name} has no meaning"
        assert not meaning or documented[name][2] == meaning, name


@by_kind
def test_needed_inputs_are_documented_as_required(kind: RunKind):
    rows = table(SECTIONS[kind.kind], "input")
    assert [row[0].strip("`") for row in rows if row[1] == "required"] == list(kind.needs)


@by_kind
def test_every_artifact_that_the_executor_commits_is_documented(kind: RunKind):
    source = inspect.getsource(sys.modules[kind.executor().__module__])
    committed = set(re.findall(r'commit_artifact\(\s*"(\w+)"', source))
    assert set(first_cells(SECTIONS[kind.kind], "artifact")) == committed


@pytest.mark.parametrize(("heading", "model"), [("The spec", PipelineSpec), ("A stage", StageSpec)])
def test_every_field_of_the_spec(heading: str, model: type[PipelineSpec | StageSpec]):
    rows = {row[0].strip("`"): row[1] for row in table(SECTIONS[heading], "field")}
    assert list(rows) == list(model.model_fields)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert {name for name, default in rows.items() if default == "required"} == required


def test_the_example_is_a_pipeline(tmp_path: Path):
    example = page("pipeline.md").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "example.yaml").write_text(example)
    spec = read_pipeline_spec(tmp_path / "example.yaml")
    assert [stage.name for stage in spec.stages] == [s["name"] for s in yaml.safe_load(example)["stages"]]
