# VIOLET + MELTR, open-ended QA on TGIF-QA, FrameQA.
#
#   python tools/train.py configs/meltr_violet_tgif_frame.py
#
# Data: data/tgif/; configs/_base_/datasets/tgif_frame_violet.py
# says what is in it. Weights: VIOLET's pre-training checkpoint, converted with
#   python tools/convert/violet.py ckpt_violet_pretrain.pt \
#       checkpoints/violet_pretrain.pth
# and given as --cfg-options load_from=checkpoints/violet_pretrain.pth
# Paper: see its table of TGIF-QA.
# Hyper-parameters: args_tgif-frame.json of the official code
# (batch 5 per GPU, 20 epochs, lr 3e-5, MELTR 1e-4, gamma 0.1, every 3).
_base_ = [
    '_base_/default_runtime.py', '_base_/models/violet.py',
    '_base_/datasets/tgif_frame_violet.py',
    '_base_/schedules/aid_violet.py'
]

# The vocabulary holds the 1,540 most frequent training answers.
model = dict(model=dict(task=dict(num_answers=1540)))

optim_wrapper = dict(
    optimizer=dict(lr=3e-5, weight_decay=1e-4),
    meta_optimizer=dict(lr=1e-4, weight_decay=1e-4))
train_cfg = dict(max_epochs=20)
default_hooks = dict(
    checkpoint=dict(save_best='qa/accuracy', rule='greater'))
