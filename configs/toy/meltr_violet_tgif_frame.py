# VIOLET + MELTR on generated clips in the files of TGIF-Frame.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_violet_tgif_frame.py
#
# The twin of configs/meltr_violet_tgif_frame.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/violet_toy.py',
    '../_base_/datasets/toy_tgif_frame_violet.py',
    '../_base_/schedules/toy_violet_slow_meta.py'
]

# Questions fit many clips, so matching (loss_vtm) teaches little.
model = dict(
    model=dict(task=dict(num_answers=9)),
    losses=['loss_qa', 'loss_mtm', 'loss_mvm'])

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
train_cfg = dict(max_epochs=4)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
work_dir = './work_dirs/toy/meltr_violet_tgif_frame'
