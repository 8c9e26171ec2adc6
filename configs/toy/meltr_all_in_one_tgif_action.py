# All-in-one + MELTR on generated clips in the files of TGIF-Action.
#
#   python tools/data/make_toyworld.py --out data/toy
#   python tools/train.py configs/toy/meltr_all_in_one_tgif_action.py
#
# The twin of configs/meltr_all_in_one_tgif_action.py that runs on a
# laptop: a small model trained from scratch, so with higher rates, and meta
# batches from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/all_in_one_toy.py',
    '../_base_/datasets/toy_tgif_action_all_in_one.py',
    '../_base_/schedules/toy_all_in_one.py'
]

model = dict(
    model=dict(
        # Contrast teaches what the acts look like, which at full size is
        # known from pre-training.
        heads=dict(mc=dict(dropout=0.)),
        target='mc'),
    losses=['loss_mlm', 'loss_itc', 'loss_mc'],
    primary='loss_mc')

# A question has five texts.
train_dataloader = dict(batch_size=8)
optim_wrapper = dict(
    # It does not learn before the rate is below 6e-4.
    optimizer=dict(lr=5e-4),
    meta_dataloader={**_base_.meta_dataloader, 'batch_size': 8})
train_cfg = dict(max_epochs=6)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
work_dir = './work_dirs/toy/meltr_all_in_one_tgif_action'
