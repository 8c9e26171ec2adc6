# VIOLET + MELTR on generated clips in the files of MSVD-QA: runs on a laptop.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_violet_msvdqa.py
#
# The twin of configs/meltr_violet_msvdqa.py: same model code, data classes
# and optimisers. What differs is written here and in the toy bases: a
# small model trained from scratch, so with higher rates, and meta batches
# from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/violet_toy.py',
    '../_base_/datasets/toy_msvd_qa_violet.py',
    '../_base_/schedules/toy_violet.py'
]

# Questions such as 'how many objects are there?' fit every clip, so there is
# nothing to be learnt from matching them with clips (loss_vtm), and its B x B
# pass is two thirds of a step. The model computes only what is listed.
model = dict(
    model=dict(task=dict(num_answers=14)),
    losses=['loss_qa', 'loss_mtm', 'loss_mvm'])

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
work_dir = './work_dirs/toy/meltr_violet_msvdqa'
