"""Resolving: from a model of the config and what was built for it to the spec that is trained."""

from pathlib import Path

from samebits import environments
from samebits.config import Model, options
from samebits.sealed import data, library
from samebits.sealed.digest import file_digest
from samebits.sealed.spec import Spec


def resolve(name: str, model: Model, recipe: Path, data_folder: Path, prefix: Path) -> Spec:
    """Fill in the digests of everything that a model is trained from.

    Args:
        name: the model's name.
        model: its section of the config.
        recipe: the recipe's file.
        data_folder: folder of the materialised data set.
        prefix: the built environment.
    """
    return Spec(
        model=name,
        framework=model.framework,
        recipe=f"{recipe.name}{model.target and ':'}{model.target}",
        recipe_digest=file_digest(recipe),
        params=model.params,
        options=options.resolve(model.framework, model.options),
        data=model.data,
        data_digest=data.Manifest.read(data_folder).digest,
        steps=model.steps,
        segments=model.segments,
        seed=model.seed,
        tier=model.tier,
        processes=model.processes,
        threads=model.threads,
        device=model.device,
        environment=model.environment,
        environment_digest=environments.read(prefix).digest,
        library_digest=library.digest(model.framework),
    )
