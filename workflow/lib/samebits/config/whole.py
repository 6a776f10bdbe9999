"""The whole config, composed of its sections."""

from pathlib import Path

from pydantic import Field, model_validator

from samebits.config.defaults import Defaults
from samebits.config.folders import Folder
from samebits.config.model import Model
from samebits.datasets import sources
from samebits.publish.places import Places
from samebits.section import Name, Section
from samebits.tracking.destination import Tracking


class Config(Section):
    """The whole config."""

    models: dict[Name, Model] = Field(min_length=1, description="model name -> what to train")
    defaults: Defaults = Field(Defaults(), description="what models have in common")
    data: dict[Name, sources.Source] = Field({}, description="data set name -> source")
    publish: Places = Field(Places(), description="where packages go with the target publish")

    tracking: Tracking | None = Field(
        None, description="where runs are tracked with MLflow; nowhere if left out"
    )
    results: Folder = Field("results", description="folder of everything that is recorded")
    cache: Folder = Field(".samebits", description="folder of environments and data; may be shared")

    @model_validator(mode="after")
    def _apart(self) -> "Config":
        if Path(self.results).resolve() == Path(self.cache).resolve():
            raise ValueError(f"results and cache are both {self.results!r}; give each a folder of its own")
        return self

    def data_source(self, name: str) -> sources.Source:
        """Return where a data set comes from, by its name in a model."""
        return sources.shipped(name) or self.data[name]
