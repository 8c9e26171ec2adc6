# UniVL + MELTR on CMU-MOSI: what is known of the recipe, AND THAT IS LITTLE.
#
#   python tools/train.py configs/official/meltr_univl_mosi.py
#
# Data: as configs/meltr_univl_mosi.py says. Weights:
#   python tools/convert/univl.py univl.pretrained.bin \
#       checkpoints/univl.pth
# and --cfg-options load_from=checkpoints/univl.pth
# Paper: Acc-2 85.3, F1 85.4, MAE 0.759, Corr 0.789; by all evidence those
# without the utterances rated 0 (Acc-2_non0, F1_non0).
# Neither code nor features of this task were released. Optimiser, losses and
# MELTR are those of the released commands of UniVL's other tasks; head,
# lengths, batch, rate and epochs stay our choice.
# A whole run: 20 epochs of 1,284 utterances, 32 per update, the last batch
# left out: 800 updates, 267 meta steps.
# Memory (docs/costs.md): 20.6 GiB of tensors in an update of 32 per GPU, 24.1
# in one with a meta step.
_base_ = ['../meltr_univl_mosi.py', '../_base_/official_univl.py']
_base_.merge(_base_.pop('official'))

max_length = 50
max_frames = 50
train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=3e-5))
train_cfg = dict(max_epochs=20)
param_scheduler = dict(period=80)

work_dir = './work_dirs/official/meltr_univl_mosi'
