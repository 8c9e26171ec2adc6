"""What the processes of test_distributed.py run.

    python distributed_training.py RANK WORLD_SIZE OUT RUNS

RUNS is JSON: per training run the arguments of :func:`train`. Each rank
trains on its share of every batch and saves w and phi of every run into
OUT/rank<RANK>.pt.
"""
import json
import sys

import torch
from aid_building import build
from mmengine.dist import get_rank, get_world_size
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.runner.activation_checkpointing import (
    turn_on_activation_checkpointing,
)
from shared_trunk import SharedTrunk, batch
from test_wrapper import wrap
from torch import distributed, nn


class WithUnusedWeights(SharedTrunk):
    """Some of whose parameters no loss depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Linear(3, 3)


def train(updates: int = 12,
          sync_losses: bool = True,
          dropout: float = 0.,
          checkpointed: bool = False,
          **options) -> dict:
    """Train on this process's share of every batch.

    Args:
        updates (int): Number of parameter updates. Defaults to 12.
        sync_losses (bool): Of MELTRWrapper. Defaults to True.
        dropout (float): Of MELTR, masks of which each rank would draw
            differently by itself. Defaults to 0.
        checkpointed (bool): The trunk has MMEngine's activation
            checkpointing. Defaults to False.
        **options: Of AIDOptimWrapper.

    Returns:
        dict: Weights of the wrapper by name, and the number of meta steps.
    """
    torch.manual_seed(0)
    wrapper = wrap(WithUnusedWeights(), sync_losses=sync_losses)
    for module in wrapper.meltr.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    torch.manual_seed(get_rank())
    if get_rank() > 0:  # they must start equal by themselves
        for p in wrapper.meltr.parameters():
            p.data += 1
    if checkpointed:
        turn_on_activation_checkpointing(wrapper, 'model.trunk')
    model = wrapper
    if get_world_size() > 1:
        model = MMDistributedDataParallel(
            wrapper, find_unused_parameters=True)
    optim_wrapper = build(model, **options)
    batches = updates * options.get('accumulative_counts', 1)
    optim_wrapper.initialize_count_status(model, 0, batches)
    for n in range(batches):
        whole = batch(n, size=8)
        share = {k: v.chunk(get_world_size())[get_rank()]
                 for k, v in whole.items()}
        model.train_step(share, optim_wrapper)
    return dict(wrapper.state_dict(), meta_steps=optim_wrapper.meta_steps)


def main() -> None:
    """Run one process."""
    rank, world_size, out, runs = sys.argv[1:]
    distributed.init_process_group(
        'gloo', init_method=f'file://{out}/rendezvous', rank=int(rank),
        world_size=int(world_size))
    MMLogger.get_instance('distributed', log_level='WARNING')
    results = [train(**options) for options in json.loads(runs)]
    torch.save(results, f'{out}/rank{rank}.pt')
    # A process that leaves early can hang the other with torch 2.6.
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == '__main__':
    main()
