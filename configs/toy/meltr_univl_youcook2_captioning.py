# UniVL + MELTR on generated features in the files of YouCook2: captioning.
#
#   python tools/data/make_toyworld.py --out data/toy --data youcook2
#   python tools/train.py configs/toy/meltr_univl_youcook2_captioning.py
#
# The twin of configs/meltr_univl_youcook2_captioning.py that runs on a laptop:
# a small model trained from scratch, so with higher rates, and meta batches
# from clips that are kept out of training.
_base_ = [
    '../_base_/default_runtime.py', '../_base_/models/univl_toy.py',
    '../_base_/datasets/toy_youcook2_captions_univl.py',
    '../_base_/schedules/toy_univl.py'
]

# All eight losses make a step twice as long. The model computes only what is
# listed.
model = dict(
    model=dict(
        task=dict(
            _delete_=True,
            type='UniVLCaptioning',
            tokenizer=_base_.tokenizer,
            beam_size=3,
            max_length=_base_.max_words)),
    losses=['loss_joint', 'loss_mlm', 'loss_mfm', 'loss_decoder'],
    primary='loss_decoder')

optim_wrapper = dict(meta_dataloader=_base_.meta_dataloader)
default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))
