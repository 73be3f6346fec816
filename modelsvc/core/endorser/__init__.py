"""Endorser: a pretrained language model that also reads an item's and a viewer's vector."""

from modelsvc.core.endorser.checkpoint import load_endorser as load_endorser
from modelsvc.core.endorser.checkpoint import save_endorser as save_endorser
from modelsvc.core.endorser.config import EndorserConfig as EndorserConfig
from modelsvc.core.endorser.config import GenerationSettings as GenerationSettings
from modelsvc.core.endorser.context import Context as Context
from modelsvc.core.endorser.model import Endorser as Endorser
from modelsvc.core.endorser.pretrained import new_endorser as new_endorser
from modelsvc.core.endorser.samples import Samples as Samples
