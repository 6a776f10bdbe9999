"""Gradients of all ranks, added in rank order."""

from typing import NamedTuple

import torch

from samebits.frameworks.pytorch.ranks import Ranks

Kind = tuple[torch.dtype, torch.device]


class Gradients(NamedTuple):
    """A rank's gradients, one flat tensor a kind of number, and which parameters have one."""

    flat: dict[Kind, torch.Tensor]
    present: list[bool]


def take(parameters: list[torch.nn.Parameter]) -> Gradients:
    """Copy the gradients of a replica; zeros stand where a parameter took no part."""
    kinds: dict[Kind, list[torch.Tensor]] = {}
    for p in parameters:
        grad = torch.zeros_like(p) if p.grad is None else p.grad
        kinds.setdefault((p.dtype, p.device), []).append(grad.detach().reshape(-1))
    return Gradients(
        {kind: torch.cat(parts) for kind, parts in kinds.items()}, [p.grad is not None for p in parameters]
    )


def mean(ranks: Ranks, own: list[Gradients]) -> dict[Kind, torch.Tensor]:
    """Return the mean over all ranks; the sum begins with rank 0's and adds rank by rank."""
    means = {}
    for kind in own[0].flat:
        first, *others = ranks.gather_tensors([gradients.flat[kind] for gradients in own])
        total = first.clone()
        for other in others:
            total += other
        means[kind] = total / (1 + len(others))
    return means


def put(parameters: list[torch.nn.Parameter], means: dict[Kind, torch.Tensor], wanted: list[bool]) -> None:
    """Give a replica the means; a parameter that took part on no rank keeps none."""
    at = dict.fromkeys(means, 0)
    for p, has in zip(parameters, wanted, strict=True):
        kind, size = (p.dtype, p.device), p.numel()
        if has:
            p.grad = means[kind][at[kind] : at[kind] + size].reshape(p.shape).clone()
        at[kind] += size
