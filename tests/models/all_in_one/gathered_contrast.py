"""What the processes of test_gathered_contrast.py run.

    python gathered_contrast.py RANK WORLD_SIZE OUT

Saves the contrastive loss of the process's share of a batch, its gradients,
and its ranking of the gallery into OUT/rank<RANK>.pt.
"""
import sys

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.registry import init_default_scope
from tiny_all_in_one import CONFIG, build, make_batch
from torch import distributed
from zip_equal import zip_equal


def run(gather: bool) -> dict:
    """Compute on this process's share of a batch of four."""
    init_default_scope('mmaction')
    config = dict(CONFIG, target='itc', heads=dict(itc=dict(gather=gather)))
    model = build(config).double()
    frames, samples = make_batch(4)
    own = slice(get_rank(), None, get_world_size())
    frames, samples = frames[own].double(), samples[own]
    loss = model(frames, samples, mode='loss')['loss_itc']
    names, parameters = zip_equal(*model.named_parameters())
    grads = torch.autograd.grad(loss, parameters, allow_unused=True)
    with torch.no_grad():
        ranked = model.predict_all(model(frames, samples), samples, 4, 4)
    return dict(
        loss=loss.detach(),
        grads={name: grad for name, grad in zip_equal(names, grads)
               if grad is not None},
        scores=[{sample.gt_label.item(): sample.pred_score
                 for sample in direction} for direction in ranked])


def main() -> None:
    """Run one process."""
    rank, world_size, out = sys.argv[1:]
    distributed.init_process_group(
        'gloo', init_method=f'file://{out}/rendezvous', rank=int(rank),
        world_size=int(world_size))
    torch.save([run(gather=False), run(gather=True)], f'{out}/rank{rank}.pt')
    # A process that leaves early can hang the other with torch 2.6.
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == '__main__':
    main()
