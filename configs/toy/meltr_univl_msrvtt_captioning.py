# UniVL + MELTR on generated features in the files of MSRVTT: captioning.
#
#   python tools/data/make_toyworld.py --out data/toy --data msrvtt_feature
#   python tools/train.py configs/toy/meltr_univl_msrvtt_captioning.py
#
# The twin of configs/meltr_univl_msrvtt_captioning.py that runs on a laptop:
# a small model trained from scratch, so with higher rates, and meta batches
# from videos that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/univl_toy_captioning.py',
    '../_base_/datasets/toy_msrvtt_captions_univl.py',
    '../_base_/schedules/toy_univl.py'
]

model = dict(
    model=dict(
        task=dict(
            tokenizer=_base_.tokenizer, max_length=_base_.max_length)))
optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))

# Three captions of a video make an epoch three times as long.
train_cfg = dict(max_epochs=4, val_interval=2)
param_scheduler = dict(period=4)
work_dir = './work_dirs/toy/meltr_univl_msrvtt_captioning'
